"""What does a model associate: do two groups lie nearer to different things?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurons.activations.layer_peaks import peak_blocks
from neurons.activations.run import Activations
from neurons.address import EMBEDDING
from neurons.errors import OptionError
from neurons.lettering.lettering import Lettering
from neurons.network.clip import Clip
from neurons.network.inference import Precision, exact
from neurons.readouts.association import (
    Association,
    association,
    association_of_one,
    association_of_pairs,
)
from neurons.readouts.confounds import confounds_of
from neurons.readouts.item_sets import AssociationTest, ItemSet, PairedTest, WrittenWords
from neurons.readouts.item_vectors import Place, check_written, item_vectors
from neurons.readouts.measured_tests import (
    MeasuredTest,
    NamedConfound,
    association_table,
    confounds_table,
    effects_chart,
    items_table,
)
from neurons.readouts.named_tests import association_test
from neurons.readouts.prompts import ALONE
from neurons.results.blocks import Block, Note
from neurons.results.result import Result
from neurons.results.table import Row
from neurons.stats import benjamini_hochberg, benjamini_yekutieli

NOT_THIS = (
    "An association says how this model places these words and pictures. It predicts nothing of "
    "any person, shows no cause, and does not say what another list, model or language would give. "
    "That none is shown does not say that there is none."
)


def associations(
    clip: Clip,
    tests: Sequence[AssociationTest | str],
    *,
    run: Activations | None = None,
    layers: Sequence[str] = (),
    templates: Sequence[str] = ALONE,
    lettering: Lettering | None = None,
    n_draws: int = 99_999,
    precision: Precision = exact,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Associations:
    """Measure association tests in a model's embedding, and in layers of its image tower.

    Parameters
    ----------
    clip : Clip
    tests : sequence of AssociationTest or str
        A name such as ``flowers-insects`` stands for the test that is so called.
    run : Activations, optional
        Of this model: needed for layers, whose units are taken as deviations from their mean over
        the run.
    layers : sequence of str
        Layers of the run to measure in, besides the embedding. There words are written, since a
        layer of the image tower reads no text.
    templates : sequence of str
        Sentences in which text stands, with one ``{}`` each.
    lettering : Lettering, optional
        How words are written; default: chosen by the input's size.
    n_draws : int >= 99
        Partitions to draw, where there are too many to count.
    precision : Precision
    seed : int
    progress : callable
        Takes how many of how many pictures of a test are done.

    Returns
    -------
    Associations

    Raises
    ------
    OptionError
        If sets cannot be compared, two tests have one name, a word cannot be written, or layers
        are asked for without a run.
    LayerNotFoundError
        If the run does not hold a layer.
    StaleActivationsError
        If the run is of another model.
    TextSideMissingError
        If texts are to be read and the model's text side is not there.

    References
    ----------
    See `association`.
    """
    asked = [association_test(each) if isinstance(each, str) else each for each in tests]
    _check(clip, asked, run, layers)
    here = Place(EMBEDDING, None, tuple(templates), lettering, precision)
    places = [here, *(_in_layer(run, layer, here) for layer in layers)]
    letters = here.writing(clip)
    for test in asked:
        for side in (test if not layers else test.written()).sides:
            if isinstance(side, WrittenWords):
                check_written(clip.preprocess.size, side, letters)
    measured, confounds = [], []
    for test in asked:
        for place in places:
            there = test if place is here else test.written()
            found = _measured(clip, there, place, n_draws, seed, progress)
            measured.append((there, place.layer, found))
            pairs = (
                [(there.a, there.b)] if there.y is None else [there.exchanged, (there.a, there.b)]
            )
            for pair in pairs:
                scores = found.scores if pair == there.exchanged else None
                confounds += [
                    NamedConfound(test.name, place.layer, each)
                    for each in confounds_of(clip, *pair, letters, scores, seed=seed)
                ]
    p_values = [found.test.p_value for _, _, found in measured]
    adjusted = zip(benjamini_hochberg(p_values), benjamini_yekutieli(p_values), strict=True)
    return Associations(
        provenance={
            "model": clip.provenance(),
            **({"run": run.provenance()} if run is not None and layers else {}),
            "templates": list(templates),
            "lettering": letters.provenance(),
            "seed": seed,
        },
        tests=tuple(
            _result(test, layer, found, *map(float, p))
            for (test, layer, found), p in zip(measured, adjusted, strict=True)
        ),
        confounds=tuple(confounds),
    )


@dataclass(frozen=True)
class Associations(Result):
    """How much nearer groups lie to one side than to the other; not what people think or are.

    Parameters
    ----------
    tests : tuple of MeasuredTest
        In the order asked, each in every place.
    confounds : tuple of NamedConfound
    """

    tests: tuple[MeasuredTest, ...]
    confounds: tuple[NamedConfound, ...]

    @property
    def title(self) -> str:
        """What was asked."""
        names = list(dict.fromkeys(each.name for each in self.tests))
        more = f" and {len(names) - 2} more" if len(names) > 2 else ""
        return f"Associations: {', '.join(names[:2])}{more}"

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Give the tests, and those that show something."""
        return (
            ("tests", f"{len(self.tests):,}"),
            ("shown", f"{sum(each.shown for each in self.tests):,}"),
            *((each.label, f"d = {each.found.effect:+.2f}") for each in self.tests[:2]),
        )

    def verdict(self) -> str:
        """Say what was found; that none is shown, or that something else may explain it, first."""
        n, shown = len(self.tests), sum(each.shown for each in self.tests)
        head = ""
        if not shown:
            head = "No association is shown. "
        elif n > 1:
            head = f"{shown} of {n} tests show an association. "
        sentences = [each.told() for each in sorted(self.tests, key=lambda each: not each.shown)]
        return f"{head}{self._doubts()}{' '.join(sentences)}"

    def _doubts(self) -> str:
        shown = {(each.name, each.layer) for each in self.tests if each.shown}
        told = [
            f"{c.first!r} and {c.second!r} also differ in {c.what} ({c.mean_first:.3g} against "
            f"{c.mean_second:.3g} on average), and scores go with it (rank correlation "
            f"{c.correlation:+.2f}): it may be that. "
            for each in self.confounds
            for c in (each.confound,)
            if c.matters and (each.test, each.layer) in shown
        ]
        return "".join(told)

    def blocks(self) -> tuple[Block, ...]:
        """Draw effects and differences; list them, the items, and what else differs."""
        return (
            effects_chart(self.tests),
            association_table(self.tests),
            items_table(self.tests),
            *confounds_table(self.confounds),
            Note(NOT_THIS),
        )

    def rows(self) -> Sequence[Row]:
        """One row per test and place."""
        return [
            {
                "test": each.name,
                "layer": each.layer,
                "kinds": each.kinds,
                "x": each.x,
                "y": each.y,
                "a": each.a,
                "b": each.b,
                "n": each.n,
                "n_a": each.n_a,
                "n_b": each.n_b,
                "difference": each.found.difference,
                "difference_interval": each.found.difference_interval,
                "d": each.found.effect,
                "d_interval": each.found.effect_interval,
                "p_value": each.found.test.p_value,
                "p_greater": each.found.test.p_greater,
                "p_adjusted": each.p_adjusted,
                "p_adjusted_any_dependence": each.p_adjusted_any,
                "exact": each.found.test.exact,
                "n_partitions": float(each.found.test.n_partitions),
                "n_counted": float(each.found.test.n_counted),
                "smallest_p": each.found.test.smallest,
                "shown": each.shown,
                "source": each.source,
            }
            for each in self.tests
        ]


def _check(
    clip: Clip, tests: Sequence[AssociationTest], run: Activations | None, layers: Sequence[str]
) -> None:
    """Refuse what cannot be measured, before anything is embedded."""
    names = [test.name for test in tests]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None or not names:
        why = "none is given" if not names else f"{twice!r} is given twice"
        raise OptionError(f"association tests are told apart by their names, and {why}")
    for test in tests:
        test.check()
    if layers and run is None:
        raise OptionError(
            "a layer's units are taken as deviations from their mean over a run; scan images first"
        )
    if run is not None:
        for layer in layers:
            run.layer(layer)
        run.check_clip(clip)


def _in_layer(run: Activations | None, layer: str, here: Place) -> Place:
    """Look at a layer's units instead, each as its deviation from its mean over the run."""
    assert run is not None
    means = [peaks.mean(0) for _, peaks in peak_blocks(run, layer, run.good_rows())]
    centre: NDArray[np.float32] = np.concatenate(means)
    return Place(layer, centre, here.templates, here.lettering, here.precision)


def _measured(
    clip: Clip,
    test: AssociationTest,
    place: Place,
    n_draws: int,
    seed: int,
    progress: Callable[[int, int], None],
) -> Association:
    vectors = item_vectors(clip, test.sides, place, progress=progress)
    if test.y is None:
        return association_of_one(*vectors, n_draws=n_draws, seed=seed)
    if isinstance(test, PairedTest):
        return association_of_pairs(*vectors, n_draws=n_draws, seed=seed)
    return association(*vectors, n_draws=n_draws, seed=seed)


def _result(
    test: AssociationTest, layer: str, found: Association, p: float, p_any: float
) -> MeasuredTest:
    first, second = test.exchanged
    return MeasuredTest(
        name=test.name,
        layer=layer,
        x=test.x.name,
        y="" if test.y is None else test.y.name,
        a=test.a.name,
        b=test.b.name,
        kinds=_kinds(test),
        n=len(first.items),
        n_a=len(test.a.items),
        n_b=len(test.b.items),
        found=found,
        p_adjusted=p,
        p_adjusted_any=p_any,
        items=(*map(str, first.items), *map(str, second.items)),
        source=test.source,
    )


def _kinds(test: AssociationTest) -> str:
    """Say what targets and attributes are, once where they are alike."""

    def told(sides: Sequence[ItemSet | None]) -> str:
        return " and ".join(dict.fromkeys(side.kind for side in sides if side is not None))

    targets, attributes = told((test.x, test.y)), told((test.a, test.b))
    return targets if targets == attributes else f"{targets} against {attributes}"
