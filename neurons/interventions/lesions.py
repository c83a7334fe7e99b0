"""What is done to which module of a network, and how is all of it undone?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from torch import Tensor, nn

from neurons.errors import LayerNotFoundError, OptionError
from neurons.interventions.lesion_outputs import head_of, with_outputs, without_heads
from neurons.interventions.lesion_weights import weight_change, with_weights

# what becomes of a module's own weights; amount counts for the last three
WEIGHTS = ("zero", "shuffle", "gaussian", "noise", "shrink", "enlarge")
# what becomes of a module's output; of attention heads, "skip" alone
OUTPUTS = ("output-zero", "mean", "skip")
HOWS = (*WEIGHTS, *OUTPUTS)
# of noise from 0 (intact) to 1 (nothing but noise); of shrink to 1, of enlarge from 1: the factor
WITH_AMOUNT = {"noise": (0.0, 1.0), "shrink": (0.0, 1.0), "enlarge": (1.0, float("inf"))}


@dataclass(frozen=True)
class Lesion:
    """What is done to one module.

    Parameters
    ----------
    module : str
        Its path; of one head of an attention ``visual.transformer.resblocks.3.attn.head.5``.
    how : str
        One of `HOWS`. Of the module's own weights, each tensor (biases too) by itself: ``zero``;
        ``shuffle``, its entries in random order; ``gaussian``, noise R of its mean and standard
        deviation; ``noise``, (1 - amount) W + amount R with the same R at every amount; ``shrink``
        and ``enlarge``, amount x W. Of its output: ``output-zero``; ``mean`` over images, place by
        place; ``skip``, its input passes through. A head is skipped by its slice of what the
        attention's last projection takes.
    amount : float
        Counts for ``noise`` (0 to 1), ``shrink`` (0 to 1) and ``enlarge`` (1 or more).
    seed : int
        Of ``shuffle``, ``gaussian`` and ``noise``; modules differ from one another at one seed.

    Raises
    ------
    OptionError
        If there is no such way, the amount is out of its range or given where it means nothing, or
        a head is to be changed otherwise than skipped.
    """

    module: str
    how: str
    amount: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.how not in HOWS:
            raise OptionError(f"no lesion {self.how!r}; there are: {', '.join(HOWS)}")
        low, high = WITH_AMOUNT.get(self.how, (1.0, 1.0))
        if not low <= self.amount <= high:
            raise OptionError(
                f"the amount of {self.how!r} lies in [{low:g}, {high:g}]: {self.amount:g}"
                if self.how in WITH_AMOUNT
                else f"{self.how!r} has no amount; those that have one: {', '.join(WITH_AMOUNT)}"
            )
        if head_of(self.module) and self.how != "skip":
            raise OptionError(f"a head can be skipped only: {self.module} by {self.how!r}")

    @property
    def of_weights(self) -> bool:
        """Whether weights are changed; else an output."""
        return self.how in WEIGHTS

    @property
    def label(self) -> str:
        """In words: what is done, and to which module."""
        amount = {"noise": f" {self.amount:.4g}"}.get(self.how, f" x {self.amount:.4g}")
        return f"{self.module}: {self.how}{amount if self.how in WITH_AMOUNT else ''}"


@contextmanager
def lesioned(
    network: nn.Module,
    lesions: Sequence[Lesion],
    *,
    means: Mapping[str, Tensor] | None = None,
) -> Iterator[Mapping[str, int]]:
    """Change modules inside the ``with`` block; afterwards the network is what it was, to the bit.

    Parameters
    ----------
    network : nn.Module
        Changed in place, so that nobody else may run it meanwhile.
    lesions : sequence of Lesion
        None: the intact network.
    means : mapping of str to Tensor, optional
        Of each module that is set to its mean: its mean output over images, without their axis;
        see `mean_outputs`.

    Yields
    ------
    mapping of str to int
        How often each module whose output is changed has run so far. A module that runs several
        times in a pass is changed each time.

    Raises
    ------
    LayerNotFoundError
        If there is no such module or head, or a module has no weights of its own; when it runs, if
        a module cannot be skipped since its output has another shape than its input; and at the
        end of a block that raised nothing, if a module whose output was to be changed never ran,
        so that nothing was measured.
    OptionError
        If two lesions change one tensor or one output, or a mean is missing.
    """
    _check_once(lesions)
    changes = {
        each.module: weight_change(each.module, each.how, each.amount, each.seed)
        for each in lesions
        if each.of_weights
    }
    heads: dict[str, list[int]] = {}
    outputs: dict[str, str] = {}
    for each in lesions:
        head = head_of(each.module)
        if head is not None:
            heads.setdefault(head[0], []).append(head[1])
        elif not each.of_weights:
            outputs[each.module] = each.how
    runs: dict[str, int] = {}
    with (
        with_weights(network, changes),
        without_heads(network, heads, runs),
        with_outputs(network, outputs, means or {}, runs),
    ):
        yield runs
    never = [path for path, n in runs.items() if n == 0]
    if never:
        raise LayerNotFoundError(
            f"{', '.join(never)} never ran while changed: what was measured is the intact network"
        )


def _check_once(lesions: Sequence[Lesion]) -> None:
    seen: set[tuple[str, bool]] = set()
    for each in lesions:
        what = (each.module, each.of_weights)
        if what in seen:
            raise OptionError(
                f"two lesions change the {'weights' if each.of_weights else 'output'} of "
                f"{each.module}; give one"
            )
        seen.add(what)
