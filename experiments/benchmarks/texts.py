"""How much faster are texts found by one product, and by a population, than one by one?

    python -m experiments.benchmarks.texts
    python -m experiments.benchmarks.texts --model local-dir:PATH --rounds 3

Exhaustive search: 10,000 made captions and all units of a layer, as one matrix product, beside
loops over units (the slow one of 16, scaled to all). Token search: our population for one
direction, beside PEZ (Wen et al. 2023), which moves one text by the gradient at its nearest tokens
and looks at one text a step. Both begin with the same text; PEZ is given the seconds ours took.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import torch
from torch.nn import functional

import neurons
from neurons.network.token_gradients import TextTower
from neurons.readouts.captions import usual_captions
from neurons.readouts.naturalness import naturalness
from neurons.readouts.text_candidates import (
    TextCandidates,
    best_texts,
    embed_candidates,
    random_directions,
    unit_length,
)
from neurons.readouts.text_search import SearchSettings, search_texts

N_TEXTS, N_UNITS, LONGEST = 10_000, 512, 8
# units of the slow loop, of which each takes as long as the next
_LOOPED = 16


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="miniature")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0, help="default: what ours takes")
    asked = parser.parse_args()
    exhaustive(asked.rounds)
    clip = neurons.load(asked.model, device="cpu")
    tower = TextTower.of(clip)
    captions = usual_captions(clip.name)
    candidates = embed_candidates(clip, captions.different, source=captions.source)
    judged = naturalness(tower.tokens, captions)
    settings = SearchSettings(longest=LONGEST)
    ours_rate, pez_rate, ahead = [], [], []
    for seed in range(asked.rounds):
        direction = random_directions(candidates.vectors, 1, seed=seed)
        first = [tower.tokens.ids(candidates.texts[int(candidates.scores(direction).argmin())])]
        began = time.perf_counter()
        found = search_texts(
            tower, judged.prior, direction, candidates.mean, first, settings=settings, seed=seed
        )
        took = time.perf_counter() - began
        score, n, reached = pez(
            tower, direction[0], candidates.mean, first[0], asked.seconds or took, seed
        )
        best = float(found.scores.max())
        ours_rate.append(len(found.ids) / took)
        pez_rate.append(n / took)
        ahead.append(best - score)
        # how many of our texts it takes to be as good as PEZ ever is
        needed = int((found.scores[:, 0] >= score).argmax()) + 1 if best >= score else -1
        print(
            f"round {seed}: ours {len(found.ids):,} texts in {took:.1f} s, best {best:.3f}; PEZ "
            f"{n:,} texts, best {score:.3f} (text {reached:,}); ours as good after {needed:,}"
        )
    print(
        f"texts a second: ours {median(ours_rate):.0f}, PEZ {median(pez_rate):.0f}, ratio "
        f"{median(ours_rate) / median(pez_rate):.1f}; ours ends {median(ahead):+.3f} higher"
    )


def exhaustive(rounds: int) -> None:
    """Compare one product with a loop over units that ranks each in the same way."""
    random = np.random.default_rng(0)
    embeddings = random.normal(size=(N_TEXTS, 256))
    candidates = TextCandidates.of([str(i) for i in range(N_TEXTS)], embeddings, source="made")
    layer = random.normal(size=(N_UNITS, 256)).astype(np.float32)

    def product() -> None:
        best_texts(candidates, layer, count=10)

    def unit_by_unit() -> None:
        for at in range(_LOOPED):
            best_texts(candidates, layer[at : at + 1], layer=layer, count=10)

    def bare_loop() -> None:
        # without random directions: the scores and their order alone
        for direction in unit_length(layer):
            np.argsort(-(candidates.vectors @ direction))[:10]

    times = {way.__name__: [timed(way) for _ in range(rounds)] for way in (product, bare_loop)}
    times["unit_by_unit"] = [timed(unit_by_unit) * N_UNITS / _LOOPED]
    first = median(times["product"])
    for name, taken in times.items():
        print(f"{name}: {median(taken):.2f} s, {median(taken) / first:.1f} times the product")


def timed(way: Callable[[], None]) -> float:
    began = time.perf_counter()
    way()
    return time.perf_counter() - began


def pez(
    tower: TextTower,
    direction: np.ndarray,
    mean: np.ndarray,
    first: tuple[int, ...],
    seconds: float,
    seed: int,
) -> tuple[float, int, int]:
    """Move one text's embeddings by the gradient at their nearest tokens; the best score.

    AdamW with a rate of 0.1 and weight decay of 0.1, as the released code has them; a text of as
    many tokens as ours may have, the first ones those of ``first``.
    """
    torch.manual_seed(seed)
    table = tower.part.token_embedding.weight.detach()[: tower.tokens.n_tokens]
    unit, usable = functional.normalize(table, dim=1), torch.from_numpy(tower.tokens.usable())
    start = torch.randint(len(table), (LONGEST,))
    start[: len(first)] = torch.tensor(first[:LONGEST])
    soft = table[start].clone().requires_grad_()
    steps = torch.optim.AdamW([soft], lr=0.1, weight_decay=0.1)
    common, towards = float(direction @ mean), torch.from_numpy(direction)
    best, n, reached, began = -np.inf, 0, 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        likeness = functional.normalize(soft.detach(), dim=1) @ unit.T
        nearest = likeness.masked_fill(~usable, -2).argmax(1)
        ids = tower.tokens.batch([tuple(nearest.tolist())])
        hard = table[nearest].clone().requires_grad_()
        edges = table[[tower.tokens.start, tower.tokens.end]]
        inputs = torch.cat([edges[:1], hard, edges[1:]])[None]
        loss = -(tower._run(ids, inputs)[0] @ towards)
        (slope,) = torch.autograd.grad(loss, hard)
        n += 1
        # what a person would type, as ours is scored
        again = tower.tokens.read_again(nearest.tolist())
        if again:
            value = float(tower.embed([again])[0] @ towards) - common
            if value > best:
                best, reached = value, n
        soft.grad = slope
        steps.step()
    return best, n, reached


if __name__ == "__main__":
    main()
