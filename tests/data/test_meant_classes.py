import pytest

from neurons.data.meant_classes import classes_of
from neurons.errors import OptionError

NAMES = ("barn spider", "dog", "fire truck", "spider", "wolf spider")


def test_a_word_means_the_class_or_every_class_that_holds_it() -> None:
    assert classes_of(NAMES, "SPIDER") == ("spider",)
    assert classes_of(NAMES[:3] + NAMES[4:], "spider") == ("barn spider", "wolf spider")
    assert classes_of(NAMES, ["dog", "truck"]) == ("dog", "fire truck")
    with pytest.raises(OptionError, match=r"'truk' \(those that look alike: fire truck"):
        classes_of(NAMES, "truk")
    with pytest.raises(OptionError, match="the first of 5"):
        classes_of(NAMES, "zebra")
