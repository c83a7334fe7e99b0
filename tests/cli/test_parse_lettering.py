"""Colours and places are read, and what is neither is told with what there is."""

from __future__ import annotations

import pytest

from neurons.cli.parse_lettering import parse_colour, parse_place
from neurons.errors import OptionError


def test_colours_are_names_or_hexadecimal() -> None:
    assert parse_colour("#0a0B0c") == parse_colour("0A0b0C") == (10, 11, 12)
    assert parse_colour("white") == (255, 255, 255) and parse_colour("black") == (0, 0, 0)
    for text in ("mauve", "#12345", "#1234567", "Red"):
        with pytest.raises(OptionError, match="write #rrggbb or black, white"):
            parse_colour(text)


def test_places_are_rules_or_shares() -> None:
    assert parse_place("article") == "article"
    assert parse_place("0.5,0.8") == parse_place(" .5 , 0.80 ") == (0.5, 0.8)
    for text in ("up", "0.5", "0.5;0.8", "a,b"):
        with pytest.raises(OptionError, match="write article, random, least-salient, or X,Y"):
            parse_place(text)
