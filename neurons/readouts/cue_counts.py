"""What do answers to a whole set follow: part by part, with what has no conflict beside it?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from neurons.readouts.chance import near_chance
from neurons.readouts.class_names import ids_for_names
from neurons.readouts.cue_answers import Cues, PartOfCues, answer_counts, count_cues
from neurons.stats import Share


@dataclass(frozen=True)
class PlainPart:
    """Answers to images whose cues agree, or that have one only.

    Parameters
    ----------
    part : str
    right : Share
    chance : float
        What guessing gives.
    is_near_chance : bool
        Whether the accuracy says that these are not recognised.
    """

    part: str
    right: Share
    chance: float
    is_near_chance: bool


@dataclass(frozen=True)
class CueCounts:
    """All that was counted of a set.

    Parameters
    ----------
    n : int
        Images in conflict.
    classes : tuple of str
        That could be answered.
    answered : tuple of int
        How often each was the answer to an image in conflict.
    parts : tuple of PartOfCues
        Each with images in conflict.
    plain : tuple of PlainPart
        Each with images without.
    doubts : tuple of str
        What makes these numbers mean little.
    """

    n: int
    classes: tuple[str, ...]
    answered: tuple[int, ...]
    parts: tuple[PartOfCues, ...]
    plain: tuple[PlainPart, ...]
    doubts: tuple[str, ...]


def count_set(
    answers: Sequence[str],
    cues: Cues,
    *,
    sources: Cues,
    parts: Sequence[str],
    classes: Sequence[str],
    seed: int = 0,
) -> CueCounts:
    """Count images in conflict part by part, and those without one as right or wrong.

    Parameters
    ----------
    answers : sequence of str, (images,)
    cues, sources : mapping of str to sequence of str, (images,)
        As `CueImages` has them.
    parts : sequence of str, (images,)
    classes : sequence of str
        That could be answered.
    seed : int
        Of the resamples.
    """
    told = [{*row} - {""} for row in zip(*cues.values(), strict=True)]
    found, plain = [], []
    for part in dict.fromkeys(parts):
        mine = [i for i, each in enumerate(parts) if each == part]
        rows = [i for i in mine if len(told[i]) > 1]
        if rows:
            held = {cue: [names[i] for i in rows] for cue, names in cues.items()}
            found.append(
                count_cues(
                    part,
                    [answers[i] for i in rows],
                    {cue: names for cue, names in held.items() if any(names)},
                    n_classes=len(classes),
                    sources={cue: [names[i] for i in rows] for cue, names in sources.items()},
                    seed=seed,
                )
            )
        rest = [i for i in mine if len(told[i]) == 1]
        if rest:
            truth = [min(told[i]) for i in rest]
            plain.append(_plain(part, [answers[i] for i in rest], truth, classes))
    conflicts = [i for i, each in enumerate(told) if len(each) > 1]
    doubts = (
        *(part.doubt() for part in found),
        ids_for_names(classes),
        _unrecognised(plain),
    )
    return CueCounts(
        len(conflicts),
        tuple(classes),
        tuple(answer_counts([answers[i] for i in conflicts], classes).tolist()),
        tuple(found),
        tuple(plain),
        tuple(filter(None, doubts)),
    )


def _plain(
    part: str, answers: Sequence[str], truth: Sequence[str], classes: Sequence[str]
) -> PlainPart:
    right = Share(sum(a == b for a, b in zip(answers, truth, strict=True)), len(answers))
    counts, chance = Counter(truth), 1 / len(classes)
    near = bool(near_chance(right, [counts[name] for name in classes]))
    return PlainPart(part, right, chance, near)


def _unrecognised(plain: Sequence[PlainPart]) -> str:
    near = [each for each in plain if each.is_near_chance]
    if not near:
        return ""
    told = ", ".join(f"“{each.part}” {each.right}" for each in near)
    return (
        f"Near chance even without a conflict (guessing gives {near[0].chance:.3f}): {told}; a cue "
        f"that is not recognised by itself cannot be preferred."
    )
