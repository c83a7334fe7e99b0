"""How is a probe's path shown? Accuracy over units, and a row per strength."""

from __future__ import annotations

from collections.abc import Sequence

from neurons.results.blocks import Curve, Table
from neurons.sparse.path import PathStep

# a number of units per class that is off by more than this share of it is not what was asked for
_NEAR = 0.25


def accuracy_curves(steps: Sequence[PathStep], chosen: int) -> tuple[Curve, ...]:
    """Draw accuracy over units per class; no curve if fewer than two strengths used any unit."""
    shown = [step for step in steps if step.units_per_class > 0]
    if len(shown) < 2:
        return ()
    return (
        Curve(
            "Accuracy over units per class",
            tuple(step.units_per_class for step in shown),
            tuple(step.accuracy for step in shown),
            "units per class, mean",
            "top-1 accuracy",
            note=f"On the images that choose; chosen: {steps[chosen].units_per_class:.1f} units "
            f"per class, top-1 {steps[chosen].accuracy:.3f}.",
            points=True,
        ),
    )


def far_from_wanted(steps: Sequence[PathStep], chosen: int, wanted: float | None) -> str:
    """Say that no strength of the path came near the units per class that were asked for, if so.

    Parameters
    ----------
    steps : sequence of PathStep
    chosen : int
        The nearest of them.
    wanted : float or None
        Units per class; None if no number was asked for.
    """
    if wanted is None:
        return ""
    found = steps[chosen].units_per_class
    if abs(found - wanted) <= max(_NEAR * wanted, _NEAR):
        return ""
    used = [step.units_per_class for step in steps]
    mend = (
        "end the path at a smaller strength (a smaller span)"
        if max(used) < wanted
        else "take more strengths on the path"
    )
    return (
        f"Not the {wanted:g} units per class that were asked for: the nearest of {len(steps)} "
        f"strengths has {found:.1f} (they have {min(used):.1f} to {max(used):.1f}); {mend}."
    )


def path_table(steps: Sequence[PathStep], chosen: int) -> Table:
    """List what was measured at each strength."""
    return Table(
        "The path",
        ("", "strength", "units per class", "units used", "loss", "top-1", "gap", "passes"),
        tuple(
            (
                "chosen" if i == chosen else "",
                f"{step.strength:.2e}",
                f"{step.units_per_class:.2f}",
                f"{step.n_units:,}",
                f"{step.loss:.3f} ± {step.loss_error:.3f}",
                f"{step.accuracy:.3f}",
                f"{step.gap:.1e}" + ("" if step.converged else " (not converged)"),
                f"{step.passes:,}",
            )
            for i, step in enumerate(steps)
        ),
        "Loss and top-1 on the images that choose. Gap: the most that the penalised loss could "
        "still fall, in shares of it, computed in float64.",
    )
