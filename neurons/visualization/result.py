"""What is shown of a target's pictures? The pictures, and the evidence under each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurons.results.blocks import Block, Curve, Gallery, Note, Table, Tile
from neurons.results.result import Result
from neurons.visualization.evidence import REACHES, MadePicture


@dataclass(frozen=True)
class Visualization(Result):
    """Made pictures of one target.

    Parameters
    ----------
    target : str
        The objective's name; of a neuron, its address.
    unit : str
        The address of the unit that it is about; empty if there is none.
    steps : int
    n_images : int
        Real images behind the percentiles; 0 if there was no run.
    portraits : tuple of MadePicture
        All that were made, plain ones first.
    """

    target: str
    unit: str
    steps: int
    n_images: int
    portraits: tuple[MadePicture, ...]

    @property
    def dead(self) -> bool:
        """Whether no gradient reached any of the pictures: the target cannot be excited."""
        return not any(portrait.moved for portrait in self.portraits)

    def plain(self) -> tuple[MadePicture, ...]:
        """Give the pictures without a facet, by seed."""
        return tuple(portrait for portrait in self.portraits if not portrait.facet)

    def facets(self) -> tuple[MadePicture, ...]:
        """Give one picture a facet: the strongest that still does what 99 % of real images do not.

        Where none does, or that is not known, the one with the largest activation.
        """
        names = dict.fromkeys(portrait.facet for portrait in self.portraits if portrait.facet)
        chosen = []
        for name in names:
            made = [portrait for portrait in self.portraits if portrait.facet == name]
            reach = [portrait for portrait in made if portrait.reaches]
            chosen.append(
                max(reach, key=lambda portrait: portrait.strength)
                if reach
                else max(made, key=lambda portrait: portrait.activation)
            )
        return tuple(chosen)

    def blocks(self) -> tuple[Block, ...]:
        """Pictures, facets, evidence, the curve."""
        if self.dead:
            return (
                Note(
                    f"No gradient reached the image in {self.steps:,} steps, not even around "
                    f"silent ReLUs: nothing in an image excites {self.target}. It has no picture."
                ),
            )
        plain, faces = self.plain(), self.facets()
        galleries = [Gallery("What it wants to see", tuple(map(self._tile, plain)), self._note())]
        if faces:
            galleries.append(
                Gallery(
                    "Facet by facet",
                    tuple(map(self._tile, faces)),
                    "Of each facet the strongest picture that reaches the 99th percentile of real "
                    "images; where none does, the one with the largest activation.",
                )
            )
        rows = tuple(self._row(portrait) for portrait in (*plain, *faces))
        columns = ("picture", "activation", "percentile", "shaken", "units it excites most")
        climbed = max(plain, key=lambda portrait: len(portrait.curve)).curve
        ends = np.linspace(0, self.steps, len(climbed), endpoint=False)
        axes = ("step", "objective, shaken image")
        curve = Curve("The climb", tuple(ends.tolist()), climbed, *axes, points=True)
        return (*galleries, Table("Evidence", columns, rows, self._meaning()), curve)

    def _tile(self, portrait: MadePicture) -> Tile:
        caption = portrait.name
        if portrait.reaches is not None:
            share = "all" if portrait.percentile == 1 else f"{portrait.percentile:.1%} of"
            short = "" if portrait.reaches else ", FEWER than 99 %"
            caption += f", above {share} images{short}"
        return Tile(portrait.image, f"{portrait.activation:.3g}", caption)

    def _row(self, portrait: MadePicture) -> tuple[str, ...]:
        excited = ", ".join(
            str(e.unit) if np.isnan(e.z) else f"{e.unit} ({e.z:+.1f})" for e in portrait.excited
        )
        known = portrait.reaches is not None
        return (
            portrait.name,
            f"{portrait.activation:.3g}",
            f"{portrait.percentile:.1%}" if known else "-",
            f"{portrait.shaken:.3g} ± {portrait.shaken_deviation:.2g}",
            excited or "-",
        )

    def _note(self) -> str:
        counted = f"{self.n_images:,} real images" if self.n_images else "no real images: no run"
        return (
            f"Made by gradient ascent in {self.steps:,} steps from noise. Under each picture the "
            f"activation on it as it stands, compared with {counted}. A picture shows what "
            f"excites the unit most, which need not be what excites it in photographs."
        )

    def _meaning(self) -> str:
        scale = ", in standard deviations above their mean on real images" if self.n_images else ""
        return (
            "Activation: the peak on the plain picture. Percentile: the share of real images below "
            "it. Shaken: mean and standard deviation over 16 draws of the transforms. Units: the "
            f"five of the layer that it excites most{scale}."
        )

    @property
    def reaches(self) -> float:
        """Share of the plain pictures above the 99th percentile of real images; nan if unknown."""
        known = [p.percentile >= REACHES for p in self.plain() if p.reaches is not None]
        return float(np.mean(known)) if known else float("nan")
