"""How does a module's output lie in memory: which axes are images, units and places?"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from neurons.errors import LayerNotFoundError


@dataclass(frozen=True)
class Layout:
    """How a module's output is to be read.

    Parameters
    ----------
    axes : str
        The order of the axes: ``bchw`` or ``bhwc`` (maps), ``btc`` or ``tbc`` (tokens), ``bc``.
    height, width : int
        Of the map; 1 x 1 where units have no place.
    prefix : int
        Tokens before the patches; the first of them is the class token.
    """

    axes: str
    height: int
    width: int
    prefix: int = 0

    def maps(self, output: Tensor) -> Tensor:
        """Arrange an output as (batch, units, height, width), without the prefix tokens."""
        if self.axes == "bchw":
            return output
        if self.axes == "bhwc":
            return output.permute(0, 3, 1, 2)
        if self.axes == "bc":
            return output[:, :, None, None]
        tokens = self._batch_first(output)[:, self.prefix :]
        by_unit = tokens.transpose(1, 2)
        return by_unit.reshape(*by_unit.shape[:2], self.height, self.width)

    def class_token(self, output: Tensor) -> Tensor | None:
        """Give the class token's units, (batch, units); None where there is none."""
        return self._batch_first(output)[:, 0] if self.prefix else None

    def _batch_first(self, output: Tensor) -> Tensor:
        return output.transpose(0, 1) if self.axes == "tbc" else output


def check_rows(path: str, rows: int, images: int) -> None:
    """Refuse what a layer gave unless it has one row per image.

    Parameters
    ----------
    path : str
        The layer's.
    rows : int
        Of its output, in the axis of the images.
    images : int
        That the network was given.

    Raises
    ------
    LayerNotFoundError
        If the numbers differ, as inside Swin, whose attention takes windows for images.
    """
    if rows != images:
        raise LayerNotFoundError(
            f"{path!r} gave {rows} rows for {images} images: its rows are not images, so that none "
            f"of its numbers belongs to one; read the block around it"
        )
