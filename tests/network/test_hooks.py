"""Reading leaves nothing behind, reads what was there at the time, and writing writes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from neurons import Clip, Neuron, edit, watch
from neurons.errors import AddressError, LayerNotFoundError, NeuronNotFoundError
from neurons.network.hooks import tap, trace
from neurons.network.pooling import copy, peak
from tests.conftest import RESNET, build


def n_hooks(network: nn.Module) -> int:
    return sum(
        len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks)
        for m in network.modules()
    )


class Toy(nn.Module):
    """A convolution, tokens, a vector, and a module that returns a tuple."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.tokens = nn.Linear(4, 5)
        self.attention = nn.MultiheadAttention(5, 1, batch_first=True)
        self.head = nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.tokens(self.conv(x).flatten(2).transpose(1, 2))
        mixed, _ = self.attention(tokens, tokens, tokens)
        return self.head(mixed.mean(1))


@pytest.fixture
def toy() -> Toy:
    return Toy().eval()


X = torch.randn(2, 3, 3, 3, generator=torch.Generator().manual_seed(0))


def test_every_hook_is_removed_also_after_an_exception(planted: Clip) -> None:
    before = n_hooks(planted.network)
    batch = torch.zeros(1, 3, 96, 96, dtype=torch.uint8)

    def fail(output: Tensor) -> Tensor:
        raise RuntimeError("in the hook")

    with watch(planted.network, ["visual.layer4"], reduce=peak):
        assert n_hooks(planted.network) == before + 1
    with (
        pytest.raises(RuntimeError, match="in the hook"),
        watch(planted.network, ["visual.layer1", "visual.layer4"], reduce=fail),
    ):
        planted.embed_images(batch)
    with pytest.raises(ValueError), edit(planted.network, {Neuron("visual.layer4", 1): 0.0}):
        raise ValueError
    with (
        pytest.raises(LayerNotFoundError),
        watch(planted.network, ["visual.layer1", "nowhere"], reduce=peak),
    ):
        pass
    assert n_hooks(planted.network) == before


def test_an_inner_layer_is_read_before_the_block_writes_over_it() -> None:
    """Bottleneck adds in place to bn3's output and then applies ReLU in place."""
    network = build(RESNET).visual
    block = network.layer2[0]
    x = torch.randn(2, 32, 24, 24, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        inner = block.act1(block.bn1(block.conv1(x)))
        inner = block.avgpool(block.act2(block.bn2(block.conv2(inner))))
        expected = block.bn3(block.conv3(inner)).clone()
        trap: list[Tensor] = []
        handle = block.bn3.register_forward_hook(lambda m, i, o: trap.append(o))
        with watch(block, ["bn3"], reduce=copy) as seen:
            block(x)
        with watch(block, ["bn3"], reduce=peak) as peaks:
            block(x)
        handle.remove()
    assert torch.equal(seen["bn3"], expected)
    assert torch.equal(peaks["bn3"].value, expected.amax((2, 3)))
    # the trap is real: what a naive hook keeps was overwritten
    assert not torch.equal(trap[0], expected)


def test_edit_sets_a_channel_everywhere(toy: Toy) -> None:
    with edit(toy, {Neuron("conv", 2): 7.0, Neuron("conv", 0): torch.tensor(-1.0)}):
        with watch(toy, ["conv"], reduce=copy) as seen:
            toy(X)
    with watch(toy, ["conv"], reduce=copy) as plain:
        toy(X)
    # hooks run in the order in which they were set: the reader comes after the writer
    assert (seen["conv"][:, 2] == 7).all()
    assert (seen["conv"][:, 0] == -1).all()
    assert torch.equal(seen["conv"][:, 1], plain["conv"][:, 1])
    assert not (plain["conv"][:, 2] == 7).any()


def test_edit_reaches_tokens_vectors_tuples_and_takes_functions(toy: Toy) -> None:
    before = toy(X)
    for neuron in (Neuron("tokens", 3), Neuron("attention", 1), Neuron("head", 0)):
        with edit(toy, {neuron: lambda unit: unit + 10.0}):
            after = toy(X)
        assert not torch.allclose(after, before)
        if neuron.layer == "head":
            torch.testing.assert_close(after, before + torch.tensor([10.0, 0.0]))
    assert torch.equal(toy(X), before)


def test_edit_finds_the_units_where_channels_lie_last() -> None:
    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.LayerNorm(5)

        def forward(self, x: Tensor) -> Tensor:
            return self.norm(x.permute(0, 2, 3, 1)).mean((1, 2))

    network, x = Last(), torch.randn(2, 5, 3, 3)
    with edit(network, {Neuron("norm", 4): 9.0}):
        found = network(x)
    assert (found[:, 4] == 9).all()
    torch.testing.assert_close(found[:, :4], network(x)[:, :4])


def test_an_edit_changes_what_the_model_says(planted: Clip) -> None:
    batch = torch.randint(0, 256, (2, 3, 96, 96), dtype=torch.uint8)
    before = planted.embed_images(batch)
    with edit(planted.network, {Neuron("visual.layer4", 40): 0.0}):
        without = planted.embed_images(batch)
    assert (before - without).abs().max() > 1e-3
    assert torch.equal(planted.embed_images(batch), before)


def test_unknown_places_are_named(toy: Toy) -> None:
    with pytest.raises(LayerNotFoundError, match="nearest: tokens"):
        with watch(toy, ["token"], reduce=peak):
            pass
    with pytest.raises(NeuronNotFoundError, match="conv has units 0 to 3, not 4"):
        with edit(toy, {Neuron("conv", 4): 0.0}):
            toy(X)


def test_tapped_layers_are_part_of_the_graph() -> None:
    network = torch.nn.Sequential(
        torch.nn.Linear(3, 4), torch.nn.ReLU(inplace=True), torch.nn.Linear(4, 2)
    )
    inputs = torch.randn(5, 3, requires_grad=True)
    with tap(network, ["0", "2"]) as seen:
        outputs = seen.run(lambda: network(inputs))
        # the ReLU after it wrote into a copy
        assert (seen.outputs["0"] < 0).any()
        (there,) = torch.autograd.grad(seen.outputs["2"].sum(), seen.outputs["0"])
    assert torch.equal(outputs, seen.outputs["2"])
    expected = (seen.outputs["0"] > 0) * network[2].weight.sum(0)
    assert torch.allclose(there, expected)
    assert not any(module._forward_hooks for module in network.modules())


def test_a_tapped_pass_can_end_early() -> None:
    ran = []
    last = torch.nn.Linear(4, 2)
    last.register_forward_hook(lambda *_: ran.append(True))
    network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), last)
    with tap(network, ["0", "1"], stop=True) as seen:
        assert seen.run(lambda: network(torch.randn(1, 3))) is None
    assert set(seen.outputs) == {"0", "1"} and not ran


def test_a_unit_is_named_by_its_address(toy: Toy) -> None:
    """Strings and neurons mean the same, to read and to write; a unit keeps its axis."""
    with edit(toy, {"conv:2": 7.0, "tokens:4": -3.0}):
        with watch(toy, ["conv", "conv:2", "conv:1", "tokens:4"], reduce=copy) as seen:
            found = toy(X)
    with edit(toy, {Neuron("conv", 2): 7.0, Neuron("tokens", 4): -3.0}):
        assert torch.equal(found, toy(X))
    assert seen["conv:2"].shape == (2, 1, 3, 3) and (seen["conv:2"] == 7).all()
    assert torch.equal(seen["conv:1"], seen["conv"][:, 1:2])
    assert seen["tokens:4"].shape == (2, 9, 1) and (seen["tokens:4"] == -3).all()
    with watch(toy, ["conv:1"], reduce=peak) as pooled:
        toy(X)
    assert torch.equal(pooled["conv:1"].value[:, 0], seen["conv"][:, 1].amax((1, 2)))
    with pytest.raises(NeuronNotFoundError, match="conv has units 0 to 3, not 4"):
        with watch(toy, ["conv:4"], reduce=peak):
            toy(X)
    with pytest.raises(AddressError, match="LAYER:UNIT"), edit(toy, {"conv": 0.0}):
        pass


def test_a_trace_notes_every_run_in_the_order_in_which_modules_finish(toy: Toy) -> None:
    before = n_hooks(toy)
    with trace(toy, lambda inputs, output: tuple(output.shape)) as found:
        toy(X)
        toy(X[:1])
    assert list(found) == ["conv", "tokens", "attention", "head"]
    assert found["conv"] == [(2, 4, 3, 3), (1, 4, 3, 3)]
    # the first part of what a module returns
    assert found["attention"] == [(2, 9, 5), (1, 9, 5)]
    assert n_hooks(toy) == before
