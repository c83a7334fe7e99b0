"""Look inside multimodal vision models: what excites a CLIP neuron, measured and shown.

The exported names are listed in ``__init__.pyi``, and each is imported when it is first used: a
start, a version or a mistyped command does not wait for torch.
"""

import importlib
import warnings

import lazy_loader

_attribute, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

# names of 0.1, kept for one version
_RENAMED = {
    "Blind": "BlackBoxSearch",
    "Reads": "TopStrings",
    "Target": "AttackTarget",
    "reads": "top_strings",
    "search_blind": "search_black_box",
}


def __getattr__(name: str) -> object:
    if name in _RENAMED:
        new = _RENAMED[name]
        warnings.warn(
            f"neurons.{name} is now neurons.{new}; the old name goes in version 0.3",
            DeprecationWarning,
            stacklevel=2,
        )
        return _attribute(new)
    if name == "miniature":
        # in 0.1 this package was there after `import neurons`
        return importlib.import_module("neurons.miniature")
    return _attribute(name)
