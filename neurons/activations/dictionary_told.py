"""What does a run's provenance say of its dictionaries, and where in the run do they lie?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from neurons.errors import MismatchError
from neurons.network.clip import Clip
from neurons.network.dictionary import Dictionary
from neurons.network.dictionary_attach import RANDOM, dictionaries_of
from neurons.network.dictionary_files import write_dictionary

FOLDER = "dictionaries"


def told_dictionaries(clip: Clip) -> dict[str, dict[str, object]]:
    """Say what a run's provenance keeps of a model's dictionaries, by their path."""
    return {
        path: {
            "sha256": each.sha256,
            "features": each.n_features,
            **each.settings,
            "random": path.endswith(f".{RANDOM}"),
        }
        for path, each in dictionaries_of(clip).items()
    }


def write_dictionaries(path: Path, dictionaries: Mapping[str, Dictionary]) -> None:
    """Write dictionaries into a run's folder."""
    for name, dictionary in dictionaries.items():
        write_dictionary(dictionary, file_of(path, name))


def file_of(run: Path, path: str) -> Path:
    """Say where a run keeps the dictionary whose features have this path."""
    return run / FOLDER / path / "dictionary.safetensors"


def check_dictionaries(provenance: Mapping[str, Any], clip: Clip, run: Path) -> None:
    """Refuse a model with another dictionary than a run of it has at the same path.

    Raises
    ------
    MismatchError
        The message names the path. A model without that dictionary is not refused.
    """
    told = provenance.get(FOLDER, {})
    for path, dictionary in dictionaries_of(clip).items():
        if path in told and told[path]["sha256"] != dictionary.sha256:
            raise MismatchError(
                f"run {str(run)!r} was made with another dictionary at {path!r}; take the model "
                f"from the run (`clip_of`)"
            )
