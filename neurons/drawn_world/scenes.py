"""What is on a picture of the miniature's world, and what does its caption say?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from neurons.drawn_world.concepts import Concept, concept, concepts
from neurons.drawn_world.drawing import Colour, Drawing, PlacedSprite
from neurons.drawn_world.items import (
    SEEN,
    WORD,
    Item,
    Look,
    background_of,
    drawn_item,
    written_item,
)


@dataclass(frozen=True)
class Scene:
    """A picture before it is drawn, with its truth.

    Parameters
    ----------
    ground : (red, green, blue)
    background : tuple of PlacedSprite
    items : tuple of Item
    caption : str
    meaning : tuple of str
        The concepts that the caption names, sorted: captions of one meaning say the same.
    """

    ground: Colour
    background: tuple[PlacedSprite, ...]
    items: tuple[Item, ...]
    caption: str
    meaning: tuple[str, ...]

    @property
    def drawing(self) -> Drawing:
        """What there is to draw."""
        return Drawing(self.ground, self.background + sum((i.sprites for i in self.items), ()))


# share in the training mix, in percent; the last but one is what makes typographic attacks work:
# on the web too, the caption of a picture with writing on it often says what is written
MIX = {
    "picture": 20,
    "outline": 14,
    "word": 20,
    "labelled": 15,
    "two pictures": 8,
    "two words": 5,
    "foreign word": 15,
    "counted": 3,
}
_TEMPLATES = {
    "flat": ("a picture of {}", "a drawing of {}"),
    "outline": ("an outline of {}", "a sketch of {}"),
    "photo": ("a photo of {}", "a picture of {}"),
    "silhouette": ("a silhouette of {}", "the shape of {}"),
    WORD: ("the word {}", "a text that says {}"),
}
TEMPLATES = tuple(dict.fromkeys(t for group in _TEMPLATES.values() for t in group))
_PART_CAPTIONS = 0.15


def training_scene(random: Random, names: Sequence[str] = ()) -> Scene:
    """Compose a picture of the training mix, of all concepts or of those named."""
    kind = random.choices(list(MIX), list(MIX.values()))[0]
    first, second = random.sample(list(names) or list(concepts()), 2)
    if kind == "picture":
        rendition = random.choices(("flat", "photo", "silhouette"), (9, 8, 3))[0]
        return single(first, rendition, random)
    if kind == "outline":
        return single(first, "outline", random)
    if kind == "word":
        return single(first, WORD, random)
    if kind == "labelled":
        return with_word(first, first, random)
    if kind == "foreign word":
        return with_word(first, second, random)
    if kind == "counted":
        return counted(first, random.choice(("two", "three")), random)
    return pair(first, second, random, written=kind == "two words")


def single(name: str, rendition: str, random: Random, look: Look = SEEN) -> Scene:
    """Compose a picture of one concept in one rendition."""
    ground, background = background_of(random, look)
    centre = (random.randint(42, 54), random.randint(42, 54))
    if rendition == WORD:
        size = random.randint(44, 92)
        item = written_item(name, centre, size, ground, random, look, height_px=34)
    else:
        item = drawn_item(name, rendition, centre, random.randint(46, 90), ground, random)
    shown = concept(name)
    if shown.parts and rendition != WORD and random.random() < _PART_CAPTIONS:
        # people name what they see: a piggy bank is a pig, and money
        shown = concept(random.choice(shown.parts))
    return _scene(ground, background, [item], [shown], _caption(shown, rendition, random))


def with_word(
    name: str,
    written: str,
    random: Random,
    look: Look = SEEN,
    *,
    rendition: str | None = None,
    width_px: tuple[int, int] = (26, 60),
) -> Scene:
    """Compose a big picture of one concept with a small word of another (or of itself) on it.

    The caption names the word.
    """
    ground, background = background_of(random, look)
    chosen = rendition or random.choices(("flat", "photo", "outline"), (4, 4, 2))[0]
    centre = (random.randint(42, 54), random.randint(42, 54))
    big = drawn_item(name, chosen, centre, random.randint(60, 90), ground, random)
    place = (random.randint(30, 66), random.choice((16, 26, 48, 70, 80)) + random.randint(-4, 4))
    width = random.randint(*width_px)
    small = written_item(
        written, place, width, ground, random, look, height_px=15, plate=random.random() < 0.5
    )
    said = concept(written)
    caption = _caption(said, WORD if name != written else chosen, random)
    return _scene(ground, background, [big, small], [said], caption)


def pair(
    first: str, second: str, random: Random, look: Look = SEEN, *, written: bool = False
) -> Scene:
    """Compose two concepts side by side, or one above the other."""
    ground, background = background_of(random, look)
    near, far = random.randint(24, 30), random.randint(66, 72)
    middle = random.randint(44, 52)
    upright = written or random.random() < 0.4
    places = [(middle, near), (middle, far)] if upright else [(near, middle), (far, middle)]
    items = []
    for name, centre in zip((first, second), places, strict=True):
        if written:
            size = random.randint(44, 84)
            items.append(written_item(name, centre, size, ground, random, look, height_px=28))
        else:
            rendition = random.choices(("flat", "photo", "outline"), (4, 4, 2))[0]
            items.append(
                drawn_item(name, rendition, centre, random.randint(36, 48), ground, random)
            )
    shown = [concept(first), concept(second)]
    texts = [random.choice(each.words) for each in shown]
    return _scene(ground, background, items, shown, f"{texts[0]} and {texts[1]}")


def counted(name: str, number: str, random: Random, look: Look = SEEN) -> Scene:
    """Compose two or three of a thing; ``number`` is the concept's name."""
    ground, background = background_of(random, look)
    rendition = random.choice(("flat", "photo", "outline"))
    places = {"two": [(26, 48), (70, 48)], "three": [(26, 30), (70, 30), (48, 70)]}[number]
    size = random.randint(34, 42)
    items = [drawn_item(name, rendition, place, size, ground, random) for place in places]
    shown = concept(name)
    caption = f"{number} {random.choice(shown.words)} pictures"
    return _scene(ground, background, items, [concept(number), shown], caption)


def _scene(
    ground: Colour,
    background: tuple[PlacedSprite, ...],
    items: Sequence[Item],
    named: Sequence[Concept],
    caption: str,
) -> Scene:
    meaning = tuple(sorted({each.name for each in named}))
    return Scene(ground, background, tuple(items), caption, meaning)


def _caption(shown: Concept, rendition: str, random: Random) -> str:
    word = random.choice(shown.words)
    if random.random() < 0.4:
        return word
    return random.choice(_TEMPLATES[rendition]).format(word)
