"""A name stands for one model, or the error names those that exist."""

from __future__ import annotations

from pathlib import Path

import open_clip
import pytest

from neurons import load
from neurons.errors import ModelNotFoundError
from neurons.network.model_names import available, check_name, parse_name
from tests.conftest import RESNET, save_model


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("RN51x4/openai", "nearest: RN50x4"),
        ("RN50", "such as RN50/openai"),
        ("RN50/nonsense", "it has: openai, yfcc15m, cc12m"),
        ("local-dir:/nowhere", "no folder"),
    ],
)
def test_an_unknown_model_names_what_exists(name: str, told: str) -> None:
    with pytest.raises(ModelNotFoundError, match=told) as caught:
        load(name)
    assert "\n" not in str(caught.value)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    # open_clip itself would go on with random ones
    save_model(tmp_path / "m", RESNET)
    (tmp_path / "m" / "open_clip_model.safetensors").unlink()
    with pytest.raises(ModelNotFoundError, match="holds no weights"):
        load(f"local-dir:{tmp_path / 'm'}")
    (tmp_path / "m" / "open_clip_config.json").unlink()
    with pytest.raises(ModelNotFoundError, match=r"no open_clip_config\.json"):
        load(f"local-dir:{tmp_path / 'm'}")


def test_every_model_of_open_clip_is_listed() -> None:
    found = dict(available())
    assert set(open_clip.list_models()) <= set(found)
    assert "openai" in found["RN50x4"]


def test_a_name_is_parted_into_model_and_tag() -> None:
    assert parse_name("RN50x4/openai") == ("RN50x4", "openai")
    assert parse_name("RN50//there/weights.pt") == ("RN50", "/there/weights.pt")
    assert parse_name("hf-hub:owner/name") == ("hf-hub:owner/name", None)
    assert parse_name("local-dir:/a/b") == ("local-dir:/a/b", None)
    model, tag = parse_name("miniature")
    assert tag is None
    check_name(model, tag)
