"""Which published pictures have a misleading word on them, and what is the truth about each?

One loader per set, each to the same table of trials: an image, the class that it shows, the class
that is written on it, and whether the word is there. Nothing is downloaded.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from neurons.attacks.typographic_set import (
    ATTACKED,
    CLEAN,
    NAMED,
    ONE_PROMPT,
    Trial,
    TypographicSet,
)
from neurons.data.images import ImageSet, images
from neurons.errors import ImagesNotFoundError, OptionError
from neurons.readouts.prompts import openai

SCAM_KINDS = ("NoSCAM", "SCAM", "SynthSCAM")


def scam(path: str | Path) -> TypographicSet:
    """Open SCAM: photographs with a word on a note, without it, and with the word drawn in.

    Parameters
    ----------
    path : str or Path
        Of a folder with ``metadata.csv`` (image_id, object_label, attack_word) and the folders
        ``NoSCAM``, ``SCAM`` and ``SynthSCAM`` (one of them is enough), whose files are called
        ``KIND_img_0001`` and so on; ``image_id`` names the image of any kind.

    Raises
    ------
    ImagesNotFoundError
        If the folder is laid out otherwise.

    References
    ----------
    Westerhoff et al., "SCAM: a real-world typographic robustness evaluation for multimodal
    foundation models", 2025.
    """
    root = _folder(path, "SCAM")
    layout = (
        "a folder with metadata.csv (columns image_id, object_label, attack_word) and the folders "
        "NoSCAM, SCAM and SynthSCAM, with files such as SCAM/SCAM_img_0001.webp"
    )
    truth = {
        _number(row["image_id"]): row
        for row in _rows(root, ("image_id", "object_label", "attack_word"), layout)
    }
    opened, trials = _open(root, layout), []
    for index, image in enumerate(opened.ids):
        parts = Path(image).parts
        if len(parts) != 2 or parts[0] not in SCAM_KINDS or not parts[1].startswith(parts[0]):
            raise _wrong_layout(root, f"{image!r} is in none of its folders", layout)
        row = truth.get(_number(Path(image).stem))
        if row is None:
            raise _wrong_layout(root, f"metadata.csv has no row for {image!r}", layout)
        word = CLEAN if parts[0] == "NoSCAM" else ATTACKED
        trials.append(Trial(index, row["object_label"], row["attack_word"], parts[0], word))
    trials.sort(key=lambda trial: SCAM_KINDS.index(trial.kind))
    return TypographicSet(
        "scam",
        opened,
        tuple(trials),
        # the released evaluation (github.com/Bliss-e-V/SCAM, main_vlm_openclip.py) lists 32
        # templates: the first 32 of OpenAI's 80
        openai()[:32],
        "Westerhoff et al. 2025, SCAM",
    )


def rta100(path: str | Path) -> TypographicSet:
    """Open RTA-100: photographs of objects with the name of another on a label.

    Parameters
    ----------
    path : str or Path
        Of a folder with files called ``label=DVD_text=frisbee.jpg``.

    Raises
    ------
    ImagesNotFoundError
        If the folder is laid out otherwise.

    References
    ----------
    Azuma and Matsui, "Defense-Prefix for preventing typographic attacks on CLIP", ICCV workshops
    2023.
    """
    return _label_and_text(path, "rta100", "Azuma and Matsui 2023, RTA-100")


def paint(path: str | Path) -> TypographicSet:
    """Open PAINT's photographs of typographic attacks; laid out as `rta100`, raises the same.

    References
    ----------
    Ilharco et al., "Patching open-vocabulary models by interpolating weights", NeurIPS 2022.
    """
    return _label_and_text(path, "paint", "Ilharco et al. 2022, PAINT")


# what the article's labels are to make of the picture: Goh et al. 2021's own targets
_MEANT = {
    "ipod": "iPod", "dollars": "piggy bank", "meow": "Siamese cat", "shark": "great white shark",
    "trash": "waste container",
}  # fmt: skip
# a label that names what it is on
_SAME = {("mug", "cup")}


def labelled(path: str | Path) -> TypographicSet:
    """Open labelled photographs: objects with a paper on them, as the article shows them.

    Parameters
    ----------
    path : str or Path
        Of a folder with files called ``apple-ipod.jpg``; ``apple-blank.jpg`` has no word and is
        asked about with every word that is written on an apple.

    Raises
    ------
    ImagesNotFoundError
        If the folder is laid out otherwise.

    References
    ----------
    Goh et al., "Multimodal neurons in artificial neural networks", Distill 2021.
    """
    root = _folder(path, "labelled photographs")
    layout = "a folder with files such as apple-ipod.jpg, and apple-blank.jpg without a label"
    opened = _open(root, layout)
    pairs = []
    for image in opened.ids:
        thing, dash, label = Path(image).stem.partition("-")
        if not (thing and dash and label):
            raise _wrong_layout(root, f"{image!r} is not called OBJECT-LABEL", layout)
        pairs.append((thing, label))
    wrong: dict[str, list[str]] = {}
    for thing, label in pairs:
        if label not in ("blank", thing) and (thing, label) not in _SAME:
            wrong.setdefault(thing, []).append(_MEANT.get(label, label))
    trials = []
    for index, (thing, label) in enumerate(pairs):
        if label == "blank":
            offered = wrong.get(thing, [])
            trials += [Trial(index, thing, word, "blank", CLEAN) for word in offered]
        elif label == thing or (thing, label) in _SAME:
            offered = wrong.get(thing, [])
            trials += [Trial(index, thing, word, "named", NAMED) for word in offered]
        else:
            written = _MEANT.get(label, label)
            trials.append(Trial(index, thing, written, "labelled", ATTACKED))
    order = ("blank", "labelled", "named")
    trials.sort(key=lambda trial: order.index(trial.kind))
    return TypographicSet(
        "labelled", opened, tuple(trials), ONE_PROMPT, "Goh et al. 2021, labelled photographs"
    )


PUBLISHED: Mapping[str, Callable[[str | Path], TypographicSet]] = {
    "scam": scam,
    "rta100": rta100,
    "paint": paint,
    "labelled": labelled,
}


def typographic_set(asked: str) -> TypographicSet:
    """Open a published set by ``NAME:PATH``.

    Parameters
    ----------
    asked : str
        ``scam:PATH``, ``rta100:PATH``, ``paint:PATH`` or ``labelled:PATH``.

    Raises
    ------
    OptionError
        If there is no set of that name.
    ImagesNotFoundError
        If the folder is laid out otherwise.
    """
    name, _, path = asked.partition(":")
    if name not in PUBLISHED or not path:
        raise OptionError(f"no set {asked!r}; write NAME:PATH with one of: {', '.join(PUBLISHED)}")
    return PUBLISHED[name](path)


def _label_and_text(path: str | Path, name: str, citation: str) -> TypographicSet:
    root = _folder(path, name)
    layout = "a folder with files such as label=DVD_text=frisbee.jpg"
    opened, trials = _open(root, layout), []
    for index, image in enumerate(opened.ids):
        found = re.fullmatch(r"label=(.+)_text=(.+)", Path(image).stem)
        if found is None:
            raise _wrong_layout(root, f"{image!r} does not tell its label and text", layout)
        trials.append(Trial(index, found[1], found[2], "attacked", ATTACKED))
    return TypographicSet(name, opened, tuple(trials), ONE_PROMPT, citation)


def _folder(path: str | Path, name: str) -> Path:
    root = Path(path)
    if not root.is_dir():
        raise ImagesNotFoundError(f"no folder {str(path)!r} with {name}")
    return root


def _open(root: Path, layout: str) -> ImageSet:
    try:
        return images(root)
    except ImagesNotFoundError as error:
        raise _wrong_layout(root, str(error), layout) from None


def _rows(root: Path, columns: Sequence[str], layout: str) -> list[dict[str, str]]:
    file = root / "metadata.csv"
    if not file.is_file():
        raise _wrong_layout(root, "it has no metadata.csv", layout)
    with file.open(newline="", encoding="utf-8") as opened:
        reader = csv.DictReader(opened)
        lacking = [column for column in columns if column not in (reader.fieldnames or ())]
        if lacking:
            raise _wrong_layout(root, f"metadata.csv has no column {lacking[0]!r}", layout)
        return list(reader)


def _number(name: str) -> str:
    # SCAM_img_0001 stands for the image 0001 of every kind
    return name.rpartition("_")[2]


def _wrong_layout(root: Path, what: str, layout: str) -> ImagesNotFoundError:
    return ImagesNotFoundError(f"{str(root)!r}: {what}; expected is {layout}")
