"""Does the shape, the texture or a word of its class excite a unit?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from neurons.stats import benjamini_hochberg

# of a class that so many pictures show in one way, no rank test can find anything
_FEWEST = 4
_LEVEL = 0.05


@dataclass(frozen=True)
class UnitCues:
    """Which cues of a unit's class excite it, in pictures whose cues are of different classes.

    Parameters
    ----------
    neuron : str
        Its address.
    class_name : str
        The class with its largest mean response, by images that are no conflicts.
    auc : mapping of str to float
        By cue, of all pairs of a picture whose cue is of this class and one whose cue is of
        another (and which has nothing else of this class), the share in which the first excites
        the unit more; .5 says nothing, nan: too few.
    p_values : mapping of str to float
        One-sided rank-sum tests, adjusted by Benjamini and Hochberg over all units and cues.
    follows : tuple of str
        The cues whose p value is below .05.
    """

    neuron: str
    class_name: str
    auc: Mapping[str, float]
    p_values: Mapping[str, float]
    follows: tuple[str, ...]

    @property
    def tested(self) -> bool:
        """Whether enough pictures have, and enough lack, a cue of its class."""
        return not all(np.isnan(value) for value in self.auc.values())


def unit_cues(
    addresses: Sequence[str],
    classes: Sequence[str],
    values: NDArray[np.floating],
    cues: Mapping[str, Sequence[str]],
) -> tuple[UnitCues, ...]:
    """Test every unit.

    Parameters
    ----------
    addresses, classes : sequence of str, (units,)
        Each unit's address, and its class.
    values : ndarray of float, (pictures, units)
        Its responses to pictures in conflict.
    cues : mapping of str to sequence of str, (pictures,)
        The class of each cue; empty where a picture lacks it.
    """
    names = {cue: np.array(each, str) for cue, each in cues.items()}
    auc = np.full((len(addresses), len(cues)), np.nan)
    p_values = np.ones(auc.shape)
    for unit, wanted in enumerate(classes):
        without_any = np.all([each != wanted for each in names.values()], axis=0)
        for i, each in enumerate(names.values()):
            # pictures with a word are compared with pictures with another word, not with none
            without = values[without_any & (each != ""), unit]
            with_cue = values[each == wanted, unit]
            if len(with_cue) < _FEWEST or len(without) < _FEWEST:
                continue
            test = stats.mannwhitneyu(with_cue, without, alternative="greater")
            auc[unit, i] = test.statistic / (len(with_cue) * len(without))
            p_values[unit, i] = test.pvalue
    tested = ~np.isnan(auc)
    adjusted = np.ones(auc.shape)
    if tested.any():
        adjusted[tested] = benjamini_hochberg(p_values[tested])
    return tuple(
        UnitCues(
            address,
            wanted,
            dict(zip(names, auc[unit].tolist(), strict=True)),
            dict(zip(names, adjusted[unit].tolist(), strict=True)),
            tuple(cue for i, cue in enumerate(names) if adjusted[unit, i] < _LEVEL),
        )
        for unit, (address, wanted) in enumerate(zip(addresses, classes, strict=True))
    )
