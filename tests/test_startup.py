"""A start is light: what needs no network loads none, and Ctrl-C is quiet at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = (
    "torch", "torchvision", "open_clip", "datasets", "pandas", "zarr", "plotly", "scipy", "sklearn",
)  # fmt: skip
WITHOUT_TORCH = ("torch", "torchvision", "open_clip", "datasets", "lucent")

_TELL = """
import sys
sys.argv = ["neurons", *sys.argv[1:]]
code = 0
try:
    {start}
except SystemExit as stop:
    code = stop.code or 0
print("LOADED", *sorted({{name.partition(".")[0] for name in sys.modules}}))
sys.exit(code)
"""
MAIN = "from neurons.cli.app import main; main()"


def loaded_by(*words: str | Path, start: str = MAIN) -> tuple[int, set[str], str]:
    """Run a command line in a process of its own: exit code, modules that it loaded, stderr."""
    done = subprocess.run(
        [sys.executable, "-c", _TELL.format(start=start), *map(str, words)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, set(done.stdout.rpartition("LOADED")[2].split()), done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["--version"],
        ["attack"],
        ["scan", "--help"],
        ["visualize", "--help"],
        ["attack", "hijack", "--help"],
    ],
)
def test_help_and_version_load_nothing_heavy(words: list[str]) -> None:
    code, modules, err = loaded_by(*words)
    assert (code, err) == (0, "")
    assert "cyclopts" in modules and not modules & set(HEAVY)


def test_the_package_itself_loads_nothing_heavy() -> None:
    code, modules, err = loaded_by(start="import neurons; neurons.Neuron, neurons.NeuronsError")
    assert (code, err) == (0, "")
    assert not modules & {*HEAVY, "rich", "cyclopts", "numpy"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["scn"], 'unknown command "scn". Did you mean "scan"?'),
        (["attack", "hijak"], 'Did you mean "hijack"?'),
        (["scan", "-m", "miniature"], "neurons scan needs --images; see `neurons scan --help`"),
        (["scan", "-m", "m", "-i", ".", "-l", "x", "-o", "r", "--bach", "3"], "mean --batch?"),
        (["models", "--loud"], "unknown option: --loud"),
        (["models", "a", "b"], "neurons models has no use for 'b'"),
        (["attack", "stroop", "-m", "m", "--n", "many"], 'unable to convert "many" into int'),
    ],
)  # fmt: skip
def test_a_mistyped_command_is_one_line_and_loads_nothing_heavy(
    words: list[str], told: str
) -> None:
    code, modules, err = loaded_by(*words)
    assert (code, err.count("\n"), err.startswith("error: ")) == (2, 1, True), err
    assert told in err
    assert not modules & set(HEAVY)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["scan", "-m", "RN50/openai", "-i", "nowhere", "-l", "visual.layer4", "-o", "run"],
         "no images at 'nowhere'"),
        (["scan", "-m", "RN50/openai", "-i", "a.png", "-i", "b.png", "-l", "x", "-o", "run"],
         "2 of 2 listed files do not exist, the first: 'a.png'"),
        (["examples", "nowhere", "visual.layer4:1"], "no run at 'nowhere'"),
        (["report", "nowhere", "visual.layer4:1", "-o", "x"], "no run at 'nowhere'"),
        (["census", "nowhere", "visual.layer4"], "no run at 'nowhere'"),
        (["probe", "nowhere", "-l", "visual.layer4", "-o", "x"], "no run at 'nowhere'"),
        (["visualize", "miniature", "a:1", "-o", "x", "--run", "nowhere"], "no run at 'nowhere'"),
        (["visualize", "miniature", "a:1", "-o", "x", "--facets", "nowhere"],
         "no images at 'nowhere'"),
        (["compose", "nowhere", "red"], "no probe at 'nowhere'"),
        (["report", "nowhere", "a:1", "-o", "x", "--probe", "nowhere"], "no run at 'nowhere'"),
        (["layers", "miniture"], "did you mean 'miniature'?"),
        (["scan", "-m", "/", "-i", ".", "-l", "x", "-o", "y"], "did you mean local-dir:/?"),
        (["scan", "-m", "miniature", "-i", ".", "-l", "", "-o", "y"], "no layer was named"),
        (["scan", "-m", "miniature", "-i", ".", "-l", "x", "-o", "."], "is not empty and is no"),
        (["attack", "run", "-m", "miniature", "-i", ".", "--targets", "pig", "-o", "."],
         "is not empty and is no answer"),
        (["attack", "stroop", "-m", "miniature", "-o", "."], "is not empty and is no answer"),
        (["demo", "-o", "."], "is not empty and is no demo"),
        (["attack", "hijack", "-m", "miniature", "--neuron", "layer4", "-o", "x"],
         "'layer4' is no neuron's address"),
        (["attack", "hijack", "-m", "miniature", "--neuron", "a:1", "-o", "x"],
         "no images to attack"),
        (["attack", "run", "-m", "miniature", "-i", "nowhere", "--targets", "pig", "-o", "x"],
         "no images at 'nowhere'"),
        (["attack", "build", "-i", ".", "--text", "pig", "-o", "x", "--colour", "mauve"],
         "no colour 'mauve'"),
        (["attack", "bench", "-m", "miniature", "--set", "synthetic:nowhere", "-o", "x"],
         "no images at 'nowhere'"),
    ],
)  # fmt: skip
def test_a_wrong_path_or_address_is_told_before_torch_is_loaded(
    words: list[str], told: str
) -> None:
    code, modules, err = loaded_by(*words)
    assert (code, err.count("\n"), err.startswith("error: ")) == (2, 1, True), err
    assert told in err
    assert not modules & set(WITHOUT_TORCH)


MIDWAY = "stopped; the same command goes on where it was\n"
SCAN = ("scan", "-m", "miniature", "-i", "miniature", "-l", "visual.layer4", "-o", "run")
LAYERS = ("layers", "miniature", "--device", "cpu")


@pytest.mark.parametrize(
    ("module", "n_signals", "words", "told"),
    [
        # while the command line is built, while torch is imported, and twice in a row
        ("cyclopts", 1, SCAN, MIDWAY),
        ("torch", 1, SCAN, MIDWAY),
        ("torch", 2, SCAN, MIDWAY),
        ("torch", 1, LAYERS, "stopped\n"),
    ],
)
def test_ctrl_c_is_one_line_that_claims_no_more_than_is_true(
    tmp_path: Path, module: str, n_signals: int, words: tuple[str, ...], told: str
) -> None:
    done = interrupted_while_importing(module, n_signals, words, tmp_path)
    assert (done.returncode, done.stderr, done.stdout) == (130, told, "")
    assert not (tmp_path / "run").exists()


def interrupted_while_importing(
    module: str, n_signals: int, words: Sequence[str], tmp_path: Path
) -> subprocess.CompletedProcess[str]:
    """Send SIGINT to a command while it imports a module; a second one on its way out."""
    (tmp_path / "site").mkdir(exist_ok=True)
    # a finder that stops at the module and waits: the moment of the signal is no chance
    (tmp_path / "site" / "sitecustomize.py").write_text(
        f"""
import sys, time, pathlib, atexit

class Wait:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            sys.meta_path.remove(self)
            pathlib.Path({str(tmp_path / "waiting")!r}).touch()
            time.sleep(60)

def late():
    pathlib.Path({str(tmp_path / "leaving")!r}).touch()
    time.sleep({60 if n_signals > 1 else 0})

sys.meta_path.insert(0, Wait())
atexit.register(late)
""",
        encoding="utf-8",
    )
    for name in ("waiting", "leaving"):
        (tmp_path / name).unlink(missing_ok=True)
    running = subprocess.Popen(
        [sys.executable, "-c", MAIN, *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": f"{tmp_path / 'site'}:{ROOT}"}, cwd=tmp_path,
    )  # fmt: skip
    for name in ("waiting", "leaving")[:n_signals]:
        until = time.monotonic() + 60
        while not (tmp_path / name).exists() and time.monotonic() < until:
            assert running.poll() is None, running.communicate()
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    return subprocess.CompletedProcess(running.args, running.returncode, out, err)
