"""How are activations read back: one unit of a run, without the rest?"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import zarr
from numpy.typing import NDArray

from neurons.activations.dictionary_told import check_dictionaries
from neurons.activations.lost_values import LostValues, read_lost
from neurons.activations.run_format import GOOD, LayerSpec, RunSpec, check_same, read_spec
from neurons.address import EMBEDDING, Neuron
from neurons.data.images import ImageSet, images
from neurons.data.parts import parse_taken
from neurons.data.preprocess import Preprocess
from neurons.errors import (
    ImagesNotFoundError,
    LayerNotFoundError,
    NeuronNotFoundError,
    OptionError,
    RunNotFoundError,
)
from neurons.network.clip import Clip
from neurons.results.shown import one_line, small_table

# of a layer, read together
_UNITS_AT_ONCE = 128


@dataclass(frozen=True, eq=False, repr=False)
class Activations:
    """A finished run, opened but never loaded whole.

    Rows are images in the order of the set; a skipped image's row is nan (its position is 0), and
    so is what the network gave as NaN or infinity: see `lost`.
    Units are given as a `Neuron` or as an address such as ``visual.layer4:89``.

    Attributes
    ----------
    path : Path
    spec : RunSpec
    """

    path: Path
    spec: RunSpec
    _group: Any

    @classmethod
    def open(
        cls, path: str | Path, *, clip: Clip | None = None, images: ImageSet | None = None
    ) -> Activations:
        """Open a finished run.

        Parameters
        ----------
        path : str or Path
        clip : Clip, optional
            If given, the run must have been made with this model.
        images : ImageSet, optional
            If given, the run must have been made of these images.

        Raises
        ------
        RunNotFoundError
            If there is no run, or it is not finished.
        StaleActivationsError
            If the run is of another model or other images; the message says what differs.
        """
        path = Path(path)
        spec = read_spec(path)
        group = zarr.open_group(path, mode="r")
        run = cls(path, spec, group)
        if clip is not None:
            run.check_clip(clip)
        if images is not None:
            run.check_images(images)
        done = int(np.count_nonzero(run.status))
        if done < spec.n_images:
            raise RunNotFoundError(
                f"run {str(path)!r} is not finished ({done:,} of {spec.n_images:,} images); "
                f"give `neurons scan` the same command again to go on"
            )
        return run

    @property
    def model_name(self) -> str:
        """The name of the run's model, as `load` takes it."""
        return str(self.spec.provenance.get("model", {}).get("name", ""))

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give what was scanned with what, name by name."""
        n_skipped = len(self.skipped())
        skipped = f" ({n_skipped:,} skipped)" if n_skipped else ""
        return (
            ("model", self.model_name),
            ("images", f"{self.spec.n_images:,}{skipped}"),
            ("layers", ", ".join(f"{layer.path} ({layer.units:,})" for layer in self.layers)),
            ("precision", str(self.spec.provenance.get("precision", ""))),
        )

    def __repr__(self) -> str:
        return one_line("Activations", str(self.path), self.facts())

    def _repr_html_(self) -> str:
        return small_table("Activations", str(self.path), self.facts())

    @property
    def layers(self) -> tuple[LayerSpec, ...]:
        """The layers that were scanned."""
        return self.spec.layers

    def layer(self, path: str) -> LayerSpec:
        """Find a scanned layer.

        Raises
        ------
        LayerNotFoundError
            If the run does not hold it.
        """
        for layer in self.spec.layers:
            if layer.path == path:
                return layer
        held = ", ".join(layer.path for layer in self.spec.layers)
        near = difflib.get_close_matches(path, [layer.path for layer in self.spec.layers], 1, 0.8)
        mend = f"did you mean {near[0]!r}?" if near else "scan again with that layer"
        raise LayerNotFoundError(f"the run holds no layer {path!r}; it holds: {held}; {mend}")

    def peak(self, neuron: Neuron | str) -> NDArray[np.float32]:
        """Largest activation of the unit in each image: (images,)."""
        return self._column(neuron, "peak").astype(np.float32)

    def known_peaks(self, neuron: Neuron | str) -> NDArray[np.float32]:
        """Give the unit's peaks on the images that were scanned and where it is finite."""
        peaks = self.peak(neuron)[self.good_rows()]
        return peaks[np.isfinite(peaks)]

    def lost(self, layer: str) -> LostValues:
        """Count, unit by unit, the images on which a layer was not finite or rounded to 0.

        Raises
        ------
        LayerNotFoundError
            If the run does not hold the layer.
        """
        units = self.layer(layer).units
        counted = read_lost(self.path, {each.path: each.units for each in self.layers})
        if counted is not None:
            return counted[layer]
        # version 0.1 stored what is not finite as it came, and counted nothing
        found, good = LostValues.none(units), self.good_rows()
        for start in range(0, units, _UNITS_AT_ONCE):
            some = slice(start, start + _UNITS_AT_ONCE)
            peaks = np.asarray(self.array(layer, "peak")[:, some], np.float32)[good]
            found.not_finite[some] = (~np.isfinite(peaks)).sum(0)
        return found

    def mean(self, neuron: Neuron | str) -> NDArray[np.float32]:
        """Mean activation over the map: (images,)."""
        return self._column(neuron, "mean").astype(np.float32)

    def position(self, neuron: Neuron | str) -> NDArray[np.int64]:
        """Place of the peak, row * width + column: (images,)."""
        return self._column(neuron, "position").astype(np.int64)

    def class_token(self, neuron: Neuron | str) -> NDArray[np.float32]:
        """Activation of the unit in the class token: (images,).

        Raises
        ------
        LayerNotFoundError
            If the layer has no class token.
        """
        unit = Neuron.of(neuron)
        if not self.layer(unit.layer).class_token:
            raise LayerNotFoundError(f"{unit.layer!r} has no class token")
        return self._column(neuron, "class_token").astype(np.float32)

    def array(self, layer: str, name: str) -> Any:
        """Give the zarr array of a layer (``peak``, ``mean``, ``position``, ``class_token``)."""
        self.layer(layer)
        return self._group[f"layers/{layer}/{name}"]

    def pooled(self, layer: str, pooling: str) -> tuple[Any, str]:
        """Give one number per image and unit, (images, units), and how it was pooled.

        Parameters
        ----------
        layer : str
            Or ``embedding``: the image embeddings, of length 1; they have no map.
        pooling : str
            ``peak`` or ``mean`` over the layer's map.

        Returns
        -------
        ndarray, or the zarr array itself if it takes more than a quarter of the memory; str

        Raises
        ------
        OptionError
            If there is no such pooling, or a unit is not finite on some image.
        LayerNotFoundError
            If the run does not hold the layer.
        """
        if layer == EMBEDDING:
            embedded = np.asarray(self.embeddings[:], np.float32)
            return embedded / np.linalg.norm(embedded, axis=1, keepdims=True), "none"
        if pooling not in ("peak", "mean"):
            raise OptionError(f"no pooling {pooling!r}; there are: peak, mean")
        stored, lost = self.array(layer, pooling), self.lost(layer).not_finite
        if lost.any():
            first = int(np.flatnonzero(lost)[0])
            raise OptionError(
                f"{np.count_nonzero(lost):,} of {len(lost):,} units of {layer!r} are not finite "
                f"(NaN or infinity) on some images, the first {layer}:{first} on {lost[first]:,}: "
                f"all units are weighed together here; scan again with exact precision, or without "
                f"these images"
            )
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        fits = int(np.prod(stored.shape)) * stored.dtype.itemsize < memory / 4
        return (np.asarray(stored[:]) if fits else stored), pooling

    @property
    def embeddings(self) -> Any:
        """The zarr array of image embeddings, (images, dimensions), not normalised.

        Raises
        ------
        LayerNotFoundError
            If the run was made without.
        """
        if not self.spec.embedding_size:
            raise LayerNotFoundError(f"run {str(self.path)!r} was made without embeddings")
        return self._group["embeddings"]

    @property
    def content_hashes(self) -> Any:
        """The zarr array of each file's SHA-256, (images, 32); None if they were not kept."""
        return self._group["sha256"] if self.spec.content_hash else None

    def check_images(self, images: ImageSet) -> None:
        """Raise StaleActivationsError unless these are the images of the run."""
        check_same(self.path, self.spec.provenance, {"images": images.provenance()})

    def check_clip(self, clip: Clip) -> None:
        """Raise StaleActivationsError unless the run was made with this model.

        Raises
        ------
        StaleActivationsError
        MismatchError
            If the model has another dictionary than the run where the run has one.
        """
        check_same(self.path, self.spec.provenance, {"model": clip.provenance()})
        check_dictionaries(self.spec.provenance, clip, self.path)

    def check_provenance(self, provenance: Mapping[str, Any]) -> None:
        """Raise StaleActivationsError unless this is the run that something was made of."""
        check_same(self.path, self.spec.provenance, provenance)

    def provenance(self) -> dict[str, Any]:
        """Tell what the run was made of and with, without where things lay on this machine."""
        return {key: value for key, value in self.spec.provenance.items() if key != "where"}

    def preprocess(self) -> Preprocess:
        """Give the geometry from an original image to the network's input."""
        return Preprocess.from_provenance(self.spec.provenance["model"]["preprocess"])

    def good_rows(self) -> NDArray[np.intp]:
        """Give the indices of the images that were not skipped, ascending."""
        return np.flatnonzero(self.status == GOOD)

    @property
    def status(self) -> NDArray[np.uint8]:
        """For each image: `GOOD` or `SKIPPED`."""
        return np.asarray(self._group["status"][:], np.uint8)

    def ids(self) -> list[str]:
        """Every image's id."""
        found: list[str] = pq.read_table(self.path / "images.parquet")["id"].to_pylist()
        return found

    def skipped(self) -> dict[int, str]:
        """Why images were skipped, by index."""
        reasons: dict[int, str] = {}
        for file in sorted((self.path / "skipped").glob("*.json")):
            listed = json.loads(file.read_text(encoding="utf-8"))
            reasons.update({int(row["index"]): str(row["reason"]) for row in listed})
        return reasons

    def check(self, neuron: Neuron | str) -> None:
        """Raise LayerNotFoundError or NeuronNotFoundError unless the run holds the unit."""
        unit = Neuron.of(neuron)
        units = self.layer(unit.layer).units
        if unit.unit >= units:
            raise NeuronNotFoundError(f"{unit.layer} has units 0 to {units - 1}: no {unit}")

    def _column(self, neuron: Neuron | str, name: str) -> NDArray[Any]:
        self.check(neuron)
        unit = Neuron.of(neuron)
        return np.asarray(self._group[f"layers/{unit.layer}/{name}"][:, unit.unit])


def images_of(run: Activations) -> ImageSet:
    """Open the images that a run was made of, where they lay then.

    Raises
    ------
    ImagesNotFoundError
        If they were a list of files, or are not there any more.
    """
    where: dict[str, Any] = run.spec.provenance["where"]
    if where["images"] is None:
        raise ImagesNotFoundError(
            f"run {str(run.path)!r} was made of a list of files; give the images again"
        )
    try:
        found = images(where["images"], label_column=where["label_column"])
        return taken_again(run, found)
    except ImagesNotFoundError as error:
        raise ImagesNotFoundError(f"{error}; give the images from where they are now") from None


def taken_again(run: Activations, whole: ImageSet) -> ImageSet:
    """Take the same of some images that a run was made of, such as the first 500.

    Raises
    ------
    OptionError
        If there are fewer images now.
    """
    taken = run.spec.provenance["where"].get("taken", ())
    return whole.take(*map(parse_taken, taken))
