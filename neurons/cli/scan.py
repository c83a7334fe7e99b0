"""What does every unit say of every image? The command that makes a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cyclopts import Parameter

import neurons
from neurons.cli.options import ImageOptions, LayerPaths, ModelOptions
from neurons.cli.out_options import OutOptions
from neurons.cli.parse import parted
from neurons.cli.terminal import Bar, out_console, say
from neurons.folder_kinds import RUN

if TYPE_CHECKING:
    from neurons.activations.scan_summary import Progress


@Parameter(name="*", group="Storage")
@dataclass(frozen=True, kw_only=True)
class StorageOptions:
    """What a run keeps, and how.

    Parameters
    ----------
    dtype : float16 or float32, optional
        Stored type; default: float32 for exact, else float16.
    shard : int
        Images committed together.
    no_embeddings : bool
        Do not keep the image embeddings.
    content_hash : bool
        Keep each file's SHA-256.
    """

    dtype: Literal["float16", "float32"] | None = None
    shard: int = 1024
    no_embeddings: bool = False
    content_hash: bool = False


def scan(
    *,
    model: ModelOptions,
    images: ImageOptions,
    layers: LayerPaths,
    to: OutOptions,
    batch: int | None = None,
    workers: int | None = None,
    strict: bool = False,
    storage: StorageOptions = StorageOptions(),
) -> None:
    """Scan images and keep every unit's peak, its place and the mean.

    Stop it at any time; the same command goes on where it was.

    Parameters
    ----------
    layers : tuple of str
        Module path; repeat, or part by commas.
    batch : int, optional
        Images per batch; default 32, GPU 256.
    workers : int, optional
        Decoding threads beside a GPU.
    strict : bool
        Stop at the first bad image.
    """
    to.check(RUN)
    shown = images.open()
    say(f"images: {shown.describe()}")
    clip = model.open()
    with Bar("scanning", "images", note=model.slow(clip)) as bar:

        def show(state: Progress) -> None:
            bar.show(state.done, state.total, f"{state.skipped:,} skipped" if state.skipped else "")

        summary = neurons.scan(
            clip,
            shown,
            parted(layers),
            to.out,
            precision=model.how(),
            dtype=storage.dtype,
            batch_size=batch,
            shard_size=storage.shard,
            embeddings=not storage.no_embeddings,
            content_hash=storage.content_hash,
            strict=strict,
            workers=workers,
            replace=to.replace,
            progress=show,
        )
    out_console.print(summary)
