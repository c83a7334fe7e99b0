"""Which sentences stand for a class, and where do they point?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from neurons.errors import OptionError
from neurons.network.building import imagenet_templates
from neurons.network.clip import Clip

# the word by itself and in one plain sentence
PLAIN = ("{}", "a photo of a {}")
# the word by itself, as association tests take it
ALONE = ("{}",)
_CHUNK = 512


def openai() -> tuple[str, ...]:
    """Give the 80 templates of Radford et al. 2021 for ImageNet, as open_clip carries them."""
    return imagenet_templates()


def words_of(class_names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Give each class its name as its only word."""
    return {name: (name,) for name in class_names}


def class_directions(
    clip: Clip, words: Mapping[str, Sequence[str]], *, templates: Sequence[str] = PLAIN
) -> NDArray[np.float32]:
    """Give a unit vector for each class: the mean over its words in all of the templates.

    Parameters
    ----------
    clip : Clip
    words : mapping of str to sequence of str
        Of each class, the words for it; each has equal weight.
    templates : sequence of str
        Sentences with one ``{}`` where the word goes.

    Returns
    -------
    ndarray of float32, (classes, embedding)
        In the mapping's order.

    Raises
    ------
    OptionError
        If there are no classes, a class has no word, or a template has no ``{}``.

    References
    ----------
    Radford et al., "Learning transferable visual models from natural language supervision",
    ICML 2021, section 3.1.4: prompt ensembles, averaged in the embedding space.
    """
    nameless = [name for name, called in words.items() if not called]
    if not words or nameless:
        raise OptionError(f"no words for class {nameless[0]!r}" if nameless else "no classes")
    for template in templates:
        if "{}" not in template:
            raise OptionError(f"template {template!r} has no {{}} where the word goes")
    if not templates:
        raise OptionError("no templates; `{}` alone is one")
    texts = [t.format(word) for called in words.values() for t in templates for word in called]
    parts = [
        functional.normalize(clip.embed_texts(texts[start : start + _CHUNK]).float(), dim=1)
        for start in range(0, len(texts), _CHUNK)
    ]
    embedded = torch.cat(parts)
    means, start = [], 0
    for called in words.values():
        end = start + len(templates) * len(called)
        means.append(embedded[start:end].mean(0))
        start = end
    directions: NDArray[np.float32] = functional.normalize(torch.stack(means), dim=1).cpu().numpy()
    return directions
