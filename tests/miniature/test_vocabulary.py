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


def test_learning_again_gives_the_shipped_bytes(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers")
    learn(tmp_path / "vocabulary.bpe.gz")
    assert (tmp_path / "vocabulary.bpe.gz").read_bytes() == FILE.read_bytes()


def test_the_file_has_a_header_and_one_merge_per_line() -> None:
    header, *merges = gzip.decompress(FILE.read_bytes()).decode().splitlines()
    assert header == "#version: 0.2" and len(merges) <= N_MERGES
    assert len(set(merges)) == len(merges)
    assert all(len(merge.split(" ")) == 2 for merge in merges)


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
