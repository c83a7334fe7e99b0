"""Which models are there, and what does a model's name stand for?"""

from __future__ import annotations

import difflib
from pathlib import Path

import open_clip

from neurons.errors import ModelNotFoundError

UNTRAINED = "untrained"
# how files of weights end, the safe kind first
WEIGHTS = (".safetensors", ".bin", ".pth")
# the toolkit's own small CLIP; its weights lie in the package
MINIATURE = "miniature"
_MINIATURE_FOLDER = Path(__file__).parents[1] / "miniature" / "weights"


def available() -> list[tuple[str, tuple[str, ...]]]:
    """List every model that open_clip can build, with its pretrained tags."""
    tags: dict[str, list[str]] = {model: [] for model in open_clip.list_models()}
    for model, tag in open_clip.list_pretrained():
        tags.setdefault(model, []).append(tag)
    return [(model, tuple(found)) for model, found in sorted(tags.items())]


def parse_name(name: str) -> tuple[str, str | None]:
    """Give what open_clip calls a model, and its pretrained tag if the name has one."""
    if name.startswith(("local-dir:", "hf-hub:")):
        return name, None
    model, _, tag = name.partition("/")
    if model == MINIATURE:
        model = f"local-dir:{_MINIATURE_FOLDER}"
    return model, tag or None


def check_name(model: str, tag: str | None) -> None:
    """Check, before anything is built, that there is such a model and tag.

    Parameters
    ----------
    model : str
    tag : str or None
        As `parse_name` gives them.

    Raises
    ------
    ModelNotFoundError
        If there is no such model, tag or folder, or the folder holds no weights.
    """
    if model.startswith("local-dir:"):
        _check_folder(Path(model.removeprefix("local-dir:")))
    elif not model.startswith("hf-hub:"):
        _check_architecture(model, tag)


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise ModelNotFoundError(f"no folder {str(folder)!r} for local-dir:")
    if not (folder / "open_clip_config.json").is_file():
        raise ModelNotFoundError(f"{str(folder)!r} holds no open_clip_config.json")
    if not any(file.suffix in WEIGHTS for file in folder.iterdir()):
        raise ModelNotFoundError(
            f"{str(folder)!r} holds no weights; put open_clip_model.safetensors beside the config"
        )


def _check_architecture(model: str, tag: str | None) -> None:
    known = open_clip.list_models()
    if model not in known:
        name = model if tag is None else f"{model}/{tag}"
        if Path(name).is_dir():
            raise ModelNotFoundError(f"{name!r} is a folder; name the model local-dir:{name}")
        near = ", ".join(difflib.get_close_matches(model, [MINIATURE, *known], n=3)) or "none"
        raise ModelNotFoundError(f"no model {name!r}; nearest: {near}; see `neurons models`")
    tags = open_clip.list_pretrained_tags_by_model(model)
    if tag is None:
        raise ModelNotFoundError(
            f"{model!r} needs a pretrained tag, such as {model}/{(*tags, UNTRAINED)[0]}; "
            f"it has: {', '.join(tags) or 'none'}"
        )
    if tag not in (*tags, UNTRAINED) and not Path(tag).is_file():
        raise ModelNotFoundError(f"{model!r} has no tag {tag!r}; it has: {', '.join(tags)}")
