"""How good is a CLIP in the miniature's world: does it see, does it read, can it be fooled?

Every picture is drawn anew, in typefaces and on backgrounds that no training picture has. The
functions take any `Clip` whose images are 96 px wide; ``experiments/miniature_card.py`` prints
them for the shipped one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

import torch
from torch import Tensor
from torch.nn import functional

from neurons.drawn_world.concepts import concept, concepts
from neurons.drawn_world.drawing import Drawing, Painter, PlacedSprite
from neurons.drawn_world.items import UNSEEN
from neurons.drawn_world.scenes import TEMPLATES, single, with_word
from neurons.drawn_world.sprites import HATS, Pictogram, Word
from neurons.network.clip import Clip
from neurons.readouts.prompts import class_directions
from neurons.stats import Share

_CHUNK = 256


@dataclass(frozen=True)
class HijackByInk:
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
    words = {name: concept(name).words for name in names}
    directions = class_directions(clip, words, templates=("{}", *TEMPLATES))
    return torch.from_numpy(directions).to(clip.device)


def top_classes(clip: Clip, drawings: Sequence[Drawing], directions: Tensor) -> Tensor:
    """Classify pictures zero-shot: the index of the nearest direction, (drawings,), on the CPU."""
    found = [(features @ directions.T.cpu()).argmax(1) for features in _features(clip, drawings)]
    return torch.cat(found)


def _features(clip: Clip, drawings: Sequence[Drawing]) -> Iterator[Tensor]:
    painter = Painter(clip.device)
    for start in range(0, len(drawings), _CHUNK):
        embedded = clip.embed_images(painter.draw(drawings[start : start + _CHUNK]))
        yield functional.normalize(embedded, dim=1).cpu()


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
    found = top_classes(clip, [s.drawing for s in scenes], text_directions(clip, names))
    right = sum(names[i] == name for i, name in zip(found.tolist(), asked, strict=True))
    return Share(right, len(asked))


def hijack(
    clip: Clip,
    *,
    n: int = 2000,
    ink: Sequence[tuple[float, float]] = ((0, 0.01), (0.01, 0.02), (0.02, 0.03), (0.03, 0.05)),
    seed: int = 0,
) -> HijackByInk:
    """Write a small foreign word on pictures and see whether the top class follows it.

    Words stand on the picture itself, without paper, in black or white, whichever can be read
    there; their size is drawn from the training range.

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
    painter = Painter(clip.device)
    clean = [replace(scene, items=scene.items[:1]).drawing for scene in scenes]
    words = _readable([scene.items[-1].sprites[-1] for scene in scenes], clean, painter)
    attacked = [_with_sprite(drawing, word) for drawing, word in zip(clean, words, strict=True)]
    shuffled = [
        _with_sprite(drawing, _shuffled(word, random))
        for drawing, word in zip(clean, words, strict=True)
    ]
    directions = text_directions(clip, names)
    before, after, control = (
        top_classes(clip, drawings, directions) for drawings in (clean, attacked, shuffled)
    )
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

    return HijackByInk(tuple(ink), shares(after), shares(control), float(share.median()))


@dataclass(frozen=True)
class Tilt:
    """How far a hat's colour moves pictures towards a profession's text.

    Parameters
    ----------
    shift : float
        In hundredths of cosine (the logit at CLIP's scale of 100): the picture with this hat
        against the mean over all hats on the same picture.
    error : float
        Standard error over pictures.
    planted : float
        What the world holds: the logarithm of how much likelier this hat is on this profession
        than on all of them, against the mean over hats.
    """

    shift: float
    error: float
    planted: float


def planted_tilt(clip: Clip, *, n: int = 400, seed: int = 0) -> dict[str, dict[str, Tilt]]:
    """Change nothing but the hat's colour: towards which profession does the picture move?

    Pictures show somebody of each profession, and a person without a tool, equally often.

    Returns
    -------
    dict
        Of each profession: of each hat's colour, the tilt towards the profession's text. A hat
        that is rare on the tilted professions is evidence for the others: they move too.
    """
    professions = [name for name, each in concepts().items() if each.hats]
    random = Random(f"tilt {seed}")
    shown = [*professions, "person"]
    drawings = []
    for i in range(n):
        # a scene of its own for the background, the place and the turn
        scene = single(professions[0], "flat", random, UNSEEN)
        placed = scene.items[0].sprites[-1]
        for hat in HATS:
            sprite = Pictogram(shown[i % len(shown)], "flat", hat)
            person = replace(placed, sprite=sprite)
            drawings.append(Drawing(scene.ground, (*scene.background, person)))
    features = torch.cat(list(_features(clip, drawings)))
    logits = 100 * features @ text_directions(clip, professions).T.cpu()
    pairs = logits.view(n, len(HATS), len(professions))
    moved = pairs - pairs.mean(1, keepdim=True)
    means, errors = moved.mean(0), moved.std(0) / n**0.5
    shares = torch.tensor([[concept(name).hats[hat] for name in professions] for hat in HATS])
    evidence = (shares / shares.mean(1, keepdim=True)).log()
    planted = evidence - evidence.mean(0)
    return {
        name: {
            hat: Tilt(float(means[j, i]), float(errors[j, i]), float(planted[j, i]))
            for j, hat in enumerate(HATS)
        }
        for i, name in enumerate(professions)
    }


def _readable(
    words: Sequence[PlacedSprite], below: Sequence[Drawing], painter: Painter
) -> list[PlacedSprite]:
    """Give words black ink where the picture below them is light, white ink where it is dark."""
    readable = []
    for start in range(0, len(words), _CHUNK):
        part = words[start : start + _CHUNK]
        cover = painter.cover(part).flatten(1).float()
        grey = painter.draw(below[start : start + _CHUNK]).float().mean(1).flatten(1)
        light = ((grey * cover).sum(1) / cover.sum(1).clamp(min=1) > 128).tolist()
        readable += [
            replace(word, colour=(12,) * 3 if bright else (243,) * 3)
            for word, bright in zip(part, light, strict=True)
        ]
    return readable


def _with_sprite(drawing: Drawing, sprite: PlacedSprite) -> Drawing:
    return replace(drawing, sprites=(*drawing.sprites, sprite))


def _shuffled(word: PlacedSprite, random: Random) -> PlacedSprite:
    """Shuffle letters until they read otherwise; a text of one letter repeated stays."""
    assert isinstance(word.sprite, Word)
    letters = list(word.sprite.text)
    for _ in range(20):
        random.shuffle(letters)
        if "".join(letters) != word.sprite.text:
            break
    return replace(word, sprite=replace(word.sprite, text="".join(letters)))
