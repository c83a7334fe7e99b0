"""Rules that choose a strength are read by their names."""

from __future__ import annotations

import pytest

from neurons.cli.parse_probe import parse_choose
from neurons.errors import OptionError
from neurons.sparse.path import UnitsPerClass, best, one_standard_error


def test_rules_are_read() -> None:
    assert parse_choose("one-se") is one_standard_error and parse_choose("best") is best
    assert parse_choose("units:2.5") == UnitsPerClass(2.5)
    for text in ("units", "units:many", "worst"):
        with pytest.raises(OptionError, match="no rule"):
            parse_choose(text)
