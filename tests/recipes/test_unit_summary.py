"""A unit is called after a class only if random images would not give it one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import neurons
from neurons import Activations, ImageSet
from neurons.recipes.unit_summary import facts_of, lead_of, summary_of, top_class
from neurons.studies.units.examples import TopExamples, class_lifts
from neurons.studies.units.spectrum import Spectrum
from tests.conftest import DEAD, LAYER, RED

N, N_CLASSES, N_TOP = 2000, 200, 50


@pytest.fixture(scope="module")
def measured(run: Activations, image_set: ImageSet) -> tuple[TopExamples, Spectrum]:
    unit = f"{LAYER}:{RED}"
    top = neurons.top_examples(run, image_set, unit, count=1)
    return top, neurons.spectrum(run, image_set, unit, per_bucket=0)


def with_top(top: TopExamples, labels: np.ndarray, rows: np.ndarray) -> TopExamples:
    names = [f"class {i}" for i in range(N_CLASSES)]
    found = class_lifts(labels.astype(np.int32), names, rows.tolist(), np.arange(N))
    return dataclasses.replace(top, n=N, n_top=N_TOP, lifts=found)


def test_random_images_give_no_class_and_their_lifts_would(
    measured: tuple[TopExamples, Spectrum],
) -> None:
    rng, named, lifted = np.random.default_rng(0), 0, 0
    labels = np.repeat(np.arange(N_CLASSES), N // N_CLASSES)
    for _ in range(200):
        top = with_top(measured[0], labels, rng.permutation(N)[:N_TOP])
        named += top_class(top, N_CLASSES) is not None
        lifted += any(lift.interval.low > 1 for lift in top.lifts)
    assert named <= 6
    # an interval above 1, in contrast, is found in nearly every draw
    assert lifted > 150


def test_a_class_that_fills_the_top_is_said_first(measured: tuple[TopExamples, Spectrum]) -> None:
    top, whole = measured
    labels = np.repeat(np.arange(N_CLASSES), N // N_CLASSES)
    filled = with_top(top, labels, np.arange(N_TOP))
    # five classes of ten images each: none is most of it
    assert summary_of(filled, whole, N_CLASSES) == "most often class 0, lift 40"
    assert lead_of(filled, whole, N_CLASSES).startswith("Most often 'class 0': 10 of the 50 images")
    assert dict(facts_of(filled, whole, N_CLASSES))["top class"] == "class 0"
    most = np.repeat(np.arange(N_CLASSES), N // N_CLASSES)
    most[:30] = 7
    assert summary_of(with_top(top, most, np.arange(N_TOP)), whole, N_CLASSES).startswith("mostly")


def test_a_dead_unit_and_images_without_labels_are_said_as_what_they_are(
    run: Activations, image_set: ImageSet, measured: tuple[TopExamples, Spectrum]
) -> None:
    dead = f"{LAYER}:{DEAD}"
    top = neurons.top_examples(run, image_set, dead, count=1)
    whole = neurons.spectrum(run, image_set, dead, per_bucket=0)
    assert summary_of(top, whole, 4) == "dead"
    assert "is dead" in lead_of(top, whole, 4)
    assert dict(facts_of(top, whole, 4)).get("top class") is None
    assert "no labels" in lead_of(*measured, 0)


def test_where_no_class_stands_out_the_first_images_are_named(
    measured: tuple[TopExamples, Spectrum],
) -> None:
    top, whole = dataclasses.replace(measured[0], lifts=()), measured[1]
    assert summary_of(top, whole, 4) == "no class stands out; first 'red'"
    assert lead_of(top, whole, 4).endswith("as frequent. The first are 'red'.")
    assert "40 images of 30 classes are too few" in lead_of(top, whole, 30)
