"""What the documentation shows runs, and says what it is shown to say."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import pkgutil
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import pytest
import torch
import yaml

import neurons
import neurons.errors
from experiments import toy_world
from tests.once import DEMO, SCAN_MINIATURE, ran_once, run_words

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in DOCS.rglob("*.md"))
TEXTS = [*PAGES, "README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
RUNNABLE = ("python", "console", "bash")

# the first line of every snippet that may be marked `<!-- not run: WHY -->`, and why
NOT_RUN = {
    "$ python -m experiments.toy_world toy": "makes what the tests have already made",
    "$ neurons scan --model RN50x4/openai --images hf:uoft-cs/cifar10:test \\": "reaches the hub",
    'make demo MODEL=RN50x4/openai IMAGES=path/to/photographs UNITS="89 12 5"': "reaches the hub",
}


@dataclass(frozen=True)
class Snippet:
    """A fenced block, and the output that the page shows for it."""

    page: str
    line: int
    language: str
    title: str
    body: str
    why_not_run: str
    expected: str

    @property
    def first_line(self) -> str:
        return self.body.splitlines()[0].strip() if self.body.strip() else ""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


_FENCE = re.compile(
    r"(?P<why><!-- not run: (?P<reason>.*?) -->\n+)?"
    r"^```(?P<language>\w+)(?P<title>[^\n]*)\n(?P<body>.*?)^```$"
    r"(?P<output>\n+```text\n(?P<expected>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)


def snippets(page: str) -> list[Snippet]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return [
        Snippet(
            page,
            text[: match.start("language")].count("\n") + 1,
            match["language"],
            match["title"].strip(),
            match["body"],
            match["reason"] or "",
            match["expected"] or "",
        )
        for match in _FENCE.finditer(text)
    ]


WITH_CODE = [
    page
    for page in TEXTS
    if any(s.language in RUNNABLE and not s.why_not_run for s in snippets(page))
]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models and pictures of the pages, and the pictures in every other form."""
    root = tmp_path_factory.mktemp("world")
    toy_world.make(root)
    pictures = sorted((root / "pictures").rglob("*.png"))
    classes = sorted({path.parent.name for path in pictures})
    rows = {
        "image": [{"bytes": path.read_bytes(), "path": None} for path in pictures],
        "label": [classes.index(path.parent.name) for path in pictures],
    }
    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=classes)}
    )
    datasets.Dataset.from_dict(rows, features=features).to_parquet(root / "pictures.parquet")
    (root / "shards").mkdir()
    for i in range(2):
        with tarfile.open(root / "shards" / f"{i:05}.tar", "w") as archive:
            for path in pictures[i::2]:
                archive.add(path, f"{path.parent.name}-{path.name}")
    lines = [path.relative_to(root).as_posix() for path in pictures[:50]]
    (root / "paths.txt").write_text("\n".join(lines), encoding="utf-8")
    return root


@pytest.fixture
def here(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the world to work in, where nothing reaches a hub."""
    # linked, not copied: a snippet may add and replace files, none is written in place
    shutil.copytree(world, tmp_path / "world", copy_function=os.link)
    monkeypatch.chdir(tmp_path / "world")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    # threads that wait for one another cost more than these tiny networks do
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield tmp_path / "world"
    torch.set_num_threads(before)


@pytest.mark.parametrize("page", WITH_CODE)
def test_a_pages_snippets_run_and_print_what_it_shows(page: str, here: Path, common: Path) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    for snippet in snippets(page):
        if snippet.why_not_run or snippet.language not in RUNNABLE:
            continue
        if snippet.language == "python":
            code = compile("\n" * snippet.line + snippet.body, str(ROOT / page), "exec")
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(code, names)
            if snippet.expected:
                check_output(snippet.expected, printed.getvalue(), snippet)
            continue
        for command, expected in commands(snippet):
            code, printed_out, printed_err = run_command(command, common)
            refused = expected.startswith("error:")
            assert code == (2 if refused else 0), f"{snippet}: {command}\n{printed_err}"
            if expected:
                check_output(expected, printed_err if refused else printed_out, snippet)


def commands(snippet: Snippet) -> Iterator[tuple[str, str]]:
    """Give each command and the output shown below it."""
    body = snippet.body.replace("\\\n", " ")
    if snippet.language == "bash":
        yield from ((line, "") for line in body.splitlines() if line and not line.startswith("#"))
        return
    parts = re.split(r"^\$ ", body, flags=re.MULTILINE)
    assert not parts[0].strip(), f"{snippet}: a console snippet starts with `$ `"
    for part in parts[1:]:
        command, _, expected = part.partition("\n")
        yield command, expected.strip()


# commands of several pages that use nothing of the page's folder: one run of them is shown in all
_ONCE = (DEMO, SCAN_MINIATURE)
_SHORT = {"--model": "-m", "--images": "-i", "--layers": "-l", "--out": "-o"}


def run_command(command: str, common: Path) -> tuple[int, str, str]:
    words = shlex.split(command, comments=True)
    known = tuple(_SHORT.get(word, word) for word in words)
    if known in _ONCE:
        ran = ran_once(common, known)
        for made in ran.folder.iterdir():
            # what is there already would be gone on with, which prints something else
            assert not Path(made.name).exists(), f"{command}: {made.name} is there"
            shutil.copytree(made, made.name)
        return ran.code, ran.out, ran.err
    if words[0] == "make":
        # it would set up a machine; that there is such a target is what is checked
        known = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
        return int(words[1] not in known), "", f"the Makefile has no target {words[1]}"
    if words[0] != "neurons":
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr
    code, out, err = run_words(words)
    # a bar that was shown stands before the error
    return code, out, err[max(0, err.find("error:")) :]


def check_output(expected: str, printed: str, snippet: Snippet) -> None:
    """Compare: any white space is one space, and `...` is anything."""
    pieces = [re.escape(" ".join(piece.split())) for piece in expected.split("...")]
    same = re.fullmatch(".*".join(pieces), " ".join(printed.split()), flags=re.DOTALL)
    assert same, f"{snippet} shows\n{expected}\nand prints\n{printed}"


@pytest.mark.parametrize("page", TEXTS)
def test_every_fence_is_a_snippet_of_a_known_language(page: str) -> None:
    found = snippets(page)
    fences = re.findall(r"^\s*(?:```|~~~)", (ROOT / page).read_text("utf-8"), flags=re.MULTILINE)
    # an indented fence, or one of another language, would be shown and never run
    assert len(fences) == sum(4 if s.expected else 2 for s in found)
    assert {s.language for s in found} <= {*RUNNABLE, "text", "toml"}


@pytest.mark.parametrize("page", TEXTS)
def test_only_listed_snippets_are_not_run(page: str) -> None:
    for snippet in snippets(page):
        if snippet.why_not_run:
            assert NOT_RUN.get(snippet.first_line) == snippet.why_not_run, str(snippet)


@pytest.mark.parametrize("page", TEXTS)
def test_links_lead_somewhere(page: str) -> None:
    file = ROOT / page
    text = re.sub(r"^```.*?^```$", "", file.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        to = (file.parent / path).resolve() if path else file
        assert to.is_file(), f"{page} links to {target}"
        if anchor:
            assert anchor in anchors(to), f"{page} links to {target}"


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), flags=re.MULTILINE)
    plain = [re.sub(r"[^\w\s-]", "", title).strip().lower() for title in titles]
    return {re.sub(r"[-\s]+", "-", title) for title in plain}


def configuration() -> dict[str, Any]:
    settings: dict[str, Any] = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))
    return settings


def test_the_navigation_lists_every_page() -> None:
    def leaves(entry: Any) -> Iterator[str]:
        if isinstance(entry, str):
            yield entry
        elif isinstance(entry, dict):
            for value in entry.values():
                yield from leaves(value)
        else:
            for value in entry:
                yield from leaves(value)

    listed = sorted(f"docs/{page}" for page in leaves(configuration()["nav"]))
    assert listed == PAGES


def test_the_reference_names_exactly_what_is_public() -> None:
    text = (DOCS / "reference.md").read_text("utf-8")
    public, _, below = text.partition("## Below")
    named = re.findall(r"^\| `neurons\.(\w+)", public, flags=re.MULTILINE)
    assert sorted(named) == sorted(neurons.__all__)
    for cell, names in re.findall(r"^\| (`neurons\.[^|]*) \| (`.*?) \|", below, re.MULTILINE):
        # the first module in full, further ones of its package by their last name
        first, *further = re.findall(r"`([\w.]+)`", cell)
        modules = [first, *(f"{first.rpartition('.')[0]}.{name}" for name in further)]
        opened = [importlib.import_module(module) for module in modules]
        for name in re.findall(r"`(\w+)`", names):
            assert any(hasattr(module, name) for module in opened), f"reference.md: {cell}: {name}"
    errors = re.findall(r"`(\w+Error)`", below)
    assert len(errors) > 10 and set(errors) - {"ValueError"} <= set(dir(neurons.errors))


def test_the_upgrade_page_names_modules_and_names_that_are_there() -> None:
    _, _, text = (DOCS / "upgrade-0.2.md").read_text("utf-8").partition("## Modules")
    modules, _, names = text.partition("## Classes")
    for cell in re.findall(r"^\| .*? \| (`neurons\..*?) \|$", modules, flags=re.MULTILINE):
        package = ""
        for name in re.findall(r"`([\w.]+)`", cell):
            package = name.rpartition(".")[0] if name.startswith("neurons.") else package
            importlib.import_module(name if name.startswith("neurons.") else f"{package}.{name}")
    told = re.findall(r"^\| `.*? \| (`.*?) \|$", names, flags=re.MULTILINE)
    assert len(told) > 10
    for name in re.findall(r"`([\w.]+)`", "".join(told)):
        pkgutil.resolve_name(f"neurons.{name}")


def test_figures_are_small() -> None:
    figures = [f for f in DOCS.rglob("*") if f.suffix in {".png", ".webp"}]
    assert figures
    assert all(figure.stat().st_size < 300_000 for figure in figures)


@pytest.mark.skipif(
    importlib.util.find_spec("material") is None, reason="mkdocs-material is not installed"
)
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    # a proxy that nobody answers: a build that needs the network fails
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "ALL_PROXY"), "http://127.0.0.1:9")
    quiet = {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **nowhere, **quiet},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "index.html").is_file()
