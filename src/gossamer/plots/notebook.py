"""Small tables of HTML, as notebooks show a value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from gossamer.plots.canvas import png_address
from gossamer.plots.matrix import Graph, matrix_png

_MOST_ROWS = 60


class Markup(str):
    """Text that is HTML already; everything else is escaped."""

    __slots__ = ()


def html_table(
    head: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "", most: int = _MOST_ROWS
) -> str:
    """A table with a line above it; numbers stand right, texts left, and every text is escaped.

    Args:
        head: names of the columns.
        rows: cells: numbers, texts or `Markup`.
        title: stands above.
        most: rows that are shown; the last line says how many are not.

    >>> html_table(["<name>"], [["a & b"]]).count("&lt;name&gt;")
    1
    """
    listed = [list(row) for row in rows]
    cells = "".join(f'<th style="text-align:left">{escape(name)}</th>' for name in head)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in listed[:most])
    if len(listed) > most:
        body += f'<tr><td colspan="{len(head)}">and {len(listed) - most:,} more</td></tr>'
    above = f"<p><b>{escape(title)}</b></p>" if title else ""
    return f"<div>{above}<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table></div>"


def matrix_image(g: Graph, *, side: int = 96) -> Markup:
    """The matrix of a junction as a small picture."""
    size = f"{g.in_features} to {g.out_features}"
    style = "image-rendering:pixelated;width:96px;height:96px;border:1px solid #8886;object-fit:fill"
    return Markup(f'<img alt="matrix, {size}" style="{style}" src="{png_address(matrix_png(g, side=side))}">')


def share_bar(share: float) -> Markup:
    """A share, 0 to 1, as a number with a bar."""
    width = min(100.0, max(0.0, 100 * share))
    bar = f'<span style="display:inline-block;width:{width:.1f}%;height:.5em;background:#3b5bdb"></span>'
    frame = f'<span style="display:inline-block;width:5em;background:#8883;margin-left:.5em">{bar}</span>'
    return Markup(f"{share:.3g}{frame}")


def degrees_in_words(degrees: Iterable[int]) -> str:
    """The range of degrees, one number if they are equal.

    >>> degrees_in_words([2, 2]), degrees_in_words([0, 3])
    ('2', '0–3')
    """
    found = [int(degree) for degree in degrees]
    low, high = min(found), max(found)
    return f"{low}" if low == high else f"{low}–{high}"


def _cell(value: object) -> str:
    if isinstance(value, Markup):
        return f'<td style="text-align:left">{value}</td>'
    if isinstance(value, bool):
        return f'<td style="text-align:left">{"yes" if value else "no"}</td>'
    if isinstance(value, int):
        return f'<td style="text-align:right">{value:,}</td>'
    if isinstance(value, float):
        return f'<td style="text-align:right">{"" if value != value else f"{value:.4g}"}</td>'
    return f'<td style="text-align:left">{escape(str(value))}</td>'
