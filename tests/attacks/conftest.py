"""A planted reader, opened for its bank of glyph filters, on plain pictures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from neurons import Clip
from neurons.attacks.repeatable_attack import RepeatableAttack
from neurons.attacks.sample import Sample
from neurons.interventions.editable import open_editable
from tests.glyphs import BANK, LETTERS, glyph_reader, plain_pictures, probe_of, zero_shot_of


@pytest.fixture(scope="module")
def attack(planted: Clip, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RepeatableAttack]:
    """Eight pictures of things and four of others; zero-shot is attacked, a probe stands beside."""
    clip = glyph_reader(planted)
    images = plain_pictures(tmp_path_factory.mktemp("plain") / "pictures")
    readouts = {"zero-shot": zero_shot_of("#A"), "probe": probe_of("#")}
    with open_editable(clip, [BANK], readouts=list(readouts.values())) as network:
        yield RepeatableAttack(network, Sample().of(images, clip), LETTERS, readouts)
