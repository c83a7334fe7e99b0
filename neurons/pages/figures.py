"""How is a plot drawn? The only door to plotly."""

from __future__ import annotations

from html import escape
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from neurons.results.blocks import Bars, Block, Curve

# colours are set in the browser, from the page's light or dark style
_LAYOUT = {
    "margin": {"l": 8, "r": 16, "t": 8, "b": 8},
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "showlegend": False,
}


def figure(block: Block) -> dict[str, Any]:
    """Give the plotly figure of a block, as plain values.

    Raises
    ------
    TypeError
        If the block is none that is plotted.
    """
    if isinstance(block, Bars):
        return _bars(block)
    if isinstance(block, Curve):
        return _curve(block)
    raise TypeError(f"a {type(block).__name__} is not plotted")


def plotly_js() -> str:
    """Give plotly.js, as its package carries it."""
    script: str = get_plotlyjs()
    return script


def _bars(bars: Bars) -> dict[str, Any]:
    # plotly reads a subset of HTML in its labels
    labels = [escape(label) for label in bars.labels]
    error = None
    if bars.low:
        error = {
            "type": "data",
            "symmetric": False,
            "array": [high - value for high, value in zip(bars.high, bars.values, strict=True)],
            "arrayminus": [value - low for low, value in zip(bars.low, bars.values, strict=True)],
            "thickness": 1.2,
            "width": 3,
        }
    bar = go.Bar(
        y=list(range(len(labels))),
        x=list(bars.values),
        orientation="h",
        error_x=error,
        text=labels,
        textposition="none",
        hovertemplate="%{text}: %{x:.3g}<extra></extra>",
    )
    plot = go.Figure(bar, layout=_LAYOUT)
    plot.update_yaxes(
        autorange="reversed",
        automargin=True,
        tickmode="array",
        tickvals=list(range(len(labels))),
        ticktext=labels,
    )
    plot.update_xaxes(title=escape(bars.axis), automargin=True, rangemode="tozero")
    if bars.reference is not None:
        plot.add_vline(x=bars.reference, line={"dash": "dot", "width": 1})
    plot.update_layout(height=90 + 26 * len(labels), bargap=0.35)
    return _plain(plot)


def _curve(curve: Curve) -> dict[str, Any]:
    line = go.Scatter(
        x=list(curve.x),
        # a logarithm has no zero: the line breaks there
        y=[y if y > 0 or not curve.log else None for y in curve.y],
        mode="lines+markers" if curve.points else "lines",
        line={"shape": "linear" if curve.points else "hvh", "width": 2},
        fill=None if curve.log or curve.points else "tozeroy",
        hovertemplate="%{x:.3g}: %{y:.3g}<extra></extra>",
    )
    plot = go.Figure(line, layout=_LAYOUT)
    plot.update_xaxes(title=escape(curve.x_axis), automargin=True)
    plot.update_yaxes(
        title=escape(curve.y_axis), automargin=True, type="log" if curve.log else "linear"
    )
    if curve.points and not curve.log:
        plot.update_yaxes(rangemode="tozero")
    plot.update_layout(height=260)
    return _plain(plot)


def _plain(plot: go.Figure) -> dict[str, Any]:
    values: dict[str, Any] = plot.to_plotly_json()
    # plotly's default theme is 7 kB of colours that the page overrides
    values["layout"].pop("template", None)
    return values
