"""Where on an image does a word stand: at fixed, given or random places?"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from neurons.lettering.lettering import ARTICLE, Lettering

# left and top of a stamp, in pixels
Corner = tuple[int, int]


def has_room(lettering: Lettering, stamp: tuple[int, int], image: tuple[int, int]) -> bool:
    """Tell whether all the copies of a stamp fit on an image without overlap.

    Parameters
    ----------
    lettering : Lettering
    stamp, image : (width, height)
        In pixels.
    """
    if isinstance(lettering.places, str) and lettering.places != "article":
        # random and least salient places are chosen within these cells
        return cells(lettering.copies, stamp, image) is not None
    return fixed_corners(lettering, stamp, image) is not None


def fixed_corners(
    lettering: Lettering, stamp: tuple[int, int], image: tuple[int, int]
) -> tuple[Corner, ...] | None:
    """Give the places of a lettering whose places are the same on every image.

    Parameters
    ----------
    lettering : Lettering
        With the article's places, or a given one.
    stamp, image : (width, height)
        In pixels.

    Returns
    -------
    tuple of (left, top), or None
        None if there is no room for them.
    """
    if lettering.places == "article":
        return corners_at(ARTICLE, stamp, image)
    assert not isinstance(lettering.places, str)
    return block_at(lettering.places, lettering.copies, stamp, image)


def corners_at(
    centres: Sequence[tuple[float, float]], stamp: tuple[int, int], image: tuple[int, int]
) -> tuple[Corner, ...] | None:
    """Put stamps at given places, pushed inside where they would reach over the edge.

    Parameters
    ----------
    centres : sequence of (x, y)
        In shares of the image's width and height.
    stamp, image : (width, height)
        In pixels.

    Returns
    -------
    tuple of (left, top), or None
        None if a stamp is larger than the image, or two would overlap.
    """
    if stamp[0] > image[0] or stamp[1] > image[1]:
        return None
    corners = tuple(
        (_start(x, stamp[0], image[0]), _start(y, stamp[1], image[1])) for x, y in centres
    )
    apart = all(
        abs(a[0] - b[0]) >= stamp[0] or abs(a[1] - b[1]) >= stamp[1]
        for i, a in enumerate(corners)
        for b in corners[:i]
    )
    return corners if apart else None


def block_at(
    centre: tuple[float, float], n: int, stamp: tuple[int, int], image: tuple[int, int]
) -> tuple[Corner, ...] | None:
    """Put ``n`` stamps side by side, as near to a square as they go, around one place.

    Returns
    -------
    tuple of (left, top), or None
        None if the block is larger than the image.
    """
    shapes = [(-(-n // rows), rows) for rows in range(1, n + 1)]
    columns, rows = min(shapes, key=lambda c: (abs(c[0] * stamp[0] - c[1] * stamp[1]), c))
    whole = (columns * stamp[0], rows * stamp[1])
    first = corners_at([centre], whole, image)
    if first is None:
        return None
    (left, top), *_ = first
    return tuple((left + i % columns * stamp[0], top + i // columns * stamp[1]) for i in range(n))


def random_corners(
    n: int, stamp: tuple[int, int], image: tuple[int, int], *, seed: int
) -> tuple[Corner, ...] | None:
    """Put ``n`` stamps at random without overlap: each anywhere in a cell of its own.

    Returns
    -------
    tuple of (left, top), or None
        None if the image has fewer than ``n`` cells of the stamp's size.
    """
    found = cells(n, stamp, image)
    if found is None:
        return None
    random = Random(f"place {seed}")
    return tuple(
        (random.randint(left, right - stamp[0]), random.randint(top, bottom - stamp[1]))
        for left, top, right, bottom in random.sample(found, n)
    )


def cells(
    n: int, stamp: tuple[int, int], image: tuple[int, int]
) -> list[tuple[int, int, int, int]] | None:
    """Cut an image into cells of at least a stamp's size.

    Parameters
    ----------
    n : int
        How many are needed; for one the whole image is its cell.
    stamp, image : (width, height)
        In pixels.

    Returns
    -------
    list of (left, top, right, bottom), or None
        None if there are fewer than ``n``.
    """
    columns, rows = image[0] // stamp[0], image[1] // stamp[1]
    if columns * rows < n:
        return None
    if n == 1:
        return [(0, 0, *image)]
    xs = [image[0] * i // columns for i in range(columns + 1)]
    ys = [image[1] * i // rows for i in range(rows + 1)]
    return [(xs[i], ys[j], xs[i + 1], ys[j + 1]) for j in range(rows) for i in range(columns)]


def _start(share: float, stamp: int, image: int) -> int:
    return min(max(round(share * image - stamp / 2), 0), image - stamp)
