"""What can a result be shown as? A few kinds of block; whoever draws them knows nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from neurons.geometry import Box


@dataclass(frozen=True)
class Note:
    """A sentence or two beside the numbers: what they mean, and what they do not."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows of text, numbers already formatted with their units."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Bars:
    """One bar a label, with a confidence interval where ``low`` and ``high`` are given.

    ``reference`` is the value that means "nothing there", drawn as a line.
    """

    title: str
    labels: tuple[str, ...]
    values: tuple[float, ...]
    axis: str
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    reference: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Panel:
    """One column of `Dots`: a value per row, beside what that row's controls gave.

    Parameters
    ----------
    name : str
    axis : str
        What the values are, with their unit.
    values : tuple of float
        One per row; nan where there is none.
    low, high : tuple of float
        An interval per row; empty if there are none.
    controls : tuple of tuple of float
        The values of each row's controls; empty if there are none.
    reference : float, optional
        The value that means "nothing there", drawn as a line.
    """

    name: str
    axis: str
    values: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    controls: tuple[tuple[float, ...], ...] = ()
    reference: float | None = None


@dataclass(frozen=True)
class Dots:
    """Measured values as dots with intervals, each beside its controls, in one panel or several.

    The rows are shared by the panels; ``controls`` is what a legend calls the controls.
    """

    title: str
    labels: tuple[str, ...]
    panels: tuple[Panel, ...]
    controls: str = "controls"
    note: str = ""


@dataclass(frozen=True)
class Curve:
    """A line over a numeric axis; ``log`` draws the vertical axis logarithmically.

    The steps of a histogram, or, where each number was measured by itself, ``points``.
    """

    title: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    x_axis: str
    y_axis: str
    log: bool = False
    note: str = ""
    points: bool = False


@dataclass(frozen=True)
class Stroke:
    """One of several `Lines`: a value per step, with a band around it where there is one.

    Parameters
    ----------
    name : str
    y : tuple of float
    low, high : tuple of float
        The band, such as the range of control draws; empty if there is none.
    """

    name: str
    y: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


@dataclass(frozen=True)
class Lines:
    """Several lines over the same steps, such as what is measured beside its controls.

    Parameters
    ----------
    title : str
    steps : tuple of str
        What stands under the axis, one per value, at equal distances.
    strokes : tuple of Stroke
    x_axis, y_axis : str
    """

    title: str
    steps: tuple[str, ...]
    strokes: tuple[Stroke, ...]
    x_axis: str
    y_axis: str
    note: str = ""


@dataclass(frozen=True)
class Heat:
    """A number for each row and column, as cells that are darker where the number is larger.

    Parameters
    ----------
    title : str
    rows, columns : tuple of str
        Names; ``corner`` says what they are.
    values : tuple of tuple of float
        One tuple per row, a value per column; nan where there is none.
    axis : str
        What the values are.
    low, high : float
        The values that are white and darkest; beyond either, the colour stays.
    marked : tuple of (int, int)
        Row and column of the cells that are framed; the note says why.
    told : tuple of tuple of str
        More about each cell, such as its interval; empty if there is nothing.
    opens : tuple of tuple of str
        The title of the page that each cell opens; a cell without a title is no cell. Empty if
        cells open nothing.
    """

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float, ...], ...]
    axis: str
    low: float
    high: float
    corner: str = ""
    marked: tuple[tuple[int, int], ...] = ()
    told: tuple[tuple[str, ...], ...] = ()
    opens: tuple[tuple[str, ...], ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Trail:
    """Points of one colour on `Places`, joined in their order.

    Parameters
    ----------
    name : str
    labels : tuple of str
    x, y : tuple of float
        One per label.
    """

    name: str
    labels: tuple[str, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True)
class Places:
    """Points on a plane where only distances mean something: both axes have one scale, unnamed."""

    title: str
    trails: tuple[Trail, ...]
    note: str = ""


# row, first column and number of cells that lie beside each other
Runs = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Area:
    """A region of a `RegionMap`, such as where one class is nearest.

    Parameters
    ----------
    name : str
    told : str
        More about it, such as its share.
    hue : float in [0, 360)
    runs : tuple of (int, int, int)
        Its cells: row, first column, and how many lie beside each other.
    x, y : float in [0, 1]
        Where its name stands, in shares from the left and from the top.
    shown : bool
        Whether there is room for the name.
    """

    name: str
    told: str
    hue: float
    runs: Runs
    x: float
    y: float
    shown: bool


@dataclass(frozen=True)
class MapMark:
    """A point on a `RegionMap`, or a picture there; x and y as `Area` has them.

    ``size`` is the picture's width as a share of the map.
    """

    label: str
    x: float
    y: float
    told: str = ""
    image: bytes = b""
    size: float = 0.0


@dataclass(frozen=True)
class RegionMap:
    """A square of cells that is parted into areas.

    Parameters
    ----------
    title : str
    side : int
        Cells across.
    areas : tuple of Area
    grey : tuple of (int, int, int)
        Cells that are greyed, as `Area` has them.
    hatched : tuple of (int, int, int)
        Cells that are hatched.
    marks : tuple of MapMark
    frame : Box, optional
        What the next map shows.
    """

    title: str
    side: int
    areas: tuple[Area, ...]
    grey: Runs = ()
    hatched: Runs = ()
    marks: tuple[MapMark, ...] = ()
    frame: Box | None = None


@dataclass(frozen=True)
class Regions:
    """Maps of regions with their names in them: one large, or several side by side."""

    title: str
    maps: tuple[RegionMap, ...]
    note: str = ""


@dataclass(frozen=True)
class Tile:
    """One picture of a gallery.

    Parameters
    ----------
    image : bytes
        An encoded thumbnail, made from decoded pixels: nothing of the original file is in it.
    crop : bytes
        The part inside ``box``, encoded; empty where there is none.
    value : str
        The number under it, formatted.
    caption : str
        What it is: a label, or the file's name. May be hostile text, like ``detail``.
    detail : str
        Which image it is: its id.
    box : Box, optional
        What to outline, in shares of the image.
    """

    image: bytes
    value: str
    caption: str
    detail: str = ""
    box: Box | None = None
    crop: bytes = b""


@dataclass(frozen=True)
class Gallery:
    """Pictures in a grid, in an order that means something; ``large`` for a few, shown big."""

    title: str
    tiles: tuple[Tile, ...]
    note: str = ""
    large: bool = False


@dataclass(frozen=True)
class Strip:
    """Several small galleries side by side, such as one a bucket of the activation range."""

    title: str
    galleries: tuple[Gallery, ...]
    note: str = ""


@dataclass(frozen=True)
class Beside:
    """Two galleries beside each other, such as made pictures and photographs."""

    title: str
    left: Gallery
    right: Gallery
    note: str = ""


Block = (
    Note | Table | Bars | Dots | Curve | Lines | Heat | Places | Regions | Gallery | Strip | Beside
)


def galleries_of(block: Gallery | Strip | Beside) -> tuple[Gallery, ...]:
    """Give the galleries that a block consists of."""
    if isinstance(block, Gallery):
        return (block,)
    return block.galleries if isinstance(block, Strip) else (block.left, block.right)
