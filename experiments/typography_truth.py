"""Do attacks, hijacks and defences find what is known of the miniature? Measured with controls.

The classes are things, as ImageNet's are: no money, season, country, feeling, colour or number.
Images are the flat and photo-like pictures of these classes in the probe set. Words stand once, at
a random place, on a twentieth of the picture's pixels. Whatever chooses units, chooses them on
other images than those that are reported.

    python -m experiments.typography_truth            # about four minutes on one core
    python -m experiments.typography_truth --page     # write the page again from the results
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import neurons
from neurons import Activations, Clip, ImageSet, Neuron
from neurons.attacks.conditions import AttackTarget
from neurons.attacks.frontier import FrontierPoint
from neurons.attacks.knock_outs import KnockOut
from neurons.attacks.sample import Sample
from neurons.drawn_world.concepts import concepts
from neurons.drawn_world.scenes import TEMPLATES
from neurons.lettering.lettering import Lettering
from neurons.readouts.readout import ZeroShot, zero_shot
from neurons.recipes.demo import BY, LAYER
from neurons.stats import Share
from neurons.studies.typography.attack import attack
from neurons.studies.typography.black_box_search import search_black_box
from neurons.studies.typography.defence import defend
from neurons.studies.typography.hijack import Hijack, hijack
from neurons.studies.typography.string_search import search_words, symbol_strings
from neurons.studies.typography.stroop import stroop

RESULTS = Path(__file__).parent / "results" / "typography_truth.json"
PAGE = Path(__file__).resolve().parents[1] / "docs" / "studies" / "typography.md"
BEGIN, END = "<!-- figures: python -m experiments.typography_truth -->", "<!-- end of figures -->"
N = 600
LETTERING = Lettering(places="random", area=0.05)
NOT_THINGS = ("finance", "seasons", "countries", "emotions", "colours", "numbers")
PARTS = ("attack", "legibility", "search", "hijack", "defence", "stroop")
HEIGHTS = (6, 8, 10, 12, 14, 16)
WORDS = ("guitar", "spider", "umbrella", "elephant", "camera")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--page", action="store_true", help="only write the page again")
    parser.add_argument("--only", choices=PARTS, help="measure one part again, keep the others")
    asked = parser.parse_args()
    if not asked.page:
        kept = json.loads(RESULTS.read_text(encoding="utf-8")) if asked.only else {}
        found = {**kept, **measure([asked.only] if asked.only else PARTS)}
        RESULTS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    write_page(json.loads(RESULTS.read_text(encoding="utf-8")))


def measure(parts: Sequence[str]) -> dict[str, Any]:
    clip, images = neurons.load("miniature", device="cpu"), neurons.images("miniature")
    things = [
        name for name, each in concepts().items()
        if each.family not in NOT_THINGS and each.name != "bored"
    ]  # fmt: skip
    words = {name: concepts()[name].words for name in things}
    readout = zero_shot(clip, words, templates=("{}", *TEMPLATES))
    ways, names = images.column("rendition"), images.class_names
    rows = [
        i
        for i, label in enumerate(images.require_labels())
        if names[label] in things and ways[i] in ("flat", "photo")
    ]
    vocabulary = [word for each in concepts().values() for word in each.words]
    vocabulary = list(dict.fromkeys([*vocabulary, *symbol_strings()]))
    jobs = {
        "attack": lambda: attacks(clip, images, readout, rows),
        "legibility": lambda: legibilities(clip, images, readout, rows),
        "search": lambda: searches(clip, images, readout, rows, vocabulary),
        "hijack": lambda: hijacks(clip, images, readout, rows, vocabulary),
        "defence": lambda: defences(clip, images, readout, rows),
        "stroop": lambda: stroops(clip),
    }
    return {"n_classes": len(things), **{part: jobs[part]() for part in parts}}


def attacks(clip: Clip, images: ImageSet, readout: ZeroShot, rows: Sequence[int]) -> dict[str, Any]:
    """Money makes piggy banks, and words make what they say; the controls do not."""
    asked = {
        "$$$": [AttackTarget("piggy bank", "$$$")],
        "words": [AttackTarget(word, word) for word in WORDS],
    }
    told: dict[str, Any] = {}
    for what, targets in asked.items():
        found = attack(
            clip, images, targets, readouts={"zero-shot": readout}, lettering=LETTERING,
            sample=Sample(n=N, rows=rows), n_shown=0,
        )  # fmt: skip
        told[what] = {each.condition: str(each) for each in found.pools}
        told["accuracy"] = pair(found.outcome(targets[0].text, "clean").accuracy)
    return told


def legibilities(
    clip: Clip, images: ImageSet, readout: ZeroShot, rows: Sequence[int]
) -> dict[str, str]:
    """One copy of a class's name, by the height of its letters in the network's input."""
    told = {}
    for height in HEIGHTS:
        found = attack(
            clip, images, [AttackTarget(word, word) for word in WORDS],
            readouts={"zero-shot": readout}, lettering=Lettering(places="random", size_px=height),
            sample=Sample(n=100, rows=rows), n_shown=0,
        )  # fmt: skip
        told[str(height)] = str(found.pooled())
    return told


def searches(
    clip: Clip, images: ImageSet, readout: ZeroShot, rows: Sequence[int], vocabulary: Sequence[str]
) -> dict[str, Any]:
    """Find strings for a piggy bank, with and without sight of the units."""
    seen = search_words(
        clip, images, "piggy bank", vocabulary, readout=readout, lettering=LETTERING,
        sample=Sample(n=100, rows=rows), n_random=40,
    )  # fmt: skip
    blind = search_black_box(
        clip, images, "piggy bank", vocabulary, readout=readout, lettering=LETTERING,
        sample=Sample(n=100, rows=rows), budget=3000,
    )  # fmt: skip
    return {
        "best": [[each.text, *pair(each.success)] for each in seen.confirmed],
        "gain": [seen.gain, seen.gain_interval.low, seen.gain_interval.high],
        "rank": [seen.rank_correlation, seen.rank_interval.low, seen.rank_interval.high],
        "blind": [[each.text, *pair(each.success)] for each in blind.confirmed],
        "asked": blind.n_asked,
        "strings": seen.n_strings,
    }


def hijacks(
    clip: Clip, images: ImageSet, readout: ZeroShot, rows: Sequence[int], vocabulary: Sequence[str]
) -> dict[str, Any]:
    """From the units that money needs to make piggy banks, to the attack without them."""
    with tempfile.TemporaryDirectory() as folder:
        neurons.scan(clip, images, [LAYER], Path(folder) / "run")
        run = Activations.open(Path(folder) / "run")
        counted = neurons.census(run, images, LAYER, by=BY)
    finance, bank = counted.units_of("finance"), counted.units_of("piggy bank")

    def follow(unit: int) -> Hijack:
        return hijack(
            clip, images, Neuron(LAYER, unit), vocabulary, readout=readout, text="$$$",
            class_name="piggy bank", lettering=LETTERING,
            sample=Sample(n=N, rows=rows), n_random=40,
        )  # fmt: skip

    # the census's own finance unit, and the unit that the choosing half needs most: the halves
    # are the same ones in both
    census = follow(finance[0])
    found = follow(Neuron.parse(census.mediators[0].neuron).unit)
    alone, together = found.knock_outs
    return {
        "finance": list(finance),
        "bank": list(bank),
        "carriers": [[m.neuron, m.drop] for m in found.mediators[:5]],
        "strings": [each.text for each in found.strings[:4]],
        "activity": [found.reading.clean, found.reading.blank, found.reading.attacked],
        "alone": knocked(alone),
        "together": knocked(together),
        "census": knocked(census.knock_outs[0]),
    }


def defences(
    clip: Clip, images: ImageSet, readout: ZeroShot, rows: Sequence[int]
) -> dict[str, Any]:
    """Silence the units that read, over all stages.

    A first version took the lowest success whatever else became of the answers; with seed 0 it
    chose to blind the first stage (success 0.177, accuracy under attack 0.080). The rule was
    changed to count right answers under attack, and this is measured with another seed.
    """
    sample = Sample(n=N, rows=rows, seed=1)
    found = defend(clip, images, readout=readout, lettering=LETTERING, sample=sample)

    def told(point: FrontierPoint) -> dict[str, Any]:
        return {
            "size": point.size,
            "success": pair(point.success),
            "accuracy": pair(point.accuracy),
            "attacked": pair(point.attacked_accuracy),
        }

    return {
        "layer": found.layer,
        "reached": found.reached,
        "wanted": found.wanted,
        "intact": told(found.intact()),
        "defended": told(found.defended()),
        "random": [point.success.value for point in found.random],
    }


def stroops(clip: Clip) -> dict[str, Any]:
    inks = {name: each.ink for name, each in concepts().items() if each.ink}
    readout = zero_shot(clip, list(inks), templates=("{}", *TEMPLATES))
    found = stroop(clip, readout=readout, colours=inks)
    return {
        f"{tally.way} {tally.condition}": [pair(tally.word), pair(tally.colour)]
        for tally in found.tallies
    }


def knocked(each: KnockOut) -> dict[str, Any]:
    return {
        "neurons": list(each.neurons),
        "intact": pair(each.intact),
        "silenced": pair(each.silenced),
        "accuracy": [pair(each.accuracy_intact), pair(each.accuracy_silenced)],
        "excess": [each.excess, each.interval.low, each.interval.high],
        "p": each.p_value,
        "activity": [each.activity.own, each.activity.mean],
    }


def pair(share: Share) -> list[int]:
    return [share.successes, share.n]


def write_page(found: dict[str, Any]) -> None:
    """Put the figures into the docs page."""
    money, words = found["attack"]["$$$"], found["attack"]["words"]
    search, hijacked, mended = found["search"], found["hijack"], found["defence"]
    clean, blind = found["attack"]["accuracy"], search["blind"]
    rows = [
        ("“$$$” makes a piggy bank of", money["word"]),
        ("the same area, blank", money["blank"]),
        ("a word of no class", money["no class"]),
        (f"{len(WORDS)} names of classes make their class of", words["word"]),
        ("the same area, blank", words["blank"]),
        ("their letters in another order", words["shuffled"]),
        ("a word of no class", words["no class"]),
        *(
            (f"by height: one copy of such a name, letters of {height} px", success)
            for height, success in found["legibility"].items()
        ),
        ("accuracy on the clean pictures", said(clean)),
        (
            f"search: best strings of {search['strings']} for a piggy bank",
            ", ".join(f"{text} {Share(a, n).value:.2f}" for text, a, n in search["best"]),
        ),
        ("search: their success above random strings", between(search["gain"])),
        ("search: rank correlation of score and success", between(search["rank"])),
        (
            f"search with {search['asked']:,} answers and no sight of units",
            ", ".join(f"{text} {Share(a, n).value:.2f}" for text, a, n in blind),
        ),
        (
            "hijack: units that “$$$” needs most",
            ", ".join(name.rpartition(":")[2] for name, _ in hijacked["carriers"]),
        ),
        (
            f"hijack: strings that excite {short(hijacked['alone'])} most",
            ", ".join(hijacked["strings"]),
        ),
        *knock_out_rows("it", hijacked["alone"]),
        *knock_out_rows("it and the three next", hijacked["together"]),
        *knock_out_rows("the most decided unit of *finance*", hijacked["census"]),
        (
            f"defence: {mended['defended']['size']} units of `{mended['layer']}` silenced, success",
            f"{said(mended['intact']['success'])} → {said(mended['defended']['success'])}",
        ),
        (
            "defence: accuracy on clean pictures",
            f"{said(mended['intact']['accuracy'])} → {said(mended['defended']['accuracy'])}",
        ),
        (
            "defence: accuracy under attack",
            f"{said(mended['intact']['attacked'])} → {said(mended['defended']['attacked'])}",
        ),
        (
            "defence: success with as many random units silenced",
            f"{sum(mended['random']) / len(mended['random']):.3f} "
            f"({min(mended['random']):.3f} to {max(mended['random']):.3f})",
        ),
        *(
            (
                f"Stroop, written {way} a colour: answered with the word; with the colour",
                f"{said(found['stroop'][f'{way} incongruent'][0])}; "
                f"{said(found['stroop'][f'{way} incongruent'][1])}",
            )
            for way in ("in", "on")
        ),
        *(
            (
                f"Stroop, no letters, {what}: the colour is named in",
                said(found["stroop"][f"{way} no letters"][1]),
            )
            for way, what in (("in", "a patch of it"), ("on", "a ground of it"))
        ),
    ]
    lines = ["| what | measured |", "|---|---|", *(f"| {what} | {value} |" for what, value in rows)]
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{after}", encoding="utf-8")


def knock_out_rows(who: str, each: dict[str, Any]) -> list[tuple[str, str]]:
    before, after = each["accuracy"]
    return [
        (
            f"knock-out of {who}: success",
            f"{said(each['intact'])} → {said(each['silenced'])}",
        ),
        (
            "the drop beyond that of 40 other units, activity {:.2f} against {:.2f}".format(
                *each["activity"]
            ),
            f"{between(each['excess'])}, p = {each['p']:.2g}",
        ),
        ("accuracy on clean pictures", f"{said(before)} → {said(after)}"),
    ]


def said(counts: Sequence[int]) -> str:
    return str(Share(*counts))


def between(values: Sequence[float]) -> str:
    return f"{values[0]:+.2f} ({values[1]:+.2f} to {values[2]:+.2f})"


def short(each: dict[str, Any]) -> str:
    return f"unit {each['neurons'][0].rpartition(':')[2]}"


if __name__ == "__main__":
    main()
