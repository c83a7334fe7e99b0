"""What is meant by these images: a folder, a table, tar files, a list, a data set of the hub?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from neurons.data import sources, tables, tars
from neurons.data.sources import Source
from neurons.drawn_world import labelled_pictures
from neurons.errors import ImagesNotFoundError

# the labelled pictures of the toolkit's own world
MINIATURE = "miniature"


def open_source(source: str | Path | Sequence[str | Path], label_column: str) -> Source:
    """Open what a user names as images; see `neurons.data.images.images` for the forms.

    Raises
    ------
    ImagesNotFoundError
        If there is nothing there, or no image in it.
    """
    if source == MINIATURE:
        return sources.folder(labelled_pictures.folder(), label_column=label_column)
    if isinstance(source, str) and source.startswith("hf:"):
        dataset, _, split = source.removeprefix("hf:").partition(":")
        return tables.hub(dataset, split or "train", label_column=label_column)
    if not isinstance(source, (str, Path)):
        return _open_list([Path(path) for path in source], label_column)
    path = Path(source)
    if path.is_dir():
        return _open_folder(path, label_column)
    if not path.is_file():
        raise ImagesNotFoundError(
            f"no images at {str(source)!r}: give a folder, a .parquet, .tar or .txt file, "
            f"or hf:OWNER/NAME:SPLIT"
        )
    if path.suffix == ".txt":
        lines = path.read_text(encoding="utf-8").splitlines()
        return sources.listed([Path(line) for line in lines if line.strip()])
    return _open_list([path], label_column)


def _open_list(paths: list[Path], label_column: str) -> Source:
    endings = {path.suffix.lower() for path in paths}
    if endings == {".parquet"}:
        return tables.parquet(paths, label_column=label_column)
    if endings == {".tar"}:
        return tars.tar_files(paths)
    return sources.listed(paths)


def _open_folder(root: Path, label_column: str) -> Source:
    for ending in (".parquet", ".tar"):
        found = sorted(root.glob(f"*{ending}"))
        if found:
            return _open_list(found, label_column)
    return sources.folder(root, label_column=label_column)


def location_of(source: str | Path | Sequence[str | Path]) -> str | None:
    """Give what opens the same images again; None for a list of files."""
    if isinstance(source, str) and (source.startswith("hf:") or source == MINIATURE):
        return source
    return str(Path(source).resolve()) if isinstance(source, (str, Path)) else None
