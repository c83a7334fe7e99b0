"""Each module has a place of its own on the map, blocks in the order in which they run."""

from __future__ import annotations

from neurons.interventions.lesion_map import network_map


def test_a_resnets_modules_stand_by_block_and_part() -> None:
    paths = [
        "visual.conv1",
        "visual.bn1",
        *(f"visual.layer{i}.0.{name}" for i in (1, 2) for name in ("conv1", "bn1")),
        "visual.layer2.0.downsample.0",
        "visual.attnpool",
        "visual.attnpool.q_proj",
    ]
    found = network_map(paths)
    assert found.rows == ("before the blocks", "layer1.0", "layer2.0", "attnpool")
    assert found.places["visual.layer1.0.conv1"] == (1, found.columns.index("conv1"))
    assert found.places["visual.layer2.0.downsample.0"][0] == 2
    assert found.columns[found.places["visual.attnpool"][1]] == "itself"
    assert len(set(found.places.values())) == len(paths)


def test_what_comes_after_the_blocks_of_a_vit_stands_below_them() -> None:
    blocks = [f"visual.transformer.resblocks.{i}.{n}" for i in (0, 1) for n in ("ln_1", "mlp.c_fc")]
    found = network_map(["visual", "visual.conv1", *blocks, "visual.ln_post"])
    assert found.rows[0] == "before the blocks" and found.rows[-1] == "after the blocks"
    assert found.places["visual"][0] == 0 and "itself" in found.columns
    assert [found.places[path][0] for path in blocks] == [1, 1, 2, 2]


def test_blocks_and_heads_have_places_too() -> None:
    blocks = network_map(["visual.layer1.0", "visual.layer1.1", "visual.layer2.0"])
    assert blocks.rows == ("layer1", "layer2") and blocks.columns == ("0", "1")
    heads = network_map([f"visual.t.{i}.attn.head.{h}" for i in (0, 1) for h in (0, 1)])
    assert heads.rows == ("t.0", "t.1") and heads.columns == ("attn.head.0", "attn.head.1")
