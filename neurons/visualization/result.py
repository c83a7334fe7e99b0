"""What is shown of a target? Its made pictures, and the evidence under each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from neurons.results.blocks import Block, Curve, Gallery, Table, Tile
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.visualization.made_picture import REACHES, MadePicture


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
    pictures : tuple of MadePicture
        All that were made, plain ones first.
    """

    fields_were: ClassVar[Mapping[str, str]] = {"portraits": "pictures"}

    target: str
    unit: str
    steps: int
    n_images: int
    pictures: tuple[MadePicture, ...]

    @property
    def dead(self) -> bool:
        """Whether no gradient reached any of the pictures: the target cannot be excited."""
        return not any(picture.moved for picture in self.pictures)

    def plain(self) -> tuple[MadePicture, ...]:
        """Give the pictures without a facet, by seed."""
        return tuple(picture for picture in self.pictures if not picture.facet)

    def facets(self) -> tuple[MadePicture, ...]:
        """Give one picture per facet: the strongest that excites more than 99 % of real images do.

        Where none does, or that is not known, the one with the largest activation.
        """
        names = dict.fromkeys(picture.facet for picture in self.pictures if picture.facet)
        chosen = []
        for name in names:
            made = [picture for picture in self.pictures if picture.facet == name]
            reach = [picture for picture in made if picture.reaches]
            chosen.append(
                max(reach, key=lambda picture: picture.strength)
                if reach
                else max(made, key=lambda picture: picture.activation)
            )
        return tuple(chosen)

    @property
    def title(self) -> str:
        """The target's name."""
        return self.target

    def facts(self) -> tuple[tuple[str, str], ...]:
        """State and steps; of a target that is alive, what its first plain picture reaches."""
        found = [("state", "dead" if self.dead else "alive"), ("steps", f"{self.steps:,}")]
        if not self.dead:
            first = self.plain()[0]
            found.append(("activation", f"{first.activation:.3g}"))
            if self.n_images:
                found.append(("above images", f"{first.percentile:.1%}"))
        return tuple(found)

    def verdict(self) -> str:
        """Say what the plain pictures reach; first, if so, that they are no evidence."""
        if self.dead:
            return (
                f"No gradient reached the image in {self.steps:,} steps, not even around "
                f"silent ReLUs: nothing in an image excites {self.target}. It has no picture."
            )
        plain = self.plain()
        best = max(picture.activation for picture in plain)
        if not any(picture.reaches is not None for picture in plain):
            return (
                f"Not compared with real images. {len(plain)} plain pictures were made of "
                f"{self.target}; the best has an activation of {best:.3g}."
            )
        n_reach = sum(bool(picture.reaches) for picture in plain)
        nothing = "" if n_reach else f"The pictures do not show what excites {self.target} most: "
        return (
            f"{nothing}{n_reach} of {len(plain)} plain pictures excite {self.target} more than "
            f"{REACHES:.0%} of {self.n_images:,} real images do; the best has an activation of "
            f"{best:.3g}."
        )

    def rows(self) -> Sequence[Row]:
        """One row per picture, beside what real images do to the target."""
        return [
            {
                "target": self.target,
                "picture": picture.name,
                "facet": picture.facet,
                "strength": picture.strength,
                "moved": picture.moved,
                "activation": picture.activation,
                "percentile": picture.percentile,
                "n_images": self.n_images,
                "shaken": picture.shaken,
                "shaken_deviation": picture.shaken_deviation,
                "excites_most": [each.unit for each in picture.excited],
            }
            for picture in self.pictures
        ]

    def blocks(self) -> tuple[Block, ...]:
        """Draw pictures, facets, evidence and the curve; nothing if the target is dead."""
        if self.dead:
            return ()
        plain, faces = self.plain(), self.facets()
        galleries = [
            Gallery("Pictures made to excite it", tuple(map(self._tile, plain)), self._note())
        ]
        if faces:
            galleries.append(
                Gallery(
                    "Facet by facet",
                    tuple(map(self._tile, faces)),
                    "Of each facet the strongest picture that reaches the 99th percentile of real "
                    "images; where none does, the one with the largest activation.",
                )
            )
        rows = tuple(self._row(picture) for picture in (*plain, *faces))
        columns = ("picture", "activation", "percentile", "shaken", "units it excites most")
        longest = max(plain, key=lambda picture: len(picture.curve)).curve
        ends = np.linspace(0, self.steps, len(longest), endpoint=False)
        axes = ("step", "objective, shaken image")
        curve = Curve("The ascent", tuple(ends.tolist()), longest, *axes, points=True)
        return (*galleries, Table("Evidence", columns, rows, self._meaning()), curve)

    def _tile(self, picture: MadePicture) -> Tile:
        caption = picture.name
        if picture.reaches is not None:
            share = "all" if picture.percentile == 1 else f"{picture.percentile:.1%} of"
            short = "" if picture.reaches else ", FEWER than 99 %"
            caption += f", above {share} images{short}"
        return Tile(picture.image, f"{picture.activation:.3g}", caption)

    def _row(self, picture: MadePicture) -> tuple[str, ...]:
        excited = ", ".join(
            str(e.unit) if np.isnan(e.z) else f"{e.unit} ({e.z:+.1f})" for e in picture.excited
        )
        known = picture.reaches is not None
        return (
            picture.name,
            f"{picture.activation:.3g}",
            f"{picture.percentile:.1%}" if known else "-",
            f"{picture.shaken:.3g} ± {picture.shaken_deviation:.2g}",
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
