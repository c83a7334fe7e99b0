"""Which texts lie furthest along a direction, from natural ones to extreme ones?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from neurons.errors import OptionError
from neurons.network.text_tokens import Ids
from neurons.network.token_gradients import TextTower
from neurons.readouts.text_candidates import Vectors
from neurons.readouts.text_prior import TextPrior

Progress = Callable[[int, int], None]

# what a nat per token costs, in units of the score: from nothing on, where only the score counts
LAMBDAS = (0.0, 0.01, 0.02, 0.04, 0.08, 0.16)
# gradients of so many texts at once: a number for each of 49,408 tokens at each place
_AT_ONCE = 16


@dataclass(frozen=True)
class SearchSettings:
    """How texts are searched.

    Parameters
    ----------
    steps : int >= 0
        Rounds of mutation; 0 leaves them out.
    children : int >= 1
        New texts of each member of the population in each round.
    top_k : int >= 1
        Tokens at each place that the gradient proposes.
    width : int >= 0
        Texts that a beam over n-grams keeps for each direction and lambda; 0 leaves it out.
    branch : int >= 1
        Tokens that the prior proposes to come next.
    longest : int >= 1
        Tokens of a text.
    lambdas : tuple of float >= 0
        What a nat of cross-entropy per token costs, in units of the score.
    """

    steps: int = 24
    children: int = 4
    top_k: int = 32
    width: int = 1
    branch: int = 12
    longest: int = 10
    lambdas: tuple[float, ...] = LAMBDAS

    def __post_init__(self) -> None:
        counts = (self.children, self.top_k, self.branch, self.longest, len(self.lambdas))
        if min(self.steps, self.width) < 0 or min(counts) < 1 or min(self.lambdas) < 0:
            raise OptionError(
                "a search takes 0 rounds or more, a beam of 0 or more, and 1 or more of children, "
                "proposed tokens, tokens of a text, and lambdas, none of them negative"
            )


USUAL = SearchSettings()


@dataclass(frozen=True, eq=False)
class SearchedTexts:
    """All texts that were looked at, with what each is worth to each direction.

    Parameters
    ----------
    ids : tuple of tuple of int
        No text twice; each is what the model reads of the text that was written down.
    scores : ndarray of float32, (texts, directions)
    cross_entropy : ndarray of float64, (texts,)
        In nats per token.
    lambdas : tuple of float
    """

    ids: tuple[Ids, ...] = field(repr=False)
    scores: Vectors = field(repr=False)
    cross_entropy: NDArray[np.float64] = field(repr=False)
    lambdas: tuple[float, ...]

    def chosen(self) -> NDArray[np.intp]:
        """Give the best text of each direction at each lambda, (directions, lambdas)."""
        costs = self.cross_entropy[:, None, None] * np.array(self.lambdas)
        found: NDArray[np.intp] = (self.scores[:, :, None] - costs).argmax(0)
        return found

    def only(self, rows: NDArray[np.bool_]) -> SearchedTexts:
        """Give some of the texts alone, (texts,): all directions are left the same ones."""
        ids = tuple(ids for ids, kept in zip(self.ids, rows.tolist(), strict=True) if kept)
        return SearchedTexts(ids, self.scores[rows], self.cross_entropy[rows], self.lambdas)

    def natural(self, cross_entropy: float) -> NDArray[np.intp]:
        """Give the best text of each direction that is at least so natural, (directions,).

        Raises
        ------
        OptionError
            If no text is.
        """
        rows = np.flatnonzero(self.cross_entropy <= cross_entropy)
        if not len(rows):
            raise OptionError(f"no text has {cross_entropy:.2f} nats per token or less")
        found: NDArray[np.intp] = rows[self.scores[rows].argmax(0)]
        return found


def search_texts(
    tower: TextTower,
    prior: TextPrior,
    directions: Vectors,
    mean: Vectors,
    first: Sequence[Ids],
    *,
    settings: SearchSettings = USUAL,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> SearchedTexts:
    """Maximise (text - mean) . direction - lambda x cross-entropy per token.

    All directions are searched together, with a population of one text per lambda each, and every
    text that is looked at counts for all of them: a unit and its random controls get the same
    search.

    Parameters
    ----------
    tower : TextTower
    prior : TextPrior
    directions : ndarray of float32, (directions, embedding)
        At length 1.
    mean : ndarray of float32, (embedding,)
        What texts have in common.
    first : sequence of tuple of int
        Texts to begin with.
    settings : SearchSettings
    seed : int
    progress : callable
        Takes how many of how many rounds are done.

    Returns
    -------
    SearchedTexts
        The same for the same seed.

    References
    ----------
    Thompson, Straznickas, Sklar, "Fluent dreaming for language models", 2024: evolutionary prompt
    optimisation, a population over lambda. Here with insertions and deletions, tokens that the
    prior proposes, and texts that are read again before they count.
    """
    if not first:
        raise OptionError("a search needs a text to begin with")
    search = _Search(tower, prior, torch.from_numpy(directions), mean, settings, seed)
    search.look(first)
    total = settings.longest * bool(settings.width) + settings.steps
    if settings.width:
        search.beam(lambda done: progress(done, total))
    for step in range(settings.steps):
        search.step()
        progress(total - settings.steps + step + 1, total)
    return search.found()


class _Search:
    """The texts that were looked at so far, and how the next ones are made of them."""

    def __init__(
        self,
        tower: TextTower,
        prior: TextPrior,
        directions: torch.Tensor,
        mean: Vectors,
        settings: SearchSettings,
        seed: int,
    ) -> None:
        self.tower, self.prior, self.settings = tower, prior, settings
        self.directions = directions.float().to(tower.device)
        self.common = (self.directions @ torch.from_numpy(mean).to(tower.device)).cpu().numpy()
        self.random = np.random.default_rng((seed, 24))
        self.rows: dict[Ids, int] = {}
        self.scores: list[Vectors] = []
        self.entropy: list[NDArray[np.float64]] = []
        self.usable = torch.from_numpy(tower.tokens.usable()).to(tower.device)

    def look(self, sequences: Sequence[Ids]) -> None:
        """Score texts that were not seen, as they are read once they are written down."""
        again = {ids: None for ids in map(self.tower.tokens.read_again, sequences)}
        new = [ids for ids in again if ids and ids not in self.rows]
        if not new:
            return
        found = (self.tower.embed(new) @ self.directions.T).float().cpu().numpy() - self.common
        self.rows |= {ids: len(self.rows) + i for i, ids in enumerate(new)}
        self.scores.append(found)
        self.entropy.append(self.prior.cross_entropy(new))

    def found(self) -> SearchedTexts:
        self.scores = [np.concatenate(self.scores)]
        self.entropy = [np.concatenate(self.entropy)]
        return SearchedTexts(
            tuple(self.rows), self.scores[0], self.entropy[0], self.settings.lambdas
        )

    def beam(self, done: Callable[[int], None]) -> None:
        """Let texts grow token by token, as the prior goes on, and keep the best of each lambda."""
        start = self.tower.tokens.start
        kept: list[Ids] = [()]
        for length in range(self.settings.longest):
            grown = [
                (*ids, token)
                for ids in kept
                for token in self.prior.likely((start, *ids), self.settings.branch)
                if token != self.tower.tokens.end
            ]
            self.look(grown)
            kept = self._best(grown, self.settings.width)
            done(length + 1)

    def _best(self, sequences: Sequence[Ids], width: int) -> list[Ids]:
        """Keep the best of each direction at each lambda."""
        read = [self.rows.get(self.tower.tokens.read_again(ids), -1) for ids in sequences]
        known = [i for i, row in enumerate(read) if row >= 0]
        if not known:
            return []
        whole, rows = self.found(), np.array([read[i] for i in known])
        scores, entropy = whole.scores[rows], whole.cross_entropy[rows]
        kept: dict[Ids, None] = {}
        for weight in self.settings.lambdas:
            order = np.argsort(-(scores - weight * entropy[:, None]), axis=0, kind="stable")
            kept |= {sequences[known[i]]: None for i in order[:width].ravel().tolist()}
        return list(kept)

    def step(self) -> None:
        """Mutate the best text of each direction at each lambda."""
        members, owners = self._members()
        proposed = self._proposed(members, owners)
        children = [
            self._child(ids, tokens)
            for ids, tokens in zip(members, proposed, strict=True)
            for _ in range(self.settings.children)
        ]
        self.look([ids for ids in children if 0 < len(ids) <= self.settings.longest])

    def _members(self) -> tuple[list[Ids], NDArray[np.intp]]:
        """Take for each direction as many different texts as there are lambdas."""
        whole = self.found()
        texts: list[Ids] = []
        owners: list[int] = []
        for at in range(whole.scores.shape[1]):
            taken: set[int] = set()
            for weight in self.settings.lambdas:
                value = whole.scores[:, at] - weight * whole.cross_entropy
                value[list(taken)] = -np.inf
                best = int(value.argmax())
                if best not in taken:
                    taken.add(best)
                    texts.append(whole.ids[best])
                    owners.append(at)
        return texts, np.array(owners)

    def _proposed(
        self, members: Sequence[Ids], owners: NDArray[np.intp]
    ) -> list[NDArray[np.int64]]:
        """Give the tokens that the gradient proposes at each place of each text."""
        found: list[NDArray[np.int64]] = []
        for start in range(0, len(members), _AT_ONCE):
            some = members[start : start + _AT_ONCE]
            mine = torch.from_numpy(owners[start : start + _AT_ONCE]).to(self.directions.device)
            slopes = self.tower.gradients(some, self.directions[mine])
            slopes = slopes.masked_fill(~self.usable, -torch.inf)
            k = min(self.settings.top_k, slopes.shape[2])
            best = slopes.topk(k, dim=2).indices.cpu().numpy()
            found += list(best)
        return found

    def _child(self, ids: Ids, proposed: NDArray[np.int64]) -> Ids:
        """Replace, insert or leave out a token; half of the new ones come from the prior."""
        random, at = self.random, int(self.random.integers(len(ids)))
        kind = random.random()
        if kind < 0.15 and len(ids) > 1:
            return ids[:at] + ids[at + 1 :]
        rest = ids[at:] if kind < 0.4 else ids[at + 1 :]
        likely: Ids = ()
        if random.random() < 0.5:
            before = (self.tower.tokens.start, *ids[:at])
            likely = self.prior.likely(before, self.settings.branch)
        tokens = likely or tuple(proposed[at].tolist())
        token = int(tokens[int(random.integers(len(tokens)))])
        # the prior may say that the text ends here
        return ids[:at] if token == self.tower.tokens.end else (*ids[:at], token, *rest)
