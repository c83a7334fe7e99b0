"""What do people of the miniature's world look like when nothing but their hat's colour differs?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

from PIL import Image

from neurons.drawn_world.drawing import Drawing, Painter
from neurons.drawn_world.items import UNSEEN
from neurons.drawn_world.scenes import Scene, single
from neurons.drawn_world.sprites import HATS, Pictogram
from neurons.errors import OptionError

_CHUNK = 64


def draw_hats(
    out: str | Path,
    *,
    n: int = 200,
    hats: Sequence[str] = tuple(HATS),
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Draw people without a profession in hats of each colour.

    The n-th picture of each colour is the same scene but for the hat: where somebody stands, and on
    what, moves a picture ten times as far as the hat does.

    Parameters
    ----------
    out : str or Path
        A new or empty folder; in it one folder per colour, of PNG files.
    n : int >= 1
        Pictures of each colour.
    hats : sequence of str
        Colours.
    seed : int
    progress : callable
        Takes how many of how many are drawn.

    Returns
    -------
    Path

    Raises
    ------
    OptionError
        If ``n`` is below one, there is no such colour, or the folder holds something.
    """
    out = Path(out)
    if n < 1:
        raise OptionError(f"{n} pictures of each colour: draw 1 or more")
    unknown = [hat for hat in hats if hat not in HATS]
    if unknown:
        raise OptionError(f"no hat is {unknown[0]!r}; there are: {', '.join(HATS)}")
    if out.exists() and any(out.iterdir()):
        raise OptionError(f"{str(out)!r} is not empty; name a new folder")
    random, painter = Random(f"hats {seed}"), Painter("cpu")
    # somebody with a tool is drawn first: a person alone is no concept of this world
    scenes = [single("pilot", "flat", random, UNSEEN) for _ in range(n)]
    cells = [(hat, i) for hat in hats for i in range(n)]
    for start in range(0, len(cells), _CHUNK):
        part = cells[start : start + _CHUNK]
        drawn = painter.draw([_person(scenes[i], hat) for hat, i in part])
        for (hat, i), pixels in zip(part, drawn.permute(0, 2, 3, 1).numpy(), strict=True):
            file = out / hat / f"{i:03}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(file)
        progress(start + len(part), len(cells))
    return out


def _person(scene: Scene, hat: str) -> Drawing:
    """Put a person in a hat in the place of whoever is there."""
    placed = replace(scene.items[0].sprites[-1], sprite=Pictogram("person", "flat", hat))
    return Drawing(scene.ground, (*scene.background, placed))
