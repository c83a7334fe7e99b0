"""What is minimised, and how far from the minimum can a solution be?

For images x_i (standardised), classes y_i and weights of images that sum to 1,

    P(W, b) = sum_i a_i [ log sum_k exp z_ik - z_i,y_i ] + l1 |W|_1 + l2 / 2 |W|_2^2,
    z_i = W^T x_i + b.

Every residual matrix U whose rows U + Y are probabilities, whose weighted column sums are 0 (the
intercept is free) and, if l2 = 0, whose correlations |X^T U|_max are at most l1 gives a lower
bound of the minimum (Fenchel): D(U) = - sum_ik a_i v log v - Omega*(X^T U), v = U + Y. The bound
of a solution is made of its own residuals P - Y, moved towards 0 until they are feasible (Massias
et al. 2018), and the gap P - D bounds what is left to gain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from neurons.sparse.features import Features

# numbers of a class's units and rows that are multiplied at once: a core's cache, a GPU's memory
_HELD_CPU, _HELD_GPU = 2**19, 2**29


@dataclass(frozen=True)
class Penalty:
    """l1 |W|_1 + l2 / 2 |W|_2^2."""

    l1: float
    l2: float = 0.0

    def of(self, weights: Tensor) -> float:
        """Value of the penalty."""
        total = self.l1 * float(weights.abs().double().sum())
        return total + (self.l2 / 2 * float(weights.double().square().sum()) if self.l2 else 0.0)

    def conjugate(self, correlations: Tensor) -> float:
        """Value of Omega* for l2 > 0; for l2 = 0 it is 0 where it is finite."""
        if not self.l2:
            return 0.0
        over = (correlations.double().abs() - self.l1).clamp(min=0)
        return float(over.square().sum()) / (2 * self.l2)


@dataclass(frozen=True)
class Evaluation:
    """The loss at some weights, and what follows from it.

    Parameters
    ----------
    loss : float
        Without the penalty.
    logits : Tensor, (images, classes)
    gradient : Tensor, (units, classes)
        Of the loss, by standardised weights.
    shares : Tensor of float64, (classes,)
        Predicted share of each class, weighted.
    negative_entropy : Tensor of float64, (images,)
        sum_k p log p.
    own : Tensor of float64, (images,)
        Probability of the image's own class.
    """

    loss: float
    logits: Tensor
    gradient: Tensor
    shares: Tensor
    negative_entropy: Tensor
    own: Tensor


class Problem:
    """Data of a multinomial logistic regression.

    Parameters
    ----------
    features : Features
    labels : Tensor of int64, (images,)
        0 to classes - 1, each present with a weight above 0.
    n_classes : int
    weights : Tensor of float64, (images,), optional
        Of images, not all 0.
    """

    def __init__(
        self,
        features: Features,
        labels: Tensor,
        n_classes: int,
        weights: Tensor | None = None,
    ) -> None:
        self.features = features
        self.n_classes = n_classes
        device = features.device
        self.labels = labels.to(device)
        shares = torch.ones(features.n, dtype=torch.float64) if weights is None else weights
        self.weights = (shares / shares.sum()).to(device, torch.float64)
        prior = torch.zeros(n_classes, dtype=torch.float64, device=device)
        self.prior = prior.index_add_(0, self.labels, self.weights)
        self._towards = self._class_sums()

    def strongest(self) -> float:
        """Give the smallest l1 at which every weight is 0."""
        return float(self._towards.abs().max())

    def start(self) -> tuple[Tensor, Tensor]:
        """Give the solution at `strongest`: no weights, the classes' shares as intercepts."""
        weights = torch.zeros(
            self.features.n_units,
            self.n_classes,
            dtype=self.features.dtype,
            device=self.features.device,
        )
        return weights, self.prior.log().to(self.features.dtype)

    def at(self, weights: Tensor, intercepts: Tensor) -> Evaluation:
        """Evaluate the loss and its gradient, (units, classes) and (classes,): one pass."""
        return self._evaluate(weights, intercepts, None)

    def along(self, point: Evaluation, moves: Tensor, step: float) -> Evaluation:
        """Evaluate where logits have moved by ``step * moves``."""
        return self._evaluate(None, None, (point.logits, moves, step))

    def moves(self, weights: Tensor, intercepts: Tensor) -> Tensor:
        """Give the logits of a change of weights: (images, classes)."""
        features = self.features
        found = torch.empty(
            features.n, self.n_classes, dtype=features.dtype, device=features.device
        )
        for where, block in features.blocks():
            found[where] = features.times(block, weights) + intercepts
        return found

    def loss_along(self, point: Evaluation, moves: Tensor, step: float) -> float:
        """Give the loss alone where logits have moved."""
        total = 0.0
        for where in self._chunks():
            logits = point.logits[where] + step * moves[where]
            own = logits.gather(1, self.labels[where, None]).squeeze(1)
            total += float(self.weights[where] @ (logits.logsumexp(1) - own).double())
        return total

    def curvatures(self, point: Evaluation, chosen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Give each class's own block of the Hessian of the loss, over the units chosen for it.

        Parameters
        ----------
        point : Evaluation
        chosen : Tensor of bool, (units, classes)

        Returns
        -------
        units : Tensor of int64, (classes, most)
            Chosen units of each class, padded with 0.
        real : Tensor of bool, (classes, most)
            False where padded.
        blocks : Tensor, (classes, most + 1, most + 1)
            The last row is the intercept's; padding has 1 on the diagonal.
        """
        features, device = self.features, self.features.device
        counts = chosen.sum(0)
        most = int(counts.max())
        order = torch.arange(most, device=device)
        real = order < counts[:, None]
        units = torch.zeros(self.n_classes, most, dtype=torch.int64, device=device)
        units[real] = chosen.T.nonzero()[:, 1]
        blocks = torch.zeros(
            self.n_classes, most + 1, most + 1, dtype=features.dtype, device=device
        )
        for where, rows in features.blocks():
            chance = point.logits[where].softmax(1)
            spread = (chance * (1 - chance) * self.weights[where, None].to(features.dtype)).T
            columns = rows.T.contiguous()
            for some in self._class_chunks(most, columns.shape[1]):
                size = int(counts[some].max())
                picked = features.columns(columns.T, units[some, :size])
                both = torch.cat([picked, torch.ones_like(spread[some, None])], 1)
                found = torch.bmm(both * spread[some, None], both.transpose(1, 2))
                blocks[some, :size, :size] += found[:, :size, :size]
                blocks[some, :size, most] += found[:, :size, size]
                blocks[some, most, :size] += found[:, size, :size]
                blocks[some, most, most] += found[:, size, size]
        padded = ~(real[:, :, None] & real[:, None, :])
        blocks[:, :most, :most][padded] = 0
        blocks[:, :most, most][~real] = 0
        blocks[:, most, :most][~real] = 0
        diagonal = blocks.diagonal(dim1=1, dim2=2)
        tiny = torch.finfo(features.dtype).tiny ** 0.5
        diagonal.clamp_(min=tiny)
        diagonal[:, :most][~real] = 1
        return units, real, blocks

    def objective(self, point: Evaluation, weights: Tensor, penalty: Penalty) -> float:
        """Value of P."""
        return point.loss + penalty.of(weights)

    def quick_bound(self, point: Evaluation, penalty: Penalty) -> tuple[float, float]:
        """Give a lower bound of the minimum without another pass, and what it would nearly be.

        The first is rigorous but loose by up to log(classes) times the error of the intercepts;
        the second takes them for right, and tells whether `bound` is worth its pass.
        """
        slack, rest, correlations = self._feasible_shares(point)
        towards = self._shrink(correlations, penalty)
        rest_entropy = float(torch.xlogy(rest, rest).sum())
        bounds, guesses = [], []
        for theta in towards:
            conjugate = penalty.conjugate(theta * correlations)
            inner = theta * (1 - slack) / (1 - theta * slack) if slack < 1 else 0.0
            mixed = (1 - theta * slack) * self._mixed_entropy(point, inner)
            bounds.append(-mixed - theta * slack * rest_entropy - conjugate)
            guesses.append(-self._mixed_entropy(point, theta) - conjugate)
        return max(bounds), max(guesses)

    def bound(self, point: Evaluation, penalty: Penalty) -> float:
        """Give a lower bound of the minimum: one pass over the logits."""
        slack, rest, correlations = self._feasible_shares(point)
        bounds = []
        for theta in self._shrink(correlations, penalty):
            total = 0.0
            for where in self._chunks():
                chance = point.logits[where].double().softmax(1)
                mixed = theta * ((1 - slack) * chance + slack * rest)
                mixed.scatter_add_(
                    1, self.labels[where, None], torch.full_like(mixed[:, :1], 1 - theta)
                )
                total += float(self.weights[where] @ torch.xlogy(mixed, mixed).sum(1))
            bounds.append(-total - penalty.conjugate(theta * correlations))
        return max(bounds)

    def certify(self, weights: Tensor, intercepts: Tensor, penalty: Penalty) -> tuple[float, float]:
        """Give the objective and a lower bound of the minimum, all in float64."""
        wide = weights.double()
        point = self._evaluate(wide, intercepts.double(), None)
        return self.objective(point, wide, penalty), self.bound(point, penalty)

    def _evaluate(
        self,
        weights: Tensor | None,
        intercepts: Tensor | None,
        moved: tuple[Tensor, Tensor, float] | None,
    ) -> Evaluation:
        features, device = self.features, self.features.device
        dtype = features.dtype if weights is None else weights.dtype
        n, k = features.n, self.n_classes
        logits = torch.empty(n, k, dtype=dtype, device=device)
        sums = torch.zeros(features.n_units, k, dtype=dtype, device=device)
        shares = torch.zeros(k, dtype=torch.float64, device=device)
        entropy = torch.empty(n, dtype=torch.float64, device=device)
        own = torch.empty(n, dtype=torch.float64, device=device)
        loss = 0.0
        for where, block in features.blocks(dtype):
            if moved is None:
                assert weights is not None and intercepts is not None
                z = features.times(block, weights).add_(intercepts)
            else:
                before, moves, step = moved
                z = before[where] + step * moves[where]
            logits[where] = z
            labels, share = self.labels[where, None], self.weights[where]
            top = z.amax(1, keepdim=True)
            chance = (z - top).exp_()
            total = chance.sum(1, keepdim=True)
            chance /= total
            log_total = top + total.log_()
            own_logits = z.gather(1, labels)
            loss += float(share @ (log_total - own_logits).squeeze(1).double())
            entropy[where] = ((chance * z).sum(1) - log_total.squeeze(1)).double()
            own[where] = chance.gather(1, labels).squeeze(1).double()
            chance.scatter_add_(1, labels, torch.full_like(own_logits, -1))
            chance *= share[:, None].to(dtype)
            shares += chance.sum(0).double()
            sums += features.transposed_times(block, chance)
        gradient = features.standardised(sums, shares.to(dtype))
        return Evaluation(loss, logits, gradient, shares + self.prior, entropy, own)

    def _class_sums(self) -> Tensor:
        """X^T (prior - Y), weighted: the gradient where only the classes' shares are known."""
        features = self.features
        sums = torch.zeros(
            features.n_units, self.n_classes, dtype=torch.float64, device=features.device
        )
        for where, block in features.blocks(torch.float64):
            rows = (block.double() * self.weights[where, None]).T
            sums.index_add_(1, self.labels[where], -rows)
        return features.standardised(sums, -self.prior)

    def _feasible_shares(self, point: Evaluation) -> tuple[float, Tensor, Tensor]:
        """Mix in a constant row so that predicted shares become the true ones.

        Of (1 - slack) p + slack * rest the weighted mean is the prior exactly; its correlations
        follow without a pass, since a constant row has none with centred units.
        """
        predicted = point.shares / point.shares.sum()
        slack = max(0.0, float((1 - self.prior / predicted).max()))
        rest = torch.zeros_like(predicted)
        if slack > 0:
            rest = ((self.prior - (1 - slack) * predicted) / slack).clamp(min=0)
            rest /= rest.sum()
        correlations = (1 - slack) * point.gradient.double() + slack * self._towards
        return slack, rest, correlations

    def _shrink(self, correlations: Tensor, penalty: Penalty) -> tuple[float, ...]:
        largest = float(correlations.abs().max())
        feasible = min(1.0, penalty.l1 / largest) if largest > 0 else 1.0
        return (feasible, 1.0) if penalty.l2 and feasible < 1 else (feasible,)

    def _class_chunks(self, most: int, n_rows: int) -> list[slice]:
        """Take classes together whose chosen units, (units, rows) each, are quick to hold."""
        held = _HELD_CPU if self.features.device.type == "cpu" else _HELD_GPU
        step = max(1, held // ((most + 1) * n_rows))
        return [slice(k, k + step) for k in range(0, self.n_classes, step)]

    def _mixed_entropy(self, point: Evaluation, theta: float) -> float:
        """sum_ik a_i v log v for v = theta p + (1 - theta) y, from the sums over classes."""
        own, others = point.own, point.negative_entropy - torch.xlogy(point.own, point.own)
        mixed = theta * own + (1 - theta)
        log_theta = math.log(theta) if theta > 0 else 0.0
        rows = theta * ((1 - own) * log_theta + others) + torch.xlogy(mixed, mixed)
        return float(self.weights @ rows)

    def _chunks(self) -> list[slice]:
        step = self.features.rows_per_block
        return [slice(i, min(i + step, self.features.n)) for i in range(0, self.features.n, step)]
