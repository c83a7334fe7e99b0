"""A lesion does what it says to the module that it names, and nothing is left of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from neurons import Clip
from neurons.errors import LayerNotFoundError, OptionError
from neurons.interventions.lesion_outputs import mean_outputs
from neurons.interventions.lesions import HOWS, Lesion, lesioned
from tests.interventions.lesion_networks import Block, Branches, Repeated, Tower, seeded

IMAGES = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(1))
ROWS = torch.randn(5, 3, generator=torch.Generator().manual_seed(2))


def bits(network: nn.Module) -> dict[str, bytes]:
    return {name: each.numpy().tobytes() for name, each in network.state_dict().items()}


def lesion_of(path: str, how: str) -> Lesion:
    return Lesion(path, how, {"noise": 0.3, "shrink": 0.5, "enlarge": 2.0}.get(how, 1.0))


class Broken(Exception):  # noqa: N818 - what a body may raise
    pass


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("raises", [False, True])
def test_afterwards_the_network_is_equal_to_the_bit_also_when_the_body_raises(
    how: str, raises: bool
) -> None:
    network = seeded(Tower)
    # 0.3 + (0.1 - 0.1) rounds, and nan is equal to nothing: only a copy comes back to the bit
    network.block.conv.weight[0, 0] = torch.nan
    network.block.conv.weight[1, 1] = -0.0
    before, modules = bits(network), {name: dict(m.__dict__) for name, m in network.named_modules()}
    means = mean_outputs(network, ["block"], [(len(IMAGES), lambda: network(IMAGES))])
    lesions = [lesion_of("block.conv" if lesion_of("block", how).of_weights else "block", how)]
    try:
        with lesioned(network, lesions, means=means):
            network(IMAGES)
            changed = bits(network) != before or not lesions[0].of_weights
            if raises:
                raise Broken
    except Broken:
        assert raises
    assert changed
    assert bits(network) == before
    assert {n: m.__dict__.keys() for n, m in network.named_modules()} == {
        n: d.keys() for n, d in modules.items()
    }
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())


def test_an_error_in_one_lesion_undoes_those_before_it() -> None:
    network = seeded(Tower)
    before = bits(network)
    with (
        pytest.raises(LayerNotFoundError, match="no weights of its own"),
        lesioned(network, [Lesion("conv1", "zero"), Lesion("act1", "zero")]),
    ):
        pass
    with (
        pytest.raises(OptionError, match="the mean of 'bn1' is not known"),
        lesioned(network, [Lesion("conv1", "zero"), Lesion("bn1", "mean")]),
    ):
        pass
    assert bits(network) == before
    assert not any(m._forward_hooks for m in network.modules())


def weights_under(network: nn.Module, *lesions: Lesion) -> Tensor:
    with lesioned(network, lesions):
        return network.conv1.weight.clone()


def test_weights_become_what_each_way_says() -> None:
    network = seeded(Tower)
    own = network.conv1.weight.clone()
    assert not weights_under(network, Lesion("conv1", "zero")).any()
    assert torch.equal(weights_under(network, Lesion("conv1", "shrink", 0.5)), 0.5 * own)
    assert torch.equal(weights_under(network, Lesion("conv1", "enlarge", 3.0)), 3.0 * own)
    shuffled = weights_under(network, Lesion("conv1", "shuffle"))
    assert torch.equal(shuffled.flatten().sort().values, own.flatten().sort().values)
    assert (shuffled != own).float().mean() > 0.9
    wide = nn.Sequential(nn.Linear(200, 200))
    wide[0].weight.data.mul_(3).add_(2)
    with lesioned(wide, [Lesion("0", "gaussian")]):
        noise = wide[0].weight.detach().clone()
    expected = wide[0].weight.detach()
    assert float(noise.mean()) == pytest.approx(float(expected.mean()), abs=0.02)
    assert float(noise.std()) == pytest.approx(float(expected.std()), rel=0.02)
    assert np.corrcoef(noise.flatten(), expected.flatten())[0, 1] == pytest.approx(0, abs=0.02)


def test_noise_is_the_same_along_the_curve_and_another_with_another_seed() -> None:
    network = seeded(Tower)
    own = network.conv1.weight.clone()
    whole = weights_under(network, Lesion("conv1", "noise", 1.0))
    for amount in (0.0, 0.05, 0.1, 0.5):
        part = weights_under(network, Lesion("conv1", "noise", amount))
        torch.testing.assert_close(part, (1 - amount) * own + amount * whole)
    assert torch.equal(whole, weights_under(network, Lesion("conv1", "gaussian")))
    assert not torch.equal(whole, weights_under(network, Lesion("conv1", "gaussian", seed=1)))
    # two modules of one shape do not get one and the same noise
    twins = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)).requires_grad_(False)
    twins[1].load_state_dict(twins[0].state_dict())
    with lesioned(twins, [Lesion("0", "gaussian"), Lesion("1", "gaussian")]):
        assert not torch.equal(twins[0].weight, twins[1].weight)


def test_a_zeroed_convolution_makes_its_norm_emit_a_constant() -> None:
    network = seeded(Tower)
    norm = network.bn1
    given: list[Tensor] = []
    handle = norm.register_forward_hook(lambda m, i, o: given.append(o.clone()))
    with lesioned(network, [Lesion("conv1", "zero")]):
        network(IMAGES)
    handle.remove()
    expected = norm.bias - norm.weight * norm.running_mean / (norm.running_var + norm.eps).sqrt()
    torch.testing.assert_close(given[0], expected.view(1, 4, 1, 1).expand_as(given[0]))
    assert expected.abs().min() > 1e-3


def test_outputs_become_zero_their_mean_or_the_input() -> None:
    network = seeded(Tower)
    given: dict[str, Tensor] = {}

    def under(how: str) -> Tensor:
        means = mean_outputs(
            network, ["block"], [(3, lambda: network(IMAGES[:3])), (1, lambda: network(IMAGES[3:]))]
        )
        with lesioned(network, [Lesion("block", how)], means=means) as runs:
            hook = network.block.register_forward_hook(lambda m, i, o: given.update({how: o}))
            network(IMAGES)
            hook.remove()
        assert runs == {"block": 1}
        return given[how]

    with torch.no_grad():
        taken = network.act1(network.bn1(network.conv1(IMAGES)))
        intact = network.block(taken)
    assert not under("output-zero").any()
    assert torch.equal(under("skip"), taken)
    # a mean over images keeps the places apart, and batches count by their images
    expected = intact.mean(0)
    assert expected.std((1, 2)).min() > 1e-3
    torch.testing.assert_close(under("mean"), expected.expand_as(intact))


def test_a_skipped_module_that_overwrites_its_input_still_passes_it_on() -> None:
    network = nn.Sequential(nn.ReLU(inplace=True))
    with lesioned(network, [Lesion("0", "skip")]):
        assert torch.equal(network(ROWS.clone()), ROWS)


def test_a_module_that_never_runs_is_an_error_but_not_over_another_one() -> None:
    network = Branches().requires_grad_(False)
    with (
        pytest.raises(LayerNotFoundError, match="unused never ran while changed"),
        lesioned(network, [Lesion("unused", "output-zero")]),
    ):
        network(ROWS)
    with pytest.raises(Broken), lesioned(network, [Lesion("unused", "output-zero")]):
        raise Broken


def test_modules_that_run_twice_are_counted_and_changed_each_time() -> None:
    network = seeded(Repeated)
    with lesioned(network, [Lesion("again", "skip")]) as runs:
        found = network(ROWS)
        assert runs == {"again": 2}
    torch.testing.assert_close(found, network.second(network.first(ROWS)))


def test_tied_weights_change_together_and_once() -> None:
    network = seeded(Repeated)
    before = bits(network)
    with lesioned(network, [Lesion("first", "zero")]):
        assert not network.second.weight.any()
        assert network.second.bias.any()
    assert bits(network) == before
    with (
        pytest.raises(OptionError, match="second.weight and first.weight are one tensor"),
        lesioned(network, [Lesion("first", "shrink", 0.1), Lesion("second", "shrink", 0.1)]),
    ):
        pass
    assert bits(network) == before


@torch.no_grad()
def test_a_skipped_head_is_its_slice_of_what_the_last_projection_takes(planted: Clip) -> None:
    attention = nn.MultiheadAttention(8, 2, batch_first=True).eval().requires_grad_(False)
    attention.out_proj.bias.uniform_()
    network = nn.ModuleDict({"attn": attention})
    tokens = torch.randn(3, 5, 8, generator=torch.Generator().manual_seed(0))
    by_head = []
    for head in (0, 1):
        with lesioned(network, [Lesion(f"attn.head.{1 - head}", "skip")]):
            by_head.append(attention(tokens, tokens, tokens)[0])
    # what each head adds, and the bias twice
    torch.testing.assert_close(
        by_head[0] + by_head[1] - attention.out_proj.bias, attention(tokens, tokens, tokens)[0]
    )
    heads = [Lesion("attn.head.0", "skip"), Lesion("attn.head.1", "skip")]
    with lesioned(network, heads):
        left = attention(tokens, tokens, tokens)[0]
    torch.testing.assert_close(left, attention.out_proj.bias.expand_as(left))
    pool, maps = planted.network.visual.attnpool, torch.rand(2, 256, 3, 3)
    everything = [Lesion(f"visual.attnpool.head.{n}", "skip") for n in range(pool.num_heads)]
    with lesioned(planted.network, everything):
        torch.testing.assert_close(pool(maps), pool.c_proj.bias.expand(2, -1))


@pytest.mark.parametrize(
    ("lesions", "words"),
    [
        ([Lesion("nothing", "zero")], "no layer 'nothing'"),
        ([Lesion("conv1", "skip")], r"'conv1' cannot be skipped: it takes \(4, 3, 8, 8\)"),
        ([Lesion("block", "zero")], "'block' has no weights of its own"),
        ([Lesion("block.head.0", "skip")], "no heads are known of 'block'"),
        ([Lesion("conv1", "zero"), Lesion("conv1", "shuffle")], "two lesions change the weights"),
    ],
)
def test_what_cannot_be_done_is_told(lesions: list[Lesion], words: str) -> None:
    network = seeded(Tower)
    with pytest.raises((LayerNotFoundError, OptionError), match=words), lesioned(network, lesions):
        network(IMAGES)


def test_a_head_that_is_not_there_is_told(planted: Clip) -> None:
    with (
        pytest.raises(LayerNotFoundError, match="visual.attnpool has heads 0 to 3, not 4"),
        lesioned(planted.network, [Lesion("visual.attnpool.head.4", "skip")]),
    ):
        pass


@pytest.mark.parametrize(
    ("how", "amount", "words"),
    [
        ("remove", 1.0, "no lesion 'remove'; there are: zero, shuffle"),
        ("noise", 1.5, r"the amount of 'noise' lies in \[0, 1\]: 1.5"),
        ("enlarge", 0.5, r"the amount of 'enlarge' lies in \[1, inf\]: 0.5"),
        ("shrink", float("nan"), r"the amount of 'shrink' lies in \[0, 1\]: nan"),
        ("zero", 0.5, "'zero' has no amount"),
    ],
)
def test_amounts_and_ways_are_checked_at_once(how: str, amount: float, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        Lesion("conv1", how, amount)
    with pytest.raises(OptionError, match="a head can be skipped only"):
        Lesion("attn.head.1", "zero")


def test_a_mean_needs_rows_that_are_images_and_one_run() -> None:
    network = seeded(Repeated)
    with pytest.raises(LayerNotFoundError, match="'again' runs 2 times"):
        mean_outputs(network, ["again"], [(5, lambda: network(ROWS))])
    with pytest.raises(LayerNotFoundError, match="rows of 'first' are not images"):
        mean_outputs(network, ["first"], [(4, lambda: network(ROWS))])
    assert not any(m._forward_hooks for m in network.modules())


def test_a_block_is_skipped_where_it_takes_what_it_gives() -> None:
    block = seeded(Block)
    network = nn.Sequential(block)
    with lesioned(network, [Lesion("0", "skip")]):
        taken = torch.rand(2, 4, 3, 3)
        assert torch.equal(network(taken), taken)
