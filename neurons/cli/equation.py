"""What is a word made of, or anything else that a model can put beside words?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

import neurons
from neurons.cli.linear_options import LinearOptions
from neurons.cli.options import DeviceOptions, NeuronAddress, RunImageOptions, RunPath
from neurons.cli.out_options import OptionalOutOptions
from neurons.cli.terminal import Bar, out_console, say, say_path, table
from neurons.cli.unit_options import RENDITION, LayerOption, only_layer
from neurons.errors import OptionError

if TYPE_CHECKING:
    from rich.table import Table

    from neurons import (
        Activations,
        Clip,
        ImageSet,
        WordDecomposition,
        WordEquation,
        WordList,
        WordTexts,
    )
    from neurons.activations.word_targets import WordTarget
    from neurons.activations.writing_units import WritingUnits
    from neurons.readouts.unit_directions import UnitDirections
    from neurons.results.result import Result

_WRITTEN = "word"
_SHOWN = 12


@Parameter(name="*", group="What")
@dataclass(frozen=True, kw_only=True)
class TargetOptions:
    """What is written in words, instead of a word.

    Parameters
    ----------
    image : str, optional
        An image of the run, by id or file name.
    of_class : str, optional
        A class of the run's images: the mean of their embeddings.
    unit : Neuron, optional
        The direction of a unit, such as visual.layer4:89.
    """

    image: str | None = None
    of_class: Annotated[str | None, Parameter(name="--class")] = None
    unit: NeuronAddress | None = None

    def check(self, word: str | None) -> None:
        """Refuse all but one of the four."""
        if sum(each is not None for each in (word, self.image, self.of_class, self.unit)) != 1:
            raise OptionError(
                "equation takes a word, such as bored, an image by --image, a class by --class or "
                "a unit by --unit: one of them"
            )


@Parameter(name="*", group="Words")
@dataclass(frozen=True, kw_only=True)
class WordOptions:
    """Which words are compared, in which sentences.

    Parameters
    ----------
    words : str, optional
        emotions (126 feelings), a file of a word a line, or a .csv file with columns word and
        family; default: the classes of the run's images.
    prompt : tuple of str
        A sentence with {} where the word goes; repeat for two or more. Default: three.
    """

    words: str | None = None
    prompt: tuple[str, ...] = ()

    def of(self, images: ImageSet) -> WordList:
        """Read them."""
        from neurons.readouts.word_list import ANY, WordList, read_word_list

        if self.words is not None:
            return read_word_list(self.words, prompts=self.prompt)
        if len(images.class_names) < 2:
            raise OptionError(
                "the run's images have no classes to take for words; give words by --words FILE, "
                "or --words emotions"
            )
        names = tuple(images.class_names)
        return WordList(names, names, self.prompt or ANY)


@Parameter(name="*", group="Fit")
@dataclass(frozen=True, kw_only=True)
class EquationOptions:
    """How equations are fitted and tested.

    Parameters
    ----------
    n_units : float
        About how many units the equation of a word has.
    strength : float
        In sums of words. Larger: fewer words. A word is used only if its product with what the
        others leave reaches this.
    resamples : int
        How often words, prompts and images are drawn anew.
    seed : int
        Of these draws and of the controls.
    """

    n_units: float = 3
    strength: float = 0.15
    resamples: int = 100
    seed: int = 0

    def sum_of_words(self, target: WordTarget, texts: WordTexts) -> WordDecomposition:
        """Write a target as a sum of words."""
        return neurons.decompose_into_words(
            target, texts, strength=self.strength, n_resamples=self.resamples, seed=self.seed
        )


def equation(
    run: RunPath,
    word: str | None = None,
    /,
    *,
    tried: WordOptions = WordOptions(),
    target: TargetOptions = TargetOptions(),
    layer: LayerOption = None,
    fit: EquationOptions = EquationOptions(),
    linear: LinearOptions = LinearOptions(),
    to: OptionalOutOptions = OptionalOutOptions(),
    images: RunImageOptions = RunImageOptions(),
    on: DeviceOptions = DeviceOptions(),
) -> None:
    """Write a word as a sum of units and of words: `neurons equation RUN bored --words emotions`.

    Parameters
    ----------
    word : str, optional
        One of the list.
    layer : str, optional
        Whose units; default: the run's, if it has one only.
    """
    answer = to.answer("equation", locals())
    target.check(word)
    opened = neurons.Activations.open(run)
    path = target.unit.layer if target.unit is not None else only_layer(opened, layer)
    if target.unit is not None:
        opened.check(target.unit)
    shown = images.of(opened)
    listed = tried.of(shown)
    if word is not None:
        listed.index(word)
    clip = on.load_of(opened)
    opened.check_clip(clip)
    texts = neurons.word_texts(clip, listed if tried.prompt else _that_fits(clip, listed))
    if answer is not None:
        answer = answer.made_of(clip, shown)
    found: list[Result] = []
    if word is not None:
        directions = linear.directions(clip, shown, path)
        found += _of_word(word, directions, texts, _writing(clip, opened, shown, path, texts), fit)
        found += _of_same_class(word, opened, shown, texts, fit)
        with Bar("mapping the list", "numbers of factors") as bar:
            found.append(neurons.word_factors(directions, texts, seed=fit.seed, progress=bar.show))
    elif target.unit is not None:
        directions = linear.directions(clip, shown, path)
        found.append(fit.sum_of_words(neurons.target_of_unit(directions, target.unit), texts))
    else:
        asked = neurons.target_of_images(
            opened, shown, image=target.image, of_class=target.of_class
        )
        found.append(fit.sum_of_words(asked, texts))
    _tell(found)
    if answer is not None:
        say_path("pages", answer.write(found[0], *found[1:]))


def _of_word(
    word: str,
    directions: UnitDirections,
    texts: WordTexts,
    writing: WritingUnits,
    fit: EquationOptions,
) -> list[Result]:
    """Write a word as a sum of units, and of the other words."""
    with Bar("fitting", "equations") as bar:
        own = neurons.word_equation(
            directions,
            texts,
            word,
            n_units=fit.n_units,
            n_resamples=fit.resamples,
            writing=writing,
            seed=fit.seed,
            progress=bar.show,
        )
    return [own, fit.sum_of_words(neurons.target_of_word(texts, word), texts)]


def _of_same_class(
    word: str, run: Activations, images: ImageSet, texts: WordTexts, fit: EquationOptions
) -> list[Result]:
    """Write the class of this name, too, if the run's images have one."""
    named = [each for each in images.class_names if each.casefold() == word.strip().casefold()]
    if not named or not run.spec.embedding_size:
        return []
    target = neurons.target_of_images(run, images, of_class=named[0])
    return [fit.sum_of_words(target, texts)]


def _writing(
    clip: Clip, run: Activations, images: ImageSet, layer: str, texts: WordTexts
) -> WritingUnits:
    """See which units read: by the run's own pictures of words, or by writing the list's."""
    from neurons.activations.writing_units import writing_units
    from neurons.attacks.writing_strings import writing_strings

    if RENDITION in images.columns and _WRITTEN in set(map(str, images.column(RENDITION))):
        return writing_units(run, images, layer, by=RENDITION, written=_WRITTEN)
    with Bar("writing the words", "words") as bar:
        return writing_strings(clip, run, layer, texts.listed.words, progress=bar.show)


def _tell(found: list[Result]) -> None:
    """Tell each answer, and draw the units of a word."""
    from neurons import WordEquation

    for each in found:
        say(each.verdict())
        if isinstance(each, WordEquation):
            out_console.print(_drawn(each))


def _drawn(found: WordEquation) -> Table:
    """Draw the terms, one line each."""
    drawn = table("unit", "coefficient", "came back", "rank of the word", "reads")
    for each in found.terms[:_SHOWN]:
        drawn.add_row(
            f"{found.layer}:{each.unit}",
            f"{each.coefficient:+.2f}",
            f"{each.came_back:.2f}",
            f"{each.rank} of {found.n_words}",
            "yes" if each.marked else "no",
        )
    return drawn


def _that_fits(clip: Clip, listed: WordList) -> WordList:
    """Take plain sentences where those that come with a list are too long for a model."""
    from neurons.network.text_tokens import check_lengths
    from neurons.readouts.word_list import ANY

    try:
        check_lengths(clip, listed.sentences())
    except OptionError as error:
        plain = replace(listed, prompts=ANY)
        check_lengths(clip, plain.sentences())
        say(f"{error}; plain sentences are taken instead: {', '.join(map(repr, ANY))}")
        return plain
    return listed
