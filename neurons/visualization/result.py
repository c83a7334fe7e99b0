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
        Real images of the run; 0 if there was none.
    pictures : tuple of MadePicture
        All that were made, plain ones first.
    not_compared : str
        Why the pictures have no percentile among real images; empty if they have one.
    downwards : bool
        Whether they were made to silence the target, not to excite it.
    """

    fields_were: ClassVar[Mapping[str, str]] = {"portraits": "pictures"}

    target: str
    unit: str
    steps: int
    n_images: int
    pictures: tuple[MadePicture, ...]
    not_compared: str = ""
    downwards: bool = False

    @property
    def dead(self) -> bool:
        """Whether no gradient reached any of the pictures: the target cannot be excited."""
        return not any(picture.moved for picture in self.pictures)

    def plain(self) -> tuple[MadePicture, ...]:
        """Give the pictures without a facet, by seed."""
        return tuple(picture for picture in self.pictures if not picture.facet)

    def facets(self) -> tuple[MadePicture, ...]:
        """Give one picture per facet: the strongest that excites more than 99 % of real images do.

        Where none does, or that is not known, the one that goes furthest.
        """
        names = dict.fromkeys(picture.facet for picture in self.pictures if picture.facet)
        chosen = []
        for name in names:
            made = [picture for picture in self.pictures if picture.facet == name]
            reach = [picture for picture in made if picture.reaches]
            chosen.append(
                max(reach, key=lambda picture: picture.strength)
                if reach
                else max(made, key=self._goes)
            )
        return tuple(chosen)

    def _goes(self, picture: MadePicture) -> float:
        """Give how far a picture goes where it was sent."""
        return -picture.activation if self.downwards else picture.activation

    @property
    def title(self) -> str:
        """The target's name."""
        return self.target

    def facts(self) -> tuple[tuple[str, str], ...]:
        """State and steps; of a target that is alive, what its best plain picture reaches."""
        found = [("state", "dead" if self.dead else "alive"), ("steps", f"{self.steps:,}")]
        if not self.dead:
            best = max(self.plain(), key=self._goes)
            found.append(("activation", f"{best.activation:.3g}"))
            if best.reaches is not None:
                name = "as low as images" if self.downwards else "above images"
                found.append((name, f"{best.percentile:.1%}"))
        return tuple(found)

    def verdict(self) -> str:
        """Say what the plain pictures reach; first, if so, that they are no evidence."""
        if self.dead:
            what = "silences" if self.downwards else "excites"
            return (
                f"No gradient reached the image in {self.steps:,} steps, not even around "
                f"silent ReLUs: nothing in an image {what} {self.target}. It has no picture."
            )
        return " ".join(part for part in (self._compared(), self.disagreement()) if part)

    def _compared(self) -> str:
        plain = self.plain()
        best = max(plain, key=self._goes).activation
        if not any(picture.reaches is not None for picture in plain):
            why = self.not_compared or "no real images to compare with"
            return (
                f"Not compared with real images: {why}. {_pictures(len(plain))} made of "
                f"{self.target}; the best has an activation of {best:.3g}."
            )
        reach = sum(bool(picture.reaches) for picture in plain)
        n, images = len(plain), f"{self.n_images:,} real images"
        if self.downwards:
            failed = "" if reach else f"The pictures do not silence {self.unit}: "
            return (
                f"{failed}{reach} of {n} plain pictures bring {self.unit} as low as "
                f"{REACHES:.0%} of {images} do, or lower; the best to {best:.3g}."
            )
        failed = "" if reach else f"The pictures do not show what excites {self.target} most: "
        return (
            f"{failed}{reach} of {n} plain pictures excite {self.target} more than {REACHES:.0%} "
            f"of {images} do; the best has an activation of {best:.3g}."
        )

    def disagreement(self) -> str:
        """Say that pictures from different noise show different things; empty if they do not."""
        plain = self.plain()
        if len(plain) < 2 or self.downwards:
            return ""
        strong = sorted(picture.activation for picture in plain)
        units = [{each.unit for each in picture.excited} for picture in plain]
        shared, most = len(set.intersection(*units)), min(map(len, units))
        uneven = strong[0] < strong[-1] / 2
        if not uneven and (not most or 2 * shared >= most):
            return ""
        told = f"from {strong[0]:.3g} to {strong[-1]:.3g}"
        same = f", and {shared} of the {most} units that each excites most are shared" * bool(most)
        return f"The seeds disagree: their activations go {told}{same}. Look at each by itself."

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
        return (self.gallery(), *self.below())

    def gallery(self) -> Gallery:
        """Give the plain pictures, large."""
        what = "silence" if self.downwards else "excite"
        tiles = tuple(map(self._tile, self.plain()))
        return Gallery(f"Pictures made to {what} it", tiles, self._note(), large=True)

    def below(self) -> tuple[Block, ...]:
        """Give what stands below the plain pictures: facets, evidence and the curve."""
        plain, faces = self.plain(), self.facets()
        galleries = []
        if faces:
            galleries.append(
                Gallery(
                    "Facet by facet",
                    tuple(map(self._tile, faces)),
                    "Of each facet the strongest picture that reaches the 99th percentile of real "
                    "images; where none does, the one with the largest activation.",
                    large=True,
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
            side = "as low as" if self.downwards else "above"
            short = "" if picture.reaches else ", FEWER than 99 %"
            caption += f", {side} {share} images{short}"
        return Tile(picture.image, f"{picture.activation:.3g}", caption)

    def _row(self, picture: MadePicture) -> tuple[str, ...]:
        layer = self.unit.rpartition(":")[0]
        excited = ", ".join(
            f"{layer}:{e.unit}" if np.isnan(e.z) else f"{layer}:{e.unit} ({e.z:+.1f})"
            for e in picture.excited
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
        counted = f"compared with {self.n_images:,} real images"
        if self.not_compared:
            counted = f"not compared with real images: {self.not_compared}"
        what = (
            "A picture shows one way to silence the unit; after a ReLU nothing lies below 0."
            if self.downwards
            else "A picture shows what excites the unit most, which need not be what excites it in "
            "photographs."
        )
        return (
            f"Made by gradient ascent in {self.steps:,} steps from noise. Under each picture the "
            f"activation on it as it stands, {counted}. {what}"
        )

    def _meaning(self) -> str:
        scale = ", in standard deviations above their mean on real images" if self.n_images else ""
        share = "on which it is not lower" if self.downwards else "below it"
        return (
            f"Activation: the peak on the plain picture. Percentile: the share of real images "
            f"{share}. Shaken: mean and standard deviation over 16 draws of the transforms. Units: "
            f"the five of the layer that it excites most{scale}."
        )

    @property
    def reaches(self) -> float:
        """Share of the plain pictures beyond 99 % of real images; nan if unknown."""
        known = [p.percentile >= REACHES for p in self.plain() if p.reaches is not None]
        return float(np.mean(known)) if known else float("nan")


def _pictures(n: int) -> str:
    return f"{n} plain picture{' was' if n == 1 else 's were'}"
