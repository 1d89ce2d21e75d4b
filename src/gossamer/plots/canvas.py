"""Axes to draw into."""

from __future__ import annotations

import base64
import sys
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Picture: TypeAlias = "Axes"
"""What drawing gives back: the axes, whose `.figure.savefig(path)` writes the file."""


def axes_or_new(ax: Axes | None, *, width: float = 5.0, height: float = 4.0) -> Axes:
    """`ax`, or the axes of a new figure.

    In a notebook it is one of pyplot's, which are shown under their cell; anywhere else it belongs to no window system.

    Args:
        ax: where to draw, or None.
        width: of a new figure, inches.
        height: of a new figure, inches.
    """
    if ax is not None:
        return ax
    if _in_notebook():
        from matplotlib import pyplot

        return pyplot.subplots(figsize=(width, height), layout="constrained")[1]
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained").subplots()


def png_address(data: bytes) -> str:
    """The bytes of a PNG as an address that a page can hold.

    >>> png_address(b"PNG")
    'data:image/png;base64,UE5H'
    """
    return "data:image/png;base64," + base64.b64encode(data).decode()


def _in_notebook() -> bool:
    """Whether this is a notebook's kernel."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")
