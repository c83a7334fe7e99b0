"""What is left of a model when its modules are changed: one by one, by degrees, one after another?

Stephen Wolfram's essay on the mental imagery of alien minds draws what a network makes when each of
its modules is knocked out in turn, when weights are replaced by noise, shrunk or enlarged, and when
one module goes after another. Here each of these has a number beside the intact network and chance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neurons.data.images import ImageSet
from neurons.data.prepared import Prepared, prepare
from neurons.errors import OptionError
from neurons.interventions.lesion_effects import Asked
from neurons.interventions.lesion_modules import (
    LesionModule,
    image_pass,
    lesion_modules,
    output_modules,
)
from neurons.interventions.lesion_orders import random_orders
from neurons.interventions.lesion_records import KeptLesions, LesionRecord
from neurons.interventions.lesion_result import Lesions
from neurons.interventions.lesion_series import (
    NOISE,
    SCALE,
    LesionCurve,
    LesionOrder,
    choosing_half,
    curves,
    greedy_order,
    random_order,
    turns_of,
)
from neurons.interventions.lesioned_images import lesioned_images
from neurons.interventions.lesions import WEIGHTS, WITH_AMOUNT, Lesion
from neurons.network.clip import Clip
from neurons.network.layers import find_layers, last_block
from neurons.readouts.chance import near_chance
from neurons.readouts.readout import Readout, readout_provenance

Progress = Callable[[int, int], None]

# of lesions one by one, where nobody says by how much
AMOUNTS = {"noise": 0.5, "shrink": 0.5, "enlarge": 2.0}
# fewer say next to nothing: McNemar's test needs six lost images for p < .05
_FEW_IMAGES = 50


@dataclass(frozen=True)
class LesionPlan:
    """Which lesions are made.

    Parameters
    ----------
    modules : str
        Which modules, as shells match files; several patterns are parted by commas.
    hows : tuple of str
        What is done to one module at a time; see `Lesion`. The first is what orders do, too.
    amount : float, optional
        Of noise, shrink and enlarge; default: 0.5, 0.5 and 2.
    curves : bool
        Whether the weights of all modules at once are mixed with noise and scaled, by degrees.
        Norms keep theirs.
    n_orders : int >= 0
        Random orders in which modules are changed, none put back.
    greedy_steps : int >= 0
        Steps of the order that always takes the least harmful module next. Of m modules the first
        step takes m measures, and each one less.

    Raises
    ------
    OptionError
        If there is no such way, or a number is out of its range.
    """

    modules: str = "visual*"
    hows: tuple[str, ...] = ("zero",)
    amount: float | None = None
    curves: bool = True
    n_orders: int = 5
    greedy_steps: int = 0

    def __post_init__(self) -> None:
        if not self.hows or len(set(self.hows)) < len(self.hows):
            raise OptionError(f"one way to change modules or more, each once: {self.hows}")
        for how in self.hows:
            # an unknown way and an amount out of range are refused here, before any work
            self.lesion("module", how)
        if self.amount is not None and not set(self.hows) & set(WITH_AMOUNT):
            raise OptionError(f"an amount is of {', '.join(WITH_AMOUNT)}, not of {self.hows[0]}")
        if min(self.n_orders, self.greedy_steps) < 0:
            raise OptionError(
                f"{self.n_orders} orders, {self.greedy_steps} greedy steps: 0 or more"
            )

    def lesion(self, path: str, how: str, seed: int = 0) -> Lesion:
        """Make the lesion of one module."""
        amount = AMOUNTS.get(how, 1.0)
        if how in WITH_AMOUNT and self.amount is not None:
            amount = self.amount
        return Lesion(path, how, amount, seed)


EACH_TO_ZERO = LesionPlan()


def lesion(
    clip: Clip,
    images: ImageSet,
    *,
    readout: Readout,
    plan: LesionPlan = EACH_TO_ZERO,
    recalibrate: bool = False,
    watch: str | None = None,
    top_k: int = 10,
    n: int = 200,
    seed: int = 0,
    kept: Path | None = None,
    progress: Progress = lambda done, total: None,
) -> Lesions:
    """Change each module in turn, all by degrees, and one after another, and count what is left.

    Parameters
    ----------
    clip : Clip
        Its network is what it was, to the bit, whenever no lesion is measured.
    images : ImageSet
        Labelled with classes of the readout.
    readout : Readout
        Of the embedding, such as `zero_shot`.
    plan : LesionPlan
    recalibrate : bool
        Also estimate BatchNorm's statistics anew on the images, under each lesion.
    watch : str, optional
        A layer whose units' top images are compared; default: the last block; empty: none.
    top_k : int >= 1
        Images that are a unit's top.
    n : int
        Images, drawn as evenly over the classes as there are; one half of each class's chooses
        greedy orders.
    seed : int
        Of the draw, of noise and shuffles, and of random orders.
    kept : Path, optional
        Where what was measured is kept, so that a call that was stopped goes on; the folder must
        belong to the same model, images and questions.
    progress : callable
        Takes how many of how many lesions are measured; orders may need fewer than are counted.

    Returns
    -------
    Lesions

    Raises
    ------
    LayerNotFoundError
        If no module matches, or the watched layer has no units.
    LabelsMissingError
        If the images carry no labels.
    OptionError
        If no image's label is a class of the readout, a number makes no sense, or a network without
        BatchNorm is to be recalibrated.

    References
    ----------
    Wolfram, "Generative AI space and the mental imagery of alien minds", 2023.
    """
    if not 1 <= top_k <= n // 2:
        raise OptionError(f"the top {top_k} of {n} images: at least 1, and at most half of them")
    watched = last_block(clip) if watch is None else watch
    if watched:
        find_layers(clip, [watched])
    listed = {how: _modules(clip, plan.modules, how) for how in plan.hows}
    by_how = {how: tuple(m for m in found if _can(m, how)) for how, found in listed.items()}
    left_out = [_left_out(how, found) for how, found in listed.items()]
    if not all(by_how.values()):
        raise OptionError(f"no module of {plan.modules!r} can be changed. {' '.join(left_out)}")
    ready = _drawn(clip, images, readout, n, seed)
    truth = ready.truth(readout.class_names).astype(np.intp)
    step = _stepper(progress, _measures(plan, by_how))
    asked = Asked(readout, truth)
    chance = max(asked.chance, asked.largest_class)
    with lesioned_images(
        clip,
        ready.pixels,
        watched=[watched] if watched else [],
        recalibrate=recalibrate,
        seed=seed,
    ) as shown:
        keeper = KeptLesions(shown, asked, watched=watched, top_k=top_k, folder=kept)
        single = _one_by_one(keeper, plan, by_how, seed, step)
        drawn = _curves(clip, keeper, plan, seed, step)
        orders = _orders(keeper, plan, by_how[plan.hows[0]], truth, chance, seed, step)
        note = shown.note
    intact = keeper.record()
    return Lesions(
        provenance={
            "model": clip.provenance(),
            "images": ready.provenance(),
            "readout": readout_provenance(readout),
            "modules": plan.modules,
            "seed": seed,
        },
        modules=tuple(dict.fromkeys(each for found in by_how.values() for each in found)),
        hows=plan.hows,
        classes=readout.class_names,
        rows_of_images=ready.rows,
        watched=watched,
        top_k=top_k,
        chance=chance,
        intact=intact,
        single=single,
        curves=drawn,
        orders=orders,
        doubts=_doubts(intact, readout, ready),
        left_out=tuple(filter(None, left_out)),
        note=note,
    )


def _modules(clip: Clip, pattern: str, how: str) -> tuple[LesionModule, ...]:
    """List the modules that a way can change; the others are told."""
    listed = output_modules if how == "skip" else lesion_modules
    return listed(clip.network, pattern, run=image_pass(clip))


def _can(module: LesionModule, how: str) -> bool:
    """Tell whether a module can be changed in a way: it runs, and an output is its own."""
    if how in WEIGHTS or how == "skip":
        return module.n_runs > 0
    # a mean over several runs of one pass has no meaning
    return module.runs_itself and (module.n_runs == 1 or (how != "mean" and module.n_runs > 0))


def _left_out(how: str, modules: Sequence[LesionModule]) -> str:
    """Say which modules were left alone."""
    left = [each for each in modules if not _can(each, how)]
    why = "never run" if all(not each.n_runs for each in left) else (
        "never run, run several times, or give no output since others use their weights"
    )  # fmt: skip
    return f"Left alone, as they {why}: {len(left):,}, such as {left[0].path}." if left else ""


def _drawn(clip: Clip, images: ImageSet, readout: Readout, n: int, seed: int) -> Prepared:
    """Take images as evenly over their classes as there are, in their order."""
    labels, names = images.require_labels(), images.class_names
    known = np.array([name in readout.class_names for name in names])
    rows = np.flatnonzero((labels >= 0) & known[labels])
    if not len(rows):
        raise OptionError(
            f"no image of {images.name!r} shows a class of the readout; its classes are "
            f"{', '.join(readout.class_names[:5])}, ..."
        )
    order = np.random.default_rng(seed).permutation(len(rows))
    turns = turns_of(labels[rows][order].tolist())
    taken = order[np.argsort(turns, kind="stable")][:n]
    return prepare(clip.preprocess, images, rows=np.sort(rows[taken]).tolist())


def _one_by_one(
    keeper: KeptLesions,
    plan: LesionPlan,
    by_how: dict[str, tuple[LesionModule, ...]],
    seed: int,
    step: Callable[[], None],
) -> tuple[LesionRecord, ...]:
    found = []
    for how, modules in by_how.items():
        for module in modules:
            found.append(keeper.record([plan.lesion(module.path, how, seed)]))
            step()
    return tuple(found)


def _curves(
    clip: Clip, keeper: KeptLesions, plan: LesionPlan, seed: int, step: Callable[[], None]
) -> tuple[LesionCurve, ...]:
    """Change all weights by degrees; those of norms stay, where a network has others."""
    if not plan.curves or not set(plan.hows) & set(WEIGHTS):
        return ()
    paths = [
        each.path
        for each in _modules(clip, plan.modules, "zero")
        if each.n_runs and each.kind != "norm"
    ]
    return curves(keeper, paths, seed=seed, done=step) if paths else ()


def _orders(
    keeper: KeptLesions,
    plan: LesionPlan,
    modules: Sequence[LesionModule],
    truth: NDArray[np.intp],
    chance: float,
    seed: int,
    step: Callable[[], None],
) -> tuple[LesionOrder, ...]:
    lesions = [plan.lesion(each.path, plan.hows[0], seed) for each in modules]
    if len(lesions) < 2:
        return ()
    choosing = choosing_half(truth.tolist())
    random = random_orders(lesions, n_orders=plan.n_orders, seed=seed) if plan.n_orders else ()
    found = [random_order(keeper, order, choosing, chance=chance, done=step) for order in random]
    if plan.greedy_steps:
        most = min(plan.greedy_steps, len(lesions))
        found.append(greedy_order(keeper, lesions, choosing, chance=chance, most=most, done=step))
    return tuple(found)


def _doubts(intact: LesionRecord, readout: Readout, ready: Prepared) -> tuple[str, ...]:
    counts = np.bincount(intact.truth, minlength=len(readout.class_names)).tolist()
    n = intact.accuracy.n
    few = (
        f"Few images: of {n:,}, a lesion must lose six or more before it can be told from none at "
        f"all. "
        if n < _FEW_IMAGES
        else ""
    )
    skipped = f"{ready.n_skipped:,} images could not be decoded." if ready.n_skipped else ""
    near = near_chance(intact.accuracy, counts, readout.class_names)
    return tuple(each.strip() for each in (near, few, skipped) if each)


def _measures(plan: LesionPlan, by_how: dict[str, tuple[LesionModule, ...]]) -> int:
    """Count the measures that a plan takes at most; a random order is thought to be short."""
    single = sum(len(modules) for modules in by_how.values())
    first = len(by_how[plan.hows[0]])
    curved = len(NOISE) + len(SCALE) if plan.curves and set(plan.hows) & set(WEIGHTS) else 0
    greedy = sum(first - i for i in range(min(plan.greedy_steps, first)))
    return single + curved + plan.n_orders * min(first, 10) + greedy


def _stepper(progress: Progress, total: int) -> Callable[[], None]:
    count = 0

    def step() -> None:
        nonlocal count
        count += 1
        progress(min(count, total), total)

    return step
