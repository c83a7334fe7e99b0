"""How is a probe's path shown? Accuracy over units, and a row per strength."""

from __future__ import annotations

from collections.abc import Sequence

from neurons.results.blocks import Curve, Table
from neurons.sparse.path import PathStep


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
