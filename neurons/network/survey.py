"""Which axis of each module's output follows the images, and which axes are units and places?

The network is run on two images, and on the same two in the other order with a third. The axis of
the images is the one that is 2 long, then 3, and along it the first two rows must change places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from neurons.network.clip import Clip
from neurons.network.hooks import find_module, trace, unit_axis
from neurons.network.layout import Layout

# a ViT's class token and registers; more surplus tokens than this are no prefix
_MAX_PREFIX = 16
# numbers that are compared of each row
_SAMPLED = 1024
# largest difference, in shares of the largest number, of one row computed twice: TF32 rounds to
# 1e-3, and rows of different images differ by far more
_SAME = 0.01


@dataclass(frozen=True)
class Surveyed:
    """How a module's output lies, and how many units it has."""

    layout: Layout
    units: int


@dataclass(frozen=True)
class Survey:
    """What was found of an image tower's modules, in the order in which they finish.

    Parameters
    ----------
    layouts : dict of str to Surveyed
        Of the modules that have units.
    why_not : dict of str to str
        Of the others, why they have none.
    """

    layouts: dict[str, Surveyed] = field(default_factory=dict)
    why_not: dict[str, str] = field(default_factory=dict)


def survey(clip: Clip) -> Survey:
    """Run a few images, and tell how the output of each module of the image tower lies.

    Parameters
    ----------
    clip : Clip
    """
    first, second, third = _pictures(clip)
    two = _run(clip, torch.stack([first, second]))
    three = _run(clip, torch.stack([second, first, third]))
    found, seen = Survey(), _Seen(clip)
    for path, notes in two.items():
        why = f"it runs {len(notes)} times, and its outputs have no single meaning"
        if len(notes) == 1 and len(three[path]) == 1:
            layout = _layout_or_why(clip, path, notes[0], three[path][0], seen)
            if isinstance(layout, Layout):
                units = notes[0].output.shape[layout.axes.index("c")]
                found.layouts[path] = Surveyed(layout, units)
                continue
            why = layout
        found.why_not[path] = why
    return found


@dataclass(frozen=True)
class _Rows:
    """A tensor's shape, and a few numbers of each row along its first two axes."""

    shape: tuple[int, ...]
    samples: Mapping[int, Tensor]


@dataclass(frozen=True)
class _Note:
    """What a module gave in one run, and the tokens that it was handed."""

    output: _Rows
    tokens: Sequence[_Rows]


class _Seen:
    """What earlier modules told: the latest map, and which counts of tokens have no place."""

    def __init__(self, clip: Clip) -> None:
        self.grid: tuple[int, int] | None = None
        self.counts: set[int] = set()
        self.placeless: set[int] = set()
        height, width = clip.preprocess.size
        self.square = height == width


def _layout_or_why(clip: Clip, path: str, two: _Note, three: _Note, seen: _Seen) -> Layout | str:
    shape = two.output.shape
    batch = _batch_axis(two.output, three.output)
    if batch is None:
        return f"its rows are not images ({shape[0] if shape else 1} for 2 images)"
    if not _rows_follow(two.output, three.output, batch):
        return "its row for an image depends on the other images"
    if len(shape) == 2 and batch == 0:
        return Layout("bc", 1, 1)
    if len(shape) == 4 and batch == 0:
        return _map_or_why(clip, path, shape, seen)
    if len(shape) == 3:
        return _tokens_or_why(two, three, batch, seen)
    return f"its output, {' x '.join(map(str, shape))} for 2 images, is no map, token or vector"


def _map_or_why(clip: Clip, path: str, shape: tuple[int, ...], seen: _Seen) -> Layout | str:
    # (images, heads, tokens, numbers) inside an attention
    if shape[2] in seen.counts and shape[2:] != (1, 1):
        return "its axes are the heads and tokens of an attention, not a map"
    channels_last = unit_axis(find_module(clip.network, path), shape) == 3
    if not seen.square and (channels_last or seen.grid == shape[1:3] != shape[2:4]):
        return "its units may lie last, which cannot be told of a map that is not square"
    height, width = shape[1:3] if channels_last else shape[2:4]
    if height * width > 1:
        # a transformer's patches lie as the last map before its tokens lay
        seen.grid = (height, width)
    return Layout("bhwc" if channels_last else "bchw", height, width)


def _tokens_or_why(two: _Note, three: _Note, batch: int, seen: _Seen) -> Layout | str:
    count = two.output.shape[1 - batch]
    seen.counts.add(count)
    if _are_queries(two, three, count):
        seen.placeless.add(count)
    if count in seen.placeless:
        return f"its {count} tokens are learned queries, which have no place on the image"
    if seen.grid is None:
        return f"its {count} tokens follow no map, so that their places are unknown"
    height, width = seen.grid
    prefix = count - height * width
    if not 0 <= prefix <= _MAX_PREFIX:
        return f"its {count} tokens do not fit on the map of {height} x {width} before them"
    return Layout("btc" if batch == 0 else "tbc", height, width, prefix)


def _are_queries(two: _Note, three: _Note, count: int) -> bool:
    """Tell whether tokens come from queries of a module's own, not from those that it was handed.

    A pooling module gives another number of tokens than it takes; its attention takes queries that
    are the same for every image.
    """
    handed = [
        (mine, axis)
        for mine, other in zip(two.tokens, three.tokens, strict=False)
        if (axis := _batch_axis(mine, other)) is not None
    ]
    if not handed:
        return False
    first, axis = handed[0]
    taken = first.shape[1 - axis]
    if count != taken and taken > 1:
        return True
    return len(handed) > 1 and bool((first.samples[axis][0] == first.samples[axis][1]).all())


def _batch_axis(two: _Rows, three: _Rows) -> int | None:
    differ = [axis for axis, (a, b) in enumerate(zip(two.shape, three.shape, strict=False))
              if a != b]  # fmt: skip
    if len(two.shape) != len(three.shape) or len(differ) != 1 or differ[0] > 1:
        return None
    (axis,) = differ
    return axis if (two.shape[axis], three.shape[axis]) == (2, 3) else None


def _rows_follow(two: _Rows, three: _Rows, batch: int) -> bool:
    mine, other = two.samples[batch], three.samples[batch][[1, 0]]
    largest = mine[mine.isfinite()].abs().amax() if bool(mine.isfinite().any()) else 0.0
    return bool(torch.isclose(mine, other, rtol=0, atol=_SAME * float(largest),
                              equal_nan=True).all())  # fmt: skip


def _pictures(clip: Clip) -> Tensor:
    """Give three images that no layer takes for one another: black, noise over grey, white."""
    images = clip.preprocess.empty_batch(3)
    generator = torch.Generator().manual_seed(0)
    images[1] = torch.randint(0, 256, images[1].shape, generator=generator, dtype=torch.uint8)
    images[1, :, : images.shape[2] // 2] //= 4
    images[2] = 255
    return images


def _run(clip: Clip, images: Tensor) -> dict[str, list[_Note]]:
    """Run images, and note what the image tower's modules take and give."""
    n = len(images)

    def note(inputs: tuple[Any, ...], output: Tensor) -> _Note:
        tokens = [each for each in inputs if isinstance(each, Tensor) and each.dim() == 3]
        # the same tensor handed over as query, key and value is handed over once
        own = list({id(each): each for each in tokens}.values())
        return _Note(_rows(output, n), [_rows(each, n) for each in own])

    with trace(clip.network, note) as found:
        clip.embed_images(images)
    return {path: notes for path, notes in found.items() if f"{path}.".startswith("visual.")}


def _rows(tensor: Tensor, n: int) -> _Rows:
    axes = [axis for axis in range(min(2, tensor.dim())) if tensor.shape[axis] == n]
    return _Rows(tuple(tensor.shape), {axis: _sample(tensor, axis) for axis in axes})


def _sample(tensor: Tensor, axis: int) -> Tensor:
    rows = [row.reshape(-1) for row in tensor.detach().unbind(axis)]
    # an odd step meets every channel
    step = max(1, len(rows[0]) // _SAMPLED) | 1
    return torch.stack([row[::step] for row in rows]).float().cpu()
