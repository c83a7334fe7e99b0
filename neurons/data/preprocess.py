"""Which part of an image is the network's input, and where on the image lies a place of a map?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from neurons.data.decoding import Pixels
from neurons.errors import OptionError
from neurons.geometry import Box

Resize = Callable[[Image.Image], Image.Image]


@dataclass(frozen=True)
class Preprocess:
    """The way from decoded pixels to the network's input.

    Parameters
    ----------
    size : tuple of int
        Height and width of the input, px.
    mean, std : tuple of float
        Of each colour, in [0, 1].
    interpolation : str
        ``bilinear`` or ``bicubic``.
    resize_mode : str
        ``squash`` (the whole image, stretched), ``shortest`` (fill, then crop the centre) or
        ``longest`` (fit, then pad).
    fill_color : int
        Grey level of the padding.
    resize : callable
        open_clip's own transforms up to the crop, from image to image.
    """

    size: tuple[int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    interpolation: str
    resize_mode: str
    fill_color: int
    resize: Resize = field(compare=False, repr=False)

    def pixels(self, image: Image.Image) -> Pixels:
        """Resize and crop an RGB image as open_clip does, to the bit: uint8 (H, W, 3).

        torch's own 8-bit resize is no faster here and differs by up to 3 of 255 levels.
        """
        return np.asarray(self.resize(image))

    def empty_batch(self, n: int) -> Tensor:
        """Give black images, uint8 (n, 3, H, W), channels last in memory as pixels come."""
        return torch.zeros(n, *self.size, 3, dtype=torch.uint8).permute(0, 3, 1, 2)

    def normalise(self, batch: Tensor) -> Tensor:
        """Give float32 input from uint8 (batch, 3, H, W), by open_clip's operations in order."""
        mean = torch.tensor(self.mean, device=batch.device).view(-1, 1, 1)
        std = torch.tensor(self.std, device=batch.device).view(-1, 1, 1)
        return batch.float().div_(255).sub_(mean).div_(std)

    def on_image(self, box: Box, *, width: int, height: int) -> Box:
        """Move a box from the network's input to the original image, clipped to it.

        Parameters
        ----------
        box : Box
            In shares of the network's input; it may reach over the edge.
        width, height : int
            Of the original image, px.
        """
        shown_x, shown_y = self._shown(width, height)

        def place(share: float, shown: float) -> float:
            return min(1.0, max(0.0, 0.5 + (share - 0.5) * shown))

        return Box(
            place(box.left, shown_x),
            place(box.top, shown_y),
            place(box.right, shown_x),
            place(box.bottom, shown_y),
        )

    def _shown(self, width: int, height: int) -> tuple[float, float]:
        # share of the image's width and height that the input spans; over 1 where it is padded
        if self.resize_mode == "squash":
            return 1.0, 1.0
        across, down = self.size[1] / width, self.size[0] / height
        scale = max(across, down) if self.resize_mode == "shortest" else min(across, down)
        return across / scale, down / scale

    @classmethod
    def from_provenance(cls, values: Mapping[str, Any]) -> Preprocess:
        """Read back what `provenance` gives: the geometry, without the means to resize."""
        size, mean, std = (tuple(values[key]) for key in ("size", "mean", "std"))
        return cls(**{**values, "size": size, "mean": mean, "std": std}, resize=_geometry_only)

    def provenance(self) -> dict[str, object]:
        """Everything but the function, as plain values."""
        values = {k: v for k, v in asdict(self).items() if k != "resize"}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}


def _geometry_only(image: Image.Image) -> Image.Image:
    raise OptionError("a run tells how its images were resized; load the model to resize others")


def crop(pixels: Pixels, box: Box) -> Pixels:
    """Cut a box out of an image; at least one pixel each way."""
    height, width = pixels.shape[:2]
    left, top = int(box.left * width), int(box.top * height)
    right = max(left + 1, int(np.ceil(box.right * width)))
    bottom = max(top + 1, int(np.ceil(box.bottom * height)))
    return pixels[min(top, height - 1) : bottom, min(left, width - 1) : right]
