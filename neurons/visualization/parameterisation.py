"""What is an image made of while it is being optimised? The only door to lucent.

A parameterisation decides which pictures are easy to reach. lucent's own functions put their
tensors on the first GPU and draw their noise from the global stream; here the same formulas run on
the model's device, each image with noise of its own, and a test holds them equal to lucent's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from lucent.optvis.param.color import color_correlation_normalized
from lucent.optvis.param.spatial import rfft2d_freqs
from PIL import Image
from torch import Tensor
from torch.nn import functional

from neurons.data.images import ImageSet
from neurons.errors import OptionError

Generators = Sequence[torch.Generator]

# lucid's factor between a spectrum and the values that go into the sigmoid; so in lucent
_MAGIC = 4.0
_COLOURS = torch.from_numpy(np.ascontiguousarray(color_correlation_normalized.T))


@dataclass(frozen=True)
class ImageParameters:
    """What images are made of while they are optimised.

    Parameters
    ----------
    parameters : tuple of Tensor
        Leaves that take gradients; the first axis counts images, which share nothing.
    images : callable
        Gives the images, float (images, 3, H, W) in [0, 1]; with a fourth channel where they have
        an opacity.
    rate : float
        Adam's step that suits this parameterisation.
    """

    parameters: tuple[Tensor, ...]
    images: Callable[[], Tensor]
    rate: float


@dataclass(frozen=True)
class Parameterisation:
    """A way to describe images by parameters.

    Parameters
    ----------
    name : str
        With everything that it depends on: equal names, equal images.
    make : callable
        From one generator per image, the side in px and the device to `ImageParameters`.
    """

    name: str
    make: Callable[[Generators, int, torch.device], ImageParameters]


def fourier(*, sd: float = 0.01, decay_power: float = 1.0, alpha: bool = False) -> Parameterisation:
    """Optimise in the Fourier basis with decorrelated colours, as lucid and lucent do.

    Parameters
    ----------
    sd : float > 0
        Standard deviation of the noise that the spectrum starts from.
    decay_power : float
        Frequencies are scaled by 1 / f to this power.
    alpha : bool
        Give the images an opacity; see `ascend`.

    References
    ----------
    Olah, Mordvintsev, Schubert, "Feature visualization", Distill 2017, section "Preconditioning".
    """

    def make(generators: Generators, size_px: int, device: torch.device) -> ImageParameters:
        scale = _decay(size_px, decay_power).to(device)
        shape = (4 if alpha else 3, *scale.shape[:2], 2)
        spectrum = _noise(generators, shape, device).mul_(sd).requires_grad_()

        def images() -> Tensor:
            return _valid(_waves(scale * spectrum, size_px))

        return ImageParameters((spectrum,), images, rate=0.05)

    return Parameterisation(f"fourier(sd={sd}, decay_power={decay_power}, alpha={alpha})", make)


def pixels(*, sd: float = 0.01) -> Parameterisation:
    """Optimise each pixel by itself, with decorrelated colours: what a naive ascent would do."""

    def make(generators: Generators, size_px: int, device: torch.device) -> ImageParameters:
        values = _noise(generators, (3, size_px, size_px), device).mul_(sd).requires_grad_()
        return ImageParameters((values,), lambda: _valid(values), rate=0.05)

    return Parameterisation(f"pixels(sd={sd})", make)


def maco(spectrum: Tensor | None = None, *, name: str = "1/f") -> Parameterisation:
    """Optimise phases only; the magnitudes stay those of natural images.

    Parameters
    ----------
    spectrum : Tensor of float32, (3, H, W // 2 + 1), optional
        Mean magnitudes, as `natural_spectrum` gives them for the same size; default: 1 / f, with
        values of standard deviation 1 before the sigmoid.
    name : str
        What to call the spectrum in the provenance.

    Notes
    -----
    Frequencies whose mirror image lies in the same column of the spectrum (those without a
    horizontal part) are averaged with it, as in the authors' code: their magnitude may shrink.

    References
    ----------
    Fel et al., "Unlocking feature visualization for deeper networks with magnitude constrained
    optimization", NeurIPS 2023, eq. 5.
    """

    def make(generators: Generators, size_px: int, device: torch.device) -> ImageParameters:
        size = spectrum if spectrum is not None else _one_over_f(size_px)
        if size.shape != (3, size_px, size_px // 2 + 1):
            raise OptionError(
                f"the spectrum is of images of {size.shape[-2]} px, asked are {size_px} px; "
                f"measure it with natural_spectrum(images, size_px={size_px})"
            )
        magnitudes = size.to(device)
        uniform = torch.stack([torch.rand(magnitudes.shape, generator=g) for g in generators])
        phases = uniform.mul_(2 * math.pi).to(device)
        # the mean colour is a magnitude too; turning it around would make a negative
        phases[..., 0, 0] = 0
        phases.requires_grad_()

        def images() -> Tensor:
            waves = torch.polar(magnitudes.expand_as(phases), phases)
            return _valid(torch.fft.irfftn(waves, s=(size_px, size_px), dim=(2, 3), norm="ortho"))

        # a phase goes around in 6.3: measured, slower steps end lower
        return ImageParameters((phases,), images, rate=0.1)

    return Parameterisation(f"maco({name})", make)


def from_images(start: Tensor, *, name: str) -> Parameterisation:
    """Start in the Fourier basis from given images rather than from noise.

    Parameters
    ----------
    start : Tensor of uint8, (3, H, W) or (images, 3, H, W)
        One for all, or one per image; square.
    name : str
        What to call them in the provenance.
    """

    def make(generators: Generators, size_px: int, device: torch.device) -> ImageParameters:
        given = start if start.dim() == 4 else start.expand(len(generators), *start.shape)
        if given.shape[-2:] != (size_px, size_px) or len(given) != len(generators):
            raise OptionError(
                f"the pictures to start from are not {len(generators)} of {size_px} px"
            )
        scale = _decay(size_px, 1.0)
        waves = torch.fft.rfftn(_invalid(given) * _MAGIC, dim=(2, 3), norm="ortho")
        spectrum = torch.view_as_real(waves) / scale[:, : waves.shape[-1]]
        # an odd side's last column is never read
        spare = scale.shape[1] - waves.shape[-1]
        spectrum = functional.pad(spectrum, (0, 0, 0, spare)).to(device).requires_grad_()
        scale = scale.to(device)
        return ImageParameters(
            (spectrum,), lambda: _valid(_waves(scale * spectrum, size_px)), rate=0.05
        )

    return Parameterisation(f"from_images({name})", make)


def natural_spectrum(images: ImageSet, *, size_px: int, n: int = 256, seed: int = 0) -> Tensor:
    """Measure the mean magnitude of each frequency over some images.

    Parameters
    ----------
    images : ImageSet
    size_px : int
        Images are squashed to this side.
    n : int
        At most so many are measured.
    seed : int
        Chooses which.

    Returns
    -------
    Tensor of float32, (3, size_px, size_px // 2 + 1)
        Of values before the sigmoid, in decorrelated colours.
    """
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))[:n]
    total = torch.zeros(3, size_px, size_px // 2 + 1)
    for row in order.tolist():
        picture = Image.fromarray(images.pixels(row)).resize((size_px, size_px))
        values = _invalid(torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None])
        total += torch.fft.rfftn(values[0], dim=(1, 2), norm="ortho").abs()
    return total / len(order)


def _noise(generators: Generators, shape: Sequence[int], device: torch.device) -> Tensor:
    # drawn on the CPU: a GPU's stream depends on the card
    return torch.stack([torch.randn(*shape, generator=g) for g in generators]).to(device)


def _decay(size_px: int, power: float) -> Tensor:
    frequencies = rfft2d_freqs(size_px, size_px)
    scale = 1.0 / np.maximum(frequencies, 1.0 / size_px) ** power
    return torch.from_numpy(scale).float()[..., None]


def _one_over_f(size_px: int) -> Tensor:
    frequencies = torch.from_numpy(rfft2d_freqs(size_px, size_px))[:, : size_px // 2 + 1].float()
    magnitudes = 1 / frequencies.clamp(min=1 / size_px)
    magnitudes[0, 0] = 0
    random = torch.rand(magnitudes.shape, generator=torch.Generator().manual_seed(0))
    waves = torch.polar(magnitudes, random * 2 * math.pi)
    deviation = torch.fft.irfftn(waves, s=(size_px, size_px), norm="ortho").std()
    scaled: Tensor = magnitudes / deviation
    return scaled.expand(3, -1, -1).clone()


def _waves(spectrum: Tensor, size_px: int) -> Tensor:
    waves = torch.view_as_complex(spectrum.contiguous())
    values: Tensor = torch.fft.irfftn(waves, s=(size_px, size_px), dim=(2, 3), norm="ortho")
    return values / _MAGIC


def _valid(values: Tensor) -> Tensor:
    """Turn any values into colours: correlate them as in photographs, squash to [0, 1]."""
    mixed = torch.einsum("bchw,cd->bdhw", values[:, :3], _COLOURS.to(values.device))
    return torch.sigmoid(torch.cat([mixed, values[:, 3:]], dim=1))


def _invalid(images: Tensor) -> Tensor:
    """Undo `_valid` for uint8 images; pure black and white are one level short of it."""
    shares = images.float().div(255).clamp(1 / 255, 254 / 255)
    return torch.einsum("bchw,cd->bdhw", torch.logit(shares), torch.linalg.inv(_COLOURS))
