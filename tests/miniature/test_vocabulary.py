from __future__ import annotations

import gzip
from pathlib import Path

import pytest

import neurons
from neurons.drawn_world.concepts import concepts
from neurons.drawn_world.scenes import TEMPLATES
from neurons.miniature.vocabulary import FILE, N_MERGES, captions, learn


def test_every_word_is_captioned_alone_and_in_every_template() -> None:
    words = [word for each in concepts().values() for word in each.words]
    found = captions()
    assert len(found) == len(set(found)) == len(words) * (1 + len(TEMPLATES))
    assert "a photo of piggy bank" in found and "piggy bank" in found


def merges(path: Path) -> list[str]:
    header, *found = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert header == "#version: 0.2"
    return found


def test_learning_again_finds_the_shipped_merges(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    learn(tmp_path / "vocabulary.bpe.gz")
    # equally frequent pairs come in any order
    assert sorted(merges(tmp_path / "vocabulary.bpe.gz")) == sorted(merges(FILE))


def test_a_merge_joins_two_pieces_that_are_known_by_then() -> None:
    found = merges(FILE)
    assert 0 < len(found) <= N_MERGES and len(set(found)) == len(found)
    known: set[str] = set()
    for merge in found:
        for piece in merge.split(" "):
            # a letter, alone or at a word's end, or what an earlier line has joined
            assert len(piece.removesuffix("</w>")) == 1 or piece in known, merge
        known.add(merge.replace(" ", ""))


def test_no_caption_of_the_world_is_cut_off() -> None:
    clip = neurons.load("miniature/untrained", device="cpu")
    tokens = clip.tokenizer(captions())
    # the last token of a text that was not cut is followed by padding, or fills the last place
    used = (tokens != 0).sum(1)
    assert int(used.max()) <= tokens.shape[1]
    ends = tokens.gather(1, used[:, None] - 1).unique()
    assert len(ends) == 1
    # different captions are different tokens
    assert len({tuple(row) for row in tokens.tolist()}) == len(captions())
