"""Maps of five images at two layers, and their embeddings."""

from __future__ import annotations

import pytest
import torch

from neurons.address import EMBEDDING


@pytest.fixture
def maps() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        "a": torch.randn(5, 6, 4, 4, generator=generator),
        "b": torch.randn(5, 3, 8, 8, generator=generator),
        EMBEDDING: torch.randn(5, 7, generator=generator),
    }
