"""Copies share the weights and leave the model whole; a precision is found by its name."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from neurons import Clip
from neurons.errors import OptionError
from neurons.network.inference import (
    PRECISIONS,
    exact,
    fast,
    has_bf16,
    inference_copies,
    inference_copy,
    parse_precision,
    told_slow,
    true_fp32,
)


def test_an_unknown_precision_names_those_that_exist() -> None:
    assert parse_precision("exact") is exact
    assert {name: each.name for name, each in PRECISIONS.items()} == dict(
        zip(PRECISIONS, PRECISIONS, strict=True)
    )
    with pytest.raises(OptionError, match="exact, fast, compiled"):
        parse_precision("quick")


def test_a_copy_has_modules_of_its_own_around_the_same_text_tower(planted: Clip) -> None:
    made = inference_copy(planted, ["visual.layer4"], exact, embeddings=True)
    ours, theirs = set(made.visual.modules()), set(planted.network.visual.modules())
    assert not ours & theirs
    assert made.transformer is planted.network.transformer
    assert made.encode_text is not None


def test_copies_for_threads_share_their_weights_and_no_module(planted: Clip) -> None:
    one, two = inference_copies(planted, ["visual.layer4"], exact, embeddings=True, n=2)
    assert not set(one.visual.modules()) & set(two.visual.modules())
    pairs = list(zip(one.visual.parameters(), two.visual.parameters(), strict=True))
    assert pairs and all(a is b for a, b in pairs)


def test_a_copy_in_bf16_leaves_the_model_in_fp32(planted: Clip) -> None:
    made = inference_copy(planted, [], fast, embeddings=True)
    assert {p.dtype for p in made.visual.parameters()} == {torch.bfloat16}
    assert {p.dtype for p in planted.network.visual.parameters()} == {torch.float32}


def test_what_is_not_asked_for_is_cut_away(planted: Clip) -> None:
    made = inference_copy(planted, ["visual.layer2"], exact, embeddings=False)
    assert isinstance(made.visual.layer3, nn.Identity)
    assert not isinstance(made.visual.layer2, nn.Identity)


def test_only_exact_turns_tf32_off_and_puts_it_back() -> None:
    before = torch.backends.cudnn.allow_tf32
    with true_fp32(exact):
        assert not torch.backends.cudnn.allow_tf32
    assert torch.backends.cudnn.allow_tf32 == before
    with true_fp32(fast):
        assert torch.backends.cudnn.allow_tf32 == before


def test_a_processor_without_bf16_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    for known, has in (
        ({"avx2": True, "avx512_bf16": False, "amx_bf16": False}, False),
        ({"avx2": True, "avx512_bf16": True}, True),
        ({"neon": True, "arm_bf16": True}, True),
    ):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda known=known: known)
        assert has_bf16(cpu) is has and has_bf16(gpu)
        assert ("slower than exact" in told_slow(fast, cpu)) is not has
        assert told_slow(exact, cpu) == told_slow(fast, gpu) == ""
