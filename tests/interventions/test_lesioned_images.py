"""What a lesion leaves alone runs once, and no number depends on that."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurons import Clip
from neurons.errors import OptionError
from neurons.interventions.lesion_modules import image_pass, lesion_modules, output_modules
from neurons.interventions.lesion_norms import recalibrated
from neurons.interventions.lesion_prefix import find_cuts
from neurons.interventions.lesioned_images import lesioned_images
from neurons.interventions.lesions import Lesion, lesioned
from neurons.network.hooks import watch
from neurons.network.pooling import peak
from tests.interventions.lesion_networks import Repeated, Skipping, Tower, clip_of, pixels, seeded

IMAGES = torch.randint(
    0, 256, (5, 3, 96, 96), dtype=torch.uint8, generator=torch.Generator().manual_seed(3)
)


def naive(clip: Clip, images: torch.Tensor, lesions: list[Lesion], size: int) -> np.ndarray:
    """Run the whole network on every batch."""
    with lesioned(clip.network, lesions), torch.inference_mode():
        return torch.cat([embedded(clip, part) for part in images.split(size)]).numpy()


def embedded(clip: Clip, part: torch.Tensor) -> torch.Tensor:
    """Embed images whose channels lie last in memory, on which the last bits depend."""
    inputs = clip.preprocess.normalise(part).contiguous(memory_format=torch.channels_last)
    return clip.network.encode_image(inputs)


@pytest.mark.parametrize("name", ["planted", "vit"])
def test_each_module_s_lesion_gives_the_bits_of_whole_passes(
    name: str, request: pytest.FixtureRequest
) -> None:
    clip: Clip = request.getfixturevalue(name)
    modules = lesion_modules(clip.network, "visual,visual.*" if name == "vit" else "visual.*",
                             run=image_pass(clip))  # fmt: skip
    skipped = output_modules(clip.network, "visual.*", run=image_pass(clip))
    several = [[Lesion(each.path, "gaussian")] for each in modules[::5]]
    several += [[Lesion(each.path, "skip")] for each in skipped[:: 1 + len(skipped) // 3]]
    before = {key: each.clone() for key, each in clip.network.state_dict().items()}
    with lesioned_images(clip, IMAGES, batch_size=3) as found:
        assert "go on after any of" in found.note
        assert np.array_equal(found.intact.embeddings, naive(clip, IMAGES, [], 3))
        plain = clip.embed_images(IMAGES).numpy()
        np.testing.assert_allclose(found.intact.embeddings, plain, rtol=1e-4, atol=1e-5)
        # the deepest first, and again after the others: nothing depends on what came before
        answers = list(found.answers([*several[::-1], several[-1]]))
        for lesions, answer in zip([*several[::-1], several[-1]], answers, strict=True):
            assert np.array_equal(answer.embeddings, naive(clip, IMAGES, lesions, 3)), lesions
        assert answers[0].went_on_after.startswith(
            ("visual.layer4", "visual.transformer.resblocks")
        )
        assert np.array_equal(answers[-1].embeddings, answers[0].embeddings)
    after = clip.network.state_dict()
    assert all(torch.equal(each, after[key]) for key, each in before.items())
    assert not any(m._forward_hooks or "forward" in m.__dict__ for m in clip.network.modules())


def test_what_is_kept_is_not_overwritten_by_what_follows_in_place(planted: Clip) -> None:
    # the activation is right behind what is kept, and writes into what it takes
    lesions = [Lesion("visual.act1", "skip")]
    with lesioned_images(planted, IMAGES, batch_size=3) as found:
        first, again = found.answer(lesions), found.answer(lesions)
    assert first.went_on_after == "visual.bn1"
    assert np.array_equal(first.embeddings, again.embeddings)
    assert np.array_equal(first.embeddings, naive(planted, IMAGES, lesions, 3))


def test_little_memory_costs_time_and_no_bit() -> None:
    clip, images = clip_of(seeded(Tower)), pixels(5)
    lesions = [Lesion("visual.project", "shuffle")]
    with lesioned_images(clip, images, batch_size=2) as found:
        kept = found.answer(lesions)
    # one map of five images takes 5 x 4 x 64 x 4 bytes
    with lesioned_images(clip, images, batch_size=2, memory=5000) as found:
        whole = found.answer(lesions)
    assert (kept.went_on_after, whole.went_on_after) == ("visual.block", "")
    assert np.array_equal(kept.embeddings, whole.embeddings)


def test_passes_go_on_only_where_one_module_holds_all_that_follows() -> None:
    chain, skipping = clip_of(seeded(Tower)), clip_of(seeded(Skipping))
    inputs = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    cuts = [cut.path for cut in find_cuts(chain.network, chain.network.encode_image, inputs)]
    assert cuts[:4] == ["visual.conv1", "visual.bn1", "visual.act1", "visual.block"]
    cuts = [cut.path for cut in find_cuts(skipping.network, skipping.network.encode_image, inputs)]
    # the middle one needs what is below it besides
    assert "visual.down" in cuts and "visual.middle" not in cuts
    lesions = [Lesion("visual.up", "shuffle")]
    with lesioned_images(skipping, pixels(4)) as found:
        answer = found.answer(lesions)
    assert answer.went_on_after == "visual.down"
    assert np.array_equal(answer.embeddings, naive(skipping, pixels(4), lesions, 32))


def test_a_tied_weight_counts_where_it_is_first_used() -> None:
    class Flat(Repeated):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x.mean((2, 3)))

    clip, images = clip_of(seeded(Flat)), pixels(4)
    lesions = [Lesion("visual.second", "gaussian")]
    with lesioned_images(clip, images) as found:
        answer = found.answer(lesions)
    # going on after the first would keep what its intact weight gave
    assert np.array_equal(answer.embeddings, naive(clip, images, lesions, 32))
    assert answer.went_on_after != "visual.first"


def test_watched_layers_before_the_lesion_stay_and_those_after_it_change(planted: Clip) -> None:
    lesions = [Lesion("visual.layer3.0.conv2", "shuffle")]
    layers = ["visual.layer1", "visual.layer2.0.bn1", "visual.layer4"]
    with lesioned_images(planted, IMAGES, watched=layers, batch_size=2) as found:
        intact, answer = found.intact, found.answer(lesions)
    assert answer.went_on_after == "visual.layer2"
    with watch(planted.network, layers, reduce=peak) as seen, lesioned(planted.network, lesions):
        planted.embed_images(IMAGES[:2])
    for layer in layers:
        np.testing.assert_allclose(
            answer.peaks[layer][:2], seen[layer].value.numpy(), rtol=1e-4, atol=1e-6
        )
        assert np.array_equal(answer.peaks[layer], intact.peaks[layer]) == (layer != layers[2])


def test_a_watched_layer_whose_output_is_changed_is_read_as_changed(planted: Clip) -> None:
    with lesioned_images(planted, IMAGES, watched=["visual.layer4"]) as found:
        answer = found.answer([Lesion("visual.layer4", "output-zero")])
        mean = found.answer([Lesion("visual.layer4", "mean")])
    assert not answer.peaks["visual.layer4"].any()
    assert (mean.peaks["visual.layer4"] == mean.peaks["visual.layer4"][0]).all()
    assert np.ptp(mean.embeddings, axis=0).max() == 0
    assert np.ptp(found.intact.embeddings, axis=0).max() > 0


@pytest.mark.parametrize("path", ["visual.conv1", "visual.block.conv", "visual.project"])
def test_recalibration_goes_on_from_what_is_kept_and_gives_what_whole_passes_give(
    path: str,
) -> None:
    clip, images = clip_of(seeded(Tower)), pixels(6)
    lesions = [Lesion(path, "shrink", 0.2)]
    before = {key: each.clone() for key, each in clip.network.state_dict().items()}
    with lesioned_images(clip, images, recalibrate=True) as found:
        answer, intact = found.answer(lesions), found.intact
    order = np.random.default_rng(0).permutation(6)

    def by_hand(made: list[Lesion]) -> np.ndarray:
        def forward(part: torch.Tensor) -> torch.Tensor:
            inputs = clip.preprocess.normalise(part)
            return clip.network.encode_image(inputs.contiguous(memory_format=torch.channels_last))

        passes = [(6, lambda: forward(images[order]))]
        with lesioned(clip.network, made), recalibrated(clip.network, passes):
            return forward(images).numpy()

    assert np.array_equal(intact.recalibrated, by_hand([]))
    assert np.array_equal(answer.recalibrated, by_hand(lesions))
    assert np.array_equal(answer.embeddings, naive(clip, images, lesions, 32))
    assert not np.allclose(intact.recalibrated, intact.embeddings, rtol=0.01)
    after = clip.network.state_dict()
    assert all(torch.equal(each, after[key]) for key, each in before.items())


def test_statistics_are_estimated_on_mixed_batches() -> None:
    clip, images = clip_of(seeded(Tower)), pixels(32)
    # by brightness: batches in order would be normalised by pictures as dark as themselves
    with lesioned_images(clip, images, recalibrate=True, batch_size=4) as found:
        small = found.intact.recalibrated
    with lesioned_images(clip, images, recalibrate=True, batch_size=32) as found:
        whole = found.intact.recalibrated
    in_order = [(4, lambda part=part: clip.embed_images(part)) for part in images.split(4)]
    with recalibrated(clip.network, in_order):
        sorted_batches = clip.embed_images(images).numpy()
    assert np.abs(small - whole).max() < 0.5 * np.abs(sorted_batches - whole).max()


def test_nan_weights_give_nan_and_keep_no_pass_from_being_right() -> None:
    clip = clip_of(seeded(Tower))
    with lesioned_images(clip, pixels(4)) as found:
        answer = found.answer([Lesion("visual.conv1", "enlarge", 1e38)])
        sane = found.answer([Lesion("visual.conv1", "enlarge", 1.0)])
    assert not np.isfinite(answer.embeddings).all()
    assert np.array_equal(sane.embeddings, found.intact.embeddings)


def test_what_cannot_be_run_is_told_before_any_image(vit: Clip) -> None:
    with (
        pytest.raises(OptionError, match="1 images; two or more"),
        lesioned_images(vit, IMAGES[:1]),
    ):
        pass
    with (
        pytest.raises(OptionError, match="no BatchNorm"),
        lesioned_images(vit, IMAGES, recalibrate=True),
    ):
        pass
    with (
        watch(vit.network, ["visual.conv1"], reduce=peak),
        pytest.raises(OptionError, match="watched or edited"),
        lesioned_images(vit, IMAGES),
    ):
        pass
