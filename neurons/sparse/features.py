"""How is a matrix of activations multiplied, whole or in blocks, as if it were standardised?

The matrix stays as it lies: in memory, on a GPU, or on disk behind anything that gives rows by
slices (a numpy memmap, a zarr array). Means and scales enter the products, never the matrix.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurons.errors import OptionError

# rows whose logits of a few hundred classes stay in a core's cache, or fill a GPU
_ROWS_CPU, _ROWS_GPU = 4096, 131_072


def take_rows(values: Any, rows: NDArray[np.intp]) -> NDArray[Any]:
    """Read some rows, ascending, of an array in memory or on disk.

    Of one on disk the span that holds them is read in one piece.
    """
    if isinstance(values, np.ndarray):
        return np.asarray(values[rows])
    span = np.asarray(values[rows[0] : rows[-1] + 1])
    return np.asarray(span[rows - rows[0]])


class Features:
    """Images x units, read in blocks of rows.

    Parameters
    ----------
    values : Tensor, ndarray, or an array on disk, (images, units)
        Float. Arrays that are no tensors are read block by block and never held whole.
    rows : sequence of int, optional
        Which images, ascending; default: all.
    weights : Tensor of float64, (images,), optional
        Of the images chosen: they weigh the means and scales. Default: equal.
    standardise : bool
        Act as if each unit had standard deviation 1. Units are always centred, which an intercept
        makes up for. A unit that never changes becomes 0 throughout.
    device : device, optional
        Where to compute; default: where a tensor lies, else the CPU.
    dtype : torch.dtype, optional
        To compute in; default: float64 for float64 values, else float32.
    rows_per_block : int, optional
    without : sequence of int
        Units that act as if they never changed: they get no weight.
    moments : bool
        False for rows that are only read: no means and scales are taken.

    Raises
    ------
    OptionError
        If a value is not finite.
    """

    def __init__(
        self,
        values: Any,
        *,
        rows: Any = None,
        weights: Tensor | None = None,
        standardise: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        rows_per_block: int | None = None,
        without: Sequence[int] = (),
        moments: bool = True,
    ) -> None:
        self._values = values
        self._rows = None if rows is None else np.asarray(rows)
        given = values.device if isinstance(values, Tensor) else torch.device("cpu")
        self.device = torch.device(device or given)
        wide = str(values.dtype).endswith("float64")
        self.dtype = dtype or (torch.float64 if wide else torch.float32)
        self.n = len(values) if rows is None else len(self._rows)  # type: ignore[arg-type]
        self.n_units = int(values.shape[1])
        if self.device.type == "cuda" and given != self.device and self._fits():
            self._values, self._rows = self._moved(), None
        default = _ROWS_CPU if self.device.type == "cpu" else _ROWS_GPU
        self.rows_per_block = rows_per_block or default
        self.mean, self.scale = self._moments(weights, standardise) if moments else self._raw()
        self.scale[list(without)] = torch.inf

    def blocks(self, dtype: torch.dtype | None = None) -> Iterator[tuple[slice, Tensor]]:
        """Give the rows in order, (rows, units), on the device; half precision stays as it is."""
        for start in range(0, self.n, self.rows_per_block):
            where = slice(start, min(start + self.rows_per_block, self.n))
            yield where, self._read(where, dtype or self.dtype)

    def times(self, block: Tensor, weights: Tensor) -> Tensor:
        """Multiply standardised rows with weights: (rows, units) x (units, classes)."""
        scaled = weights / self.scale.to(weights.dtype)[:, None]
        return _product(block, scaled).sub_(self.mean.to(weights.dtype) @ scaled)

    def transposed_times(self, block: Tensor, residuals: Tensor) -> Tensor:
        """Multiply raw rows, transposed, with residuals: (units, rows) x (rows, classes)."""
        return _product(block.T, residuals)

    def standardised(self, sums: Tensor, totals: Tensor) -> Tensor:
        """Turn sums over raw rows into those over standardised ones.

        Parameters
        ----------
        sums : Tensor, (units, classes)
            Of `transposed_times` over all blocks.
        totals : Tensor, (classes,)
            The residuals' sum over all rows.
        """
        mean, scale = self.mean.to(sums.dtype), self.scale.to(sums.dtype)
        return (sums - torch.outer(mean, totals)) / scale[:, None]

    def unscaled(self, weights: Tensor, intercepts: Tensor) -> tuple[Tensor, Tensor]:
        """Turn weights of standardised units into those of units as they come.

        Returns
        -------
        Tensor of float64, (classes, units) and Tensor of float64, (classes,)
        """
        raw = (weights.double() / self.scale[:, None]).T
        return raw, intercepts.double() - raw @ self.mean

    def columns(self, block: Tensor, units: Tensor) -> Tensor:
        """Give some standardised units of raw rows: (..., rows) for units of any shape (...)."""
        mean, scale = self.mean[units].to(self.dtype), self.scale[units].to(self.dtype)
        return (block.T[units].to(self.dtype) - mean[..., None]) / scale[..., None]

    def _fits(self) -> bool:
        """Tell whether the rows take less than half of what a GPU has left."""
        free, _ = torch.cuda.mem_get_info(self.device)
        n_bytes: int = self.n * self.n_units * self._values.dtype.itemsize
        return n_bytes < free / 2

    def _moved(self) -> Tensor:
        part = self._values[:] if self._rows is None else self._values[self._rows]
        return torch.as_tensor(part, device=self.device)

    def _read(self, where: slice, dtype: torch.dtype) -> Tensor:
        if self._rows is None:
            part = self._values[where]
        elif isinstance(self._values, Tensor):
            part = self._values[torch.from_numpy(self._rows[where]).to(self._values.device)]
        else:
            part = take_rows(self._values, self._rows[where])
        block = part if isinstance(part, Tensor) else torch.from_numpy(np.ascontiguousarray(part))
        block = block.to(self.device)
        # tensor cores take halves as they are; their products are float32 at most
        kept = block.dtype in (torch.float16, torch.bfloat16) and dtype == torch.float32
        return block if kept and self.device.type == "cuda" else block.to(dtype)

    def _raw(self) -> tuple[Tensor, Tensor]:
        zeros = torch.zeros(self.n_units, dtype=torch.float64, device=self.device)
        return zeros, torch.ones_like(zeros)

    def _moments(self, weights: Tensor | None, standardise: bool) -> tuple[Tensor, Tensor]:
        """Weighted mean and standard deviation in float64, by Chan et al.'s pairwise update."""
        mean = torch.zeros(self.n_units, dtype=torch.float64, device=self.device)
        squares, total = torch.zeros_like(mean), 0.0
        for where, block in self.blocks(torch.float64):
            rows = block.double()
            share = torch.ones(len(rows), dtype=torch.float64, device=self.device)
            if weights is not None:
                share = weights[where].to(self.device, torch.float64)
            weight = float(share.sum())
            if not bool(torch.isfinite(rows).all()):
                bad = int((~torch.isfinite(rows)).any(0).nonzero()[0])
                raise OptionError(
                    f"unit {bad} has values that are not finite (NaN or infinity); leave "
                    f"skipped images out, and scan again in float32 where float16 overflows"
                )
            if weight == 0:
                continue
            here = share @ rows / weight
            deviation = share @ (rows - here).square()
            step, total = here - mean, total + weight
            mean += step * (weight / total)
            squares += deviation + step.square() * (weight * (total - weight) / total)
        spread = (squares / total).sqrt()
        # what rounding leaves of a constant is no spread
        flat = spread <= 1e-12 * mean.abs().clamp(min=1e-30)
        scale = spread if standardise else torch.ones_like(spread)
        return mean, torch.where(flat, torch.full_like(scale, torch.inf), scale)


def _product(left: Tensor, right: Tensor) -> Tensor:
    if left.dtype == right.dtype:
        return left @ right
    # half-precision values are exact; the other side is split in two so that it stays nearly so
    high = right.to(left.dtype)
    low = (right - high.to(right.dtype)).to(left.dtype)
    wide: Tensor = torch.mm(left, high, out_dtype=right.dtype)
    return wide + torch.mm(left, low, out_dtype=right.dtype)
