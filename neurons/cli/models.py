"""Which models can be loaded?"""

from __future__ import annotations

from rich.text import Text

from neurons.cli.terminal import out_console, table


def models(pattern: str = "", /) -> None:
    """List what open_clip can load, with the pretrained tags.

    Parameters
    ----------
    pattern : str
        Only models whose name contains this.
    """
    from neurons.network.model_names import available

    listed = table("model", "pretrained tags")
    shown = [row for row in available() if pattern.lower() in row[0].lower()]
    for model, tags in shown:
        listed.add_row(Text(model), Text(", ".join(tags) or "none (only MODEL/untrained)"))
    out_console.print(listed)
    out_console.print(f"{len(shown)} models. Load one as MODEL/TAG, such as RN50x4/openai.")
