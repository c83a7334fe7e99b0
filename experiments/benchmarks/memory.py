"""Does memory stay flat as a run grows, and how much of a run is read for one unit?

Scans 10^3 to 10^5 images (by default) with the same small random network, each in a process of its
own, and prints the peak of its resident memory. Then writes a run of a million images straight
through the store, without a network, and counts the bytes that reading one unit takes.

    python -m experiments.benchmarks.memory
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

import neurons
from neurons import Activations, ImageSet, Neuron
from neurons.activations.run_format import LayerSpec, RunSpec
from neurons.activations.run_writer import Shard, open_for_writing


class _Ids(Sequence[str]):
    def __init__(self, n: int) -> None:
        self.n = n

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        if isinstance(index, slice):
            return [str(i) for i in range(*index.indices(self.n))]
        return str(index)


@dataclass(frozen=True)
class Synthetic:
    """As many images as asked, all of the same bytes: what grows is the run alone."""

    ids: Sequence[str]
    data: bytes
    labels: None = None
    class_names: tuple[str, ...] = ()
    fingerprint: str = "synthetic"
    columns: Mapping[str, Sequence[object]] = field(default_factory=dict)

    def read(self, indices: Sequence[int]) -> list[bytes | OSError]:
        """Give the same file as often as asked."""
        return [self.data] * len(indices)


def synthetic(n: int) -> ImageSet:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG")
    return ImageSet(f"{n} synthetic images", Synthetic(_Ids(n), buffer.getvalue()))


def tiny_clip(folder: Path) -> neurons.Clip:
    """Save and load a network so small that a hundred thousand images take a minute."""
    import open_clip
    from safetensors.torch import save_file

    config = {
        "embed_dim": 16,
        "vision_cfg": {"layers": [1, 1, 1, 1], "width": 8, "image_size": 32, "patch_size": None},
        "text_cfg": {
            "context_length": 8, "vocab_size": 512, "width": 16, "heads": 2, "layers": 1
        },
    }  # fmt: skip
    folder.mkdir()
    settings = {"model_cfg": config, "preprocess_cfg": {"resize_mode": "squash"}}
    (folder / "open_clip_config.json").write_text(json.dumps(settings))
    tensors = {k: v.contiguous() for k, v in open_clip.CLIP(**config).state_dict().items()}
    save_file(tensors, folder / "open_clip_model.safetensors")
    return neurons.load(f"local-dir:{folder}", device="cpu")


def scan_of(n: int) -> None:
    """Scan n images and print the peak of this process's memory, MiB."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        summary = neurons.scan(
            tiny_clip(folder / "model"), synthetic(n), ["visual.layer4"], folder / "run"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"n": n, "peak MiB": round(peak), "images/s": round(summary.rate)}))


def one_unit_of(n: int, units: int) -> None:
    """Write a run of n images without a network, then read one unit of it."""
    layer = LayerSpec("layer", "Random", units, 3, 3, False, (-0.1, -0.1, 0.1, 0.1))
    images = synthetic(n)
    spec = RunSpec(n, (layer,), 0, 1024, "float16", False, {"images": images.provenance()})
    rng = np.random.default_rng(0)
    values = np.maximum(rng.normal(size=(1024, units)), 0).astype(np.float32)
    places = rng.integers(0, 9, (1024, units)).astype(np.uint16)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "run"
        with open_for_writing(path, spec, images) as writer:
            for i in range(spec.n_shards):
                rows = len(spec.shard(i))
                peak, mean = {"layer": values[:rows]}, {"layer": values[:rows] / 2}
                position = {"layer": places[:rows]}
                writer.commit(Shard(i, peak, mean, position, {}, None, None, {}))
        size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        run = Activations.open(path)
        before, start = _bytes_read(), time.perf_counter()
        found = run.peak(Neuron("layer", units // 2))
        seconds, read = time.perf_counter() - start, _bytes_read() - before
    assert len(found) == n
    print(
        f"a run of {n:,} images x {units} units is {size / 2**20:,.0f} MiB; one unit's peaks take "
        f"{read / 2**20:,.1f} MiB ({read / size:.1%}) and {seconds:.1f} s"
    )


def _bytes_read() -> int:
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("rchar")).split()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--million", type=int, default=1_000_000, help="images of the big run")
    parser.add_argument("--units", type=int, default=512)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        scan_of(arguments.one)
        return
    for n in arguments.sizes:
        subprocess.run([sys.executable, "-m", __spec__.name, "--one", str(n)], check=True)
    one_unit_of(arguments.million, arguments.units)


if __name__ == "__main__":
    main()
