"""How linear is a model's readout, and may units be read by their weights?"""

from __future__ import annotations

from pathlib import Path

import neurons
from neurons.cli.options import DeviceOptions, ModelArgument, RunImageOptions
from neurons.cli.out_options import OptionalOutOptions
from neurons.cli.parse import lines
from neurons.cli.terminal import Bar, out_console, say, say_path, table
from neurons.cli.unit_options import LayerOption
from neurons.errors import OptionError


def linearize(
    model: ModelArgument | None = None,
    /,
    *,
    run: Path | None = None,
    layer: LayerOption = None,
    texts: Path | None = None,
    n: int = 1000,
    seed: int = 0,
    to: OptionalOutOptions = OptionalOutOptions(),
    images: RunImageOptions = RunImageOptions(),
    on: DeviceOptions = DeviceOptions(),
) -> None:
    """Measure how linear a readout is: `neurons linearize MODEL --run RUN`.

    Parameters
    ----------
    model : str, optional
        MODEL/TAG, local-dir:PATH, hf-hub:OWNER/NAME or miniature; default: that of --run.
    run : Path, optional
        A run, whose images are taken; or give --images.
    layer : str, optional
        Whose units; default: the last layer that the readout takes.
    texts : Path, optional
        A file of words, one a line, whose scores are compared; default: the images' classes, or
        about 1,000 words.
    n : int
        Images to draw: half fits, half measures.
    seed : int
        Of the draw, the halves, and the control.
    """
    answer = to.answer("linearize", locals())
    if run is None and (model is None or not images.images):
        raise OptionError(
            "linearize takes a run by --run, or a model, such as miniature, and --images of its own"
        )
    words = lines(texts) if texts is not None else ()
    opened = neurons.Activations.open(run) if run is not None else None
    shown = images.of(opened) if opened is not None else images.open()
    clip = on.load_of(opened) if opened is not None and not model else on.load(model or "")
    if answer is not None:
        answer = answer.made_of(clip, shown)
    with Bar("measuring the readout", "images") as bar:
        found = neurons.linearize(
            clip, shown, layer=layer, texts=words, n_images=n, seed=seed, progress=bar.show
        )
    say(found.verdict())
    drawn = table(
        "form", "r (95 %)", "R2", "same best text", "directions r", "exchanged", "boosts r", "holds"
    )
    boosts = found.boosts or (None,) * len(found.forms)
    for each, boost in zip(found.forms, boosts, strict=True):
        drawn.add_row(
            each.name,
            f"{each.r:.2f} ({each.interval.low:.2f}-{each.interval.high:.2f})",
            f"{each.r2:.2f}",
            f"{each.same_top.value:.2f}",
            f"{each.direction_r:.2f}",
            f"{each.shuffled_r:.2f}",
            f"{boost.r:.2f}" if boost is not None else "-",
            "yes" if each.holds else "no",
        )
    out_console.print(drawn)
    if answer is not None:
        say_path("pages", answer.write(found))
