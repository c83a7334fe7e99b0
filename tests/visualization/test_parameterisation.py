"""Images are lucent's, image by image, and keep what they promise to keep."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from lucent.optvis import param
from lucent.optvis.param.color import color_correlation_normalized

import neurons
from neurons.errors import OptionError
from neurons.visualization.parameterisation import (
    fourier,
    from_images,
    maco,
    natural_spectrum,
    pixels,
)

COLOURS_BACK = torch.linalg.inv(torch.tensor(color_correlation_normalized.T.copy()))
CPU = torch.device("cpu")


def generators(n: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(i) for i in range(n)]


@pytest.mark.skipif(torch.cuda.is_available(), reason="lucent paints on the first GPU")
@pytest.mark.parametrize("size_px", [32, 33])
@pytest.mark.parametrize(("ours", "fft"), [(fourier(), True), (pixels(), False)])
def test_a_made_of_is_lucents_to_the_bit(ours, fft: bool, size_px: int) -> None:
    made_of = ours.make(generators(3), size_px, CPU)
    theirs, image = param.image(size_px, batch=3, fft=fft)
    theirs[0].data = made_of.parameters[0].detach().clone()
    assert torch.allclose(made_of.images(), image(), atol=2e-7)
    weights = torch.rand(3, 3, size_px, size_px)
    (here,) = torch.autograd.grad((made_of.images() * weights).sum(), made_of.parameters)
    (there,) = torch.autograd.grad((image() * weights).sum(), theirs)
    assert torch.allclose(here, there, rtol=1e-4, atol=1e-6)


def test_an_image_starts_from_its_own_noise_whatever_stands_beside_it() -> None:
    three, one = (fourier().make(generators(n), 24, CPU).images() for n in (3, 1))
    assert torch.equal(three[:1], one)
    assert not torch.equal(three[0], three[1])


def test_maco_moves_phases_and_never_magnitudes() -> None:
    made_of = maco().make(generators(2), 32, CPU)
    before = magnitudes(made_of.images())
    optimizer = torch.optim.Adam(made_of.parameters, lr=made_of.rate)
    first = made_of.images().detach()
    for _ in range(10):
        optimizer.zero_grad()
        made_of.images()[:, 0].mean().neg().backward()
        optimizer.step()
    assert not torch.allclose(made_of.images(), first, atol=0.05)
    # the outer columns hold pairs of frequencies that are each other's mirror image
    after = magnitudes(made_of.images())
    assert torch.allclose(after[..., 1:-1], before[..., 1:-1], rtol=1e-2, atol=1e-3)


def test_maco_takes_the_spectrum_of_images(pictures: Path) -> None:
    shown = neurons.images(pictures)
    spectrum = natural_spectrum(shown, size_px=32, n=8)
    made_of = maco(spectrum).make(generators(1), 32, CPU)
    # all eight: order does not matter
    every = [shown.pixels(i) for i in range(len(shown))]
    by_hand = np.mean([spectrum_of(pixels) for pixels in every], axis=0)
    whole = natural_spectrum(shown, size_px=96, n=len(shown))
    assert np.allclose(whole, by_hand, rtol=1e-3, atol=1e-3)
    now = magnitudes(made_of.images())[0]
    assert torch.allclose(now[:, :, 1:-1], spectrum[:, :, 1:-1], rtol=2e-2, atol=1e-2)
    with pytest.raises(OptionError, match="of images of 32 px, asked are 48 px"):
        maco(spectrum).make(generators(1), 48, CPU)


@pytest.mark.parametrize("size_px", [32, 33])
def test_painting_can_start_from_a_picture(size_px: int) -> None:
    given = torch.randint(2, 254, (3, size_px, size_px), dtype=torch.uint8)
    made_of = from_images(given, name="noise").make(generators(2), size_px, CPU)
    assert (made_of.images() * 255 - given).abs().max() < 0.6


def test_an_opacity_is_a_fourth_channel() -> None:
    assert fourier(alpha=True).make(generators(2), 32, CPU).images().shape == (2, 4, 32, 32)


def spectrum_of(pixels: np.ndarray) -> np.ndarray:
    """The magnitudes of one 96 px picture before the sigmoid, by numpy."""
    shares = np.clip(pixels / 255, 1 / 255, 254 / 255)
    values = np.log(shares / (1 - shares)) @ np.linalg.inv(color_correlation_normalized.T)
    return np.abs(np.fft.rfft2(values, axes=(0, 1), norm="ortho")).transpose(2, 0, 1)


def magnitudes(images: torch.Tensor) -> torch.Tensor:
    values = torch.einsum("bchw,cd->bdhw", torch.logit(images.detach()), COLOURS_BACK)
    return torch.fft.rfftn(values, dim=(2, 3), norm="ortho").abs()
