"""Which units are worth a look to whoever knows the number of none?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from neurons.errors import OptionError
from neurons.pages.atlas import Column

# how much more a unit counts that has one class however it is shown
_MULTIMODAL = 1.5


@dataclass(frozen=True)
class Interesting:
    """A unit, and why it was picked.

    Parameters
    ----------
    neuron : str
    worth : float
        Score of its name, times 1.5 if it is multimodal, over the number of its family, this one
        counted in, and of its name, that are picked.
    why : str
    """

    neuron: str
    worth: float
    why: str


def interesting(
    neurons: Sequence[str], columns: Sequence[Column], *, n: int = 20
) -> tuple[Interesting, ...]:
    """Pick units whose names passed their exam: sure ones, of many families, multimodal ones.

    One is picked after another: the second of a family counts half, the third a third, and so do
    several of one name.

    Parameters
    ----------
    neurons : sequence of str
        Addresses.
    columns : sequence of Column
        ``name`` and ``score``, as `label_units` gives them; ``family`` and ``multimodal`` where
        they are known.
    n : int >= 1

    Returns
    -------
    tuple of Interesting
        In the order of picking; fewer where fewer units have a name.

    Raises
    ------
    OptionError
        If no unit has a name, or none is asked for.
    """
    if n < 1:
        raise OptionError(f"the {n} most interesting units are none; ask for 1 or more")
    by_name = {column.name: column.values for column in columns}
    if "name" not in by_name or "score" not in by_name:
        raise OptionError(
            "no unit has a name that passed its exam, so that none is more interesting than "
            "others; choose units by a column of their table, such as lift"
        )
    empty = [""] * len(neurons)
    names, families = by_name["name"], by_name.get("family", empty)
    shown = by_name.get("multimodal", empty)
    scores = [float(score) for score in by_name["score"]]
    left = [i for i in range(len(neurons)) if names[i] and scores[i] == scores[i]]
    picked: list[Interesting] = []
    of_family: Counter[str] = Counter()
    of_name: Counter[str] = Counter()
    while left and len(picked) < n:
        worth = {
            i: scores[i]
            * (_MULTIMODAL if shown[i] else 1)
            / (1 + of_family[str(families[i])])
            / (1 + of_name[str(names[i])])
            for i in left
        }
        best = max(left, key=lambda i: (worth[i], -i))
        left.remove(best)
        name, family = str(names[best]), str(families[best])
        of_family[family] += 1
        of_name[name] += 1
        why = _why(name, family, scores[best], of_family[family], str(shown[best]))
        picked.append(Interesting(neurons[best], worth[best], why))
    return tuple(picked)


def _why(name: str, family: str, score: float, nth: int, shown: str) -> str:
    said = [f"{name}: score {score:.2f}"]
    if family:
        said.append(f"the first of {family}" if nth == 1 else f"number {nth} of {family}")
    if shown:
        said.append(f"{shown} leads however things are shown")
    return ", ".join(said)
