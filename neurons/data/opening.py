"""What is meant by these images: a folder, a table, tar files, a list, a data set of the hub?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from neurons.data import folders, image_tables, sources, tables, tars
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
        If there is nothing there, no image in it, or images of several kinds.
    OptionError
        If the label column is not there.
    """
    if source == MINIATURE:
        return _open_folder(labelled_pictures.folder(), label_column)
    if isinstance(source, str) and source.startswith("hf:"):
        dataset, _, split = source.removeprefix("hf:").partition(":")
        return tables.hub(dataset, split or "train", label_column=label_column)
    if not isinstance(source, (str, Path)):
        return _open_list([Path(path) for path in source], label_column)
    path = Path(source)
    if path.is_dir():
        return _open_folder(path, label_column)
    if not path.is_file():
        # what nearly has that name is looked for by the command line
        raise ImagesNotFoundError(
            f"no images at {str(source)!r}: give a folder, a .parquet, .tar or .txt file, "
            f"or hf:OWNER/NAME:SPLIT"
        )
    if path.suffix == ".txt":
        lines = path.read_text(encoding="utf-8").splitlines()
        listed = [Path(line.strip()) for line in lines if line.strip()]
        return sources.listed(listed, place=f"listed in {path.name}")
    if path.suffix in (".csv", ".tsv", ".jsonl"):
        return _open_table(path, label_column)
    return _open_list([path], label_column)


def _open_list(paths: list[Path], label_column: str) -> Source:
    inside = [str(path) for path in paths if path.is_dir()]
    if inside:
        raise ImagesNotFoundError(
            f"several images are a list of files, and {inside[0]!r} is none: give one folder "
            f"(put folders into one, or write the paths of all files into a .txt)"
        )
    endings = {path.suffix.lower() for path in paths}
    if endings == {".parquet"}:
        return tables.parquet(paths, label_column=label_column)
    if endings == {".tar"}:
        return tars.tar_files(paths)
    others = sorted(endings & {".parquet", ".tar", ".csv", ".tsv", ".jsonl", ".txt"})
    if others:
        raise ImagesNotFoundError(
            f"a list is of one kind: these {len(paths)} files are {', '.join(sorted(endings))}"
        )
    return sources.listed(paths)


def _open_folder(root: Path, label_column: str) -> Source:
    found = folders.list_folder(root)
    folders.check_one_kind(found)
    if found.images:
        return folders.folder(found, label_column=label_column)
    return _open_list([root / name for name in (*found.parquets, *found.tars)], label_column)


def _open_table(path: Path, label_column: str) -> Source:
    """Open a table of file names, such as Kaggle's ``labels.csv``, with the images below it."""
    found = folders.list_folder(path.parent)
    table = image_tables.read_image_table(path, found.images)
    if table is None:
        raise ImagesNotFoundError(
            f"no column of {str(path)!r} names images below {str(path.parent)!r}; its columns: "
            f"{', '.join(image_tables.columns_of(path))}"
        )
    return folders.of_table(found, table, label_column=label_column)


def location_of(source: str | Path | Sequence[str | Path]) -> str | None:
    """Give what opens the same images again; None for a list of files."""
    if isinstance(source, str) and (source.startswith("hf:") or source == MINIATURE):
        return source
    return str(Path(source).resolve()) if isinstance(source, (str, Path)) else None
