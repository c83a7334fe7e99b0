"""Do the texts that units ask for name what is known of them? On the miniature, beside decoys.

python -m experiments.words_truth --only texts
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import neurons
from neurons import Activations, Census, Clip, ImageSet, UnitTexts
from neurons.drawn_world.concepts import concept
from neurons.readouts.captions import drawn_captions
from neurons.readouts.text_candidates import (
    TextCandidates,
    best_texts,
    embed_candidates,
    random_directions,
)
from neurons.readouts.unit_directions import UnitDirections
from neurons.recipes.demo import BY, LAYER

N_UNITS, N_SEARCHED, N_MIXED = 16, 6, 500
# captions that another unit's direction finds for a concept: how often by chance
_SHIFT = 7


def texts_truth(
    clip: Clip, run: Activations, images: ImageSet, directions: UnitDirections
) -> dict[str, Any]:
    """Measure all truths of the texts of units; plain values, to be kept.

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
    captions = drawn_captions()
    candidates = embed_candidates(clip, captions.different, source=captions.source)
    census = neurons.census(run, images, LAYER, by=BY)
    units, names = decided(census)
    searched = [
        neurons.unit_texts(clip, directions, f"{LAYER}:{unit}", captions, run=run)
        for unit in units[:N_SEARCHED]
    ]
    return {
        "level": directions.level,
        "held_out_r": directions.held_out_r,
        "n_captions": len(candidates.texts),
        "named": named(candidates, directions, units, names),
        "named_by_others": named(candidates, directions, np.roll(units, _SHIFT), names),
        "n_units": len(units),
        "passing": passing(candidates, directions),
        "searched": [kept_search(each) for each in searched],
    }


def decided(census: Census) -> tuple[NDArray[np.intp], list[str]]:
    """Give the units whose class leads most where it leads least, and these classes."""
    tops = census.tops
    agree = (tops == tops[0]).all(0) & (tops[0] >= 0)
    least = np.where(agree, census.leads.min(0), -np.inf)
    units = np.argsort(-least, kind="stable")[:N_UNITS]
    return units, [census.class_names[tops[0, unit]] for unit in units.tolist()]


def named(
    candidates: TextCandidates,
    directions: UnitDirections,
    units: NDArray[np.intp],
    names: list[str],
) -> int:
    """Count the units whose best caption holds a word of the concept."""
    order = best_texts(
        candidates, directions.vectors[units], layer=directions.vectors, count=1
    ).order[:, 0]
    texts = [f" {candidates.texts[i]} " for i in order.tolist()]
    return sum(
        any(f" {word} " in text for word in concept(name).words)
        for text, name in zip(texts, names, strict=True)
    )


def passing(candidates: TextCandidates, directions: UnitDirections) -> dict[str, float]:
    """Give the share of units, and of random mixtures of them, that pass each exam at 0.025."""
    units = directions.vectors[np.linalg.norm(directions.vectors, axis=1) > 0]
    mixed = random_directions(directions.vectors, N_MIXED, seed=77)
    even = np.random.default_rng(7).normal(size=mixed.shape).astype(np.float32)
    bar = np.quantile(candidates.scores(even).max(1), 0.95)
    found = {
        "mixtures above the 95th percentile of evenly drawn directions": float(
            (candidates.scores(mixed).max(1) > bar).mean()
        )
    }
    for name, asked in (("units", units), ("mixtures", mixed)):
        ranked = best_texts(candidates, asked, layer=directions.vectors, count=1)
        found[f"{name} whose best caption stands out, p 0.025 or less"] = float(
            (ranked.p_values <= 0.025).mean()
        )
        found[f"{name} that ask for few captions, p 0.025 or less"] = float(
            (ranked.kurtosis_p <= 0.025).mean()
        )
    return found


def kept_search(found: UnitTexts) -> dict[str, Any]:
    """Keep what a search found beside the captions."""
    best, extreme = found.best_natural, max(found.frontier, key=lambda each: each.score)
    return {
        "neuron": found.neuron,
        "caption": found.captions[0].text,
        "caption_score": found.captions[0].score,
        "natural_perplexity": found.natural,
        "natural_text": "" if best is None else best.text,
        "natural_score": float("nan") if best is None else best.score,
        "extreme_text": extreme.text,
        "extreme_score": extreme.score,
        "extreme_perplexity": extreme.perplexity,
        "extreme_z": extreme.z,
        "n_looked": found.n_looked,
    }


def texts_table(kept: dict[str, Any]) -> str:
    """Draw the truths as Markdown."""
    held = sum(each["natural_score"] >= each["caption_score"] - 1e-5 for each in kept["searched"])
    n, level = kept["n_units"], f"{kept['level']}, r {kept['held_out_r']:.2f}"
    lines = [
        f"Directions: {level}; {kept['n_captions']:,} captions of the drawn world.",
        "",
        "| truth | measured |",
        "|---|---|",
        f"| best caption names the concept, of the {n} most decided census units "
        f"| {kept['named']} of {n} |",
        f"| the same with units exchanged | {kept['named_by_others']} of {n} |",
        *(f"| {name} | {value:.1%} |" for name, value in kept["passing"].items()),
        f"| a searched text as natural as unknown captions scores no less than the best "
        f"caption | {held} of {len(kept['searched'])} |",
        "",
        "| unit | best caption | as natural as captions | most extreme | perplexity | z |",
        "|---|---|---|---|---|---|",
    ]
    for each in kept["searched"]:
        lines.append(
            f"| {each['neuron']} | {each['caption']} ({each['caption_score']:.2f}) | "
            f"{each['natural_text']} ({each['natural_score']:.2f}) | {each['extreme_text']} "
            f"({each['extreme_score']:.2f}) | {each['extreme_perplexity']:.3g} | "
            f"{each['extreme_z']:.1f} |"
        )
    return "\n".join(lines)
