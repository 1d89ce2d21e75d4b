"""How far a study is: what its runs say in their folders, whatever process or machine they are in."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from gossamer.errors import GossamerError

if TYPE_CHECKING:
    from rich.progress import Progress

    from gossamer.studies import Run
    from gossamer.studies.engines.work import Task
    from gossamer.studies.store.run_folder import RunFolder

_SECONDS = 0.5
_SECONDS_WORTH_A_WORD = 60.0
"""From which on an estimate is told before the work."""
_SECONDS_BETWEEN_LINES = 60.0
"""Where there is no terminal to draw a bar on."""


@contextlib.contextmanager
def watching(title: str, *, workers: int = 1, quiet: bool = False) -> Iterator[Callable[[Sequence[Task]], None]]:
    """A bar on stderr, with the time left; gives the function that tells it what to watch.

    Where the work takes minutes that is said before it begins. Where stderr is no terminal there is a line a minute
    instead of a bar.

    Args:
        title: of the work.
        workers: runs at once.
        quiet: whether to show nothing.
    """
    from rich import progress as rich
    from rich.console import Console

    columns = (
        rich.TextColumn("{task.description}"),
        rich.BarColumn(),
        rich.TextColumn("{task.fields[said]}"),
        rich.TimeElapsedColumn(),
        rich.TextColumn("left:"),
        rich.TimeRemainingColumn(compact=True),
    )
    console = Console(stderr=True)
    ended = threading.Event()
    with rich.Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        threads: list[threading.Thread] = []

        def watch(tasks: Sequence[Task]) -> None:
            if tasks and not quiet:
                say_how_long([task.run for task in tasks], workers=workers, threads=tasks[0].threads)
                threads.append(threading.Thread(target=_follow, args=(bars, title, tasks, ended), daemon=True))
                threads[0].start()

        try:
            yield watch
        finally:
            ended.set()
            for thread in threads:
                thread.join()


def say_how_long(runs: Sequence[Run], *, workers: int = 1, threads: int | None = None) -> None:
    """Say on stderr about how long the training of these runs is going to take, if it takes minutes."""
    from gossamer.studies.estimate import training_seconds

    try:
        seconds = training_seconds(runs, workers=workers, threads=threads)
    except GossamerError:  # the run itself is going to say it, and the others go on
        return
    if seconds is not None and seconds > _SECONDS_WORTH_A_WORD:
        what = "1 network" if len(runs) == 1 else f"{len(runs)} networks"
        at_once = f", {workers} at once" if workers > 1 else ""
        print(f"to train: {what}{at_once}, about {in_words(seconds)}; Ctrl-C stops it.", file=sys.stderr, flush=True)


def in_words(seconds: float) -> str:
    """A duration as one says it.

    >>> in_words(100), in_words(5000), in_words(200000)
    ('2 min', '1.4 h', '2.3 days')
    """
    if seconds < 3600:
        return f"{max(1, round(seconds / 60))} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"


def _follow(bars: Progress, title: str, tasks: Sequence[Task], ended: threading.Event) -> None:
    """Add up the shares until told to end; a run that failed before counts from 0 until it is tried again."""
    from gossamer.studies.store.run_folder import RunFolder

    folders = [RunFolder(task.folder) for task in tasks]
    before = {folder.name: _stamp(folder) for folder in folders}
    begun = said = time.monotonic()
    at_first = sum(_share(folder, before[folder.name]) for folder in folders)
    bar = bars.add_task(title, total=len(folders), said="")
    while True:
        states = [_share(folder, before[folder.name]) for folder in folders]
        done = sum(state == 1 for state in states)
        bars.update(bar, completed=sum(states), said=f"{done} of {len(states)} runs")
        now = time.monotonic()
        if bars.disable and now - said > _SECONDS_BETWEEN_LINES and sum(states) > at_first:
            said, left = now, (now - begun) * (len(states) - sum(states)) / (sum(states) - at_first)
            print(f"{title}: {done} of {len(states)} runs, about {left / 60:.0f} min left", file=sys.stderr, flush=True)
        if ended.wait(_SECONDS):
            return


def _share(folder: RunFolder, before: float) -> float:
    """How much of a run is done, 0 to 1; 1 if it failed, too."""
    from gossamer.studies.store.locks import noted

    if folder.state == "done" or _stamp(folder) > before:
        return 1.0
    entry = noted(folder)
    return min(0.99, float(entry.get("share", 0.0))) if entry else 0.0


def _stamp(folder: RunFolder) -> float:
    """When the run failed the last time."""
    try:
        return folder.failure.stat().st_mtime
    except OSError:
        return 0.0
