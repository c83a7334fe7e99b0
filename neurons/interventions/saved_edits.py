"""How is an edit of a network kept? A small file: which units, set to what, in which model."""

from __future__ import annotations

import json
from pathlib import Path

from neurons.address import Neuron, by_neuron
from neurons.errors import MismatchError, OptionError
from neurons.files import write_new
from neurons.interventions.editable import AnyEdits
from neurons.network.clip import Clip

FORMAT = 1


def save_edit(path: str | Path, edits: AnyEdits, *, clip: Clip, replace: bool = False) -> Path:
    """Write an edit as JSON; equal edits of equal models, equal bytes.

    Parameters
    ----------
    path : str or Path
        The file; its folder is made.
    edits : mapping of Neuron or str to float
        What each unit is set to; as a string, ``visual.layer4:89``.
    clip : Clip
        The model that it is an edit of.
    replace : bool
        Whether another edit that is there may be replaced.

    Returns
    -------
    Path

    Raises
    ------
    OptionError
        If no unit is set: who reads an edit of nothing would believe in a defence.
    OutputExistsError
        If another edit is there, and may not be replaced.
    """
    path, by_unit = Path(path), by_neuron(edits)
    if not by_unit:
        raise OptionError(
            f"no unit is set, so there is no edit to keep at {str(path)!r}; name units to set"
        )
    content = {
        "format": FORMAT,
        "model": {"name": clip.name, "weights_sha256": clip.weights_sha256},
        "edit": {str(neuron): float(by_unit[neuron]) for neuron in sorted(by_unit)},
    }
    return write_new(path, (json.dumps(content, indent=1) + "\n").encode(), replace=replace)


def load_edit(path: str | Path, *, clip: Clip | None = None) -> dict[Neuron, float]:
    """Read what `save_edit` wrote, for `edit` and for every attack.

    Parameters
    ----------
    path : str or Path
    clip : Clip, optional
        Given, it must be the model that the edit was made for.

    Returns
    -------
    dict of Neuron to float

    Raises
    ------
    OptionError
        If there is no such file, or it is no edit.
    AddressError
        If a unit's address has another form.
    MismatchError
        If the edit is of another model.
    """
    path = Path(path)
    if not path.is_file():
        raise OptionError(f"no edit at {str(path)!r}; `neurons attack defend` writes one")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        made_for = content["model"]
        values = {Neuron.parse(name): float(value) for name, value in content["edit"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise OptionError(
            f"{str(path)!r} is no edit: JSON with `model` and `edit` was expected"
        ) from None
    if clip is not None and made_for.get("weights_sha256") != clip.weights_sha256:
        raise MismatchError(
            f"{str(path)!r} is an edit of {made_for.get('name')!r}, not of {clip.name!r}: their "
            f"weights differ"
        )
    return values
