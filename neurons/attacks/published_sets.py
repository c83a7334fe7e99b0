"""Which published pictures have a misleading word on them, and what is the truth about each?

One loader a set, each to the same table of trials: an image, the class that it shows, the class
that is written on it, and whether the word is there. Nothing is downloaded.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from neurons.data.images import ImageSet, images
from neurons.data.sources import UNLABELLED
from neurons.errors import ImagesNotFoundError, OptionError
from neurons.lettering.lettering import Lettering
from neurons.readouts.prompts import openai

# what is on the picture: no word, a word of a wrong class, or the right class's own word
CLEAN, ATTACKED, NAMED = "clean", "attacked", "named"


@dataclass(frozen=True)
class Trial:
    """One question: does the image show this, or what is written?

    Parameters
    ----------
    index : int
        Of the image in its set.
    true, written : str
        Names of the classes. Of a clean image ``written`` is only the wrong answer on offer.
    kind : str
        A part of the set, such as ``SCAM`` or ``NoSCAM``.
    word : str
        `CLEAN`, `ATTACKED` or `NAMED`.
    text : str
        What is to be written first; empty where the picture is taken as it is.
    """

    index: int
    true: str
    written: str
    kind: str
    word: str
    text: str = ""


@dataclass(frozen=True, eq=False)
class TypographicSet:
    """Pictures with words, and the protocol that the set was published with.

    Parameters
    ----------
    name : str
        Such as ``scam``: what published figures are kept under.
    images : ImageSet
    trials : tuple of Trial
    templates : tuple of str
        The published prompt ensemble.
    citation : str
    lettering : Lettering, optional
        How the trials' texts are written; None where the pictures have their words already.
    """

    name: str
    images: ImageSet
    trials: tuple[Trial, ...]
    templates: tuple[str, ...]
    citation: str
    lettering: Lettering | None = None

    @property
    def class_names(self) -> tuple[str, ...]:
        """Every class that a picture shows or that is written on one, in alphabetical order.

        Azuma and Matsui 2023 choose among the same.
        """
        return tuple(sorted({n for trial in self.trials for n in (trial.true, trial.written)}))

    @property
    def kinds(self) -> tuple[str, ...]:
        """The parts of the set, in the order of their first trial."""
        return tuple(dict.fromkeys(trial.kind for trial in self.trials))


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
        "labelled", opened, tuple(trials), _ONE_PROMPT, "Goh et al. 2021, labelled photographs"
    )


def synthetic(
    opened: ImageSet, lettering: Lettering, *, texts: Sequence[str] = (), seed: int = 0
) -> TypographicSet:
    """Give every labelled image another class's name to have written on it.

    Parameters
    ----------
    opened : ImageSet
        With labels, such as a folder with one folder a class.
    lettering : Lettering
    texts : sequence of str, optional
        What is written for each class, in the order of the classes; default: its name.
    seed : int
        Of the choice of class, for each image by its id.

    Raises
    ------
    LabelsMissingError
        If the images carry no labels.
    OptionError
        If there are fewer than two classes, or not as many texts as classes.

    References
    ----------
    Azuma and Matsui 2023 and Materzynska et al., "Disentangling visual and written concepts in
    CLIP", CVPR 2022, write a wrong class's name on each image of a classification set.
    """
    labels, names = opened.require_labels(), opened.class_names
    if len(names) < 2:
        raise OptionError(f"{opened.name!r} has {len(names)} class; a wrong word needs another")
    if texts and len(texts) != len(names):
        raise OptionError(f"{len(texts)} texts for {len(names)} classes: give one each")
    words = tuple(texts) or names
    clean, attacked = [], []
    for index, label in enumerate(labels.tolist()):
        if label == UNLABELLED:
            continue
        other = Random(f"{opened.ids[index]} {seed}").randrange(len(names) - 1)
        other += other >= label
        clean.append(Trial(index, names[label], names[other], "clean", CLEAN))
        attacked.append(Trial(index, names[label], names[other], "written", ATTACKED, words[other]))
    return TypographicSet(
        "synthetic", opened, (*clean, *attacked), _ONE_PROMPT, "words written here", lettering
    )


# Defense-Prefix's evaluation of RTA-100 and PAINT (github.com/azuma164/Defense-Prefix)
_ONE_PROMPT = ("a photo of a {}.",)

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
    return TypographicSet(name, opened, tuple(trials), _ONE_PROMPT, citation)


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
