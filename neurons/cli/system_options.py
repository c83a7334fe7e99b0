"""Which systems are compared: runs, or arrays of what a brain or anything else answered?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

import neurons
from neurons.cli.checks import check_run
from neurons.cli.terminal import say
from neurons.errors import ImagesNotFoundError, OptionError, RunNotFoundError

if TYPE_CHECKING:
    from neurons import Activations, ArraySystem, ImageSet
    from neurons.cli.options import RunImageOptions

_ARRAYS = (".npy", ".npz", ".parquet")


def check_system(kind: Any, path: Path) -> None:
    """Refuse what is neither a run nor a file of arrays; `Parameter` calls it.

    Raises
    ------
    RunNotFoundError
        If there is nothing, a folder without run or zarr arrays, or a file of another kind.
    """
    if path.is_dir():
        if not (path / "zarr.json").is_file() or _is_run(path):
            check_run(kind, path)
        return
    if not path.exists():
        raise RunNotFoundError(f"no run and no responses at {str(path)!r}")
    if path.suffix not in _ARRAYS:
        raise RunNotFoundError(
            f"{path.name!r} is neither a run nor responses: give a run's folder, a zarr folder, or "
            f"one of {', '.join(_ARRAYS)}"
        )


SystemPath = Annotated[
    Path,
    Parameter(
        validator=check_system, help="A run's folder, or responses: .npy, .npz, .parquet or zarr."
    ),
]


@Parameter(name="*", group="Systems")
@dataclass(frozen=True, kw_only=True)
class SystemOptions:
    """How runs and responses are read.

    Parameters
    ----------
    ids : Path, optional
        Of the one array that holds none: a text file with the image's id of each row, one a line.
    repeats : bool
        Rows of one id are trials of one image, in every array that has such.
    pooling : peak or mean
        Of runs, over a layer's map.
    """

    ids: Path | None = None
    repeats: bool = False
    pooling: Literal["peak", "mean"] = "peak"

    def open(self, paths: Sequence[Path]) -> list[Activations | ArraySystem]:
        """Open them in their order.

        Raises
        ------
        OptionError
            If ids are given and not exactly one takes them, or none has the repeats.
        """
        arrays = [path for path in paths if not (path.is_dir() and _is_run(path))]
        if not arrays and (self.ids is not None or self.repeats):
            raise OptionError(
                "ids and repeats are of responses, and only runs are given: a run knows its images"
            )
        takes = self._takes(arrays)
        return [
            neurons.responses(path, ids=takes[path][0], repeats=takes[path][1])
            if path in takes
            else neurons.Activations.open(path)
            for path in paths
        ]

    def _takes(self, arrays: Sequence[Path]) -> dict[Path, tuple[Path | None, bool]]:
        """Say which arrays take the ids, and which the repeats: a single one takes what is given.

        Raises
        ------
        OptionError
            If several lack ids, or none does; or none of them has repeats.
        """
        if len(set(arrays)) < 2 or (self.ids is None and not self.repeats):
            return dict.fromkeys(arrays, (self.ids, self.repeats))
        from neurons.data.response_files import read_ids, read_stored  # with numpy and zarr

        stored = {path: read_stored(path) for path in arrays}
        lacking = [path for path in stored if not stored[path].ids]
        if self.ids is not None and len(lacking) != 1:
            names = ", ".join(path.name for path in lacking)
            which = f"{names} hold none" if lacking else "all responses hold their own"
            raise OptionError(
                f"one file of ids is given, and {which}: it is for one array that holds none; "
                f"save ids in the others (npz, parquet and zarr hold them)"
            )
        given = () if self.ids is None else read_ids(self.ids)
        repeated = {
            path: each.n_repeats > 1 or len(set(each.ids or given)) < len(each.ids or given)
            for path, each in stored.items()
        }
        if self.repeats and not any(repeated.values()):
            raise OptionError(
                f"repeats are asked for, and none of {', '.join(path.name for path in stored)} has "
                f"any: no id stands on several rows, and no array has three axes"
            )
        return {
            path: (self.ids if path in lacking else None, self.repeats and repeated[path])
            for path in stored
        }


def images_of_any(
    systems: Sequence[Activations | ArraySystem], images: RunImageOptions
) -> ImageSet | None:
    """Open the images of the first run, to show some; None, and say so, where they are not there.

    Raises
    ------
    ImagesNotFoundError
        If images are named and are not there.
    """
    from neurons.activations.run import Activations  # with zarr, which the help does not need

    run = next((each for each in systems if isinstance(each, Activations)), None)
    if run is None:
        return None
    try:
        return images.of(run)
    except ImagesNotFoundError as error:
        if images.images:
            raise
        say(f"no pictures are shown: {error}")
        return None


def _is_run(path: Path) -> bool:
    file = path / "zarr.json"
    if not file.is_file():
        return False
    try:
        attributes = json.loads(file.read_text(encoding="utf-8")).get("attributes", {})
    except ValueError:
        return False
    return "n_images" in attributes and "provenance" in attributes
