"""Classes, columns' values and classes within them are concepts; what names no group is none."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image

import neurons
from neurons import ImageSet
from neurons.data.concepts import check_columns_of, concepts_of, kinds_of, naming_columns
from neurons.errors import LabelsMissingError, OptionError


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    folder = tmp_path_factory.mktemp("concepts")
    rows = []
    for i in range(24):
        label = ("dog", "cat", "oak")[i % 3]
        row = {
            "file_name": f"{i:02}.png",
            "label": label,
            "family": "plant" if label == "oak" else "animal",
            "way": ("photo", "word")[i % 2],
            "width": str(i % 5),
            "same": "always",
            "copy": label.upper(),
        }
        rows.append(row)
        Image.fromarray(np.full((4, 4, 3), i, np.uint8)).save(folder / row["file_name"])
    with (folder / "metadata.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return neurons.images(folder)


def test_classes_and_values_are_concepts_with_their_families(pictures: ImageSet) -> None:
    found = {each.name: each for each in concepts_of(pictures, np.arange(24))}
    # a column that only writes the classes anew adds nothing, nor does one of numbers
    assert list(found) == ["cat", "dog", "oak", "animal", "plant", "photo", "word"]
    assert (found["dog"].family, found["oak"].family) == ("animal", "plant")
    assert (found["animal"].family, found["word"].family) == ("animal", "way")
    assert len(found["animal"].rows) == 16 and len(found["dog"].rows) == 8
    assert {found[n].source for n in ("dog", "animal", "word")} == {"class", "family", "way"}


def test_a_class_within_a_value_is_asked_for(pictures: ImageSet) -> None:
    found = {c.name: c for c in concepts_of(pictures, np.arange(24), columns=(), within=("way",))}
    assert {"dog, word", "oak, photo"} < set(found)
    both = found["dog, word"]
    assert len(both.rows) == 4 and both.family == "animal" and both.source == "class and way"
    # within a column that is the same for a whole class there is nothing to part
    assert len(concepts_of(pictures, np.arange(24), columns=(), within=("family",))) == 3


def test_families_come_from_elsewhere_where_there_is_no_column(pictures: ImageSet) -> None:
    few = concepts_of(pictures, np.arange(24), columns=(), families={"oak": "tree", "dog": "pet"})
    # the set's own column comes first
    assert {each.family for each in few} == {"animal", "plant"}


def test_columns_that_part_nothing_are_refused(pictures: ImageSet) -> None:
    assert naming_columns(pictures) == ("family", "way", "copy")
    check_columns_of(pictures, ("way", "width"))
    with pytest.raises(OptionError, match="'same' has 1 different values"):
        check_columns_of(pictures, ("same",))
    with pytest.raises(LabelsMissingError, match="no column 'colour'"):
        check_columns_of(pictures, ("colour",))


def test_images_of_one_kind_show_the_same_concepts(pictures: ImageSet) -> None:
    rows = np.arange(24)
    concepts = concepts_of(pictures, rows)
    kinds = kinds_of(concepts, rows)
    shown = [frozenset(c.name for c in concepts if row in c.rows) for row in rows]
    assert len(set(kinds.tolist())) == len(set(shown)) == 6
    for one in rows:
        for other in rows:
            assert (kinds[one] == kinds[other]) == (shown[one] == shown[other])
