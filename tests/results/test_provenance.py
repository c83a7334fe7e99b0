"""The model's short name is found wherever a provenance keeps it."""

from __future__ import annotations

from neurons.results.provenance import model_of, short_name


def test_the_model_is_found_beside_inside_a_run_and_inside_a_probe() -> None:
    model = {"model": {"name": "RN50/openai"}}
    for provenance in (model, {"run": model}, {"probe": {"run": model}, "seed": 0}):
        assert model_of(provenance) == "RN50/openai"


def test_a_run_that_was_not_given_is_no_model() -> None:
    assert model_of({"run": None, "model": None}) == ""
    assert model_of({}) == ""


def test_a_folder_is_named_by_its_last_part_alone() -> None:
    assert short_name("local-dir:/home/someone/models/tiny") == "tiny"
    assert short_name("RN50x4/openai") == "RN50x4/openai"
