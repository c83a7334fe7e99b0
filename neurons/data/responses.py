"""What did a brain, or any other system, answer to images? Arrays with an id for each row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurons.data.response_files import StoredResponses, read_ids, read_stored
from neurons.errors import LayerNotFoundError, MismatchError
from neurons.results.shown import one_line, small_table

# numbers that are looked at together
_AT_ONCE = 1 << 24


@dataclass(frozen=True, eq=False, repr=False)
class ArraySystem:
    """Responses of a system to images: one layer per array, such as one per brain area.

    Rows are images. Where an image was shown several times, `read` gives the mean of its trials,
    and `repeats` the trials, from which a noise ceiling can be had. Responses that were averaged
    before have none.

    Parameters
    ----------
    title : str
    ids : tuple of str
        Of each image; ``#12`` where only its row in a table of images is known.
    arrays : mapping of str to array
        By the layer's name: (stored rows, units).
    trials : ndarray of int, (images, repeats)
        Which stored rows are of each image; -1 where it was shown less often than others.
    left_out : tuple of str
        Names of arrays or columns of the file that are no responses, as their shape tells.
    fingerprint : str
        Changes when the content or the ids do.
    """

    title: str
    ids: tuple[str, ...]
    arrays: Mapping[str, Any]
    trials: NDArray[np.intp]
    left_out: tuple[str, ...] = ()
    fingerprint: str = ""
    _seen: dict[str, tuple[NDArray[np.bool_], NDArray[np.bool_]]] = field(
        default_factory=dict, init=False
    )

    @property
    def told(self) -> str:
        """The file's name."""
        return f"responses {self.title!r}"

    @property
    def note(self) -> str:
        """Say what of the file is not compared."""
        if not self.left_out:
            return ""
        return f"{', '.join(self.left_out)} of {self.told}: no layers by their shape, left out. "

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the arrays, as they stand in the file."""
        return tuple(self.arrays)

    @property
    def n_repeats(self) -> int:
        """How often an image was shown at most; 1 where nothing was repeated, or averaged."""
        return int(self.trials.shape[1])

    def units(self, layer: str) -> int:
        """Count a layer's units.

        Raises
        ------
        LayerNotFoundError
            If there is no such array.
        """
        return int(self._array(layer).shape[1])

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """Which images have a number in every layer, (images,)."""
        found = np.ones(len(self.ids), bool)
        for layer in self.layers:
            found &= self._looked_at(layer)[0]
        return found

    def unsound(self, layer: str) -> NDArray[np.bool_]:
        """Tell which units are not finite on some of the known images: (units,)."""
        self._array(layer)
        return self._looked_at(layer)[1]

    def read(self, layer: str, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Read some images, the mean of their trials: (rows, units)."""
        array = self._array(layer)
        if self.n_repeats == 1:
            return _stored_rows(array, self.trials[rows, 0])
        found = np.zeros((len(rows), array.shape[1]), np.float64)
        n = np.zeros((len(rows), 1))
        for trial in self._trials_of(layer, rows):
            shown = ~np.isnan(trial).all(1, keepdims=True)
            found += np.where(shown, trial, 0)
            n += shown
        with np.errstate(invalid="ignore"):
            return (found / n).astype(np.float32)

    def repeats(self, layer: str) -> NDArray[np.float32] | None:
        """Give single trials, (images, repeats, units), nan where one lacks; None if averaged."""
        if self.n_repeats == 1:
            return None
        return np.stack(list(self._trials_of(layer, np.arange(len(self.ids)))), axis=1)

    def hashes(self) -> None:
        """Give None: responses do not hold the images."""

    def provenance(self) -> dict[str, Any]:
        """Tell what they are, as plain values."""
        return {
            "responses": self.title,
            "n": len(self.ids),
            "layers": {layer: self.units(layer) for layer in self.layers},
            "repeats": self.n_repeats,
            "fingerprint": self.fingerprint,
        }

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give how many images, layers and repeats there are."""
        return (
            ("images", f"{len(self.ids):,}"),
            ("layers", ", ".join(f"{layer} ({self.units(layer):,})" for layer in self.layers)),
            ("repeats", f"{self.n_repeats:,}" if self.n_repeats > 1 else "none"),
        )

    def __repr__(self) -> str:
        return one_line("ArraySystem", self.title, self.facts())

    def _repr_html_(self) -> str:
        return small_table("ArraySystem", self.title, self.facts())

    def _array(self, layer: str) -> Any:
        if layer not in self.arrays:
            raise LayerNotFoundError(
                f"{self.told} hold no layer {layer!r}; they hold: {', '.join(self.arrays)}"
            )
        return self.arrays[layer]

    def _trials_of(self, layer: str, rows: NDArray[np.intp]) -> Iterator[NDArray[np.float32]]:
        array = self._array(layer)
        for trial in self.trials[rows].T:
            found = _stored_rows(array, np.maximum(trial, 0))
            found[trial < 0] = np.nan
            yield found

    def _looked_at(self, layer: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Look once which images have any number, and which units lack one on these."""
        if layer not in self._seen:
            units = self.units(layer)
            known, unsound = np.zeros(len(self.ids), bool), np.zeros(units, bool)
            step = max(1, _AT_ONCE // units)
            for start in range(0, len(self.ids), step):
                some = np.arange(start, min(start + step, len(self.ids)))
                finite = np.isfinite(self.read(layer, some))
                known[some] = finite.any(1)
                unsound |= (~finite[known[some]]).any(0)
            self._seen[layer] = known, unsound
        return self._seen[layer]


def responses(
    source: str | Path | NDArray[Any] | Mapping[str, NDArray[Any]],
    *,
    ids: Sequence[str] | str | Path | None = None,
    repeats: bool = False,
    name: str = "",
) -> ArraySystem:
    """Open responses to images, (images, units) or (images, repeats, units) per layer.

    Parameters
    ----------
    source : str, Path, array or mapping of str to array
        ``.npy``; ``.npz`` and zarr groups (an array per layer); ``.parquet`` (a column of lists
        per layer, or columns of numbers that are one layer); or arrays.
    ids : sequence of str, or path, optional
        Of each row: the ids of the images, as a run has them, or a text file with one a line.
        Not needed where the file holds them itself, as ``ids``, or as ``row``: the number of the
        image's row in the table that it comes from.
    repeats : bool
        Whether rows of one id are trials of one image.
    name : str
        Default: the file's name without its ending.

    Returns
    -------
    ArraySystem

    Raises
    ------
    OptionError
        If the file is of no such kind, or holds no such array.
    MismatchError
        If there are no ids, as many as rows, or one is empty or stands on several rows.
    """
    stored = read_stored(source)
    given = stored.ids if ids is None else read_ids(ids)
    if ids is not None and stored.ids:
        raise MismatchError(
            f"{stored.name!r} holds the id of each row itself, as {stored.ids_name!r}; give no "
            f"others beside them"
        )
    title = name or stored.name
    _check_ids(title, given, stored)
    known, trials = _trials(title, given, stored, repeats=repeats)
    return ArraySystem(
        title,
        known,
        {layer: _flat(array) for layer, array in stored.arrays.items()},
        trials,
        stored.left_out,
        hashlib.sha256("\n".join((stored.fingerprint, *given)).encode()).hexdigest(),
    )


def _check_ids(title: str, ids: Sequence[str], stored: StoredResponses) -> None:
    if not ids:
        raise MismatchError(
            f"responses {title!r} hold no ids; give the id of each row, as a list or as a text "
            f"file with one a line: rows are never joined by their position"
        )
    if len(ids) != stored.n_rows:
        raise MismatchError(
            f"responses {title!r} have {stored.n_rows:,} rows, and {len(ids):,} ids are given; "
            f"give one per row"
        )
    empty = [row for row, each in enumerate(ids) if not each.strip()]
    if empty:
        raise MismatchError(
            f"{len(empty):,} rows of responses {title!r} have an empty id, the first is row "
            f"{empty[0]:,}; give one per row"
        )


def _trials(
    title: str, ids: Sequence[str], stored: StoredResponses, *, repeats: bool
) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Give each image's id once, and its rows: (images, repeats), -1 where it has fewer."""
    rows: dict[str, list[int]] = {}
    for row, each in enumerate(ids):
        rows.setdefault(each, []).append(row)
    doubled = [each for each, of in rows.items() if len(of) > 1]
    if doubled and not repeats:
        raise MismatchError(
            f"{len(doubled):,} ids stand on several rows of responses {title!r}, the first, "
            f"{doubled[0]!r}, on {len(rows[doubled[0]]):,}; give each row an id of its own, or say "
            f"that rows of one id are repeats of one image"
        )
    inner = stored.n_repeats
    if repeats and not doubled and inner == 1:
        raise MismatchError(
            f"no id stands on several rows of responses {title!r}, and its arrays have two axes: "
            f"nothing is repeated; without repeats there is no noise ceiling"
        )
    most = max(map(len, rows.values()))
    found = np.full((len(rows), most * inner), -1, np.intp)
    for image, of in enumerate(rows.values()):
        flat = [row * inner + trial for row in of for trial in range(inner)]
        found[image, : len(flat)] = flat
    return tuple(rows), found


def _flat(array: Any) -> Any:
    """Give (images, repeats, units) as (images * repeats, units)."""
    return array if array.ndim == 2 else np.asarray(array[:]).reshape(-1, array.shape[2])


def _stored_rows(array: Any, rows: NDArray[np.intp]) -> NDArray[np.float32]:
    if isinstance(array, np.ndarray):
        return np.asarray(array[rows], np.float32)
    return np.asarray(array.oindex[rows], np.float32)
