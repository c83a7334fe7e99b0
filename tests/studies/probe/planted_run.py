"""A run whose numbers are given: no network is needed to ask what a probe makes of them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import neurons
from neurons import Activations, ImageSet
from neurons.activations.run_format import LayerSpec, RunSpec
from neurons.activations.run_writer import Shard, open_for_writing

PLANTED = "planted"


def planted_run(
    folder: Path,
    values: NDArray[np.floating],
    labels: Sequence[int],
    names: Sequence[str],
    *,
    embeddings: NDArray[np.floating] | None = None,
    columns: dict[str, Sequence[object]] | None = None,
    dtype: str = "float32",
) -> tuple[Activations, ImageSet]:
    """Write a run of one layer, `PLANTED`, and its images: equal tiny pictures that nobody reads.

    Parameters
    ----------
    values : ndarray of float, (images, units)
        Peaks and means.
    labels : sequence of int
    names : sequence of str
        Of the classes; may be equal.
    embeddings : ndarray of float, optional
        Default: the values.
    columns : dict of str to sequence, optional
        Further columns of the images' table.
    dtype : str
        Of what is stored.
    """
    root, more = folder / "pictures", columns or {}
    root.mkdir(parents=True)
    Image.new("RGB", (4, 4)).save(root / "0.png")
    picture = (root / "0.png").read_bytes()
    rows = []
    for i, label in enumerate(labels):
        (root / f"{i}.png").write_bytes(picture)
        rows.append((f"{i}.png", label, names[label], *(more[key][i] for key in more)))
    with (root / "metadata.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file_name", "label", "name", *more), *rows])
    images = neurons.images(root)
    n, units = values.shape
    told = np.asarray(values if embeddings is None else embeddings, np.float32)
    layer = LayerSpec(PLANTED, "Planted", units, 1, 1, False, (0.0, 0.0, 1.0, 1.0))
    geometry = {"size": [4, 4], "mean": [0.5] * 3, "std": [0.5] * 3, "fill_color": 0}
    geometry |= {"interpolation": "bilinear", "resize_mode": "squash"}
    provenance = {
        "model": {"name": "planted", "preprocess": geometry},
        "images": images.provenance(),
        "where": {"images": str(root), "label_column": "label"},
    }
    spec = RunSpec(n, (layer,), told.shape[1], n, dtype, False, provenance)
    numbers = {PLANTED: np.asarray(values, np.float32)}
    places = {PLANTED: np.zeros((n, units), np.int32)}
    with open_for_writing(folder / "run", spec, images) as writer:
        writer.commit(Shard(0, numbers, numbers, places, {}, told, None, {}))
    return Activations.open(folder / "run"), images
