"""The public names are these, and each says what it does."""

from __future__ import annotations

import inspect

import neurons


def test_the_exported_names_are_these() -> None:
    assert set(neurons.__all__) == {
        "Activations", "Census", "Clip", "FacetProbes", "ImageSet", "Neuron", "NeuronsError",
        "Objective", "Series", "Settings", "Spectrum", "TopBy", "TopExamples", "Visualization",
        "accentuate", "census", "compiled", "edit", "exact", "facet_probes", "fast", "images",
        "layers", "load", "peak", "report", "scan", "spectrum", "top_by", "top_examples",
        "visualize", "visualize_each", "visualize_to", "watch",
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
