"""What is asked of an attack? Strings become classes, readouts, targets, words and rows."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from neurons.attacks.conditions import AttackTarget
from neurons.cli.parse import lines, listed
from neurons.data.images import ImageSet
from neurons.data.opening import MINIATURE
from neurons.drawn_world.concepts import concepts
from neurons.drawn_world.scenes import TEMPLATES
from neurons.errors import OptionError, StaleActivationsError
from neurons.network.clip import Clip
from neurons.readouts.probe import Probe
from neurons.readouts.prompts import PLAIN, openai
from neurons.readouts.readout import Among, Readout, ZeroShot, among, zero_shot
from neurons.studies.typography.string_search import symbol_strings

ZERO_SHOT, PROBE = "zero-shot", "probe"
_PROMPTS = ("auto", "openai", "plain", MINIATURE)


def parse_readouts(
    clip: Clip, images: ImageSet | None, classes: str | None, prompts: str, probe: Path | None
) -> dict[str, Readout]:
    """Read classes zero-shot, and by a probe if there is one: both are asked the same question.

    Parameters
    ----------
    clip, images, classes, prompts
        As `parse_readout` takes them; the classes are the probe's where none are named.
    probe : Path or None
        A folder that `Probe.save` wrote.

    Returns
    -------
    dict of str to Readout
        `ZERO_SHOT`, and `PROBE` if there is one.

    Raises
    ------
    RunNotFoundError
        If the folder holds no probe.
    StaleActivationsError
        If the probe is of another model.
    OptionError
        If it was fitted on other classes, or as `parse_readout`.
    """
    if probe is None:
        return {ZERO_SHOT: parse_readout(clip, images, classes, prompts)}
    fitted = Probe.load(probe)
    _check_model(fitted, probe, clip)
    names = list(fitted.class_names) if classes is None else listed(classes)
    asked = _known_only(fitted, probe, names)
    return {ZERO_SHOT: _zero_shot(clip, names, prompts), PROBE: asked}


def _check_model(fitted: Probe, folder: Path, clip: Clip) -> None:
    made_of = fitted.provenance.get("run", {}).get("model", {})
    if made_of.get("weights_sha256") != clip.weights_sha256:
        known = repr(made_of["name"]) if "name" in made_of else "a model that it does not name"
        raise StaleActivationsError(
            f"{str(folder)!r} is a probe of {known}, not of {clip.name!r}: their weights differ"
        )


def _known_only(fitted: Probe, folder: Path, names: Sequence[str]) -> Among:
    missing = [name for name in names if name not in fitted.class_names]
    if missing:
        known = fitted.class_names
        raise OptionError(
            f"probe {str(folder)!r} was fitted on other classes: it has no {missing[0]!r} "
            f"({len(missing)} of {len(names)} are missing); its {len(known):,} are: "
            f"{', '.join(known[:8])}{', ...' if len(known) > 8 else ''}; name some with --classes"
        )
    return among(fitted, names)


def parse_readout(
    clip: Clip, images: ImageSet | None, classes: str | None, prompts: str
) -> ZeroShot:
    """Read classes zero-shot, with the prompts that were asked for.

    Parameters
    ----------
    clip : Clip
    images : ImageSet or None
        Whose classes they are where none are named.
    classes : str or None
        Names parted by commas, or a file with one a line.
    prompts : str
        ``auto``, ``openai``, ``plain``, ``miniature``, or a file with one a line.

    Raises
    ------
    OptionError
        If there are no such prompts, or nobody says what the classes are.
    LabelsMissingError
        If the images carry no labels.
    """
    return _zero_shot(clip, parse_classes(classes, images), prompts)


def parse_classes(classes: str | None, images: ImageSet | None) -> list[str]:
    """Name the classes: those that are listed, or the images'.

    Raises
    ------
    OptionError
        If nobody says what the classes are.
    LabelsMissingError
        If the images carry no labels.
    """
    if classes is not None:
        return listed(classes)
    if images is None:
        raise OptionError("no classes; name some with --classes")
    images.require_labels()
    return list(images.class_names)


def check_classes(names: Sequence[str], wanted: Sequence[str]) -> None:
    """Raise OptionError unless these are two classes or more, and the wanted ones are there."""
    if len(set(names)) < 2 or len(set(names)) != len(names):
        doubled = next((name for name in names if list(names).count(name) > 1), "")
        why = f"{doubled!r} is named twice" if doubled else f"{len(names)} named"
        raise OptionError(f"two different classes or more are told apart, and {why}")
    for name in wanted:
        if name not in names:
            near = get_close_matches(name, names, n=3)
            shown = f"nearest: {', '.join(near)}" if near else f"there are: {', '.join(names[:8])}"
            more = f", ... ({len(names):,} in all)" if not near and len(names) > 8 else ""
            raise OptionError(f"no class {name!r}; {shown}{more}")


def check_prompts(asked: str) -> None:
    """Raise OptionError unless there are such prompts."""
    if asked not in _PROMPTS and not Path(asked).is_file():
        raise OptionError(
            f"no prompts {asked!r}; there are: {', '.join(_PROMPTS)}, or a file with one a line"
        )


def _zero_shot(clip: Clip, names: Sequence[str], prompts: str) -> ZeroShot:
    check_prompts(prompts)
    asked = prompts
    if asked == "auto":
        asked = MINIATURE if clip.name == MINIATURE else "openai"
    known = {"openai": openai(), "plain": PLAIN, MINIATURE: ("{}", *TEMPLATES)}
    templates = known[asked] if asked in known else tuple(lines(Path(asked)))
    world = concepts() if asked == MINIATURE else {}
    words = {name: world[name].words if name in world else (name,) for name in names}
    return zero_shot(clip, words, templates=templates)


def parse_targets(text: str) -> list[AttackTarget]:
    """Read ``CLASS`` or ``TEXT=CLASS``, parted by commas.

    Raises
    ------
    OptionError
        If there is none, or one has another form.
    """
    found = [AttackTarget.parse(part) for part in text.split(",") if part.strip()]
    if not found:
        raise OptionError(f"{text!r} names no target; write CLASS or TEXT=CLASS, parted by commas")
    return found


def parse_vocabulary(asked: str | None, model: str, class_names: Sequence[str]) -> list[str]:
    """Give strings to try: those named, or the classes' names and short strings of symbols.

    For the miniature there are all the words of its world besides.

    Parameters
    ----------
    asked : str or None
        Strings parted by commas, or a file with one a line.
    model : str
        Its name.
    class_names : sequence of str

    Raises
    ------
    OptionError
        If there are no strings.
    """
    if asked is not None:
        return listed(asked)
    world = concepts() if model == MINIATURE else {}
    more = [word for each in world.values() for word in each.words]
    return list(dict.fromkeys([*class_names, *more, *symbol_strings()]))


def parse_rows(images: ImageSet, only: str | None) -> list[int] | None:
    """Find the images of some values of a column, as ``COLUMN=A,B``; None for all of them.

    Raises
    ------
    OptionError
        If it has another form, or no image has such a value.
    LabelsMissingError
        If there is no such column.
    """
    if only is None:
        return None
    column, sign, values = only.partition("=")
    wanted = {value.strip() for value in values.split(",")}
    if not sign or not column:
        raise OptionError(f"{only!r}: write COLUMN=VALUE,VALUE, such as rendition=flat,photo")
    shown = [str(value) for value in images.column(column)]
    rows = [i for i, value in enumerate(shown) if value in wanted]
    if not rows:
        raise OptionError(
            f"no image has {', '.join(sorted(wanted))} in column {column!r}; its values are: "
            f"{', '.join(sorted(set(shown))[:12])}"
        )
    return rows
