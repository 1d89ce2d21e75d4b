"""A report as one HTML file that loads nothing from the network.

Text is escaped where it becomes HTML, in the functions below: `Html` is what they return, and nothing else is ever
put on a page.
"""

from __future__ import annotations

import importlib.resources
import io
import json
import re
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, NewType

import numpy as np

from gossamer.plots.canvas import png_address
from gossamer.plots.matrix import matrix_png
from gossamer.topology import Junction

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Html = NewType("Html", str)
"""Text that is safe to put on a page."""

Cell = tuple[str, float | str]
"""What a cell of a table shows, and what its column is sorted by."""


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
            f"<h1>{escape(title)}</h1>" + (f'<p class="lead">{escape(lead)}</p>' if lead else ""),
            *parts,
            f"</main><script>{_asset('table.js')}</script>",  # first: tables answer while Plotly is still being read
            f"<script>{get_plotlyjs()}</script><script>{_asset('page.js')}</script></body></html>",
        )
    )


def section(title: str, text: str, *parts: Html) -> Html:
    """A card with a title, a paragraph, and what belongs to it."""
    lead = f"<p>{escape(text)}</p>" if text else ""
    return Html(f'<section id="{_anchor(title)}"><h2>{escape(title)}</h2>{lead}{"".join(parts)}</section>')


def contents(titles: Iterable[str]) -> Html:
    """Links to the sections of these titles, in a bar that stays in sight."""
    links = "".join(f'<a href="#{_anchor(title)}">{escape(title)}</a>' for title in titles)
    return Html(f'<nav aria-label="Contents">{links}</nav>')


def paragraph(text: str) -> Html:
    """A paragraph."""
    return Html(f"<p>{escape(text)}</p>")


def statements(sentences: Iterable[str]) -> Html:
    """What follows from the numbers, point by point."""
    return Html(f'<ul class="statements">{"".join(f"<li>{escape(text)}</li>" for text in sentences)}</ul>')


def facts(values: Mapping[str, str]) -> Html:
    """A few numbers, large, each under its name."""
    items = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in values.items())
    return Html(f'<dl class="facts">{items}</dl>')


def figure(plot: Figure, *, name: str = "figure") -> Html:
    """A Plotly figure; the page's script draws it in the reader's colours once it comes into sight.

    Plotly takes tags and entities in its texts for markup, so every text is escaped here; only the templates of hover
    labels, which hold no names, are left.

    Args:
        plot: the figure; `layout.height` is without its legend.
        name: of the file that its PNG button saves.
    """
    data = embedded(_literal(plot.to_plotly_json()))
    return Html(
        f'<div class="drawing"><div class="plot" data-name="{_anchor(name)}"></div>'
        f'<script type="application/json">{data}</script></div>'
    )


def grid(parts: Iterable[Html]) -> Html:
    """Parts side by side as far as there is room, below each other on a phone."""
    return Html(f'<div class="grid">{"".join(f"<div>{part}</div>" for part in parts)}</div>')


def choice(parts: Mapping[str, Html], *, label: str) -> Html:
    """Parts of which one is shown, the first to begin with; a single one needs no choosing.

    Args:
        parts: by the names among which the reader chooses.
        label: says what is chosen, to those who do not see the page.
    """
    if len(parts) < 2:
        return Html("".join(parts.values()))
    group, names = f"choice-{zlib.crc32(''.join(parts.values()).encode()):x}", list(parts)
    if len(names) <= 4:
        radios = "".join(
            f'<label><input type="radio" name="{group}" value="{number}"{" checked" * (number == 0)}>'
            f"{escape(name)}</label>"
            for number, name in enumerate(names)
        )
        control = f'<fieldset class="tabs" aria-label="{escape(label)}">{radios}</fieldset>'
    else:
        options = "".join(f'<option value="{number}">{escape(name)}</option>' for number, name in enumerate(names))
        control = f'<select class="picker" aria-label="{escape(label)}" autocomplete="off">{options}</select>'
    shown = "".join(f"<div{' hidden' * (number > 0)}>{part}</div>" for number, part in enumerate(parts.values()))
    return Html(f'<div class="choice">{control}{shown}</div>')


def embedded(value: object) -> str:
    """JSON for a script element, which nothing in it can end."""
    from plotly.utils import PlotlyJSONEncoder

    return json.dumps(value, cls=PlotlyJSONEncoder, separators=(",", ":")).replace("<", "\\u003c")


def image(g: Junction, *, name: str, side: int = 256) -> Html:
    """The matrix of a junction, outputs down and inputs across, at most `side` cells a way."""
    return Html(f'<img alt="matrix of {escape(name)}" src="{png_address(matrix_png(g, side=side))}">')


def pictures(junctions: Mapping[str, tuple[Junction, str]]) -> Html:
    """The matrices of junctions, outputs down and inputs across, each with its name and a remark."""
    items = "".join(
        f"<figure>{image(g, name=name)}<figcaption><b>{escape(name)}</b>{escape(remark)}</figcaption></figure>"
        for name, (g, remark) in junctions.items()
    )
    return Html(f'<div class="pictures">{items}</div>')


def drawings(draw: Sequence[tuple[Callable[[Any], object], str]], *, name: str) -> Html:
    """Matplotlib pictures in a row, or in two rows of two.

    Args:
        draw: functions that draw into axes, each with what it draws.
        name: of what they show.
    """
    parts = [Html(f'<img alt="{escape(f"{what} of {name}")}" src="{_drawing(paint)}">') for paint, what in draw]
    return Html(f'<div class="pictures drawn">{"".join(f"<figure>{part}</figure>" for part in parts)}</div>')


def _drawing(paint: Callable[[Any], object]) -> str:
    """What a function draws, as a PNG's address."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.5, 4), layout="constrained")
    paint(figure.subplots())
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=90)
    return png_address(buffer.getvalue())


def table(columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, stacked: bool = False) -> Html:
    """A table whose columns sort when their names are clicked.

    Args:
        columns: names.
        rows: their cells.
        stacked: whether its texts may take several lines, and a row becomes a block of named lines on a phone; for
            tables of few rows and long texts.
    """
    listed = [list(row) for row in rows]
    names = [escape(name) for name in columns] if stacked else [""] * len(columns)
    body = "".join(
        f"<tr>{''.join(cell(*each, label=name) for name, each in zip(names, row, strict=True))}</tr>" for row in listed
    )
    texts = [all(isinstance(row[k][1], str) for row in listed) for k in range(len(columns))]
    head = "".join(heads([name], text=text) for name, text in zip(columns, texts, strict=True))
    kind = ' class="stacked"' if stacked else ""
    return Html(f'<div class="scroll"><table{kind}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>')


def heads(names: Iterable[str], *, text: bool = False) -> Html:
    """The heads of columns, of texts or of numbers; a click sorts."""
    kind = ' class="text"' if text else ""
    return Html("".join(f'<th scope="col"{kind}><button type="button">{escape(name)}</button></th>' for name in names))


def footer(text: str) -> Html:
    """Small print."""
    return Html(f"<footer>{escape(text)}</footer>")


def cell(shown: str, key: float | str, *, label: str = "") -> Html:
    """A cell of a table's body: texts stand left, the long ones in several lines; numbers stand right.

    Args:
        shown: its text.
        key: what its column is sorted by.
        label: the name of its column, escaped, where a phone shows it beside the text.
    """
    kind = "" if not isinstance(key, str) else ' class="text"' if len(shown) < 60 else ' class="text long"'
    name = f' data-label="{label}"' if label else ""
    return Html(f'<td{kind}{name} data-value="{escape(str(key))}">{escape(shown)}</td>')


def _literal(value: Any, key: str = "") -> Any:
    """A figure's description whose texts show as they are: `<` as `<`, not as the start of a tag."""
    if isinstance(value, str):
        return value if key.endswith("template") else escape(value, quote=False)
    if isinstance(value, Mapping):
        return {name: _literal(inner, str(name)) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_literal(inner, key) for inner in value]
    if isinstance(value, np.ndarray) and value.dtype == object:
        return [_literal(inner, key) for inner in value.tolist()]
    return value


def _anchor(title: str) -> str:
    """A title as an address within the page, or as a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _asset(name: str) -> str:
    return importlib.resources.files("gossamer.reports").joinpath("assets", name).read_text("utf-8")
