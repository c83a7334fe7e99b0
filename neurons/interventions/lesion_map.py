"""Where does a module stand on a map of its network: at which depth, and as which part?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# the column of blocks that have weights of their own
_ITSELF = "itself"


@dataclass(frozen=True)
class NetworkMap:
    """Modules by depth and kind: a row per block in the order of running, a column per part.

    Parameters
    ----------
    rows : tuple of str
        Blocks, the first to run on top.
    columns : tuple of str
        What modules are called inside their block, such as ``conv1`` or ``mlp.c_fc``.
    places : mapping of str to (int, int)
        Row and column of each module.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    places: Mapping[str, tuple[int, int]]


def network_map(paths: Sequence[str]) -> NetworkMap:
    """Place modules on a map.

    Parameters
    ----------
    paths : sequence of str
        In the order in which the modules run.

    Returns
    -------
    NetworkMap
        A module's block is its path up to the last number that another name follows:
        ``layer4.1`` of ``layer4.1.conv2``, and ``layer4.1`` of ``layer4.1.downsample.0`` too.
        Modules outside of blocks stand in a row for what contains them, one row for those before
        and another for those after the blocks. What all paths begin with is left out.
    """
    common = _common([path for path in paths if "." in path])
    # the tower itself owns the embedding of a ViT's class token
    inside = [("" if f"{path}." == common else path[len(common) :]) for path in paths]
    parted = _parted(inside)
    rows: list[str] = []
    places: list[tuple[int, str]] = []
    for block, part in parted:
        outside = block in ("", *_containers(parted))
        if not rows or (rows[-1] != block and (outside or block not in rows)):
            rows.append(block)
        row = len(rows) - 1 if rows[-1] == block else rows.index(block)
        places.append((row, part))
    columns = _columns([part for _, part in places], [row for row, _ in places])
    return NetworkMap(
        _named(rows, common),
        tuple(columns),
        {path: (row, columns.index(part)) for path, (row, part) in zip(paths, places, strict=True)},
    )


def _common(paths: Sequence[str]) -> str:
    """Give what all paths begin with, up to a dot."""
    heads = [path.split(".")[:-1] for path in paths]
    shared: list[str] = []
    for names in zip(*heads, strict=False):
        # a numbered block is what rows are for
        if len(set(names)) > 1 or names[0].isdigit() or len(shared) == 1:
            break
        shared.append(names[0])
    return "".join(f"{name}." for name in shared)


def _parted(paths: Sequence[str]) -> list[tuple[str, str]]:
    """Give each module's block and part; of a block that has weights of its own, the block."""
    parted = [_block_and_part(path) for path in paths]
    blocks = {block for block, _ in parted}
    return [
        (path, _ITSELF) if path in blocks or not path else each
        for path, each in zip(paths, parted, strict=True)
    ]


def _block_and_part(path: str) -> tuple[str, str]:
    names = path.split(".")
    # of a head "attn.head.3" the number ends the path, and no name follows it
    numbers = [i for i, name in enumerate(names[:-1]) if name.isdigit() and i]
    inside = [i for i in numbers if i + 1 < len(names) and not names[i + 1].isdigit()]
    cut = inside[-1] + 1 if inside else max(len(names) - 1, 0)
    if not inside and len(names) > 1 and names[-1].isdigit():
        # blocks themselves: "layer4.1" stands in the row of layer4
        cut = len(names) - 1
    return ".".join(names[:cut]), ".".join(names[cut:])


def _containers(parted: Sequence[tuple[str, str]]) -> set[str]:
    """Give the rows that are no blocks: they end in no number."""
    return {block for block, _ in parted if not block.rpartition(".")[2].isdigit()}


def _columns(parts: Sequence[str], rows: Sequence[int]) -> list[str]:
    """Order the parts as they run inside the blocks that have most of them."""
    by_row: dict[int, list[str]] = {}
    for part, row in zip(parts, rows, strict=True):
        by_row.setdefault(row, []).append(part)
    found: list[str] = []
    for own in sorted(by_row.values(), key=lambda each: -len(set(each))):
        for part in own:
            if part not in found:
                found.append(part)
    return found


def _named(rows: Sequence[str], common: str) -> tuple[str, ...]:
    """Name the rows, and tell two of one name apart."""
    told, last = [], len(rows) - 1
    for i, row in enumerate(rows):
        name = row or common.rstrip(".") or "network"
        if not row and last and i in (0, last):
            name = "after the blocks" if i else "before the blocks"
        elif rows.count(row) > 1:
            name += f" ({rows[: i + 1].count(row)})"
        told.append(name)
    return tuple(told)
