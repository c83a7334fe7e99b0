"""Where do pictures lie that are drawn on first use, and then kept?"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from filelock import FileLock

from neurons.drawn_world.concepts import HERE


def kept_folder(name: str, deciding: Iterable[str], draw: Callable[[Path], None]) -> Path:
    """Give a folder of drawn pictures, drawing it first where that has not been done.

    It lies in ``$NEURONS_CACHE``, by default ``~/.cache/neurons``.

    Parameters
    ----------
    name : str
        What is drawn: the folder's name begins with it.
    deciding : iterable of str
        Files of this package that decide the pictures, beside the pictograms: where one of them
        has changed, the folder is another. Versions of the rasterisers are left out.
    draw : callable
        Draws into an empty folder.
    """
    cache = Path(os.environ.get("NEURONS_CACHE") or Path.home() / ".cache" / "neurons")
    cache.mkdir(parents=True, exist_ok=True)
    wanted = cache / f"{name}-{_version(deciding)}"
    # several processes may ask for it at once; the folder appears whole or not at all
    with FileLock(cache / f"{name}.lock"):
        if not wanted.is_dir():
            unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=cache))
            try:
                draw(unfinished)
                unfinished.rename(wanted)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
    return wanted


def _version(deciding: Iterable[str]) -> str:
    digest = hashlib.sha256()
    files = [HERE / name for name in deciding]
    for path in [*files, *sorted((HERE / "pictograms").iterdir())]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
