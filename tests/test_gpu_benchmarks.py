"""The one command for a GPU keeps what was measured, tries again what failed, and says so."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.benchmarks import gpu

PROBE = next(step for step in gpu.STEPS if step.name == "probe")
BROKEN = replace(PROBE, name="broken", module="no_such_benchmark")


def test_it_goes_on_where_it_was_stopped(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "gpu.json"
    asked = ["--out", str(out), "--device", "cpu"]
    assert gpu.main(asked, (PROBE, BROKEN)) == 1
    first = json.loads(out.read_text())
    assert len(first["steps"]["probe"]["figures"]["strengths"]) == 20
    assert first["steps"]["probe"]["figures"]["not converged"] == 0
    said = capfd.readouterr()
    assert "No module named experiments.benchmarks.no_such_benchmark" in said.err
    assert "1 of 2 steps measured on cpu, tiny sizes" in said.out

    mended = replace(BROKEN, module=PROBE.module)
    assert gpu.main(asked, (PROBE, mended)) == 0
    again = json.loads(out.read_text())
    assert "probe: measured before" in capfd.readouterr().out
    assert again["steps"]["probe"] == first["steps"]["probe"]
    assert "figures" in again["steps"]["broken"]


def test_figures_of_another_card_are_not_gone_on_with(tmp_path: Path) -> None:
    out = tmp_path / "gpu.json"
    out.write_text(json.dumps({"card": "NVIDIA H200", "steps": {}}))
    with pytest.raises(SystemExit, match="figures of 'NVIDIA H200', this is 'cpu, tiny sizes'"):
        gpu.main(["--out", str(out), "--device", "cpu"], (PROBE,))


def test_what_does_not_hold_is_no_success(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "gpu.json"
    figures = {"figures": {"exact beside the CPU": 0.3, "all hold": False}, "seconds": 1}
    out.write_text(json.dumps({"card": "cpu, tiny sizes", "steps": {"equality": figures}}))
    assert gpu.main(["--out", str(out), "--device", "cpu", "--only", "equality"]) == 1
    assert "equality: NOT HELD" in capsys.readouterr().err
