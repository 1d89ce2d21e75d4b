"""How the command line shows what probes found: text, JSON, a picture."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from gossamer.cli.endings import saved

if TYPE_CHECKING:
    from gossamer.probes import Finding


class Shown(NamedTuple):
    """One finding.

    Attributes:
        source: what it was found in.
        finding: what a probe returned.
        extra: what JSON gets beside the finding's record.
        lines: what text gets beneath it.
    """

    source: str
    finding: Finding
    extra: Mapping[str, Any]
    lines: tuple[str, ...]


@contextlib.contextmanager
def working(title: str, total: int, plot: Path | None) -> Iterator[Callable[[], None]]:
    """A bar on stderr while there is a terminal to draw it on; the function given moves it on by one.

    Raises:
        ValueError: `plot` ends in no format that pictures can have.
        OSError: it cannot be written; both are said before the work begins.
    """
    from rich import progress as rich
    from rich.console import Console

    from gossamer.cli.outputs import require_writable
    from gossamer.reports.pictures import require_format

    if plot is not None:
        require_writable(require_format(plot))
    console = Console(stderr=True)
    columns = (
        rich.TextColumn("{task.description}"),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TimeElapsedColumn(),
    )
    with rich.Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bars:
        bar = bars.add_task(title, total=total)
        yield lambda: bars.advance(bar)


def show(probe: str, found: Sequence[Shown], *, as_json: bool, plot: Path | None) -> None:
    """Print all findings, and draw them side by side."""
    if as_json:
        print(json.dumps([_portable(_record(probe, each)) for each in found], indent=1, allow_nan=False))
    else:
        for each in found:
            print(f"{each.source}\n{each.finding}")
            print("\n".join(each.lines))
    if plot is not None:
        _draw(found, plot)
        if not as_json:
            saved(plot)


def _record(probe: str, shown: Shown) -> dict[str, Any]:
    return {
        "source": shown.source,
        "probe": probe,
        "equation": shown.finding.equation,
        **shown.finding.record(),
        **shown.extra,
    }


def _portable(value: Any) -> Any:
    """JSON has no infinity and no NaN: they are words."""
    if isinstance(value, Mapping):
        return {name: _portable(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_portable(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _draw(found: Sequence[Shown], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6 * len(found), 5), layout="constrained")
    for ax, each in zip(figure.subplots(1, len(found), squeeze=False)[0], found, strict=True):
        each.finding.plot(ax)
        ax.set_title(each.source if not ax.get_title() else f"{each.source}\n{ax.get_title()}")
    figure.savefig(path, dpi=120)
