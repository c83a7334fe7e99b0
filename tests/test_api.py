"""The public names are these, and each says what it does."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import neurons


def test_every_exported_name_is_there() -> None:
    # which names these are is written in docs/reference.md, and tests/test_docs.py compares
    assert len(neurons.__all__) == len(set(neurons.__all__)) > 60
    for name in neurons.__all__:
        assert getattr(neurons, name) is not None, name


def test_every_public_function_tells_its_parameters() -> None:
    for name in neurons.__all__:
        thing = getattr(neurons, name)
        if inspect.isfunction(thing):
            text = inspect.getdoc(thing) or ""
            for parameter in inspect.signature(thing).parameters:
                assert f"{parameter} : " in text, f"{name} does not document {parameter}"


def test_old_names_work_for_one_version_with_a_warning() -> None:
    for old, new in neurons._RENAMED.items():
        assert old not in neurons.__all__ and new in neurons.__all__
        with pytest.warns(DeprecationWarning, match=rf"neurons.{old} is now neurons.{new}"):
            assert getattr(neurons, old) is getattr(neurons, new)
    with pytest.raises(AttributeError, match="portraits"):
        neurons.portraits  # noqa: B018


def test_type_checkers_read_the_same_names_as_python() -> None:
    stub = Path(neurons.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    told = re.findall(r"^from \S+ import (\w+) as (\w+)$", stub, flags=re.MULTILINE)
    assert all(name == shown for name, shown in told)
    assert sorted(name for name, _ in told) == sorted(neurons.__all__) == sorted(dir(neurons))
