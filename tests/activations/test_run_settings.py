"""A run records what its last bits depend on, and is not continued with anything else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import neurons
from neurons import Clip
from neurons.activations.run_format import read_spec
from neurons.errors import OutputExistsError
from tests.activations.test_scan import file_hashes
from tests.conftest import LAYER


@pytest.fixture
def own_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("own_threads")
def test_bytes_do_not_depend_on_threads_while_one_works_on_a_batch(
    planted: Clip, pictures: Path, tmp_path: Path
) -> None:
    images, runs = neurons.images(pictures), []
    for n in (1, 3):
        torch.set_num_threads(n)
        neurons.scan(planted, images, [LAYER], tmp_path / str(n), batch_size=16)
        assert torch.get_num_threads() == n
        runs.append(file_hashes(tmp_path / str(n)))
    assert runs[0] == runs[1]
    kept = read_spec(tmp_path / "1").provenance
    assert kept["threads_per_batch"] == 1
    assert kept["instructions"] == torch.backends.cpu.get_cpu_capability()


@pytest.mark.usefixtures("own_threads")
def test_a_run_does_not_go_on_with_other_threads_per_batch(
    planted: Clip, pictures: Path, tmp_path: Path
) -> None:
    images = neurons.images(pictures)
    torch.set_num_threads(1)
    neurons.scan(planted, images, [LAYER], tmp_path / "run", batch_size=16)
    # sixteen threads are eight pairs
    torch.set_num_threads(16)
    with pytest.raises(OutputExistsError, match="threads_per_batch: the run has 1, asked is 2"):
        neurons.scan(planted, images, [LAYER], tmp_path / "run", batch_size=16)
