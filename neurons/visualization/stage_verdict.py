"""What is said in a few sentences of an image's way through the stages of a network?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from neurons.visualization.stage_blocks import short
from neurons.visualization.stage_views import LensView, StageView

_ALPHA = 0.05


def told_stages(stages: Sequence[StageView], image: str, answer: str) -> str:
    """Say from where on the answer is there, what inverses keep, and how relevance agrees.

    Parameters
    ----------
    stages : sequence of StageView
        In the order in which they run.
    image, answer : str
    """
    parts = (
        _told_lens(stages, answer),
        _told_inverses(stages, image),
        _told_colour(stages, image),
        _told_agreement(stages),
    )
    return " ".join(part for part in parts if part)


def _told_lens(stages: Sequence[StageView], answer: str) -> str:
    fitted = [each for each in stages if each.tuned is not None and not each.is_end]
    if not fitted:
        return ""
    weak = [short(each.layer) for each in fitted if each.fit is not None and not each.fit.holds]
    doubt = (
        f" The lens of {_listed(weak)} predicts no more than shuffled images let it."
        if weak
        else ""
    )
    since = _since(fitted, lambda stage: stage.tuned, answer)
    if since is None:
        last = fitted[-1].fit
        beside = "" if last is None else f" (R2 {last.r2:.2f} at {short(fitted[-1].layer)})"
        return f"Lenses fitted to earlier stages do not give this answer yet{beside}.{doubt}"
    fit = since.fit
    held = "" if fit is None else f" (held-out R2 {fit.r2:.2f}, shuffled {max(fit.control):.2f})"
    return f"A fitted lens gives it from {short(since.layer)} on{held}.{doubt}"


def _since(
    stages: Sequence[StageView], lens: Callable[[StageView], LensView | None], answer: str
) -> StageView | None:
    """Find the first stage after which every lens gives the answer."""
    found = None
    for stage in reversed(stages):
        seen = lens(stage)
        if seen is None or seen.answer != answer:
            break
        found = stage
    return found


def _told_inverses(stages: Sequence[StageView], image: str) -> str:
    made = [(each, each.own(image)) for each in stages if each.inverses]
    if not made:
        return f"No stage could be inverted: {stages[0].not_inverted}." if stages else ""
    first, last = (np.mean([each.error for each in own]) for _, own in (made[0], made[-1]))
    beside = made[-1][0].other_error
    control = "" if np.isnan(beside) else f", where another image lies at {beside:.2f}"
    keeps = [short(stage.layer) for stage, own in made if all(each.keeps for each in own)]
    told = f"At {_listed(keeps)} both" if keeps else "At no stage both"
    return (
        f"Inverses reach an error of {first:.2f} at {short(made[0][0].layer)} and {last:.2f} at "
        f"{short(made[-1][0].layer)}{control}. {told} of them still get the image's answer."
    )


def _told_colour(stages: Sequence[StageView], image: str) -> str:
    """Say which stages let form and colour through, by every seed."""
    made = [(each, each.own(image)) for each in stages if each.own(image)]
    if not made:
        return ""
    form = [short(s.layer) for s, own in made if all(each.kept.has_form for each in own)]
    colour = [short(s.layer) for s, own in made if all(each.kept.has_colour for each in own)]
    no_colour = all(np.isnan(each.kept.colour) for _, own in made for each in own)
    told = f"Form is kept beyond chance in inverses of {_listed(form) or 'no stage'}"
    if no_colour:
        return f"{told}; the image has no colour to be kept."
    return f"{told}, colour beyond brightness in those of {_listed(colour) or 'no stage'}."


def _told_agreement(stages: Sequence[StageView]) -> str:
    known = [each for each in stages if not np.isnan(each.agreement.value)]
    if not known:
        return "Relevance has no map to be compared with occlusion."
    sure = [each for each in known if each.agreement.p_value <= _ALPHA]
    told = ", ".join(f"{each.agreement.value:.2f} at {short(each.layer)}" for each in known)
    if not sure:
        return (
            f"Gradient x activation and occlusion agree at no stage more than shifted maps do "
            f"({told}): the two do not point at the same places."
        )
    listed = _listed([short(each.layer) for each in sure])
    return f"Gradient x activation agrees with occlusion beyond shifted maps at {listed} ({told})."


def _listed(names: Sequence[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
