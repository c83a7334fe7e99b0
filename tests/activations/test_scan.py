"""The scan finds what was planted, survives kills, and no image changes another's numbers."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

import neurons
from neurons import Activations, Clip, Neuron
from neurons.activations.run_format import read_spec
from neurons.activations.run_writer import open_for_writing
from neurons.activations.shard import scan_shard
from neurons.data.loading import batches_of, load_batch
from neurons.errors import (
    BadImageError,
    LayerNotFoundError,
    OptionError,
    OutputExistsError,
    RunLockedError,
    StaleActivationsError,
)
from neurons.network.engine import open_engine
from neurons.network.hooks import watch
from neurons.network.layers import find_layers
from neurons.network.pooling import peak
from neurons.studies.units.examples import top_examples
from neurons.studies.units.spectrum import spectrum
from tests.conftest import CONSTANT, DEAD, LAYER, RED, STRIPE, picture, shared
from tests.processes import start_telling


def file_hashes(run: Path) -> dict[str, str]:
    """Hash every file of a run but its lock."""
    return {
        str(file.relative_to(run)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(run.rglob("*"))
        if file.is_file() and file.name != ".lock"
    }


def stored(run: Path, layer: str = LAYER) -> dict[str, np.ndarray]:
    opened = Activations.open(run)
    names = ("peak", "mean", "position")
    arrays = {name: opened.array(layer, name)[:] for name in names}
    return {**arrays, "embeddings": opened.embeddings[:], "status": opened.status}


def assert_same_bits(left: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> None:
    assert left.keys() == right.keys()
    for name in left:
        assert left[name].tobytes() == right[name].tobytes(), name


@pytest.fixture(scope="module")
def run(planted: Clip, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    neurons.scan(planted, neurons.images(pictures), [LAYER], out)
    return out


def test_scan_finds_the_planted_red_unit(run: Path, pictures: Path) -> None:
    found = neurons.top_examples(
        Activations.open(run), neurons.images(pictures), Neuron(LAYER, RED), count=10
    )
    # noise has red patches too, but only the red pictures are red all over
    reds = [f"red/{i:02}.png" for i in range(9, -1, -1)]
    by_mean = [example.image_id for example in sorted(found.top, key=lambda e: -e.mean)]
    assert by_mean == reds


def test_the_position_points_at_the_planted_stripe(run: Path, pictures: Path) -> None:
    images = neurons.images(pictures)
    opened = Activations.open(run, images=images)
    positions = opened.position(Neuron(LAYER, STRIPE))
    for i in range(10):
        column = int(positions[images.ids[:].index(f"stripe/{i:02}.png")]) % 3
        centre = 3 + 9 * i + 1
        # the stripe lies in this third of the picture, or within a pixel of its edge
        assert abs(centre - (column * 32 + 16)) <= 18


def test_the_box_drawn_holds_the_planted_stripe(run: Path, pictures: Path) -> None:
    images = neurons.images(pictures)
    found = top_examples(Activations.open(run), images, Neuron(LAYER, STRIPE), count=20)
    striped = [e for e in found.top if e.image_id.startswith("stripe/")]
    assert striped
    for example in striped:
        place = (3 + 9 * int(example.image_id[-6:-4]) + 1) / 96
        assert example.box is not None
        assert example.box.left <= place <= example.box.right


def test_the_dead_unit_is_called_dead_and_the_constant_one_constant(
    run: Path, pictures: Path
) -> None:
    opened, images = Activations.open(run), neurons.images(pictures)
    assert spectrum(opened, images, Neuron(LAYER, DEAD)).state == "dead"
    constant = spectrum(opened, images, Neuron(LAYER, CONSTANT))
    assert constant.state == "constant"
    assert constant.maximum == pytest.approx(0.75, rel=1e-6)
    assert spectrum(opened, images, Neuron(LAYER, RED)).state == "alive"


@pytest.mark.parametrize("which", ["planted", "vit"])
def test_exact_numbers_are_those_of_open_clip(
    which: str, request: pytest.FixtureRequest, pictures: Path, tmp_path: Path
) -> None:
    clip: Clip = request.getfixturevalue(which)
    path = LAYER if which == "planted" else "visual.transformer.resblocks.1"
    images = neurons.images(pictures)
    neurons.scan(clip, images, [path], tmp_path / "run", batch_size=16)
    # the usual way: PIL, open_clip's own transform, encode_image in fp32
    transform = open_clip.transform.image_transform_v2(
        open_clip.transform.PreprocessCfg(**clip.network.visual.preprocess_cfg),
        is_train=False,
    )
    batch = torch.stack([transform(Image.open(pictures / name)) for name in images.ids])
    (layer,) = find_layers(clip, [path])
    with torch.inference_mode(), watch(clip.network, [path], reduce=torch.clone) as seen:
        embedded = clip.network.encode_image(batch).numpy()
    expected = peak(layer.layout.maps(seen[path]))
    found = stored(tmp_path / "run", path)
    for name, theirs in (
        ("peak", expected.value.numpy()),
        ("mean", expected.mean.numpy()),
        ("embeddings", embedded),
    ):
        assert np.abs(found[name] - theirs).max() <= 1e-5 * np.abs(theirs).max(), name
    assert (found["position"] == expected.position.numpy()).mean() > 0.999


def test_a_vits_class_token_is_kept_apart(vit: Clip, pictures: Path, tmp_path: Path) -> None:
    path = "visual.transformer.resblocks.1.mlp.gelu"
    images = neurons.images(pictures)
    neurons.scan(vit, images, [path], tmp_path / "run")
    resized = [vit.preprocess.pixels(Image.open(pictures / name)) for name in images.ids]
    batch = torch.from_numpy(np.stack(resized)).permute(0, 3, 1, 2)
    with watch(vit.network, [path], reduce=torch.clone) as seen:
        vit.embed_images(batch)
    tokens = seen[path].numpy()
    opened = Activations.open(tmp_path / "run")
    assert (opened.layer(path).height, opened.layer(path).width) == (6, 6)
    np.testing.assert_allclose(
        opened.class_token(Neuron(path, 7)), tokens[:, 0, 7], rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(
        opened.peak(Neuron(path, 7)), tokens[:, 1:, 7].max(1), rtol=1e-5, atol=1e-6
    )


def test_shards_of_7_and_of_512_give_the_same_store(
    planted: Clip, pictures: Path, tmp_path: Path
) -> None:
    images = neurons.images(pictures)
    for size in (7, 512):
        neurons.scan(planted, images, [LAYER], tmp_path / str(size), shard_size=size, batch_size=16)
    assert_same_bits(stored(tmp_path / "7"), stored(tmp_path / "512"))


def test_a_scan_twice_gives_the_same_bytes(
    planted: Clip, pictures: Path, run: Path, tmp_path: Path
) -> None:
    neurons.scan(planted, neurons.images(pictures), [LAYER], tmp_path / "again", workers=3)
    assert file_hashes(tmp_path / "again") == file_hashes(run)


def test_a_shard_can_be_scanned_by_itself(planted: Clip, pictures: Path, tmp_path: Path) -> None:
    images = neurons.images(pictures)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    neurons.scan(planted, images, [LAYER], whole, shard_size=9)
    spec = read_spec(whole)
    layers = find_layers(planted, [LAYER])
    with open_engine(planted, layers, batch_size=32) as engine:
        shards = []
        # as a cluster would: any order, any machine
        for index in reversed(range(spec.n_shards)):
            batches = [
                load_batch(planted.preprocess, images, rows, batch_size=32)
                for rows in batches_of(spec.shard(index), 32)
            ]
            readings = [(batch, engine.read(batch.pixels)) for batch in batches]
            shards.append(scan_shard(spec, index, readings))
    with open_for_writing(parts, spec, images) as writer:
        for shard in shards:
            writer.commit(shard)
    assert file_hashes(parts) == file_hashes(whole)


def test_hostile_files_do_not_change_the_good_ones_by_a_bit(
    planted: Clip, pictures: Path, tmp_path: Path
) -> None:
    hostile = sorted(shared("data/hostile-images").iterdir())
    good = sorted(pictures.rglob("*.png"))
    mixed: list[Path] = []
    for i, path in enumerate(hostile):
        mixed += [path, good[i % len(good)]]
    neurons.scan(planted, neurons.images(good), [LAYER], tmp_path / "good", batch_size=16)
    summary = neurons.scan(
        planted, neurons.images(mixed), [LAYER], tmp_path / "mixed", batch_size=16
    )
    alone, among = stored(tmp_path / "good"), stored(tmp_path / "mixed")
    for i in range(len(hostile)):
        for name in alone:
            assert among[name][2 * i + 1].tobytes() == alone[name][i % len(good)].tobytes()
    skipped = Activations.open(tmp_path / "mixed").skipped()
    assert summary.n_skipped == len(skipped) >= 15
    assert all(reason for reason in skipped.values())
    assert np.isnan(among["peak"][sorted(skipped)]).all()


def test_strict_stops_at_the_first_bad_image(planted: Clip, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    Image.fromarray(picture()).save(tmp_path / "images" / "a.png")
    (tmp_path / "images" / "b.png").write_bytes(b"no picture")
    images = neurons.images(tmp_path / "images")
    with pytest.raises(BadImageError, match=r"b\.png"):
        neurons.scan(planted, images, [LAYER], tmp_path / "run", strict=True)
    summary = neurons.scan(planted, images, [LAYER], tmp_path / "run")
    assert (summary.n_skipped, summary.reasons[0][0]) == (1, "b.png")


def test_a_run_of_other_settings_is_stale_and_says_what_differs(
    planted: Clip, vit: Clip, pictures: Path, run: Path
) -> None:
    images = neurons.images(pictures)
    with pytest.raises(OutputExistsError, match="precision: the run has 'exact'"):
        neurons.scan(planted, images, [LAYER], run, precision=neurons.fast, dtype="float32")
    with pytest.raises(StaleActivationsError, match="weights_sha256"):
        Activations.open(run, clip=vit)
    fewer = neurons.images(sorted(pictures.rglob("*.png"))[:5])
    with pytest.raises(StaleActivationsError, match=r"n: the run has 40, asked is 5"):
        Activations.open(run, images=fewer)


def test_a_moved_folder_holds_the_same_images(run: Path, pictures: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    for file in pictures.rglob("*.png"):
        (moved / file.parent.name).mkdir(parents=True, exist_ok=True)
        (moved / file.parent.name / file.name).write_bytes(file.read_bytes())
    assert Activations.open(run, images=neurons.images(moved)).spec.n_images == 40


def test_a_folder_that_is_no_run_is_left_alone(
    planted: Clip, pictures: Path, tmp_path: Path
) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(OptionError, match="is not empty and is no run"):
        neurons.scan(planted, neurons.images(pictures), [LAYER], tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_unknown_layers_and_bad_numbers_are_refused(
    planted: Clip, pictures: Path, tmp_path: Path
) -> None:
    images = neurons.images(pictures)
    with pytest.raises(LayerNotFoundError, match=r"nearest: visual\.layer"):
        neurons.scan(planted, images, ["visual.layer9"], tmp_path / "run")
    with pytest.raises(OptionError, match="images per shard is 0"):
        neurons.scan(planted, images, [LAYER], tmp_path / "run", shard_size=0)


def test_float16_refuses_what_it_cannot_hold(pictures: Path, tmp_path: Path) -> None:
    from tests.conftest import RESNET, build, plant, save_model

    network = plant(build(RESNET))
    with torch.no_grad():
        getattr(network.visual.layer4[0].downsample, "1").bias[CONSTANT] = 1e6
    clip = neurons.load(save_model(tmp_path / "loud", RESNET, network), device="cpu")
    with pytest.raises(OptionError, match="scan with float32"):
        neurons.scan(clip, neurons.images(pictures), [LAYER], tmp_path / "run", dtype="float16")


def test_without_embeddings_the_layer_says_the_same(
    planted: Clip, pictures: Path, run: Path, tmp_path: Path
) -> None:
    images = neurons.images(pictures)
    neurons.scan(planted, images, [LAYER], tmp_path / "run", embeddings=False)
    opened = Activations.open(tmp_path / "run")
    expected = Activations.open(run).array(LAYER, "peak")[:]
    assert opened.array(LAYER, "peak")[:].tobytes() == expected.tobytes()
    with pytest.raises(LayerNotFoundError, match="without embeddings"):
        _ = opened.embeddings


def test_content_hashes_are_those_of_the_files(
    planted: Clip, pictures: Path, tmp_path: Path
) -> None:
    images = neurons.images(pictures)
    neurons.scan(planted, images, [LAYER], tmp_path / "run", content_hash=True, shard_size=16)
    kept = Activations.open(tmp_path / "run")._group["sha256"][:]
    for i, name in enumerate(images.ids):
        assert kept[i].tobytes() == hashlib.sha256((pictures / name).read_bytes()).digest()


def test_progress_counts_every_image_once(planted: Clip, pictures: Path, tmp_path: Path) -> None:
    seen: list[int] = []
    neurons.scan(
        planted,
        neurons.images(pictures),
        [LAYER],
        tmp_path / "run",
        batch_size=16,
        progress=lambda state: seen.append(state.done),
    )
    assert seen == [0, 16, 32, 40]


def test_fast_is_near_exact(planted: Clip, pictures: Path, run: Path, tmp_path: Path) -> None:
    neurons.scan(
        planted, neurons.images(pictures), [LAYER], tmp_path / "run", precision=neurons.fast
    )
    quick = Activations.open(tmp_path / "run")
    assert quick.spec.dtype == "float16"
    assert quick.spec.provenance["precision"] == "fast"
    slow = Activations.open(run).array(LAYER, "peak")[:]
    gap = np.abs(quick.array(LAYER, "peak")[:].astype(np.float32) - slow).max()
    assert 0 < gap < 0.05 * np.abs(slow).max()


def scan_telling(tell: Callable[[object], None], model: str, pictures: Path, out: Path) -> None:
    clip = neurons.load(model, device="cpu")
    tell("go")
    neurons.scan(
        clip, neurons.images(pictures), [LAYER], out, shard_size=4, batch_size=4,
        progress=lambda state: tell(state.done),
    )  # fmt: skip


def test_a_second_process_on_a_run_gets_a_clear_error(
    planted: Clip, planted_name: str, pictures: Path, tmp_path: Path
) -> None:
    first, heard = start_telling(scan_telling, planted_name, pictures, tmp_path / "run")
    assert [heard(), heard()] == ["go", 0] and first.pid is not None
    os.kill(first.pid, signal.SIGSTOP)
    try:
        with pytest.raises(RunLockedError, match="another process is writing"):
            neurons.scan(
                planted, neurons.images(pictures), [LAYER], tmp_path / "run",
                shard_size=4, batch_size=4,
            )  # fmt: skip
    finally:
        os.kill(first.pid, signal.SIGCONT)
        first.join()
    assert first.exitcode == 0


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(
    planted: Clip, pictures: Path, tmp_path: Path
) -> None:
    """Kill -9 at 20 random moments: while the run is being made, and after any of its batches."""
    images = neurons.images(pictures)
    options = {"shard_size": 4, "batch_size": 4}
    neurons.scan(planted, images, [LAYER], tmp_path / "calm", **options)
    expected = file_hashes(tmp_path / "calm")
    rng = random.Random(0)
    killed = 0
    for attempt in range(20):
        out = tmp_path / f"killed{attempt}"
        child, heard = start_telling(scan_telling, planted.name, pictures, out)
        # by what the child has said, not by the clock: a shared machine's speed drifts
        batches_done = rng.randrange(-1, 9)
        for _ in range(2 + batches_done):
            heard()
        time.sleep(rng.random() * (0.3 if batches_done < 0 else 0.02))
        child.kill()
        child.join()
        finished = file_hashes(out) == expected if out.exists() else False
        killed += not finished
        summary = neurons.scan(planted, images, [LAYER], out, **options)
        assert finished or summary.n_scanned > 0
        assert file_hashes(out) == expected, f"attempt {attempt}"
    # most kills must have hit a run in flight, or this test says nothing
    assert killed >= 10, killed
