"""Are trials read as they were published?"""

from __future__ import annotations

from pathlib import Path

import pytest

from neurons.data.cue_trials import read_trials
from neurons.errors import OptionError

HEAD = "subj,session,trial,rt,object_response,category,condition,imagename\n"


def test_an_answer_of_nothing_is_an_answer(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text(
        HEAD
        + "s1,1,1,0.5,na,dog,0,0001_s5n_s1_0_dog_00_dog10-bird2.png\n"
        + "s1,1,2,0.5,bird,dog,0,0002_s5n_s1_0_dog_00_dog3-cat1.png\n"
    )
    found = read_trials([path])
    assert found.answers == ("na", "bird") and found.observers == ("s1", "s1")
    assert found.cues == {"shape": ("dog", "dog"), "texture": ("bird", "cat")}
    assert found.sources["texture"] == ("bird2", "cat1")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n1,2\n", "no column 'object_response'"),
        ("object_response,imagename\ndog,dog.png\n", "tells no shape and texture"),
    ],
)
def test_a_table_that_tells_too_little_is_refused(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "one.csv"
    path.write_text(text)
    with pytest.raises(OptionError, match=told):
        read_trials([path])
