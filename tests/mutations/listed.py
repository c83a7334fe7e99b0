"""Which mutations are there? The ``.toml`` files beside this one, one per subject."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@dataclass(frozen=True)
class Mutation:
    """A way in which the code could be wrong.

    Parameters
    ----------
    name : str
        What is wrong, in words.
    file : str
        Below the root of the repository.
    text : str
        What stands there: exactly once in the file.
    becomes : str
        What replaces it.
    fails : tuple of str
        Tests as pytest names them; one at least must fail.
    """

    name: str
    file: str
    text: str
    becomes: str
    fails: tuple[str, ...]

    def applied(self, root: Path) -> str:
        """Give the file below ``root`` with the mutation in it."""
        content = (root / self.file).read_text(encoding="utf-8")
        if content.count(self.text) != 1:
            raise ValueError(f"{self.name!r}: {self.file} has its text {content.count(self.text)}x")
        return content.replace(self.text, self.becomes)


def mutations() -> tuple[Mutation, ...]:
    """Read all of them, file by file."""
    found = []
    for file in sorted(HERE.glob("*.toml")):
        for each in tomllib.loads(file.read_text(encoding="utf-8"))["mutation"]:
            fails = each.pop("fails")
            tests = (fails,) if isinstance(fails, str) else tuple(fails)
            found.append(Mutation(**each, fails=tests))
    return tuple(found)
