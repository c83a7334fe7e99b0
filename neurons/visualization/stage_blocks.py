"""How is one image drawn on its way through a network, from pixels to the answer?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from neurons.results.blocks import Gallery, Lines, Strip, Stroke, Table, Tile
from neurons.visualization.stage_views import InverseView, LensFit, LensView, StageView

_DASH = "-"


def inverse_gallery(stages: Sequence[StageView], image: str, picture: bytes) -> tuple[Gallery, ...]:
    """Put the image beside what each stage lets through; nothing if no stage was inverted."""
    tiles = tuple(
        Tile(own[0].picture, f"error {own[0].error:.2f}", f"{short(each.layer)}: {own[0].answer}")
        for each in stages
        if (own := each.own(image))
    )
    if not tiles:
        return ()
    note = (
        "Each picture was made from noise until the stage's maps were those of the image, as far "
        "as the error says; under it what the whole model answers to it. What is lost in a picture "
        "is what the stage cannot tell, or what the search did not find."
    )
    whole = Tile(picture, "", "the pixels", image)
    return (Gallery("From pixels to the answer: inverses", (whole, *tiles), note, large=True),)


def answer_table(
    classes: Sequence[str], logits: Sequence[float], shares: Sequence[float], n_classes: int
) -> Table:
    """List the first classes with their logits."""
    return Table(
        "The answer",
        ("class", "logit", "share"),
        tuple(
            (name, f"{logit:.2f}", f"{share:.1%}")
            for name, logit, share in zip(classes, logits, shares, strict=True)
        ),
        f"The first of {n_classes:,} classes, by their sentences, after the last layer. Some class "
        f"is always first.",
    )


def stage_strip(stage: StageView, image: str) -> Strip:
    """Draw a stage: what surprises it, what it lets through, and where the answer lies."""
    galleries = []
    if stage.surprised is not None:
        tiles = tuple(
            Tile(each.overlay, f"z {each.z:+.1f}", each.neuron.rpartition(":")[2], each.neuron)
            for each in stage.surprised.channels
            if each.overlay
        )
        if tiles:
            galleries.append(Gallery(_told_surprise(stage), tiles))
    if stage.inverses:
        shown = tuple(_inverse_tile(each, image) for each in stage.inverses)
        galleries.append(Gallery("What else it would take for the image: inverses", shown))
    if stage.relevance:
        told = f"agrees {stage.agreement.value:.2f}" if stage.agreement.places else ""
        tile = Tile(stage.relevance, told, "gradient x activation")
        galleries.append(Gallery("Where the answer lies here", (tile,)))
    places = f"{stage.height} x {stage.width} places"
    title = f"{stage.layer}: {stage.units:,} channels on {places}"
    return Strip(title, tuple(galleries), _told_stage(stage))


def _told_surprise(stage: StageView) -> str:
    assert stage.surprised is not None
    usual = stage.surprised.usual
    return f"Channels that it surprises most (the first of a middling image: z {usual:.1f})"


def _inverse_tile(each: InverseView, image: str) -> Tile:
    what = f"seed {each.seed}" if each.of == image else "the control"
    verb = "still" if each.keeps else "now"
    return Tile(each.picture, f"error {each.error:.2f}", f"{what}, {verb} {each.answer}", each.of)


def _told_stage(stage: StageView) -> str:
    told = []
    if stage.tuned is not None and stage.fit is not None:
        doubt = "" if stage.fit.holds else " (it predicts no more than shuffled images let it)"
        told.append(
            f"If the model stopped here, by a fitted lens{doubt}: {stage.tuned.answer}, "
            f"{stage.tuned.margin:.1f} logits before {stage.tuned.runner_up}; held-out R2 "
            f"{stage.fit.r2:.2f}, shuffled {max(stage.fit.control):.2f} at most."
        )
    if stage.plain is not None:
        told.append(
            f"By the model's own readout: {stage.plain.answer}, {stage.plain.margin:.1f} logits "
            f"before {stage.plain.runner_up}."
        )
    if stage.not_compared:
        told.append(f"No channel can be called surprised: {stage.not_compared}.")
    if stage.not_inverted:
        told.append(f"No inverses: {stage.not_inverted}.")
    if stage.height * stage.width == 1:
        told.append("One place: its channels and its relevance have no map.")
    return " ".join(told)


def answer_lines(
    title: str,
    lenses: Sequence[tuple[str, LensView]],
    classes: Sequence[str],
    final: Sequence[float],
    note: str,
) -> Lines:
    """Draw how the shares of a few classes change from layer to layer, up to the answer."""
    steps = (*(short(layer) for layer, _ in lenses), "answer")
    strokes = tuple(
        Stroke(name, (*(each.shares[k] for _, each in lenses), final[k]))
        for k, name in enumerate(classes)
    )
    return Lines(title, steps, strokes, "the model stops after", "share of the answer", note)


def lens_table(stages: Sequence[StageView]) -> Table:
    """List what the lenses say, and how well the fitted ones hold."""
    rows = tuple(
        (stage.layer, *_told_lens(stage.plain), *_told_lens(stage.tuned), *_told_fit(stage.fit))
        for stage in stages
    )
    return Table(
        "What the model would answer if it stopped here",
        (
            "layer",
            "own readout",
            "margin",
            "fitted lens",
            "margin",
            "held-out R2",
            "shuffled R2",
            "gives the model's answer",
            "shuffled",
        ),  # fmt: skip
        rows,
        "Margins in logits, above the second class. R2 and the share of answers are of images that "
        "the lens was not fitted to, five parts in turn; shuffled: the same where embeddings are "
        "exchanged among the images, the largest of ten. A fitted lens says what is there in some "
        "linear form, not what later layers use.",
    )


def _told_lens(lens: LensView | None) -> tuple[str, str]:
    return (_DASH, _DASH) if lens is None else (lens.answer, f"{lens.margin:.1f}")


def _told_fit(fit: LensFit | None) -> tuple[str, ...]:
    if fit is None:
        return (_DASH,) * 4
    return (
        f"{fit.r2:.2f} ({fit.interval.low:.2f} to {fit.interval.high:.2f})",
        f"{np.mean(fit.control):.2f} ({max(fit.control):.2f} at most)",
        str(fit.agrees),
        f"{fit.control_agrees:.2f}",
    )


def inverse_table(stages: Sequence[StageView], image: str) -> Table:
    """List the inverses with their errors, answers, and what they keep."""
    rows = []
    for stage in stages:
        for each in stage.inverses:
            rows.append(
                (
                    stage.layer,
                    f"seed {each.seed}" if each.of == image else f"control: {each.of}",
                    f"{each.error:.3f}",
                    _number(stage.other_error),
                    f"{each.answer} ({'kept' if each.keeps else 'not kept'})",
                    f"{_number(each.kept.form)} ({_number(each.kept.form_control)})",
                    f"{_number(each.kept.colour)} ({_number(each.kept.colour_control)})",
                )
            )
    return Table(
        "Inverses",
        ("layer", "inverse", "error", "other image", "answer", "form (chance)", "colour (chance)"),
        tuple(rows),
        "Error: of the layer's maps, in shares of their length; beside it that of the other image "
        "as it is. Form: correlation of brightness with the image that was inverted, over pixels. "
        "Colour: the same of what brightness does not tell of it. In brackets what shifted copies "
        "of the image reach in one case of twenty. An inverse shows what a layer cannot tell from "
        "the image; where the seeds differ, the layer does not know.",
    )


def relevance_table(stages: Sequence[StageView]) -> Table:
    """List how far relevance agrees with occlusion."""
    return Table(
        "Gradient x activation beside occlusion",
        ("layer", "places compared", "agreement", "p"),
        tuple(
            (
                stage.layer,
                f"{stage.agreement.places:,}",
                _number(stage.agreement.value),
                _number(stage.agreement.p_value),
            )
            for stage in stages
        ),
        "Agreement: Spearman's correlation over places, 1 where both order them alike. p: share of "
        "shifted copies of the one map that agree as well. The gradient says what a small change "
        "does, occlusion what taking a part away does: they may differ, and neither is the truth "
        "of the other.",
    )


def channel_table(stages: Sequence[StageView]) -> Table:
    """List the channels that the image surprises."""
    rows = [
        (
            each.neuron,
            f"{each.z:+.1f}",
            f"{each.peak:.3g}",
            each.by,
            f"{stage.surprised.usual:.1f}",
            f"{stage.surprised.p_value:.2g}",
        )
        for stage in stages
        if stage.surprised is not None
        for each in stage.surprised.channels
    ]
    return Table(
        "Channels that the image surprises",
        ("neuron", "z", "peak", "by", "usual first z", "p"),
        tuple(rows),
        "z: standard deviations of the peak, or of the mean over the map, above what other images "
        "give, whichever is further. With so many channels every image surprises one: beside it "
        "the first z of a middling image, and the share of images whose first channel is as "
        "surprised as this image's.",
    )


def place_table(places: Sequence[Sequence[str]]) -> Table:
    """Write the answer of each place of the last maps, where it stands in the image."""
    wide = len(places[0])
    return Table(
        "If the model saw one place of the last maps only",
        ("row", *(f"column {k + 1}" for k in range(wide))),
        tuple((f"{i + 1}", *row) for i, row in enumerate(places)),
        "The first row lies at the top. Each place has seen more of the image than its own part.",
    )


def short(layer: str) -> str:
    """Shorten a layer's path for an axis."""
    return layer.removeprefix("visual.").replace("transformer.resblocks.", "block ")


def _number(value: float) -> str:
    return _DASH if np.isnan(value) else f"{value:.2f}"
