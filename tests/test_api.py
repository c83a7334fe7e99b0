"""The public names are these, and each says what it does."""

from __future__ import annotations

import inspect

import neurons


def test_the_exported_names_are_these() -> None:
    assert set(neurons.__all__) == {
        "Activations", "Attack", "BlackBoxSearch", "CausalCheck", "Census", "Clip", "Composition",
        "Defence", "FacetProbes", "Hijack", "ImageSet", "Lettering", "Neuron", "NeuronsError",
        "Objective", "Probe", "TopStrings", "Roles", "Sample", "Search", "Series", "Settings", "SparseProbe",
        "Spectrum", "Stability", "AttackTarget", "Stroop", "TopBy", "TopExamples",
        "TypographyBench",
        "Visualization", "accentuate", "attack", "bench", "build_attacked", "causal_check",
        "census", "compiled", "compose", "defend", "edit", "exact", "facet_probes", "fast",
        "hijack", "images", "layers", "load", "load_edit", "peak", "probe", "report", "top_strings",
        "roles", "save_edit", "scan", "search_black_box", "search_words", "spectrum", "stability",
        "stroop", "top_by", "top_examples", "typographic_set", "visualize", "visualize_each",
        "visualize_to", "watch", "zero_shot",
    }  # fmt: skip
    for name in neurons.__all__:
        assert getattr(neurons, name) is not None


def test_every_public_function_tells_its_parameters() -> None:
    for name in neurons.__all__:
        thing = getattr(neurons, name)
        if inspect.isfunction(thing):
            text = inspect.getdoc(thing) or ""
            for parameter in inspect.signature(thing).parameters:
                assert f"{parameter} : " in text, f"{name} does not document {parameter}"
