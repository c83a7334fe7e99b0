"""How is a dictionary read from a file? As SAELens, Prisma or overcomplete wrote it.

SAELens and Prisma (vit-prisma) name the tensors ``W_enc``, ``b_enc``, ``W_dec`` and ``b_dec``, and
write a ``cfg.json`` or ``config.json`` beside them. overcomplete names them
``encoder.final_block.0.weight``, ``dictionary._weights`` and so on, and writes no settings: these
are read from such a JSON file too, or from the safetensors file's own metadata.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from neurons.errors import MismatchError, OptionError
from neurons.files import write_file
from neurons.network.dictionary import Activation, Dictionary, Scaling

_PICKLED = (".pt", ".pth", ".bin", ".pkl", ".gz", ".ckpt")
_CONFIGS = ("cfg.json", "config.json")
# torch.nn.BatchNorm1d's, which overcomplete leaves as it is
_BATCH_NORM_EPSILON = 1e-5
# of a file's metadata, where all is written that this toolkit writes
_SETTINGS = "dictionary"
_FIRST = "encoder.final_block.0"
_SECOND = "encoder.final_block.1"


def read_dictionary(path: str | Path) -> Dictionary:
    """Read a dictionary, and refuse what would be read wrongly.

    Parameters
    ----------
    path : str or Path
        A safetensors file. Its settings are its own metadata, or a ``cfg.json`` or ``config.json``
        beside it: ``{"activation": "topk", "k": 32}``. A threshold needs no activation named.

    Returns
    -------
    Dictionary

    Raises
    ------
    OptionError
        If there is no such file, it is pickled, no safetensors, or leaves open what it computes.
    MismatchError
        If its tensors do not belong together.
    """
    path = Path(path)
    _check_file(path)
    tensors, settings = _content(path)
    file = _File(path, tensors, {**_beside(path), **settings})
    named = file.of_overcomplete() if f"{_FIRST}.weight" in tensors else file.as_written()
    dictionary = file.dictionary(named)
    _check_shapes(path, dictionary)
    return dictionary


def write_dictionary(dictionary: Dictionary, path: Path) -> None:
    """Write a dictionary whole, so that `read_dictionary` gives it back to the bit.

    Parameters
    ----------
    dictionary : Dictionary
    path : Path
    """
    tensors = {name: each.cpu().contiguous() for name, each in dictionary.tensors.items()}
    # one key: safetensors writes several in any order, and the bytes would differ
    settings = {_SETTINGS: json.dumps(dictionary.settings, sort_keys=True)}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, save(tensors, settings))


@dataclass(frozen=True)
class _File:
    """What lies in a file, and how it is to be understood."""

    path: Path
    tensors: Mapping[str, Tensor]
    settings: Mapping[str, Any]

    def as_written(self) -> dict[str, Tensor]:
        """Give the tensors of a file that names them as SAELens and Prisma do."""
        gated = sorted({"b_gate", "r_mag", "b_mag"} & set(self.tensors))
        if gated:
            raise OptionError(
                f"{str(self.path)!r} is a gated dictionary ({gated[0]}), which is not read; relu, "
                f"topk, batchtopk and jumprelu are"
            )
        missing = [name for name in ("W_enc", "b_enc") if name not in self.tensors]
        if missing:
            held = ", ".join(sorted(self.tensors)[:8])
            raise OptionError(
                f"{str(self.path)!r} is no dictionary that is known: no {' and '.join(missing)} "
                f"among {held}; rename its tensors to W_enc (units x features), b_enc, W_dec, b_dec"
            )
        return dict(self.tensors)

    def of_overcomplete(self) -> dict[str, Tensor]:
        """Give the tensors of overcomplete's linear encoder, its norm folded in."""
        other = [name for name in self.tensors if name.startswith("encoder.mlp_blocks")]
        if other or (f"{_SECOND}.weight" in self.tensors and not self._has_batch_norm()):
            raise OptionError(
                f"{str(self.path)!r} has an encoder of several layers or with a layer norm, which "
                f"is not read; a linear one, with or without BatchNorm, is"
            )
        weight, bias = self.tensors[f"{_FIRST}.weight"], self.tensors[f"{_FIRST}.bias"]
        if self._has_batch_norm():
            mean, variance, gain, shift = (
                self.tensors[f"{_SECOND}.{name}"].float()
                for name in ("running_mean", "running_var", "weight", "bias")
            )
            factor = gain / (variance + _BATCH_NORM_EPSILON).sqrt()
            weight, bias = weight * factor[:, None], (bias - mean) * factor + shift
        named = {"W_enc": weight.T, "b_enc": bias}
        for name in (
            "dictionary._weights",
            "dictionary.dictionary",
            "dictionary._fused_dictionary",
        ):
            if name in self.tensors:
                named["W_dec"] = self.tensors[name]
        if "thresholds" in self.tensors:
            # stored as logarithms
            named["threshold"] = self.tensors["thresholds"].float().exp()
        return named

    def dictionary(self, named: Mapping[str, Tensor]) -> Dictionary:
        """Put a dictionary together, its settings read."""
        given = {name: tensor.detach().float().contiguous() for name, tensor in named.items()}
        threshold = self._threshold(given)
        activation, k = self._activation(threshold, int(given["W_enc"].shape[-1]))
        return Dictionary(
            encoder=given["W_enc"],
            bias=given["b_enc"],
            activation=activation,
            k=k,
            threshold=threshold if activation == "jumprelu" else None,
            decoder=given.get("W_dec"),
            centre=given.get("b_dec"),
            centred="b_dec" in given and self._centred(),
            scaling=self._scaling(),
            by_decoder_norm=self._by_decoder_norm(given),
        )

    def _has_batch_norm(self) -> bool:
        return f"{_SECOND}.running_mean" in self.tensors

    def _centred(self) -> bool:
        # Prisma, and SAELens unless it says so, subtract what the decoder adds
        return bool(self.settings.get("apply_b_dec_to_input", True))

    def _by_decoder_norm(self, given: Mapping[str, Tensor]) -> bool:
        asked = bool(self.settings.get("rescale_acts_by_decoder_norm", False))
        if asked and "W_dec" not in given:
            raise OptionError(f"{str(self.path)!r} counts in decoder norms, and has no W_dec")
        return asked

    def _scaling(self) -> Scaling:
        asked = self.settings.get("normalize_activations", "none")
        if asked in (None, False, "none", ""):
            return "none"
        if asked == "layer_norm":
            return "layer_norm"
        if asked == "constant_norm_rescale":
            return "constant_norm_rescale"
        raise OptionError(
            f"{str(self.path)!r} scales its inputs by {asked!r}, whose factor it does not keep; "
            f"fold it into W_enc and write normalize_activations: none"
        )

    def _threshold(self, given: Mapping[str, Tensor]) -> Tensor | None:
        features = given["W_enc"].shape[-1]
        asked = given.get("threshold", self.settings.get("threshold"))
        if asked is None:
            return None
        return torch.as_tensor(asked, dtype=torch.float32).relu().expand(features).contiguous()

    def _activation(self, threshold: Tensor | None, n_features: int) -> tuple[Activation, int]:
        asked = self._asked()
        if asked == "relu":
            return "relu", 0
        if asked == "topk":
            k = self.settings.get("k", self._extra().get("k"))
            if not isinstance(k, int) or not 1 <= k <= n_features:
                raise OptionError(
                    f"{str(self.path)!r} is a topk dictionary with k {k!r}; write k, from 1 to "
                    f"{n_features:,}, into its settings"
                )
            return "topk", k
        if asked in ("jumprelu", "batchtopk"):
            if threshold is None:
                raise OptionError(
                    f"{str(self.path)!r} is a {asked} dictionary without a threshold, and what one "
                    f"image activates would depend on others; write its threshold"
                )
            return "jumprelu", 0
        raise OptionError(
            f"{str(self.path)!r} has the activation {asked!r}; relu, topk, batchtopk and jumprelu "
            f"are known"
        )

    def _asked(self) -> str:
        named = self.settings.get("activation") or self.settings.get("activation_fn_str")
        named = named or self.settings.get("activation_fn")
        architecture = str(self.settings.get("architecture") or "")
        if architecture in ("topk", "batchtopk", "jumprelu", "gated"):
            return architecture
        if named:
            return str(named).lower().replace("_", "").replace("-", "")
        if architecture == "standard":
            return "relu"
        if {"threshold", "thresholds"} & set(self.tensors):
            return "jumprelu"
        raise OptionError(
            f"{str(self.path)!r} does not say its activation: write a cfg.json beside it, such as "
            f'{{"activation": "relu"}} or {{"activation": "topk", "k": 32}}'
        )

    def _extra(self) -> Mapping[str, Any]:
        extra = self.settings.get("activation_fn_kwargs") or {}
        return extra if isinstance(extra, dict) else {}


def _check_file(path: Path) -> None:
    if not path.is_file():
        inside = sorted(path.glob("*.safetensors")) if path.is_dir() else []
        mend = f"did you mean {str(inside[0])!r}?" if inside else "give a .safetensors file"
        raise OptionError(f"no dictionary at {str(path)!r}: {mend}")
    if path.suffix in _PICKLED:
        raise OptionError(
            f"{str(path)!r} is pickled, and reading it could run any code; save its tensors as "
            f"safetensors (safetensors.torch.save_file) with its settings in a cfg.json beside it"
        )


def _content(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        with safe_open(path, "pt") as file:
            # not a mapping: it has no iterator
            tensors = {name: file.get_tensor(name) for name in file.keys()}
            written = dict(file.metadata() or {})
    except SafetensorError as error:
        raise OptionError(f"{str(path)!r} is no safetensors file ({error})") from None
    told = {name: _plain(value) for name, value in written.items()}
    own = told.get(_SETTINGS)
    return tensors, own if isinstance(own, dict) else told


def _plain(value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _beside(path: Path) -> dict[str, Any]:
    for name in (f"{path.stem}.json", *_CONFIGS):
        file = path.with_name(name)
        if file.is_file():
            try:
                found = json.loads(file.read_text(encoding="utf-8"))
            except json.JSONDecodeError as error:
                raise OptionError(f"{str(file)!r} is no JSON: {error}") from None
            if isinstance(found, dict):
                return found
    return {}


def _check_shapes(path: Path, dictionary: Dictionary) -> None:
    if dictionary.encoder.ndim != 2:
        raise MismatchError(f"{str(path)!r}: W_enc has {dictionary.encoder.ndim} axes, not 2")
    width, features = dictionary.encoder.shape
    expected = {
        "b_enc": (features,),
        "threshold": (features,),
        "W_dec": (features, width),
        "b_dec": (width,),
    }
    for name, tensor in dictionary.tensors.items():
        if name in expected and tuple(tensor.shape) != expected[name]:
            raise MismatchError(
                f"{str(path)!r}: {name} is {' x '.join(map(str, tensor.shape))}, and W_enc (units "
                f"x features) asks for {' x '.join(map(str, expected[name]))}"
            )
    bad = [name for name, each in dictionary.tensors.items() if not bool(each.isfinite().all())]
    if bad:
        raise MismatchError(f"{str(path)!r}: {bad[0]} holds NaN or infinity")
