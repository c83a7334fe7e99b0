"""The modules that can be changed are listed as they run, with what shares their weights."""

from __future__ import annotations

import pytest
import torch

from neurons import Clip
from neurons.errors import LayerNotFoundError
from neurons.interventions.lesion_modules import image_pass, lesion_modules, output_modules
from tests.interventions.lesion_networks import Branches, Repeated, seeded

ROWS = torch.ones(2, 3)


def test_modules_come_in_the_order_in_which_they_run_and_those_that_do_not_run_last() -> None:
    network = Branches()
    found = lesion_modules(network, run=lambda: network(ROWS))
    assert [each.path for each in found] == ["left", "right", "dead", "end", "unused"]
    assert [each.depth for each in found] == [0, 1, 2, 3, 4]
    assert [each.n_runs for each in found] == [1, 1, 1, 1, 0]
    assert found[-1].note == "does not run, so that no lesion of it can do anything"
    assert found[0].note == ""
    assert {each.n_weights for each in found} == {12}


def test_repeated_tied_and_renamed_modules_are_counted_and_told() -> None:
    network = seeded(Repeated)
    again, first, second = lesion_modules(network, run=lambda: network(ROWS))
    assert (again.path, again.n_runs, again.names) == ("again", 2, ("alias",))
    assert "runs 2 times in a pass and is changed in each" in again.note
    assert "also goes by alias" in again.note
    assert (first.path, first.tied, second.tied) == ("first", ("second",), ("first",))
    assert "shares weights with second, which change with it" in first.note


def test_a_resnet_s_modules_have_kinds_stages_and_an_attention_pool(planted: Clip) -> None:
    found = lesion_modules(planted.network, "visual.*", run=image_pass(planted))
    by_path = {each.path: each for each in found}
    convolutions = [each for each in found if each.kind == "conv"]
    # three of the stem, and four stages of one block with three and a downsampling one
    assert len(convolutions) == 3 + 4 * 4
    assert [each.path for each in found[:3]] == ["visual.conv1", "visual.bn1", "visual.conv2"]
    assert by_path["visual.layer4.0.bn3"].kind == "norm"
    assert by_path["visual.layer4.0.downsample.0"].stage == "visual.layer4.0"
    # the pool runs, its projections are used by it
    query = by_path["visual.attnpool.q_proj"]
    assert (query.kind, query.n_runs, query.runs_itself) == ("linear", 1, False)
    assert (query.stage, by_path["visual.attnpool"].kind) == ("visual.attnpool", "embedding")
    assert found[-1].stage == "visual.attnpool"
    # what does not run when an image is embedded is no part of the image tower
    assert all(each.n_runs == 1 for each in found)
    text = lesion_modules(planted.network, "transformer.*", run=image_pass(planted))
    assert all(each.n_runs == 0 for each in text)


def test_a_vit_s_tower_owns_weights_of_its_own(vit: Clip) -> None:
    found = lesion_modules(vit.network, "visual,visual.*", run=image_pass(vit))
    assert (found[0].path, found[0].kind) == ("visual", "other")
    assert found[1].path == "visual.conv1"
    kinds = {each.path: each.kind for each in found}
    assert kinds["visual.transformer.resblocks.1.attn"] == "attention"
    assert kinds["visual.transformer.resblocks.1.ln_2"] == "norm"


def test_blocks_that_take_what_they_give_and_heads_can_be_skipped(planted: Clip, vit: Clip) -> None:
    of_vit = output_modules(vit.network, "visual.transformer.*", run=image_pass(vit))
    paths = [each.path for each in of_vit]
    block = "visual.transformer.resblocks.0"
    assert {block, f"{block}.attn.head.0", f"{block}.attn.head.1", f"{block}.mlp"} <= set(paths)
    assert f"{block}.attn.head.2" not in paths
    assert {each.kind for each in of_vit} == {"block", "head"}
    # a block that halves its map cannot be passed by
    of_resnet = output_modules(planted.network, "visual.*", run=image_pass(planted))
    assert [each.path for each in of_resnet] == [f"visual.attnpool.head.{n}" for n in range(4)]


def test_a_pattern_without_a_match_names_what_is_near() -> None:
    network = Branches()
    with pytest.raises(LayerNotFoundError, match="'rigth'; there are 5, such as right"):
        lesion_modules(network, "left,rigth", run=lambda: network(ROWS))
    with pytest.raises(LayerNotFoundError, match="block or head that can be skipped"):
        output_modules(network, "left", run=lambda: network(ROWS))
    two = lesion_modules(network, "left, r*", run=lambda: network(ROWS))
    assert [each.path for each in two] == ["left", "right"]
