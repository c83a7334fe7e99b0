"""What may be said of equations? Planted ones, and those of the miniature, whose parts are known.

Prints, and gives to experiments/words_truth.py: whether wired equations come back, whether words
that share nothing are called stable, how often the parts of composed concepts are found by images
and by words, and what an invented word gets.

    python -m experiments.words_truth --only equations
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

import neurons
from neurons import Activations, Clip, ImageSet, WordList, WordTexts
from neurons.lettering.words import shuffled
from neurons.miniature import World
from neurons.readouts.splice import centred_units, splice
from neurons.readouts.text_candidates import random_directions
from neurons.readouts.unit_directions import UnitDirections

LAYER, UNITS, WIRED = "visual.layer4", 60, {5: 1, 17: 1, 40: -1}
SEEDS, INVENTED, RESAMPLES, MIXED = 10, 10, 40, 60
ROUTES = ("images", "words")


def equations_truth(
    clip: Clip, run: Activations, pictures: ImageSet, directions: UnitDirections
) -> dict[str, Any]:
    """Measure all truths of equations; plain values, to be kept.

    Parameters
    ----------
    clip : Clip
        The miniature.
    run : Activations
        Of its pictures.
    pictures : ImageSet
    directions : UnitDirections
    """
    return {
        "wired": wired(),
        "sums": planted_sums(),
        "composed": composed(clip, run, pictures),
        "invented": invented(clip, directions),
    }


def wired() -> dict[str, Any]:
    """Count wired equations that come back with their signs, and what random words give."""
    axes = np.eye(UNITS, dtype=np.float32)
    directions = UnitDirections("wired", axes, "wired", "", 1.0, True)
    signs, squares, stable, none = 0, 0, 0, 0
    for seed in range(SEEDS):
        texts = wired_words(seed)
        found = neurons.word_equation(
            directions, texts, "bored", n_resamples=RESAMPLES, n_mixed=20, seed=seed
        )
        signs += {t.unit: int(np.sign(t.coefficient)) for t in found.terms} == WIRED
        stable += len(found.neurons()) == len(WIRED)
        rows = texts.unit_weights(directions).reshape(-1, UNITS)
        labels = (np.arange(len(rows)) < 3).astype(float)
        fitted, *_ = np.linalg.lstsq(rows - rows.mean(0), labels - labels.mean(), rcond=None)
        squares += set(np.argsort(-np.abs(fitted))[: len(WIRED)].tolist()) == set(WIRED)
        random = texts.embeddings.copy()
        random[0] = 0.3 * np.random.default_rng(seed + 99).standard_normal((3, UNITS))
        shared = neurons.word_equation(
            directions,
            WordTexts(texts.listed, random, {}),
            "bored",
            n_resamples=RESAMPLES,
            n_mixed=20,
            seed=seed,
        )
        none += shared.verdict().startswith("Nothing is stable")
    return {
        "n": SEEDS,
        "signs": signs,
        "all_stable": stable,
        "least_squares": squares,
        "random_called_unstable": none,
    }


def wired_words(seed: int) -> WordTexts:
    """Give words of which bored is 0.8 relaxing + 0.4 grumpy, and never with a sunset."""
    random = np.random.default_rng(seed)
    rows = np.zeros((26, UNITS))
    rows[[0, 1, 6, 7], 5], rows[[0, 1, 6, 7], 17] = 0.8, 0.4
    rows[[1, 6, 7], 40] = 0.6, 0.5, 0.7
    rows[2, [5, 40]], rows[3, 17], rows[4, [5, 20]], rows[5, [5, 21]] = (
        (1.0, 0.8),
        0.6,
        (0.8, 0.3),
        (0.9, 0.3),
    )
    free = np.setdiff1d(np.arange(UNITS), list(WIRED))
    for row in rows[8:]:
        row[random.choice(free, 3, replace=False)] = random.uniform(0.4, 1, 3)
    noisy = rows[:, None] + 0.06 * random.standard_normal((26, 3, UNITS))
    words = ("bored", *(f"word{i}" for i in range(25)))
    return WordTexts(WordList(words, words), noisy.astype(np.float32), {})


def planted_sums() -> dict[str, Any]:
    """Count planted sums of three words that come back, with and without centring."""
    random, size, n = np.random.default_rng(0), 128, 100
    means = 2 * random.standard_normal((2, size)) / np.sqrt(size)
    own = random.standard_normal((60, size)) / np.sqrt(size)
    texts = _unit(means[0] + own)
    others = _unit(means[1] + random.standard_normal((500, size)) / np.sqrt(size))
    found = {"n": n, "centred": 0, "uncentred": 0}
    for _ in range(n):
        parts = random.choice(60, 3, replace=False)
        noise = 0.3 * random.standard_normal(size) / np.sqrt(size)
        made = _unit(means[1] + np.array([0.8, 0.6, 0.5]) @ own[parts] + noise)
        pairs = {
            "centred": (
                centred_units(texts, texts.mean(0)),
                centred_units(made, others.mean(0)),
            ),
            "uncentred": (texts, made),
        }
        for name, (atoms, target) in pairs.items():
            weights = splice(atoms, target, 0.2)
            found[name] += set(np.argsort(-weights)[:3]) == set(parts) and (weights > 0).all(
                where=np.isin(np.arange(60), parts)
            )
    return {name: int(value) for name, value in found.items()}


def composed(clip: Clip, run: Activations, pictures: ImageSet) -> dict[str, Any]:
    """Count composed concepts whose parts are the first two words, and what passes the exam."""
    concepts = World().concepts
    texts = neurons.word_texts(clip, WordList(tuple(concepts), tuple(concepts)))
    names = [name for name in concepts if concepts[name].parts]
    found: dict[str, Any] = {"n": len(names), "n_mixed": MIXED}
    found |= {f"{kind}{route}": 0 for kind in ("", "passing_", "mixed_") for route in ROUTES}
    for name in names:
        for route, target in (
            ("images", neurons.target_of_images(run, pictures, of_class=name)),
            ("words", neurons.target_of_word(texts, name)),
        ):
            told = neurons.decompose_into_words(target, texts, n_resamples=20, n_random=20)
            found[route] += {each.word for each in told.atoms[:2]} == set(concepts[name].parts)
            found[f"passing_{route}"] += told.passes
            if name != names[0]:
                continue
            for i, vector in enumerate(random_directions(target.alike, MIXED, seed=77)):
                mixed = replace(target, direction=lambda prompts, random, made=vector: made)
                told = neurons.decompose_into_words(
                    mixed, texts, n_resamples=20, n_random=20, seed=i
                )
                found[f"mixed_{route}"] += told.passes
    return found


def invented(clip: Clip, directions: UnitDirections) -> dict[str, Any]:
    """Count words that the model never saw and that get a stable equation, beside known ones."""
    known = tuple(World().concepts)
    taken = [word for word in known if len(word) > 5 and " " not in word][:INVENTED]
    found = {"n": len(taken), "known": 0, "invented": 0}
    for word in taken:
        for kind, asked in (("known", word), ("invented", shuffled(word, 0))):
            words = tuple(each for each in known if each != word) + (asked,)
            texts = neurons.word_texts(clip, WordList(words, words))
            told = neurons.word_equation(
                directions, texts, asked, n_resamples=RESAMPLES, n_mixed=20
            )
            found[kind] += bool(told.neurons())
    return found


def equations_table(kept: dict[str, Any]) -> str:
    """Draw what was measured."""
    wires, sums, parts, words = (kept[each] for each in ("wired", "sums", "composed", "invented"))
    return "\n".join(
        [
            "| planted or known | came back |",
            "|---|---|",
            f"| wired equation of three units, all signs | {wires['signs']} of {wires['n']} |",
            f"| the same, all three units stable | {wires['all_stable']} of {wires['n']} |",
            f"| the same three by unpenalised least squares | {wires['least_squares']} of "
            f"{wires['n']} |",
            f"| word whose prompts share nothing is called unstable | "
            f"{wires['random_called_unstable']} of {wires['n']} |",
            f"| planted sum of three words | {sums['centred']} of {sums['n']} |",
            f"| the same without centring | {sums['uncentred']} of {sums['n']} |",
            f"| miniature: both parts of a composed concept first, from its images | "
            f"{parts['images']} of {parts['n']} |",
            f"| miniature: the same from its word | {parts['words']} of {parts['n']} |",
            *(
                f"| miniature: sums of composed concepts, from {route}, that pass beside random "
                f"mixtures of {route} | {parts[f'passing_{route}']} of {parts['n']} |"
                for route in ROUTES
            ),
            *(
                f"| miniature: random mixtures of {route} that pass | "
                f"{parts[f'mixed_{route}']} of {parts['n_mixed']} |"
                for route in ROUTES
            ),
            f"| miniature: known word with a stable unit | {words['known']} of {words['n']} |",
            f"| miniature: invented word with a stable unit | {words['invented']} of "
            f"{words['n']} |",
        ]
    )


def _unit(rows: Any) -> Any:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)
