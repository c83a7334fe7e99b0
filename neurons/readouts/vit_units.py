"""What do the units of a ViT's layer write into the stream of tokens, and who reads it there?"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from neurons.errors import LayerNotFoundError
from neurons.network.hooks import find_module
from neurons.network.vit_tower import BLOCKS, EMBEDDED, VitTower, layer_scale

WHOLE = "visual.transformer"
_BEFORE_MLP = ("attn", "ls_1")
_INSIDE = re.compile(re.escape(BLOCKS) + r"\.(\d+)(?:\.(.+))?")


@dataclass(frozen=True, eq=False)
class VitUnits:
    """A layer whose units write into the stream of a ViT; made by `vit_units`.

    Parameters
    ----------
    path : str
    tower : VitTower
    first_later : int
        The first block whose attention reads what they write.
    before_mlp : bool
        Whether the MLP of their own block reads it, too.
    matrix : Tensor, (units, width)
        What one more in each unit adds to its token.
    """

    path: str
    tower: VitTower
    first_later: int
    before_mlp: bool
    matrix: Tensor = field(repr=False)

    @property
    def is_read_later(self) -> bool:
        """Whether an attention runs after the units."""
        return self.first_later < len(self.tower.blocks)

    @property
    def counted(self) -> slice:
        """The tokens whose units count: all, or those that the embedding is made of."""
        return slice(None) if self.is_read_later else self.tower.read_tokens

    @property
    def read(self) -> slice:
        """Of the tokens that count, those that the embedding is made of."""
        return self.tower.read_tokens if self.is_read_later else slice(None)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of patches; 1 x 1 where only the class token counts."""
        return (1, 1) if self.counted == slice(0, 1) else self.tower.grid

    def written(self, values: Tensor) -> Tensor:
        """Give what activations, (images, tokens, units), write: (images, tokens, width)."""
        return values @ self.matrix


def vit_units(tower: VitTower, path: str | None = None) -> VitUnits:
    """Tell what a layer's units write.

    Parameters
    ----------
    tower : VitTower
    path : str, optional
        The stream after a block (``visual.transformer.resblocks.5``) or before the first
        (``visual.ln_pre``), hidden units of an MLP (``...resblocks.5.mlp.gelu``), or what an MLP
        or an attention puts out (``.mlp``, ``.attn``). Default: the stream after the last block.

    Raises
    ------
    LayerNotFoundError
        If there is no such layer, or its units write nothing into the stream as they are.
    """
    blocks = tower.blocks
    path = path or f"{BLOCKS}.{len(blocks) - 1}"
    find_module(tower.clip.network, path)
    own = torch.eye(blocks[0].ln_1.normalized_shape[0], device=tower.clip.device)
    if path == EMBEDDED:
        return VitUnits(path, tower, 0, False, own)
    if path == WHOLE:
        return VitUnits(path, tower, len(blocks), False, own)
    inside = _INSIDE.fullmatch(path)
    matrix = None if inside is None else _matrix(blocks[int(inside[1])], inside[2], own)
    if inside is None or matrix is None:
        raise LayerNotFoundError(
            f"{path!r} writes nothing into a ViT's stream as it is; layers that do: {EMBEDDED}, "
            f"and of each block {BLOCKS}.N (0 to {len(blocks) - 1}), .N.attn, .N.mlp, .N.mlp.gelu"
        )
    before_mlp = inside[2] in _BEFORE_MLP
    return VitUnits(path, tower, int(inside[1]) + 1, before_mlp, matrix)


def _matrix(block: Any, inside: str | None, own: Tensor) -> Tensor | None:
    if inside in (None, "ls_1", "ls_2"):
        return own
    if inside == _BEFORE_MLP[0]:
        return own * layer_scale(block.ls_1, own)
    after_mlp = own * layer_scale(block.ls_2, own)
    if inside in ("mlp", "mlp.c_proj"):
        return after_mlp
    weight: Tensor = block.mlp.c_proj.weight
    return weight.T @ after_mlp if inside == "mlp.gelu" else None
