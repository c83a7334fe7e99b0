"""The first week of a new user on the miniature, from a scan to an answer: each step, its time.

Nobody in it knows a unit's number: a word is found, looked at, and asked again in other ways. Each
step is a command line, as a user types it, in a process of its own; a step that fails, or whose
answer lacks what it must say, ends the walk with exit code 1.

    python -m experiments.first_week [FOLDER]
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

# what `neurons` is on the command line, also where it is not on the path
_PROGRAM = "import sys; sys.argv[0] = 'neurons'; from neurons.cli.app import main; main()"


@dataclass(frozen=True)
class Step:
    """One command: what it is for, how it is typed, and what its answer must say."""

    question: str
    command: str
    says: str
    refused: bool = False


STEPS = (
    Step(
        "What is in my images, and what does the layer say of them?",
        "scan -m miniature -i miniature -l visual.layer4 -o run",
        "images: 3,160 images",
    ),
    Step("Which unit is for spiders?", "find run spider", "visual.layer4:164 answers to 'spider'"),
    Step(
        "What does it look like?",
        "report run visual.layer4:164 --by rendition --out report",
        "report: report/index.html",
    ),
    Step(
        "What else has the layer?",
        "units run --sort lift --top 10 --csv units.csv",
        "table: units.csv",
    ),
    Step(
        "And these ten, in the same report?",
        "report run units.csv --by rendition --out report --single-file units.html",
        "single file: units.html",
    ),
    Step("A word that is no class?", "find run spyder", "those that look alike: spider", True),
    Step(
        "Which units mean one thing in pictures and words?",
        "census run visual.layer4 --out census",
        "150 of 512 units",
    ),
    Step(
        "Which few units make a piggy bank?",
        "probe run --layer visual.layer4 --path 8 --out probe",
        "probe",
    ),
    Step("Its neurons?", "compose probe 'piggy bank' --no-check --out classes", "piggy bank"),
    Step(
        "Do written words fool it?",
        "attack run -m miniature -i miniature --only rendition=flat --n 60 "
        "--classes pig,'piggy bank',spider --targets '$$$=piggy bank' --out attack",
        "pages: attack/index.html",
    ),
    Step(
        "Another run's page into my report?",
        "scan -m miniature -i miniature --limit 200 -l visual.layer4 -o other",
        "the first 200 of 3,160 images",
    ),
    Step(
        "... is refused.",
        "report other visual.layer4:164 --out report",
        "choose another folder",
        True,
    ),
)


def walk(folder: Path) -> int:
    """Take every step in a folder; return how many failed."""
    failed, begun = 0, time.monotonic()
    for step in STEPS:
        print(f"\n{step.question}\n$ neurons {step.command}", flush=True)
        since = time.monotonic()
        line = [sys.executable, "-c", _PROGRAM, *shlex.split(step.command)]
        done = subprocess.run(line, cwd=folder, capture_output=True, text=True)
        told = done.stdout + done.stderr
        good = step.says in told and (done.returncode != 0) == step.refused
        for text in (done.stdout if not step.refused else done.stderr).splitlines()[:3]:
            print(f"  {text}")
        print(f"  [{'ok' if good else 'FAILED'}, {time.monotonic() - since:.0f} s]", flush=True)
        if not good:
            failed += 1
            print(told)
    print(f"\n{len(STEPS) - failed} of {len(STEPS)} steps, {time.monotonic() - begun:.0f} s in all")
    return failed


def main() -> None:
    """Walk in the folder that is named, or in a temporary one."""
    if len(sys.argv) > 1:
        folder = Path(sys.argv[1])
        folder.mkdir(parents=True, exist_ok=True)
        sys.exit(bool(walk(folder)))
    with tempfile.TemporaryDirectory() as name:
        sys.exit(bool(walk(Path(name))))


if __name__ == "__main__":
    main()
