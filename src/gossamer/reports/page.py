"""A report as one HTML file that asks nothing of the network.

Text is escaped where it becomes HTML, in the functions below: `Html` is what they return, and nothing else is ever
put on a page.
"""

from __future__ import annotations

import base64
import importlib.resources
import io
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, NewType

import numpy as np

from gossamer.reports.pictures import density_grid
from gossamer.topology import Junction

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Html = NewType("Html", str)
"""Text that is safe to put on a page."""

Cell = tuple[str, float | str]
"""What a cell of a table shows, and what its column is sorted by."""

_INK = (76, 110, 245)


def page(title: str, lead: str, parts: Iterable[Html]) -> str:
    """A whole page with its styles and scripts inlined, Plotly's once.

    Args:
        title: stands in the window's bar and at the top.
        lead: one or two sentences under it.
        parts: what follows.
    """
    from plotly.offline import get_plotlyjs

    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<link rel="icon" href="data:,">',  # or browsers ask for /favicon.ico
            f"<title>{escape(title)}</title>",
            f"<style>{_asset('page.css')}</style></head><body><main>",
            f'<h1>{escape(title)}</h1><p class="lead">{escape(lead)}</p>',
            *parts,
            f"</main><script>{get_plotlyjs()}</script>",
            f"<script>{_asset('page.js')}</script></body></html>",
        )
    )


def section(title: str, text: str, *parts: Html) -> Html:
    """A card with a title, a paragraph, and what belongs to it."""
    return Html(f"<section><h2>{escape(title)}</h2><p>{escape(text)}</p>{''.join(parts)}</section>")


def facts(values: Mapping[str, str]) -> Html:
    """A few numbers, large, each under its name."""
    items = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in values.items())
    return Html(f'<dl class="facts">{items}</dl>')


def figure(plot: Figure) -> Html:
    """A Plotly figure; the page's script draws it in the reader's colours."""
    data = plot.to_json().replace("<", "\\u003c")  # nothing in it can end the script element
    return Html(f'<div class="plot"></div><script type="application/json">{data}</script>')


def pictures(junctions: Mapping[str, tuple[Junction, str]]) -> Html:
    """The matrices of junctions, outputs down and inputs across, each with its name and a remark."""
    items = "".join(
        f'<figure><img alt="matrix of {escape(name)}" src="{_matrix_image(g)}">'
        f"<figcaption><b>{escape(name)}</b>{escape(remark)}</figcaption></figure>"
        for name, (g, remark) in junctions.items()
    )
    return Html(f'<div class="pictures">{items}</div>')


def table(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Html:
    """A table whose columns sort when their names are clicked."""
    head = "".join(f'<th scope="col"><button type="button">{escape(name)}</button></th>' for name in columns)
    body = "".join(f"<tr>{''.join(_cell(shown, key) for shown, key in row)}</tr>" for row in rows)
    return Html(f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>')


def footer(text: str) -> Html:
    """Small print."""
    return Html(f"<footer>{escape(text)}</footer>")


def _cell(shown: str, key: float | str) -> str:
    return f'<td data-value="{escape(str(key))}">{escape(shown)}</td>'


def _asset(name: str) -> str:
    return importlib.resources.files("gossamer.reports").joinpath("assets", name).read_text("utf-8")


def _matrix_image(g: Junction) -> str:
    """A PNG as a data address: the ink is denser where more edges are, and the paper shows through elsewhere."""
    from PIL import Image

    grid = density_grid(g)
    shades = np.round(255 * grid / max(grid.max(), 1e-9)).astype(np.uint8)
    ink = np.broadcast_to(np.array(_INK, dtype=np.uint8), (*shades.shape, 3))
    buffer = io.BytesIO()
    Image.fromarray(np.dstack([ink, shades])).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
