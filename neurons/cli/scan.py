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
from neurons.errors import OptionError
from neurons.folder_kinds import RUN

if TYPE_CHECKING:
    from neurons.activations.scan_summary import Progress
    from neurons.network.dictionary import Dictionary


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


@Parameter(name="*", group="Dictionaries")
@dataclass(frozen=True, kw_only=True)
class DictionaryOptions:
    """Which sparse autoencoders are read, so that their features are units too.

    Parameters
    ----------
    dictionary : tuple of str
        A .safetensors file, or LAYER=FILE; repeat. Adds the layer LAYER.dictionary.
    no_control : bool
        Leave out its control, random directions: LAYER.dictionary_random.
    """

    dictionary: tuple[str, ...] = ()
    no_control: bool = False

    def open(self, layers: tuple[str, ...]) -> dict[str, Dictionary]:
        """Read the files, by the layer that each is for.

        Raises
        ------
        OptionError
            If a file cannot be read, or it is not clear which layer it is for.
        """
        found: dict[str, Dictionary] = {}
        for given in self.dictionary:
            layer, parts, file = given.partition("=")
            if not parts:
                layer, file = self._only(layers, given), given
            if layer in found:
                raise OptionError(f"two dictionaries for {layer!r}; scan them into two runs")
            found[layer] = neurons.read_dictionary(file)
        return found

    def _only(self, layers: tuple[str, ...], file: str) -> str:
        if len(layers) == 1:
            return layers[0]
        raise OptionError(
            f"which of the layers is the dictionary for? Write LAYER={file}, such as "
            f"{layers[0] if layers else 'visual.layer4'}={file}"
        )


def scan(
    *,
    model: ModelOptions,
    images: ImageOptions,
    layers: LayerPaths,
    to: OutOptions,
    batch: int | None = None,
    workers: int | None = None,
    strict: bool = False,
    append: bool = False,
    retry_skipped: bool = False,
    features: DictionaryOptions = DictionaryOptions(),
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
    append : bool
        Add layers, or images after its own, to the run.
    retry_skipped : bool
        Try images again that were skipped.
    """
    to.check(RUN)
    read = features.open(tuple(parted(layers)))
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
            dictionaries=read,
            control=not features.no_control,
            precision=model.how(),
            dtype=storage.dtype,
            batch_size=batch,
            shard_size=storage.shard,
            embeddings=not storage.no_embeddings,
            content_hash=storage.content_hash,
            strict=strict,
            workers=workers,
            replace=to.replace,
            append=append,
            retry_skipped=retry_skipped,
            progress=show,
        )
    out_console.print(summary)
