"""A probe of the planted network, fitted once."""

from __future__ import annotations

import pytest

from neurons import Activations, ImageSet
from neurons.readouts.probe import Probe
from neurons.sparse.path import Strengths
from neurons.studies.probe.fit import probe
from tests.conftest import LAYER

SHORT = Strengths(8, 0.05)


@pytest.fixture(scope="session")
def fitted(scanned: tuple[Activations, ImageSet]) -> Probe:
    run, images = scanned
    return probe(run, images, LAYER, strengths=SHORT)
