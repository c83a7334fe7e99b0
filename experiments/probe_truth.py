"""Does the sparse probe say what is true of the miniature, whose composite classes are known?

A piggy bank is a pig and finance; the census tells which units are a pig's and finance's. Are
they among the piggy bank's units, and does the network need the units that the probe names?

    python -m experiments.probe_truth
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import neurons
from experiments.visualize_truth import share
from neurons import Activations, Clip, ImageSet, Neuron
from neurons.drawn_world.concepts import concepts
from neurons.readouts.probe import Probe
from neurons.recipes.demo import BY, LAYER
from neurons.sparse.path import best
from neurons.studies.probe.causal import causal_check
from neurons.studies.probe.fit import probe

RESULTS = Path(__file__).parent / "results" / "probe_truth.json"
PAGE = Path(__file__).resolve().parents[1] / "docs" / "studies" / "probe.md"
BEGIN, END = "<!-- figures: python -m experiments.probe_truth -->", "<!-- end of figures -->"
DEPTH = 10
COMPOSITE = {name: each.parts for name, each in concepts().items() if each.parts}


def main() -> None:
    clip, pictures = neurons.load("miniature", device="cpu"), neurons.images("miniature")
    with tempfile.TemporaryDirectory() as folder:
        neurons.scan(clip, pictures, [LAYER], Path(folder) / "run")
        run = Activations.open(Path(folder) / "run")
        counted = neurons.census(run, pictures, LAYER, by=BY)
        wanted = sorted({part for parts in COMPOSITE.values() for part in parts})
        strongest = strongest_classes(run, pictures)
        units = {
            "multimodal": {part: set(counted.units_of(part)) for part in wanted},
            "strongest": {part: strongest[part] for part in wanted},
        }
        own = sorted(set().union(*(strongest[name] for name in COMPOSITE)))
        whole = probe(run, pictures, LAYER, choose=best)
        bare = probe(
            run, pictures, LAYER, choose=best, without=[Neuron(LAYER, unit) for unit in own]
        )
        kept: dict[str, Any] = {
            "classes": len(COMPOSITE),
            "depth": DEPTH,
            "own_units": len(own),
            "no_multimodal_unit": [part for part in wanted if not units["multimodal"][part]],
            "top1": [whole.top1.successes, whole.top1.n],
            "top1_without": [bare.top1.successes, bare.top1.n],
            "units_per_class": whole.step.units_per_class,
            "as_it_is": {kind: found_parts(whole, each) for kind, each in units.items()},
            "without_own": {kind: found_parts(bare, each) for kind, each in units.items()},
            "knocked_out": knocked_out(whole, clip, run, pictures),
        }
    for key, value in kept.items():
        print(f"{key}: {value}")
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    write_page(kept)


def strongest_classes(run: Activations, pictures: ImageSet) -> dict[str, set[int]]:
    """Give the units that answer most to each class, by mean peak over its images."""
    peaks, labels = np.asarray(run.array(LAYER, "peak")[:]), pictures.require_labels()
    names = pictures.class_names
    top = np.stack([peaks[labels == k].mean(0) for k in range(len(names))]).argmax(0)
    return {name: set(np.flatnonzero(top == k).tolist()) for k, name in enumerate(names)}


def found_parts(fitted: Probe, units: dict[str, set[int]]) -> dict[str, Any]:
    """Count the composite classes with units of both parts, or of any, among their first units."""
    both, either, pairs = 0, 0, {}
    chance = []
    top = {
        name: {part.unit for part in fitted.units_of(name)[:DEPTH] if part.weight > 0}
        for name in fitted.class_names
    }
    for name, parts in COMPOSITE.items():
        hits = [bool(units[part] & top[name]) for part in parts]
        both, either = both + all(hits), either + any(hits)
        pairs[name] = {part: hit for part, hit in zip(parts, hits, strict=True)}
        # the same parts looked for in the classes that have nothing to do with them
        others = [
            other
            for other in fitted.class_names
            if other not in COMPOSITE and not set(parts) & {other}
        ]
        chance += [[bool(units[part] & top[other]) for part in parts] for other in others]
    return {
        "both": both,
        "any": either,
        "both_by_chance": float(np.mean([all(hits) for hits in chance])),
        "any_by_chance": float(np.mean([any(hits) for hits in chance])),
        "parts": pairs,
    }


def knocked_out(fitted: Probe, clip: Clip, run: Activations, pictures: ImageSet) -> dict[str, Any]:
    """Set each composite class's first five units to zero; zero-shot beside units as active."""
    found: dict[str, Any] = {}
    for name in COMPOSITE:
        check = causal_check(fitted, clip, run, pictures, name)
        together = check.effects[0]
        found[name] = {
            "before": [check.zero_shot.successes, check.zero_shot.n],
            "after": [together.zero_shot.right.successes, together.zero_shot.right.n],
            "margin_lost": together.zero_shot.margin_drop,
            "random": float(np.mean(together.zero_shot.random_drops)),
            "excess": together.zero_shot.excess,
            "interval": [together.zero_shot.interval.low, together.zero_shot.interval.high],
            "activity": [together.activity.own, together.activity.mean],
            "p": together.zero_shot.p_value,
            "probe": {
                "before": [check.probe.successes, check.probe.n],
                "after": [together.probe.right.successes, together.probe.right.n],
                "margin_lost": together.probe.margin_drop,
            },
        }
    smallest = min(each["p"] for each in found.values())
    return {
        "classes": found,
        "n_draws": len(together.zero_shot.random_drops),
        "beyond_all_draws": sum(each["p"] == smallest for each in found.values()),
    }


def total(found: list[dict[str, Any]], key: str) -> str:
    """Give the share over all classes."""
    return share(np.sum([each[key] for each in found], axis=0).tolist())


def mean(found: list[dict[str, Any]], key: str) -> float:
    """Give the mean over classes."""
    return float(np.mean([each[key] for each in found]))


def write_page(kept: dict[str, Any]) -> None:
    """Write the figures into the page, between its marks."""
    text = PAGE.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    n, knocked = kept["classes"], kept["knocked_out"]
    lines = [
        "",
        "| what | measured | target |",
        "|---|---|---|",
        f"| probe of all {LAYER} units, top-1 | {share(kept['top1'])} | - |",
        *(
            f"| {among}: units of both parts among the first {DEPTH} | {each['both']} of {n} "
            f"({each['both_by_chance']:.1%} in unrelated classes) | {target} |\n"
            f"| {among}: of at least one part | {each['any']} of {n} "
            f"({each['any_by_chance']:.1%} in unrelated classes) | - |"
            for among, each, target in (
                ("multimodal units", kept["as_it_is"]["multimodal"], "75 %"),
                ("units that answer most to a part", kept["as_it_is"]["strongest"], "-"),
                (
                    f"the same, the composites' own {kept['own_units']} units left out",
                    kept["without_own"]["strongest"],
                    "-",
                ),
            )
        ),
    ]
    each = list(knocked["classes"].values())
    probes = [one["probe"] for one in each]
    own, others = np.mean([one["activity"] for one in each], axis=0)
    lines += [
        f"| first five units at zero: still right zero-shot | {total(each, 'after')}, before "
        f"{total(each, 'before')} | - |",
        f"| zero-shot margin lost | {mean(each, 'margin_lost'):+.2f} logits on average; without "
        f"others {mean(each, 'random'):+.2f}, but these are less active ({others:.2f} against "
        f"{own:.2f}): beyond a line through them {mean(each, 'excess'):+.2f} | above 0 |",
        f"| classes that lose more than without any of {knocked['n_draws']} draws of others | "
        f"{knocked['beyond_all_draws']} of {n} ({n / (1 + knocked['n_draws']):.1f} by chance) | "
        f"- |",
        f"| the same by the probe, which must fall | right {total(probes, 'after')}, before "
        f"{total(probes, 'before')} | no test: arithmetic |",
    ]
    PAGE.write_text(f"{head}{BEGIN}\n" + "\n".join(lines[1:]) + f"\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
