"""How long and how hard is the miniature trained?"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """How long and how hard to train.

    Parameters
    ----------
    steps : int
    batch : int
        Pictures per step.
    rate : float
        Peak learning rate; it rises for ``warm_up`` steps and falls to zero as a cosine.
    weight_decay : float
        Of weights with two axes or more. A strong one is what makes neurons multimodal.
    betas : (float, float)
        Of AdamW.
    seed : int
        Of the first weights and of the pictures.
    concepts : tuple of str
        What the pictures show; empty for all of the world.
    """

    steps: int = 3500
    batch: int = 1024
    rate: float = 1.5e-3
    warm_up: int = 300
    weight_decay: float = 1.0
    betas: tuple[float, float] = (0.9, 0.98)
    seed: int = 0
    concepts: tuple[str, ...] = ()


# half of the batch: what two CPU cores see in an hour and a half
CPU = Recipe(steps=4000, batch=512)
# a corner of the world, in about a minute on two cores
SMALL = Recipe(
    steps=60,
    batch=96,
    warm_up=10,
    weight_decay=0.2,
    concepts=("finance", "pig", "spider", "winter", "happy", "apple", "house", "red"),
)
