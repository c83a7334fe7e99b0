"""Are the units that a text asks for the right ones, and do curves tell right from wrong orders?

On the miniature, whose pictures have classes: by which order of units the first one finds a text's
class best, which texts have a unit of their own, whether all shares add up, and how often the tests
by the network pass for the order of the shares and for shuffled shares.

    python -m experiments.words_truth --only wanted
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score
from torch import Tensor

from neurons import Activations, Clip, ImageSet, Neuron
from neurons.activations.mean_activations import mean_activations
from neurons.data.prepared import prepare
from neurons.interventions.after_layer import after_layer
from neurons.interventions.covered_places import places_covered
from neurons.interventions.editable import open_editable
from neurons.interventions.order_tests import OrderTest, units_put_back, units_taken_out
from neurons.readouts.frozen_readouts import frozen_readout
from neurons.readouts.reference_words import reference_words
from neurons.readouts.text_candidates import TextCandidates
from neurons.readouts.text_shares import TextShares, text_shares
from neurons.readouts.text_weights import asked_direction, text_weights
from neurons.readouts.unit_directions import UnitDirections
from neurons.recipes.demo import LAYER

N_UNITS, N_IMAGES, EVERY = 32, 30, 5
KINDS = ("shares", "shuffled", "others")
TESTS = ("units set to zero", "units put back", "places covered")


def wanted_truth(
    clip: Clip, run: Activations, images: ImageSet, directions: UnitDirections
) -> dict[str, Any]:
    """Measure all truths of the units that texts ask for; plain values, to be kept.

    Parameters
    ----------
    clip : Clip
        The miniature.
    run : Activations
        Of its pictures.
    images : ImageSet
    directions : UnitDirections
        Of `LAYER`.
    """
    words = reference_words(clip)
    known = {name.casefold() for name in images.class_names}
    others = [word for word in words.texts if word.casefold() not in known][::EVERY]
    return {
        "level": directions.level,
        "held_out_r": directions.held_out_r,
        "words": words.source,
        "orders": orders(clip, run, images, directions, words),
        "classes_pass": passing(clip, run, directions, words, list(images.class_names)),
        "others_pass": passing(clip, run, directions, words, others),
        **in_images(clip, images, words),
    }


def asked(text: str) -> str:
    """Put a word into a sentence."""
    return f"a photo of a {text}"


def orders(
    clip: Clip,
    run: Activations,
    images: ImageSet,
    directions: UnitDirections,
    words: TextCandidates,
) -> dict[str, float]:
    """Give how well the first unit by each order finds the text's class, mean over classes."""
    labels, peaks = images.require_labels(), np.asarray(run.array(LAYER, "peak")[:], np.float32)
    activity = mean_activations(run, LAYER)
    found: dict[str, list[float]] = {}
    for i, name in enumerate(images.class_names):
        weights = text_weights(directions, asked_direction(clip, asked(name), words), words)
        orders_of = {
            "cosine": weights.cosines,
            "weight": weights.weights,
            "weight x mean activation": weights.weights * activity.mean,
            "weight x standard deviation": weights.weights * activity.spread,
            "z over words": weights.z,
        }
        for order, values in orders_of.items():
            first = int(np.where(activity.alive, values, -np.inf).argmax())
            score = average_precision_score(labels == i, peaks[:, first])
            found.setdefault(order, []).append(float(score))
    return {order: float(np.mean(scores)) for order, scores in found.items()}


def passing(
    clip: Clip,
    run: Activations,
    directions: UnitDirections,
    words: TextCandidates,
    texts: list[str],
) -> tuple[int, int]:
    """Count the texts that some unit stands out for, of how many."""
    alive = mean_activations(run, LAYER).alive
    passed = 0
    for text in texts:
        direction = asked_direction(clip, asked(text), words)
        found = text_weights(directions, direction, words, alive=alive, n_draws=199)
        passed += bool(found.p_values[alive].min() <= 0.05)
    return passed, len(texts)


def in_images(clip: Clip, images: ImageSet, words: TextCandidates) -> dict[str, Any]:
    """Part the scores of one image per class, and test the order of shares and a shuffled one."""
    readout, random = frozen_readout(clip, LAYER), np.random.default_rng(0)
    labels, names = images.require_labels(), images.class_names
    chosen = random.permutation(len(names))[:N_IMAGES]
    errors, held = [], {kind: dict.fromkeys(TESTS, 0) for kind in KINDS}
    areas: dict[str, list[float]] = {test: [] for test in TESTS}
    for label in chosen.tolist():
        row = int(random.choice(np.flatnonzero(labels == label)))
        pixels = prepare(clip.preprocess, images, rows=[row]).pixels[0]
        direction = asked_direction(clip, asked(names[label]), words)
        parted = text_shares(readout, pixels, direction)
        errors.append(parted.error)
        for kind in KINDS:
            for test in tested(clip, pixels, direction, parted, kind, random):
                held[kind][test.what] += test.holds
                if kind == "shares":
                    areas[test.what].append(test.area)
    return {
        "largest_error": max(errors),
        "n_images": len(chosen),
        "held": held,
        "areas": {test: float(np.mean(values)) for test, values in areas.items()},
    }


def tested(
    clip: Clip,
    pixels: Tensor,
    direction: NDArray[np.float32],
    parted: TextShares,
    kind: str,
    random: np.random.Generator,
) -> list[OrderTest]:
    """Run the three tests by the order of the shares, of shuffled ones, or of other units.

    A shuffled order of 32 units often holds one that does speak for the text. Other units are any
    but the first 32; of places there are too few for others.
    """
    shares, places = parted.of_units, parted.of_places.ravel()
    if kind != "shares":
        shares, places = random.permutation(shares), random.permutation(places)
    order = np.argsort(-shares, kind="stable")[:N_UNITS]
    if kind == "others":
        order = random.permutation(np.argsort(-parted.of_units)[N_UNITS:])[:N_UNITS]
    units = [Neuron(LAYER, unit) for unit in order.tolist()]
    with after_layer(clip, LAYER, pixels[None]) as shown:
        found = [take(shown, direction, units) for take in (units_taken_out, units_put_back)]
    if kind != "others":
        covered = np.argsort(-places, kind="stable").tolist()
        with open_editable(clip) as network:
            found.append(places_covered(network, pixels, direction, covered, parted.size))
    return found


def wanted_table(kept: dict[str, Any]) -> str:
    """Draw the truths as Markdown."""
    n, held = kept["n_images"], kept["held"]
    own, of = kept["classes_pass"]
    other, of_others = kept["others_pass"]
    return "\n".join(
        [
            f"Directions: {kept['level']}, r {kept['held_out_r']:.2f}; {kept['words']}.",
            "",
            "| truth | measured |",
            "|---|---|",
            *(
                f"| average precision of the first unit by {order}, mean over classes "
                f"| {value:.2f} |"
                for order, value in kept["orders"].items()
            ),
            f"| names of classes that a unit stands out for | {own} of {of} |",
            f"| words that the miniature never saw | {other} of {of_others} |",
            f"| largest gap between all shares and the score, {n} images "
            f"| {kept['largest_error']:.0e} |",
            *(
                f"| {test}: the order of shares is better than controls "
                f"| {held['shares'][test]} of {n}, by {kept['areas'][test]:+.2f} on average |"
                for test in TESTS
            ),
            *(
                f"| {test}: the order of shuffled shares is | {held['shuffled'][test]} of {n} |"
                for test in TESTS
            ),
            *(
                f"| {test}: other units, at random, are | {held['others'][test]} of {n} |"
                for test in TESTS[:2]
            ),
        ]
    )
