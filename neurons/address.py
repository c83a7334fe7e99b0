"""How is a neuron called? ``visual.layer4:89`` is unit 89 of the module ``visual.layer4``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from neurons.errors import AddressError

# the image tower's output, as if it were a layer: (images, dimensions), not normalised
EMBEDDING = "embedding"

V = TypeVar("V")

_FORM = re.compile(r"(?P<layer>[A-Za-z_][\w.]*):(?P<unit>\d+)")
_MANY = re.compile(r"(?P<layer>[A-Za-z_][\w.]*):(?P<units>\d+(-\d+)?(,\d+(-\d+)?)*)")


@dataclass(frozen=True, order=True)
class Neuron:
    """The address of one unit.

    Parameters
    ----------
    layer : str
        Path of the module in the network, as ``named_modules`` spells it.
    unit : int, >= 0
        A channel of a convolution, or a dimension of a transformer's MLP or residual stream.

    Raises
    ------
    AddressError
        If the unit is negative.

    Examples
    --------
    >>> Neuron.parse("visual.layer4:89")
    Neuron(layer='visual.layer4', unit=89)
    """

    layer: str
    unit: int

    def __post_init__(self) -> None:
        if self.unit < 0:
            raise AddressError(f"{self.layer}:{self.unit}: units count from 0")

    @classmethod
    def parse(cls, text: str) -> Neuron:
        """Read ``layer:unit``.

        Raises
        ------
        AddressError
            If the text has another form.
        """
        match = _FORM.fullmatch(text.strip())
        if match is None:
            raise AddressError(
                f"{text!r} is no neuron's address; write LAYER:UNIT, such as visual.layer4:89"
            )
        return cls(match["layer"], int(match["unit"]))

    @classmethod
    def parse_many(cls, text: str) -> tuple[Neuron, ...]:
        """Read one address, a list or a range: ``layer:3``, ``layer:3,7,9`` or ``layer:0-20``.

        Raises
        ------
        AddressError
            If the text has another form, or a range ends before it begins.
        """
        match = _MANY.fullmatch(text.strip())
        if match is None:
            return (cls.parse(text),)
        found: list[Neuron] = []
        for part in match["units"].split(","):
            first, _, last = part.partition("-")
            if int(last or first) < int(first):
                raise AddressError(f"{text!r}: a range goes from the smaller number to the larger")
            found += [
                cls(match["layer"], unit) for unit in range(int(first), int(last or first) + 1)
            ]
        return tuple(dict.fromkeys(found))

    @classmethod
    def of(cls, value: Neuron | str) -> Neuron:
        """Give a neuron as it is, and read a string.

        Raises
        ------
        AddressError
            If it is a string of another form.
        """
        return cls.parse(value) if isinstance(value, str) else value

    def __str__(self) -> str:
        return f"{self.layer}:{self.unit}"


def by_neuron(values: Mapping[Neuron, V] | Mapping[str, V]) -> dict[Neuron, V]:
    """Give a mapping whose keys are neurons, from one whose keys may be addresses.

    Raises
    ------
    AddressError
        If a key has another form.
    """
    return {Neuron.of(key): value for key, value in values.items()}
