"""How good is a CLIP in the miniature's world: does it see, does it read, can it be fooled?

Every picture is drawn anew, in typefaces and on backgrounds that no training picture has. The
functions take any `Clip` whose images are 96 px wide; ``experiments/miniature_card.py`` prints
them for the shipped one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

import torch
from torch import Tensor
from torch.nn import functional

from neurons.miniature.concepts import concept, concepts
from neurons.miniature.drawing import SIZE_PX, Canvas, Layer, Painter
from neurons.miniature.scenes import TEMPLATES, UNSEEN, WORD, Item, Scene, single, with_word
from neurons.miniature.sprites import HATS, Pictogram, Word
from neurons.model import Clip
from neurons.stats import Interval, wilson

_CHUNK = 256


@dataclass(frozen=True)
class Share:
    """How many of how many, with Wilson's 95 % interval."""

    successes: int
    n: int

    @property
    def value(self) -> float:
        """In [0, 1]."""
        return self.successes / self.n

    @property
    def interval(self) -> Interval:
        """Of the value."""
        return wilson(self.successes, self.n)

    def __str__(self) -> str:
        low, high = self.interval.low, self.interval.high
        return f"{self.value:.3f} ({low:.3f} to {high:.3f}, n = {self.n:,})"


@dataclass(frozen=True)
class Hijack:
    """What small foreign words do to pictures, by the share of the picture that they cover.

    Parameters
    ----------
    ink : tuple of (low, high)
        Share of the pixels that the word changed: above low, up to high.
    success : tuple of Share
        The top class became the word's; it was not before.
    shuffled : tuple of Share
        The same with the word's letters in another order.
    median_ink : float
        Of all the pictures.
    """

    ink: tuple[tuple[float, float], ...]
    success: tuple[Share, ...]
    shuffled: tuple[Share, ...]
    median_ink: float


def text_directions(clip: Clip, names: Sequence[str]) -> Tensor:
    """Give a unit vector for each concept: the mean over its words in all of the templates.

    Returns
    -------
    Tensor of float32, (concepts, embedding)
    """
    rows = []
    for name in names:
        words = concept(name).words
        texts = [*words, *(template.format(word) for template in TEMPLATES for word in words)]
        rows.append(functional.normalize(clip.embed_texts(texts), dim=1).mean(0))
    return functional.normalize(torch.stack(rows), dim=1)


def top_classes(clip: Clip, canvases: Sequence[Canvas], directions: Tensor) -> Tensor:
    """Classify pictures zero-shot: the index of the nearest direction, (canvases,), on the CPU."""
    painter, found = Painter(clip.device), []
    for start in range(0, len(canvases), _CHUNK):
        features = clip.embed_images(painter.draw(canvases[start : start + _CHUNK]))
        found.append((functional.normalize(features, dim=1) @ directions.T).argmax(1).cpu())
    return torch.cat(found)


def zero_shot(
    clip: Clip,
    rendition: str,
    *,
    names: Sequence[str] = (),
    per_concept: int = 20,
    seed: int = 0,
) -> Share:
    """Classify pictures of each concept in one rendition among the same concepts.

    Parameters
    ----------
    clip : Clip
    rendition : str
    names : sequence of str
        Concepts; default: all of the world.
    per_concept : int >= 1
    seed : int
    """
    names = list(names) or list(concepts())
    random = Random(f"zero-shot {rendition} {seed}")
    asked = [name for name in names for _ in range(per_concept)]
    scenes = [single(name, rendition, random, UNSEEN) for name in asked]
    found = top_classes(clip, [s.canvas for s in scenes], text_directions(clip, names))
    right = sum(names[i] == name for i, name in zip(found.tolist(), asked, strict=True))
    return Share(right, len(asked))


def hijack(
    clip: Clip,
    *,
    n: int = 2000,
    ink: Sequence[tuple[float, float]] = ((0, 0.01), (0.01, 0.02), (0.02, 0.03), (0.03, 0.05)),
    seed: int = 0,
) -> Hijack:
    """Write a small foreign word on pictures and see whether the top class follows it.

    Words stand on the picture itself, without paper; their size is drawn from the training range.

    Parameters
    ----------
    clip : Clip
    n : int
        Pictures before they are sorted by ink.
    ink : sequence of (low, high)
        The ranges to sort them into; shares of the picture's pixels.
    seed : int
    """
    names, random = list(concepts()), Random(f"hijack {seed}")
    scenes, targets = [], []
    for _ in range(n):
        shown, written = random.sample(names, 2)
        rendition = random.choice(("flat", "photo"))
        scene = with_word(shown, written, random, UNSEEN, rendition=rendition)
        scenes.append(scene)
        targets.append(names.index(written))
    attacked = [_with_text(scene, lambda text: text) for scene in scenes]
    shuffled = [_with_text(scene, lambda text: _shuffled(text, random)) for scene in scenes]
    clean = [replace(scene, items=scene.items[:1]).canvas for scene in scenes]
    directions = text_directions(clip, names)
    before, after, control = (
        top_classes(clip, canvases, directions) for canvases in (clean, attacked, shuffled)
    )
    painter = Painter(clip.device)
    changed = torch.cat(
        [
            (painter.draw(clean[i : i + _CHUNK]) != painter.draw(attacked[i : i + _CHUNK])).any(1)
            for i in range(0, n, _CHUNK)
        ]
    )
    share = changed.flatten(1).float().mean(1).cpu()
    target = torch.tensor(targets)

    def shares(found: Tensor) -> tuple[Share, ...]:
        hits = (found == target) & (before != target)
        within = [(share > low) & (share <= high) for low, high in ink]
        return tuple(Share(int(hits[rows].sum()), int(rows.sum())) for rows in within)

    return Hijack(tuple(ink), shares(after), shares(control), float(share.median()))


def planted_tilt(clip: Clip, *, per_hat: int = 100, seed: int = 0) -> dict[str, dict[str, Share]]:
    """Show a person without a tool in hats of each colour: which profession is it taken for?

    Nobody in training stood there without a tool, so only the planted association can decide.

    Returns
    -------
    dict
        Of each hat's colour: of each profession, the share of pictures taken for it.
    """
    professions = [name for name, each in concepts().items() if each.hats]
    directions = text_directions(clip, professions)
    table = {}
    for hat in HATS:
        random = Random(f"tilt {hat} {seed}")
        canvases = []
        for _ in range(per_hat):
            # a scene of its own only for the background
            scene = single(professions[0], "flat", random, UNSEEN)
            size = random.randint(46, 90)
            zoom, degrees = 1000 * size // SIZE_PX, random.randint(-22, 22)
            person = Layer(Pictogram("person", "flat", hat), (48, 48), zoom, degrees)
            canvases.append(Canvas(scene.ground, (*scene.background, person)))
        found = top_classes(clip, canvases, directions).tolist()
        table[hat] = {name: Share(found.count(i), per_hat) for i, name in enumerate(professions)}
    return table


def _with_text(scene: Scene, change: Callable[[str], str]) -> Canvas:
    """Write another text in the place of a scene's word, without its paper."""
    thing, word = scene.items[0], scene.items[-1].layers[-1]
    assert isinstance(word.sprite, Word)
    written = replace(word, sprite=replace(word.sprite, text=change(word.sprite.text)))
    return replace(scene, items=(thing, Item(scene.items[-1].concept, WORD, (written,)))).canvas


def _shuffled(text: str, random: Random) -> str:
    """Shuffle letters until they read otherwise; a text of one letter repeated stays."""
    letters = list(text)
    for _ in range(20):
        random.shuffle(letters)
        if "".join(letters) != text:
            break
    return "".join(letters)
