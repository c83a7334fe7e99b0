"""Which layers can be watched, what are their units, and what does a unit see of the image?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from neurons.errors import LayerNotFoundError, OptionError
from neurons.geometry import Box
from neurons.network.clip import Clip
from neurons.network.hooks import find_module, first_tensor, unit_axis, watch

# a ViT's class token and registers; more surplus tokens than this are no prefix
_MAX_PREFIX = 16


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


@dataclass(frozen=True)
class Layer:
    """A module whose output has units.

    Parameters
    ----------
    path : str
        As ``named_modules`` spells it.
    kind : str
        The module's class.
    units : int
    layout : Layout
    is_block : bool
        True for modules made of modules: stages, blocks, MLPs.
    """

    path: str
    kind: str
    units: int
    layout: Layout
    is_block: bool


def layers(clip: Clip) -> tuple[Layer, ...]:
    """List the layers that run when an image is embedded, in the order in which they finish.

    Parameters
    ----------
    clip : Clip

    Returns
    -------
    tuple of Layer
        Modules that run more than once in a pass are left out, since their output has no single
        meaning; so are those whose output is neither maps, tokens nor vectors.
    """
    two, three = _shapes(clip, 2), _shapes(clip, 3)
    grid: tuple[int, int] | None = None
    tokens = False
    found = []
    for path, shapes in two.items():
        if len(shapes) == 1 and len(three[path]) == 1:
            module = find_module(clip.network, path)
            # once there are tokens, a fourth axis is the attention's heads, not a map
            layout = _layout(module, shapes[0], three[path][0], grid, after_tokens=tokens)
            if layout is not None:
                units = shapes[0][layout.axes.index("c")]
                kind, is_block = type(module).__name__, any(True for _ in module.children())
                found.append(Layer(path, kind, units, layout, is_block))
                tokens |= "t" in layout.axes
                if layout.axes == "bchw":
                    # a transformer's patches lie as the last map before its tokens lay
                    grid = (layout.height, layout.width)
    return tuple(found)


def find_layers(clip: Clip, paths: Sequence[str]) -> tuple[Layer, ...]:
    """Find layers by path, in the order asked.

    Raises
    ------
    LayerNotFoundError
        If a path is unknown (the nearest are named) or does not run on images.
    """
    for path in paths:
        find_module(clip.network, path)
    known = {layer.path: layer for layer in layers(clip)}
    for path in paths:
        if path not in known:
            raise LayerNotFoundError(
                f"{path!r} is a module, but gives no units when an image is embedded; "
                f"`neurons layers` lists those that do"
            )
    return tuple(known[path] for path in paths)


def effective_field(clip: Clip, layer: Layer, *, seed: int = 0) -> Box:
    """Measure what the centre of a layer's map sees: its effective receptive field.

    Parameters
    ----------
    clip : Clip
    layer : Layer
    seed : int
        For the noise images and the random mix of units.

    Returns
    -------
    Box
        In shares of the input, centred at 0: the smallest centred square (of input pixels) that
        holds half of the squared gradient of the centre cell, and at least the cell itself.

    Notes
    -----
    The theoretical field of a deep layer is the whole image; its gradient is concentrated in the
    middle. The box says where the input mattered for this layer on average over units. It does
    not say that nothing outside it mattered.

    References
    ----------
    Luo et al., "Understanding the effective receptive field in deep CNNs", NeurIPS 2016.
    """
    height, width = clip.preprocess.size
    energy = _gradient_energy(clip, layer, seed)
    row, column = layer.layout.height // 2, layer.layout.width // 2
    cell = Box(-0.5 / layer.layout.width, -0.5 / layer.layout.height,
               0.5 / layer.layout.width, 0.5 / layer.layout.height)  # fmt: skip
    y = (row + 0.5) / layer.layout.height * height - 0.5
    x = (column + 0.5) / layer.layout.width * width - 0.5
    ys, xs = torch.arange(height) - y, torch.arange(width) - x
    distance = torch.maximum(ys.abs()[:, None], xs.abs()[None, :]).flatten()
    order = distance.argsort()
    share = energy.flatten()[order].cumsum(0) / energy.sum()
    reach = float(distance[order][int(torch.searchsorted(share, 0.5))]) + 0.5
    half_x, half_y = max(reach / width, cell.right), max(reach / height, cell.bottom)
    return Box(-half_x, -half_y, half_x, half_y)


def _gradient_energy(clip: Clip, layer: Layer, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    height, width = clip.preprocess.size
    noise = torch.randn(8, 3, height, width, generator=generator)
    mix = torch.randn(8, layer.units, generator=generator)
    total = torch.zeros(height, width)
    with torch.enable_grad(), watch(clip.network, [layer.path], reduce=torch.clone) as seen:
        for image, weights in zip(noise, mix, strict=True):
            image = image[None].to(clip.device).requires_grad_()
            clip.network.encode_image(image)  # type: ignore[operator]
            maps = layer.layout.maps(seen[layer.path])
            centre = maps[0, :, layer.layout.height // 2, layer.layout.width // 2]
            # random signs keep units from cancelling: the expectation is the sum of their squares
            (gradient,) = torch.autograd.grad(centre @ weights.to(clip.device), image)
            total += gradient[0].square().sum(0).cpu()
    return total if float(total.sum()) > 0 else torch.ones(height, width)


@torch.inference_mode()
def _shapes(clip: Clip, batch: int) -> dict[str, list[tuple[int, ...]]]:
    found: dict[str, list[tuple[int, ...]]] = {}
    prefix = "visual"

    def remember(path: str) -> Any:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            if isinstance(output, Tensor) or (isinstance(output, tuple) and output):
                tensor = first_tensor(output)
                if tensor.is_floating_point():
                    found.setdefault(path, []).append(tuple(tensor.shape))

        return hook

    handles = []
    try:
        for path, module in clip.network.visual.named_modules(prefix=prefix):  # type: ignore[union-attr]
            handles.append(module.register_forward_hook(remember(path)))
        black = torch.zeros(batch, 3, *clip.preprocess.size, dtype=torch.uint8)
        clip.embed_images(black)
    finally:
        for handle in handles:
            handle.remove()
    return found


def _layout(
    module: nn.Module,
    two: tuple[int, ...],
    three: tuple[int, ...],
    grid: tuple[int, int] | None,
    *,
    after_tokens: bool,
) -> Layout | None:
    batch_axes = [axis for axis, (a, b) in enumerate(zip(two, three, strict=False)) if a != b]
    if len(two) != len(three) or len(batch_axes) != 1:
        return None
    (batch,) = batch_axes
    if len(two) == 2 and batch == 0:
        return Layout("bc", 1, 1)
    if len(two) == 4 and batch == 0 and not after_tokens:
        channels_last = unit_axis(module, two) == 3
        return Layout("bhwc", *two[1:3]) if channels_last else Layout("bchw", *two[2:4])
    if len(two) == 3 and batch in (0, 1) and grid is not None:
        prefix = two[1 - batch] - grid[0] * grid[1]
        if 0 <= prefix <= _MAX_PREFIX:
            return Layout("btc" if batch == 0 else "tbc", *grid, prefix)
    return None


def stages(clip: Clip, *, most: int = 4) -> tuple[str, ...]:
    """Give blocks of one kind, evenly over a network's depth: `layer1` to `layer4` of a ResNet.

    Parameters
    ----------
    clip : Clip
    most : int >= 1

    Raises
    ------
    OptionError
        If the model has no blocks with maps.
    """
    placed = _placed(clip)
    depths = [path.count(".") for path in placed]
    # the outermost level that has several; a ViT's transformer is one block of many
    several = [depth for depth in sorted(set(depths)) if depths.count(depth) >= 3]
    level = several[0] if several else max(depths)
    found = [path for path, depth in zip(placed, depths, strict=True) if depth == level]
    chosen = np.unique(np.linspace(0, len(found) - 1, most).round().astype(int))
    return tuple(found[i] for i in chosen)


def last_block(clip: Clip) -> str:
    """Give the path of the deepest block whose units have a place: `layer4` of a ResNet.

    Raises
    ------
    OptionError
        If the model has none.
    """
    return _placed(clip)[-1]


def _placed(clip: Clip) -> list[str]:
    placed = [
        layer.path
        for layer in layers(clip)
        if layer.is_block and layer.layout.height * layer.layout.width > 1
    ]
    if not placed:
        raise OptionError(f"{clip.name} has no block with maps; name a layer; see `neurons layers`")
    return placed
