"""How is one thing put on a picture: drawn or written, where, how large and in which ink?"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from neurons.drawn_world import fonts
from neurons.drawn_world.concepts import Concept, concept
from neurons.drawn_world.drawing import SIZE_PX, Colour, PlacedSprite
from neurons.drawn_world.sprites import N_LIGHTS, Pictogram, Plate, Texture, Word, raster
from neurons.drawn_world.sprites import RENDITIONS as PICTURES
from neurons.drawn_world.textures import HELD_OUT_TEXTURES, TRAINING_TEXTURES
from neurons.drawn_world.textures import SIZE_PX as DRAWN_PX

WORD = "word"
RENDITIONS = (*PICTURES, WORD)


@dataclass(frozen=True)
class Look:
    """The typefaces and backgrounds that pictures choose from.

    Parameters
    ----------
    fonts : tuple of str
        Of `neurons.drawn_world.fonts`.
    textures : tuple of str
        Of `neurons.drawn_world.textures`.
    """

    fonts: tuple[str, ...]
    textures: tuple[str, ...]


SEEN = Look(fonts.TRAINING, TRAINING_TEXTURES)
# never seen in training: what the model card is measured with
UNSEEN = Look(fonts.HELD_OUT, HELD_OUT_TEXTURES)


@dataclass(frozen=True)
class Item:
    """One thing on a picture.

    Parameters
    ----------
    concept : str
    rendition : str
        One of `RENDITIONS`.
    sprites : tuple of PlacedSprite
        The last is the thing itself; a shadow or a sheet of paper lies before it.
    """

    concept: str
    rendition: str
    sprites: tuple[PlacedSprite, ...]

    @property
    def word(self) -> str:
        """What is written, as it is written; empty for a picture."""
        sprite = self.sprites[-1].sprite
        return sprite.text if isinstance(sprite, Word) else ""

    @property
    def facet(self) -> str:
        """What a picture shows of its concept; ``text`` for a word."""
        sprite = self.sprites[-1].sprite
        if isinstance(sprite, Pictogram):
            return concept(self.concept).facet(sprite.name)
        return "text" if concept(self.concept).facets else ""


def background_of(random: Random, look: Look) -> tuple[Colour, tuple[PlacedSprite, ...]]:
    """Choose a ground colour, and in seven of ten pictures a texture on it."""
    ground = _any_colour(random)
    if random.random() < 0.3:
        return ground, ()
    texture = PlacedSprite(
        Texture(random.choice(look.textures)),
        (SIZE_PX // 2, SIZE_PX // 2),
        zoom=random.randint(1450, 2600),
        degrees=random.randint(0, 359),
        colour=_any_colour(random),
        opacity=random.randint(40, 150),
    )
    return ground, (texture,)


def drawn_item(
    name: str,
    rendition: str,
    centre: tuple[int, int],
    size_px: int,
    ground: Colour,
    random: Random,
) -> Item:
    """Place a picture of a concept.

    Parameters
    ----------
    name : str
        A concept's name.
    rendition : str
        One of `RENDITIONS` but ``word``; a photo has a shadow.
    centre : (x, y)
        In pixels of the image.
    size_px : int
        Side of the square that the pictogram fills.
    ground : (red, green, blue)
        What an outline or a silhouette must stand out from.
    random : Random
        Chooses the rest.
    """
    shown = concept(name)
    hat = random.choices(list(shown.hats), list(shown.hats.values()))[0] if shown.hats else ""
    light = random.randrange(N_LIGHTS) if rendition == "photo" else 0
    sprite = Pictogram(random.choice(shown.pictograms), rendition, hat, light)
    thing = PlacedSprite(
        sprite,
        centre,
        zoom=1000 * size_px // DRAWN_PX,
        degrees=random.randint(-22, 22),
        colour=_colour_of(shown, rendition, ground, random),
    )
    if rendition != "photo":
        return Item(name, rendition, (thing,))
    down = max(2, size_px // 18)
    shadow = PlacedSprite(
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


def written_item(
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
    """Place a written word of a concept.

    Parameters
    ----------
    name : str
        A concept's name; one of its words is written.
    centre : (x, y)
        In pixels of the image; moved where the word would reach over the edge.
    width_px, height_px : int
        The word is as large as fits into both.
    ground : (red, green, blue)
        What the ink must stand out from, unless there is paper.
    random : Random
        Chooses the rest.
    look : Look
    plate : bool
        Put light paper below the word.
    """
    text = random.choice(concept(name).words)
    text = random.choices((text, text.title(), text.upper()), (2, 1, 1))[0]
    sprite = Word(text, random.choice(look.fonts))
    height, width = raster(sprite).shape[:2]
    # no letter higher than a line of text would be
    zoom = min(1000 * width_px // width, 1000 * height_px // max(height, 24))
    wide, high = width * zoom // 1000, height * zoom // 1000
    degrees = random.randint(-10, 10)
    centre = (_inside(centre[0], wide + high // 4), _inside(centre[1], high + wide // 6))
    paper = (random.randint(225, 255),) * 3
    word = PlacedSprite(
        sprite, centre, zoom, degrees, _contrasting(paper if plate else ground, random)
    )
    if not plate:
        return Item(name, WORD, (word,))
    return Item(name, WORD, (*_paper(word, wide + 6, high + 6, paper), word))


def _paper(word: PlacedSprite, wide: int, high: int, colour: Colour) -> tuple[PlacedSprite, ...]:
    # a sheet is square; squares side by side make a strip of paper
    size = raster(Plate()).shape[0] - 2
    n = max(1, -(-wide // high))
    step = (wide - high) / max(1, n - 1) if n > 1 else 0
    return tuple(
        PlacedSprite(
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
