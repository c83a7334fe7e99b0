"""How are answers to cue conflicts shown? Each preference beside its n, interval and chance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from neurons.readouts.cue_answers import CueTally, PartOfCues
from neurons.readouts.cue_counts import PlainPart
from neurons.results.blocks import Bars, Gallery, Table, Tile

# the first four are computed from the trials that Geirhos et al. 2019 published, and a test does so
# again; CLIP's are others' reports, which nothing here reproduces
PUBLISHED = (
    ("10 people", "95.87", "Geirhos et al. 2019, 12,000 trials"),
    ("AlexNet", "42.94", "Geirhos et al. 2019, 1,200 trials"),
    ("GoogLeNet", "31.19", "Geirhos et al. 2019, 1,200 trials"),
    ("VGG-16", "17.22", "Geirhos et al. 2019, 1,200 trials"),
    ("CLIP RN50", "21.0", "reported by others with “a photo of a CLS.”"),
    ("CLIP RN101", "25.2", "reported by others with “a photo of a CLS.”"),
    ("CLIP ViT-L/14", "60.2", "reported by others with “a photo of a CLS.”"),
)
_MOST_BARS = 24
PUBLISHED_CLASSES = (
    "airplane", "bear", "bicycle", "bird", "boat", "bottle", "car", "cat", "chair", "clock", "dog",
    "elephant", "keyboard", "knife", "oven", "truck",
)  # fmt: skip


@dataclass(frozen=True)
class ShownConflict:
    """An image, and what was answered.

    Parameters
    ----------
    image : bytes
    image_id : str
    cues : str
        Such as ``dog (shape), bird (texture)``.
    answer : str
    follows : str
        The cue whose class it is; ``none``.
    """

    image: bytes
    image_id: str
    cues: str
    answer: str
    follows: str


def parts_table(parts: Sequence[PartOfCues]) -> Table:
    """List how many answers named each cue's class, beside chance."""
    cues = list(dict.fromkeys(cue for part in parts for cue in part.whole.cues))
    rows = []
    for part in parts:
        whole, chance = part.whole, part.chance
        shares = [str(whole.share(cue)) if cue in whole.cues else "-" for cue in cues]
        bias = f"{whole.bias}{_between(part)}"
        rows.append(
            (
                part.name,
                bias,
                f"{chance.bias:.3f}",
                str(whole.cue_accuracy),
                f"{chance.guessing:.3f}, {chance.shuffled:.3f}",
                *shares,
                str(whole.neither),
            )
        )
    return Table(
        "What answers follow",
        (
            "images",
            "shape bias",
            "by shuffled answers",
            "cue accuracy",
            "by guessing, by shuffled answers",
            *cues,
            "neither" if len(cues) < 3 else "none",
        ),
        tuple(rows),
        "Shape bias: of the answers that name the shape's or the texture's class, the share that "
        "names the shape's. Cue accuracy: the share of all answers that name the class of a cue. "
        "The columns after it are shares of all answers. Wilson's 95 % intervals; “pictures "
        "drawn anew” takes in that one shape stands under many textures. Shuffled: the same "
        "answers, given to other images.",
    )


def _between(part: PartOfCues) -> str:
    low, high = part.resampled.low, part.resampled.high
    return "" if math.isnan(low) else f"; {low:.3f} to {high:.3f} with pictures drawn anew"


def bias_bars(part: PartOfCues) -> tuple[Bars, ...]:
    """Draw the shape bias of each class, unless there are too many: the table has them all."""
    if len(part.by_class) > _MOST_BARS:
        return ()
    told = sorted((each for each in part.by_class if each.bias.n), key=lambda e: e.bias.value)
    drawn = Bars(
        f"Shape bias by class of the shape: {part.name}",
        tuple(each.group for each in told),
        tuple(each.bias.value for each in told),
        "shape bias",
        tuple(each.bias.interval.low for each in told),
        tuple(each.bias.interval.high for each in told),
        reference=0.5,
        note="The line is balance. Of a class with few answers that name a cue the interval is "
        "wide: see the table.",
    )
    return (drawn,)


def preference_bars(part: PartOfCues) -> Bars:
    """Draw the share of all answers that follow each cue."""
    whole = part.whole
    shares = [*(whole.share(cue) for cue in whole.cues), whole.neither]
    return Bars(
        f"What answers follow: {part.name}",
        (*whole.cues, "none of them"),
        tuple(each.value for each in shares),
        "share of all answers",
        tuple(each.interval.low for each in shares),
        tuple(each.interval.high for each in shares),
        reference=part.chance.guessing / len(whole.cues),
        note="The line is what guessing gives each cue.",
    )


def class_table(part: PartOfCues, answered: Mapping[str, int]) -> Table:
    """List every class of a shape."""
    cues = part.whole.cues
    rows = tuple(
        (
            each.group,
            f"{each.n:,}",
            str(each.bias),
            *(f"{each.share(cue).value:.3f}" for cue in cues),
            f"{each.neither.value:.3f}",
            f"{answered.get(each.group, 0):,}",
        )
        for each in part.by_class
    )
    return Table(
        f"By class of the shape: {part.name}",
        ("class", "n", "shape bias", *cues, "neither" if len(cues) < 3 else "none", "answered"),
        rows,
        "Answered: how often this class was the answer to an image in conflict, whatever it shows. "
        "A class that is answered to everything has a bias of its own.",
    )


def plain_table(plain: Sequence[PlainPart], n_classes: int) -> Table:
    """List accuracies on images without a conflict."""
    return Table(
        "Accuracy without a conflict",
        ("images", "accuracy", "by guessing"),
        tuple((each.part, str(each.right), f"{each.chance:.3f}") for each in plain),
        f"Among {n_classes:,} classes. Where a cue alone is not recognised, a conflict with it "
        "says nothing of what is preferred.",
    )


def published_table() -> Table:
    """List what others have measured on the same pictures."""
    return Table(
        "Published shape biases on these pictures",
        ("who", "shape bias, %", "source"),
        PUBLISHED,
        "Of all 1,280 pictures, 80 of which are no conflict and are not counted. The first four "
        "are computed from published trials; no figure of CLIP is reproduced here.",
    )


def gallery_of(shown: Sequence[ShownConflict]) -> Gallery:
    """Draw images with what was answered."""
    tiles = tuple(
        Tile(
            each.image,
            f"{each.answer}: {each.follows}",
            each.cues,
            each.image_id,
        )
        for each in shown
    )
    return Gallery("Images in conflict, and the answers", tiles, "Evenly over the set.")


def tally_row(each: CueTally, chance: float) -> dict[str, object]:
    """Give one row of numbers: a part of the set, or one class of it."""
    return {
        "part": each.part,
        "class": each.group or "all",
        "n": each.n,
        **{f"named_{cue}": named for cue, named in zip(each.cues, each.named, strict=True)},
        "shape_bias": each.bias,
        "cue_accuracy": each.cue_accuracy,
        "cue_accuracy_by_guessing": chance,
    }
