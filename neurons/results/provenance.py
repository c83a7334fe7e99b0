"""Which model does a result speak of? Its provenance says so, at whatever depth."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def model_of(provenance: Mapping[str, Any]) -> str:
    """Give the short name of the model that something was measured on.

    Parameters
    ----------
    provenance : mapping
        ``{"model": {"name": ...}}``, or the same inside ``run`` or ``probe``: a result that was
        made from a run keeps the run's provenance, one made from a probe the probe's.

    Returns
    -------
    str
        Empty if no model is named.
    """
    model = provenance.get("model")
    if isinstance(model, Mapping) and "name" in model:
        return short_name(str(model["name"]))
    for key in ("run", "probe"):
        inner = provenance.get(key)
        if isinstance(inner, Mapping):
            return model_of(inner)
    return ""


def short_name(model: str) -> str:
    """Give a model's name as a title: of a folder, its last part."""
    return Path(model).name if model.startswith("local-dir:") else model
