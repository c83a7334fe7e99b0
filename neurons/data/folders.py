"""What lies in a folder of images, and which classes do its folders name?"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from neurons.data.image_tables import (
    FILE_NAME,
    FOLDER_TABLES,
    ImageTable,
    columns_of,
    read_image_table,
)
from neurons.data.sources import (
    EXTENSIONS,
    Files,
    Labels,
    Origin,
    counted,
    files,
    labels_of_words,
)
from neurons.errors import ImagesNotFoundError, OptionError

# the column of the outer folders where two or more lie within each other, as in STYLE/CLASS/x.jpg
OUTER = "folder"
# names, and endings of other files, that are told in one line
_NAMED = 4
# what files are taken for; .csv and the like may be about the images beside them
_KINDS = {
    **dict.fromkeys(EXTENSIONS, "images"),
    **dict.fromkeys((".csv", ".tsv", ".jsonl"), "tables"),
    ".parquet": "parquets",
    ".tar": "tars",
}


@dataclass(frozen=True)
class Listing:
    """What lies below a folder, by relative paths.

    Parameters
    ----------
    root : Path
    images, parquets, tars, tables : tuple of str
        Ascending; tables are .csv, .tsv and .jsonl files.
    others : Counter
        Files of other kinds, by their ending.
    n_hidden : int
        Files and folders whose name begins with a dot; what hidden folders hold is not counted.
    n_loops : int
        Links to a folder that holds them.
    """

    root: Path
    images: tuple[str, ...]
    parquets: tuple[str, ...]
    tars: tuple[str, ...]
    tables: tuple[str, ...]
    others: Counter[str]
    n_hidden: int
    n_loops: int

    def remarks(self, *, used: str = "") -> tuple[str, ...]:
        """Tell what is no image and was left out, but for the table that was used."""
        told = [counted(n, f"{ending} file") for ending, n in self.others.most_common(_NAMED)]
        rest = sum(n for _, n in self.others.most_common()[_NAMED:])
        told += [counted(rest, "other file")] * (rest > 0)
        told += [counted(self.n_hidden, "hidden file or folder")] * (self.n_hidden > 0)
        told += [counted(self.n_loops, "link") + " that lead back"] * (self.n_loops > 0)
        unused = [name for name in self.tables if name != used]
        if unused:
            named = ", ".join(unused[:_NAMED]) + ", ..." * (len(unused) > _NAMED)
            told.append(f"{named} (to take labels from a table, name it as the images)")
        return (f"left out: {', '.join(told)}",) if told else ()


def list_folder(root: Path) -> Listing:
    """Look through a folder and the folders in it, links to folders included."""
    kinds: dict[str, list[str]] = {kind: [] for kind in _KINDS.values()}
    others: Counter[str] = Counter()
    n_hidden = n_loops = 0
    for current, folders, names in os.walk(root, followlinks=True):
        here = Path(current)
        n_hidden += sum(name.startswith(".") for name in (*folders, *names))
        shown = [name for name in folders if not name.startswith(".")]
        folders[:] = [name for name in shown if not _leads_back(here / name)]
        n_loops += len(shown) - len(folders)
        for name in names:
            if not name.startswith("."):
                ending = Path(name).suffix.lower()
                if ending in _KINDS:
                    kinds[_KINDS[ending]].append((here / name).relative_to(root).as_posix())
                else:
                    others[ending or "nameless"] += 1
    found = {kind: tuple(sorted(paths)) for kind, paths in kinds.items()}
    if found["images"]:
        # the table of an imagefolder is no set of images
        found["parquets"] = tuple(n for n in found["parquets"] if n not in FOLDER_TABLES)
    return Listing(root, **found, others=others, n_hidden=n_hidden, n_loops=n_loops)


def folder(found: Listing, *, label_column: str) -> Files:
    """Take the images of a folder, in the order of their relative paths or of its table.

    Labels come from ``metadata.csv``, ``.jsonl`` or ``.parquet`` where it names the files (the
    ``imagefolder`` layout of Hugging Face), else from the folders where all images lie equally
    deep: the class is the innermost folder whose name differs, and the folders above it are the
    column ``folder``.

    Raises
    ------
    ImagesNotFoundError
        If there is no image, or the table names one outside.
    OptionError
        If the label column is not there.
    """
    table = table_of(found)
    if table is not None:
        return of_table(found, table, label_column=label_column)
    labels, class_names, columns, why = _labels_of_folders(found.images, label_column)
    n_folders = len({name.rpartition("/")[0] for name in found.images})
    return files(
        found.root,
        found.images,
        labels=labels,
        class_names=class_names,
        columns=columns,
        origin=Origin(f"in {counted(n_folders, 'folder')}", why, found.remarks()),
    )


def of_table(found: Listing, table: ImageTable, *, label_column: str) -> Files:
    """Take the images that a table names, in its order; see `folder`."""
    names, labels, class_names, why = table.take(label_column)
    unlisted = len(set(found.images) - set(names))
    left_out = (f"left out: {counted(unlisted, 'image')} that {table.name} does not list",)
    origin = Origin(
        f"listed in {table.name}", why, left_out * (unlisted > 0) + found.remarks(used=table.name)
    )
    return files(
        found.root,
        names,
        labels=labels,
        class_names=class_names,
        columns=table.columns,
        origin=origin,
    )


def table_of(found: Listing) -> ImageTable | None:
    """Read the table of an ``imagefolder``; None where there is none that names its images."""
    for name in FOLDER_TABLES:
        path = found.root / name
        # another column may name files, too, but that is not what such a table promises
        if path.is_file() and FILE_NAME in columns_of(path):
            return read_image_table(path, found.images)
    return None


def check_one_kind(found: Listing) -> None:
    """Refuse a folder that holds images in several ways, or none: count what is there.

    Raises
    ------
    ImagesNotFoundError
        With the way to choose one.
    """
    root = str(found.root)
    archives = [*found.parquets, *found.tars]
    kinds = [kind for kind in (found.images, found.parquets, found.tars) if kind]
    if not kinds:
        held = "".join(f"; {remark}" for remark in found.remarks())
        raise ImagesNotFoundError(
            f"no image below {root!r} (looked for .jpg, .png, .webp and the like){held}"
        )
    told = _count_kinds(found)
    if len(kinds) > 1:
        name = str(found.root / archives[0])
        raise ImagesNotFoundError(
            f"{root!r} holds several kinds of images: {told}; choose one: name a file such as "
            f"{name!r}, {_pure_folder(found)}, or move the others away"
        )
    inner = sorted({name.rpartition("/")[0] for name in archives} - {""})
    if inner:
        raise ImagesNotFoundError(
            f"{root!r} holds {told} in the folders within it; name one of them, such as "
            f"{str(found.root / inner[0])!r}, or the files"
        )


def _count_kinds(found: Listing) -> str:
    n_folders = len({name.rpartition("/")[0] for name in found.images})
    told = []
    if found.images:
        told.append(f"{counted(len(found.images), 'image')} in {counted(n_folders, 'folder')}")
    for names, ending in ((found.parquets, ".parquet"), (found.tars, ".tar")):
        if names:
            shown = ", ".join(names[:_NAMED]) + ", ..." * (len(names) > _NAMED)
            told.append(f"{counted(len(names), f'{ending} file')} ({shown})")
    return " and ".join(told)


def _pure_folder(found: Listing) -> str:
    """Say which folder within holds images only, if one does."""
    archives = (*found.parquets, *found.tars)
    mixed = {name.partition("/")[0] for name in archives if "/" in name}
    pure = sorted({name.partition("/")[0] for name in found.images if "/" in name} - mixed)
    if not pure:
        return "or a folder of images only"
    return f"or a folder of images only such as {str(found.root / pure[0])!r}"


def _labels_of_folders(
    names: Sequence[str], label_column: str
) -> tuple[Labels | None, tuple[str, ...], dict[str, list[str]], str]:
    """Give labels, class names, the column of outer folders, and in words where they come from."""
    parts = [name.split("/")[:-1] for name in names]
    depths = sorted({len(part) for part in parts})
    level = _level_of_classes(parts) if len(depths) == 1 else -1
    columns = {OUTER: ["/".join(part[:level]) for part in parts]} if level > 0 else {}
    if label_column == OUTER and columns:
        return *labels_of_words(columns[OUTER]), columns, "the outer folders"
    if label_column != "label":
        known = ", ".join(columns) or "none"
        raise OptionError(
            f"no column {label_column!r}: a folder without a table has {known}; a metadata.csv "
            f"with the columns file_name and {label_column} brings it"
        )
    if len(depths) > 1:
        deep = ", ".join(map(str, depths[:-1])) + f" and {depths[-1]}"
        return None, (), {}, f"the images lie {deep} folders deep"
    if depths == [0]:
        return None, (), {}, "all images lie side by side, not in a folder per class"
    labels, class_names = labels_of_words([part[level] for part in parts])
    return labels, class_names, columns, "the inner folders" if columns else "the folders"


def _level_of_classes(parts: Sequence[Sequence[str]]) -> int:
    """Find the innermost level at which folders have different names; else the innermost."""
    deepest = len(parts[0]) - 1
    for level in range(deepest, -1, -1):
        if len({part[level] for part in parts}) > 1:
            return level
    return deepest


def _leads_back(path: Path) -> bool:
    return path.is_symlink() and path.parent.resolve().is_relative_to(path.resolve())
