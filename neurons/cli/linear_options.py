"""By which linear form of a readout do units point somewhere?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import Parameter

import neurons
from neurons.cli.terminal import Bar, say

if TYPE_CHECKING:
    from neurons import Clip, ImageSet
    from neurons.readouts.unit_directions import UnitDirections
    from neurons.studies.words.linearize import Linearity


@Parameter(name="*", group="Readout")
@dataclass(frozen=True, kw_only=True)
class LinearOptions:
    """By which linear form of the readout units are read.

    Parameters
    ----------
    readout : Path, optional
        Folder that `neurons linearize --out` wrote; default: measured anew.
    form : str, optional
        Such as "mean attention"; default: the best that is measured.
    fit : int
        Images to draw where it is measured anew: half fits, half measures.
    """

    readout: Path | None = None
    form: str | None = None
    fit: int = 1000

    def linearity(self, clip: Clip, images: ImageSet, layer: str) -> Linearity:
        """Load the readout, or measure it on images."""
        from neurons.errors import MismatchError, ResultNotFoundError
        from neurons.studies.words.linearize import Linearity

        if self.readout is None:
            with Bar("measuring the readout", "images") as bar:
                return neurons.linearize(
                    clip, images, layer=layer, n_images=self.fit, n_boosted=0, progress=bar.show
                )
        if not (self.readout / "result").is_dir():
            raise ResultNotFoundError(
                f"{str(self.readout)!r} is no folder that `neurons linearize --out` wrote; make "
                f"one, or leave --readout out to measure it anew"
            )
        found = Linearity.load(self.readout / "result")
        if found.layer != layer or found.provenance["model"] != clip.provenance():
            held = f"{found.layer} of {found.provenance['model']['name']!r}"
            raise MismatchError(
                f"{str(self.readout)!r} holds the readout of {held}, not of {layer} of "
                f"{clip.name!r} with these weights; measure it by `neurons linearize`"
            )
        return found

    def directions(self, clip: Clip, images: ImageSet, layer: str) -> UnitDirections:
        """Give where the units of a layer point, and say by which form."""
        found = self.linearity(clip, images, layer).directions(self.form)
        doubt = "" if found.holds else ", which does not hold here: what follows means little"
        say(f"readout: {found.level} (r {found.held_out_r:.2f} held out){doubt}")
        return found
