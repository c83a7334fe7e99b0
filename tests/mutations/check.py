"""Does a test fail under every mutation? Each is applied to a copy of the tree, one by one.

python -m tests.mutations.check            all of them
python -m tests.mutations.check probe      those with this word in their name or file
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.mutations.listed import ROOT, Mutation, mutations

COPIED = ("neurons", "tests", "experiments", "docs", "README.md", "pyproject.toml")
# what pytest's exit codes say of a mutation
SAID = {0: "SURVIVED", 1: "noticed"}


def main(words: Sequence[str]) -> int:
    chosen = [
        each
        for each in mutations()
        if not words or any(word in f"{each.name} {each.file}" for word in words)
    ]
    if not chosen:
        print(f"no mutation is called {' or '.join(words)}")
        return 2
    failed = []
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        copy = copied(Path(folder) / "tree")
        tests = sorted({test for each in chosen for test in each.fails})
        code, told = run(copy, tests)
        if code:
            print(f"{told}\nthe tests do not pass without any mutation: mend that first")
            return 2
        for each in chosen:
            since = time.monotonic()
            said, told = outcome(each, copy)
            print(f"{said:9} {time.monotonic() - since:5.0f} s  {each.name}", flush=True)
            if said != "noticed":
                failed.append(each.name)
                print(told)
    print(f"{len(chosen) - len(failed)} of {len(chosen)} mutations are noticed")
    return 1 if failed else 0


def copied(copy: Path) -> Path:
    """Copy what tests need, and only that."""
    copy.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, copy / name)
    if (shared := ROOT.parent / "shared").is_dir():
        (copy.parent / "shared").symlink_to(shared)
    return copy


def outcome(mutation: Mutation, copy: Path) -> tuple[str, str]:
    """Apply a mutation, run the tests that should fail, and take it back."""
    file = copy / mutation.file
    before = file.read_text(encoding="utf-8")
    try:
        file.write_text(mutation.applied(copy), encoding="utf-8")
        code, told = run(copy, mutation.fails)
    finally:
        file.write_text(before, encoding="utf-8")
    return SAID.get(code, "BROKEN"), told


def run(copy: Path, tests: Sequence[str]) -> tuple[int, str]:
    """Run tests in the copy; its own package is imported, not the installed one."""
    command = [sys.executable, "-B", "-m", "pytest", "-x", "-q", "--no-cov", "--no-header"]
    command += ["-p", "no:cacheprovider", "--hypothesis-seed=0", *tests]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout[-2000:] + done.stderr[-1000:]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
