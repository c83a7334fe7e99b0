"""The list of mutations cannot rot: each still has its text to replace, and its test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.mutations import check
from tests.mutations.listed import ROOT, Mutation, mutations


@pytest.mark.parametrize("mutation", mutations(), ids=lambda each: each.name)
def test_a_mutation_still_has_its_text_once_and_its_tests(mutation: Mutation) -> None:
    assert mutation.applied(ROOT) != (ROOT / mutation.file).read_text(encoding="utf-8")
    for test in mutation.fails:
        file, _, name = test.partition("::")
        content = (ROOT / file).read_text(encoding="utf-8")
        assert not name or re.search(rf"^def {re.escape(name)}\(", content, re.MULTILINE), test


def test_no_two_mutations_have_one_name() -> None:
    names = [mutation.name for mutation in mutations()]
    assert len(set(names)) == len(names) > 0


def test_a_mutation_is_noticed_by_a_test_that_fails_and_survives_one_that_does_not(
    tmp_path: Path,
) -> None:
    (tmp_path / "rule.py").write_text("LIMIT = 3\n", encoding="utf-8")
    test = "from rule import LIMIT\n\n\ndef test_limit():\n    assert LIMIT {}\n"
    (tmp_path / "test_sharp.py").write_text(test.format("== 3"), encoding="utf-8")
    (tmp_path / "test_blunt.py").write_text(test.format("> 0"), encoding="utf-8")
    for file, said in (("test_sharp.py", "noticed"), ("test_blunt.py", "SURVIVED")):
        mutation = Mutation("another limit", "rule.py", "3", "4", (file,))
        assert check.outcome(mutation, tmp_path)[0] == said
        assert (tmp_path / "rule.py").read_text(encoding="utf-8") == "LIMIT = 3\n"
