"""What may be written in words? A word, an image, a class, or a unit, each without its modality."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neurons.activations.run import Activations
from neurons.address import Neuron
from neurons.data.images import ImageSet
from neurons.errors import NeuronNotFoundError, OptionError
from neurons.readouts.splice import centred_units
from neurons.readouts.unit_directions import UnitDirections, unit_length
from neurons.readouts.word_texts import WordTexts

Vector = NDArray[np.float32]
# images of a run, evenly over it, that controls are mixed of
_MIXED = 2000
# from prompts that were drawn, and a generator to draw images by; None for all as they are
Drawn = Callable[[NDArray[np.intp] | None, np.random.Generator | None], Vector]


@dataclass(frozen=True, eq=False)
class WordTarget:
    """A vector of the joint space that is to be written in words.

    Parameters
    ----------
    name, kind : str
    direction : callable
        Gives the vector, of length 1 and centred by its modality, from prompts and images that are
        drawn anew; both None for all of them.
    centre : str
        What was taken away, as a sentence.
    alike : ndarray of float32, (n, embedding)
        Vectors of its kind, centred in the same way: random mixtures of them are its controls.
    leaves_out : tuple of str
        Words that may not be used: its own name.
    """

    name: str
    kind: str
    direction: Drawn = field(repr=False)
    centre: str
    alike: NDArray[np.float32] = field(repr=False)
    leaves_out: tuple[str, ...] = ()


def target_of_word(texts: WordTexts, word: str) -> WordTarget:
    """Take a word of the list; it may not be used for itself.

    Parameters
    ----------
    texts : WordTexts
    word : str

    Raises
    ------
    OptionError
        If the list has no such word.
    """
    at = texts.listed.index(word)
    name = texts.listed.words[at]

    def direction(prompts: NDArray[np.intp] | None, random: np.random.Generator | None) -> Vector:
        said = slice(None) if prompts is None else prompts
        means = texts.embeddings[:, said].mean(1)
        return centred_units(means[at], means.mean(0))

    centre = "Words are compared without what all texts of the list have in common."
    means = texts.embeddings.mean(1)
    alike = centred_units(np.delete(means, at, 0), means.mean(0))
    return WordTarget(name, "word", direction, centre, alike, (name,))


def target_of_images(
    run: Activations, images: ImageSet, *, image: str | None = None, of_class: str | None = None
) -> WordTarget:
    """Take one image of a run, or the mean of a class's images; give one of the two.

    Parameters
    ----------
    run : Activations
        With embeddings.
    images : ImageSet
        The run's.
    image : str, optional
        Its id, or file name.
    of_class : str, optional
        A class's name, which may not be used for itself.

    Raises
    ------
    OptionError
        If there is no such image or class, or not one of the two is given.
    LayerNotFoundError
        If the run was made without embeddings.
    StaleActivationsError
        If these are not the images of the run.
    """
    if (image is None) == (of_class is None):
        raise OptionError("give an image or a class: one of them")
    run.check_images(images)
    rows = unit_length(np.asarray(run.embeddings[:], np.float32))
    good = run.good_rows()
    mean = rows[good].mean(0)
    if image is not None:
        named = [i for i in good.tolist() if image in (images.ids[i], images.ids[i].split("/")[-1])]
        if len(named) != 1:
            raise OptionError(
                f"{len(named)} images of the run are called {image!r}; give an id, such as "
                f"{images.ids[int(good[0])]!r}"
            )
        mine, name, kind = np.array(named), images.ids[named[0]], "image"
        out: tuple[str, ...] = ()
    else:
        wanted = str(of_class)
        known = {each.casefold(): k for k, each in enumerate(images.class_names)}
        k = known.get(wanted.casefold())
        if k is None:
            few = ", ".join(images.class_names[:5])
            raise OptionError(f"no class of the images is called {wanted!r}; the first: {few}")
        name, kind = f"images of {images.class_names[k]}", "class"
        mine, out = good[images.require_labels()[good] == k], (images.class_names[k],)

    def direction(prompts: NDArray[np.intp] | None, random: np.random.Generator | None) -> Vector:
        drawn = mine if random is None else random.choice(mine, len(mine))
        return centred_units(rows[drawn].mean(0), mean)

    centre = f"Images are compared without what all {len(good):,} of the run have in common."
    mixed = good[np.linspace(0, len(good) - 1, min(len(good), _MIXED)).round().astype(int)]
    return WordTarget(name, kind, direction, centre, centred_units(rows[mixed], mean), out)


def target_of_unit(directions: UnitDirections, unit: Neuron | str) -> WordTarget:
    """Take the direction of a unit.

    Parameters
    ----------
    directions : UnitDirections
    unit : Neuron or str
        Or its address.

    Raises
    ------
    NeuronNotFoundError
        If it is of another layer, or the layer has no such unit.
    """
    asked = Neuron.of(unit)
    if asked.layer != directions.layer:
        raise NeuronNotFoundError(f"the directions are of {directions.layer}, not of {asked}")
    own = directions.of(asked.unit)
    units = unit_length(directions.vectors)
    found = centred_units(unit_length(own), units.mean(0))

    def direction(prompts: NDArray[np.intp] | None, random: np.random.Generator | None) -> Vector:
        return found

    n = len(directions.vectors)
    centre = f"Units are compared without what all {n:,} of the layer have in common."
    return WordTarget(str(asked), "unit", direction, centre, centred_units(units, units.mean(0)))
