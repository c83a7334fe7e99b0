"""What is on a picture of the miniature's world, and what does its caption say?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from neurons.drawn_world import fonts, sprites
from neurons.drawn_world.concepts import Concept, concept, concepts
from neurons.drawn_world.drawing import SIZE_PX, Canvas, Colour, Layer
from neurons.drawn_world.sprites import N_LIGHTS, Pictogram, Plate, Texture, Word

WORD = "word"
RENDITIONS = (*sprites.RENDITIONS, WORD)


@dataclass(frozen=True)
class Look:
    """The typefaces and backgrounds to choose from."""

    fonts: tuple[str, ...]
    textures: tuple[str, ...]


SEEN = Look(fonts.TRAINING, sprites.TRAINING_TEXTURES)
# never seen in training: what the model card is measured with
UNSEEN = Look(fonts.HELD_OUT, sprites.HELD_OUT_TEXTURES)


@dataclass(frozen=True)
class Item:
    """One thing on a picture.

    Parameters
    ----------
    concept : str
    rendition : str
        One of `RENDITIONS`.
    layers : tuple of Layer
        The last is the thing itself; a shadow or a sheet of paper lies before it.
    """

    concept: str
    rendition: str
    layers: tuple[Layer, ...]

    @property
    def word(self) -> str:
        """What is written, as it is written; empty for a picture."""
        sprite = self.layers[-1].sprite
        return sprite.text if isinstance(sprite, Word) else ""

    @property
    def facet(self) -> str:
        """What a picture shows of its concept; ``text`` for a word."""
        sprite = self.layers[-1].sprite
        if isinstance(sprite, Pictogram):
            return concept(self.concept).facet(sprite.name)
        return "text" if concept(self.concept).facets else ""


@dataclass(frozen=True)
class Scene:
    """A picture before it is drawn, with its truth.

    Parameters
    ----------
    ground : (red, green, blue)
    background : tuple of Layer
    items : tuple of Item
    caption : str
    meaning : tuple of str
        The concepts that the caption names, sorted: captions of one meaning say the same.
    """

    ground: Colour
    background: tuple[Layer, ...]
    items: tuple[Item, ...]
    caption: str
    meaning: tuple[str, ...]

    @property
    def canvas(self) -> Canvas:
        """What there is to draw."""
        return Canvas(self.ground, self.background + sum((i.layers for i in self.items), ()))


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
    ground, background = _background(random, look)
    centre = (random.randint(42, 54), random.randint(42, 54))
    if rendition == WORD:
        size = random.randint(44, 92)
        item = _written(name, centre, size, ground, random, look, height_px=34)
    else:
        item = _drawn(name, rendition, centre, random.randint(46, 90), ground, random)
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
    ground, background = _background(random, look)
    chosen = rendition or random.choices(("flat", "photo", "outline"), (4, 4, 2))[0]
    centre = (random.randint(42, 54), random.randint(42, 54))
    big = _drawn(name, chosen, centre, random.randint(60, 90), ground, random)
    place = (random.randint(30, 66), random.choice((16, 26, 48, 70, 80)) + random.randint(-4, 4))
    width = random.randint(*width_px)
    small = _written(
        written, place, width, ground, random, look, height_px=15, plate=random.random() < 0.5
    )
    said = concept(written)
    caption = _caption(said, WORD if name != written else chosen, random)
    return _scene(ground, background, [big, small], [said], caption)


def pair(
    first: str, second: str, random: Random, look: Look = SEEN, *, written: bool = False
) -> Scene:
    """Compose two concepts side by side, or one above the other."""
    ground, background = _background(random, look)
    near, far = random.randint(24, 30), random.randint(66, 72)
    middle = random.randint(44, 52)
    upright = written or random.random() < 0.4
    places = [(middle, near), (middle, far)] if upright else [(near, middle), (far, middle)]
    items = []
    for name, centre in zip((first, second), places, strict=True):
        if written:
            size = random.randint(44, 84)
            items.append(_written(name, centre, size, ground, random, look, height_px=28))
        else:
            rendition = random.choices(("flat", "photo", "outline"), (4, 4, 2))[0]
            items.append(_drawn(name, rendition, centre, random.randint(36, 48), ground, random))
    shown = [concept(first), concept(second)]
    texts = [random.choice(each.words) for each in shown]
    return _scene(ground, background, items, shown, f"{texts[0]} and {texts[1]}")


def counted(name: str, number: str, random: Random, look: Look = SEEN) -> Scene:
    """Compose two or three of a thing; ``number`` is the concept's name."""
    ground, background = _background(random, look)
    rendition = random.choice(("flat", "photo", "outline"))
    places = {"two": [(26, 48), (70, 48)], "three": [(26, 30), (70, 30), (48, 70)]}[number]
    size = random.randint(34, 42)
    items = [_drawn(name, rendition, place, size, ground, random) for place in places]
    shown = concept(name)
    caption = f"{number} {random.choice(shown.words)} pictures"
    return _scene(ground, background, items, [concept(number), shown], caption)


def _scene(
    ground: Colour,
    background: tuple[Layer, ...],
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


def _background(random: Random, look: Look) -> tuple[Colour, tuple[Layer, ...]]:
    ground = _any_colour(random)
    if random.random() < 0.3:
        return ground, ()
    texture = Layer(
        Texture(random.choice(look.textures)),
        (SIZE_PX // 2, SIZE_PX // 2),
        zoom=random.randint(1450, 2600),
        degrees=random.randint(0, 359),
        colour=_any_colour(random),
        opacity=random.randint(40, 150),
    )
    return ground, (texture,)


def _drawn(
    name: str,
    rendition: str,
    centre: tuple[int, int],
    size_px: int,
    ground: Colour,
    random: Random,
) -> Item:
    shown = concept(name)
    hat = random.choices(list(shown.hats), list(shown.hats.values()))[0] if shown.hats else ""
    light = random.randrange(N_LIGHTS) if rendition == "photo" else 0
    sprite = Pictogram(random.choice(shown.pictograms), rendition, hat, light)
    thing = Layer(
        sprite,
        centre,
        zoom=1000 * size_px // sprites.SIZE_PX,
        degrees=random.randint(-22, 22),
        colour=_colour_of(shown, rendition, ground, random),
    )
    if rendition != "photo":
        return Item(name, rendition, (thing,))
    down = max(2, size_px // 18)
    shadow = Layer(
        Pictogram(sprite.name, "silhouette", hat),
        (centre[0] + (down if light % 2 == 0 else -down), centre[1] + down),
        thing.zoom,
        thing.degrees,
        colour=(0, 0, 0),
        opacity=100,
    )
    return Item(name, rendition, (shadow, thing))


def _colour_of(shown: Concept, rendition: str, ground: Colour, random: Random) -> Colour:
    if shown.ink is not None:
        red, green, blue = (min(255, max(0, c + random.randint(-24, 24))) for c in shown.ink)
        return red, green, blue
    if rendition in ("flat", "photo"):
        return random.randint(205, 255), random.randint(205, 255), random.randint(205, 255)
    return _contrasting(ground, random)


def _written(
    name: str,
    centre: tuple[int, int],
    width_px: int,
    ground: Colour,
    random: Random,
    look: Look,
    *,
    height_px: int,
    plate: bool = False,
) -> Item:
    text = random.choice(concept(name).words)
    text = random.choices((text, text.title(), text.upper()), (2, 1, 1))[0]
    sprite = Word(text, random.choice(look.fonts))
    height, width = sprites.raster(sprite).shape[:2]
    # no letter higher than a line of text would be
    zoom = min(1000 * width_px // width, 1000 * height_px // max(height, 24))
    wide, high = width * zoom // 1000, height * zoom // 1000
    degrees = random.randint(-10, 10)
    centre = (_inside(centre[0], wide + high // 4), _inside(centre[1], high + wide // 6))
    paper = (random.randint(225, 255),) * 3
    word = Layer(sprite, centre, zoom, degrees, _contrasting(paper if plate else ground, random))
    if not plate:
        return Item(name, WORD, (word,))
    return Item(name, WORD, (*_paper(word, wide + 6, high + 6, paper), word))


def _paper(word: Layer, wide: int, high: int, colour: Colour) -> tuple[Layer, ...]:
    # a sheet is square; squares side by side make a strip of paper
    size = sprites.raster(Plate()).shape[0] - 2
    n = max(1, -(-wide // high))
    step = (wide - high) / max(1, n - 1) if n > 1 else 0
    return tuple(
        Layer(
            Plate(),
            (round(word.centre[0] + (i - (n - 1) / 2) * step), word.centre[1]),
            1000 * high // size,
            0,
            colour,
        )
        for i in range(n)
    )


def _inside(place: int, extent: int) -> int:
    """Move a centre so that something of an extent lies on the picture, where it can."""
    half = min(extent // 2, SIZE_PX // 2 - 1)
    return min(max(place, half + 1), SIZE_PX - half - 1)


def _any_colour(random: Random) -> Colour:
    return random.randint(0, 255), random.randint(0, 255), random.randint(0, 255)


def _contrasting(ground: Colour, random: Random) -> Colour:
    while True:
        colour = _any_colour(random)
        if abs(_grey(colour) - _grey(ground)) >= 90:
            return colour


def _grey(colour: Colour) -> int:
    red, green, blue = colour
    return (77 * red + 150 * green + 29 * blue) >> 8
