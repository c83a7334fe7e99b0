"""Which layers can be watched, what are their units, and how does their output lie in memory?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from neurons.errors import LayerNotFoundError, OptionError
from neurons.network.clip import Clip
from neurons.network.hooks import find_module, trace, unit_axis

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


def _shapes(clip: Clip, batch: int) -> dict[str, list[tuple[int, ...]]]:
    """Run black images, and give the shapes of what the image tower's modules put out."""
    with trace(clip.network) as found:
        clip.embed_images(clip.preprocess.empty_batch(batch))
    return {path: shapes for path, shapes in found.items() if f"{path}.".startswith("visual.")}


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
