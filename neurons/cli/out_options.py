"""Where is an answer written, and may it be put over another one?"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from neurons.files import check_file
from neurons.folder_kinds import ANSWER, FolderKind
from neurons.folders import check_folder

if TYPE_CHECKING:
    from neurons import Clip, ImageSet
    from neurons.results.result import Result

# where things lie is no setting, nor on what they are computed; what they are is compared itself
_PLACES = frozenset({"model", "images", "run", "device", "workers", "out", "replace", "csv"})


@Parameter(name="*", group="Output")
@dataclass(frozen=True, kw_only=True)
class OutOptions:
    """Where it is written.

    Parameters
    ----------
    out : Path
        Folder: new, empty, or of the same command.
    replace : bool
        Replace what other settings made there.
    """

    out: Annotated[Path, Parameter(name=("--out", "-o"))]
    replace: bool = False

    def check(self, kind: FolderKind, settings: Mapping[str, Any] | None = None) -> None:
        """Refuse a folder that must not be written into; `check_folder` says which."""
        check_folder(self.out, kind, settings, replace=self.replace)

    def answer(self, command: str, arguments: Mapping[str, object]) -> Answer:
        """Take the folder for a command's answer, before anything is loaded.

        Parameters
        ----------
        command : str
        arguments : mapping
            Of the command's function, by name: ``locals()`` on its first line.
        """
        settings = {"command": command, **settings_of(arguments)}
        self.check(ANSWER, settings)
        return Answer(self, settings)


@Parameter(name="*", group="Output")
@dataclass(frozen=True, kw_only=True)
class OptionalOutOptions:
    """Where it is written, if it is.

    Parameters
    ----------
    out : Path, optional
        Folder: new, empty, or of the same command.
    replace : bool
        Replace what other settings made there.
    """

    out: Annotated[Path | None, Parameter(name=("--out", "-o"))] = None
    replace: bool = False

    def within(self, default: Path) -> OutOptions:
        """Take the folder that was named, or the default."""
        return OutOptions(out=self.out or default, replace=self.replace)

    def answer(self, command: str, arguments: Mapping[str, object]) -> Answer | None:
        """Take the folder for a command's answer; None if none was named."""
        if self.out is None:
            return None
        return OutOptions(out=self.out, replace=self.replace).answer(command, arguments)


@Parameter(name="*", group="Output")
@dataclass(frozen=True, kw_only=True)
class FileOutOptions:
    """In which file it is written.

    Parameters
    ----------
    out : Path, optional
        File; default: named after what it shows, here.
    replace : bool
        Replace what other settings made there.
    """

    out: Annotated[Path | None, Parameter(name=("--out", "-o"))] = None
    replace: bool = False

    def file(self, default: str) -> Path:
        """Name the file, and refuse a place where none can be written."""
        path = self.out or Path(default)
        check_file(path)
        return path


@dataclass(frozen=True)
class Answer:
    """A folder that was taken for a command's answer, and with which settings it is asked for.

    Parameters
    ----------
    to : OutOptions
    settings : mapping
        Plain values.
    """

    to: OutOptions
    settings: Mapping[str, Any]

    def made_of(self, clip: Clip, images: ImageSet | None = None) -> Answer:
        """Add the model and the images, and compare once more, before the first image is read."""
        made_of = {"model": clip.provenance()}
        if images is not None:
            made_of["images"] = images.provenance()
        settings = {**self.settings, **made_of}
        self.to.check(ANSWER, settings)
        return replace(self, settings=settings)

    def write(self, result: Result, *more: Result) -> Path:
        """Write the answer: its pages, itself and its table."""
        from neurons.recipes.write_result import write_result

        return write_result(
            self.to.out, result, *more, settings=self.settings, replace=self.to.replace
        )


def settings_of(arguments: Mapping[str, object]) -> dict[str, Any]:
    """Give a command's arguments as plain values, groups of options spread.

    Parameters
    ----------
    arguments : mapping
        By name. Where things lie is left out: model and images are compared by what they are.

    Returns
    -------
    dict
    """
    found: dict[str, Any] = {}
    for name, value in arguments.items():
        if dataclasses.is_dataclass(value) and hasattr(value, "__cyclopts__"):
            fields = {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
            found |= settings_of(fields)
        elif name not in _PLACES:
            found[name.rstrip("_")] = _plain(value)
    return found


def _plain(value: object) -> Any:
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    if isinstance(value, Path):
        return str(value.resolve())
    return value if value is None or isinstance(value, (str, int, float)) else str(value)
