"""How far a study is: what its runs say in their folders, whatever process or machine they are in."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

    from gossamer.studies.folder import RunFolder
    from gossamer.studies.work import Task

_SECONDS = 0.5


@contextlib.contextmanager
def watching(title: str) -> Iterator[Callable[[Sequence[Task]], None]]:
    """A bar on stderr, with the time left; gives the function that tells it what to watch."""
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
            if tasks:
                threads.append(threading.Thread(target=_follow, args=(bars, title, tasks, ended), daemon=True))
                threads[0].start()

        try:
            yield watch
        finally:
            ended.set()
            for thread in threads:
                thread.join()


def _follow(bars: Progress, title: str, tasks: Sequence[Task], ended: threading.Event) -> None:
    """Add up the shares until told to end; a run that failed before counts from 0 until it is tried again."""
    from gossamer.studies.folder import RunFolder

    folders = [RunFolder(task.folder) for task in tasks]
    before = {folder.name: _stamp(folder) for folder in folders}
    bar = bars.add_task(title, total=len(folders), said="")
    while True:
        states = [_share(folder, before[folder.name]) for folder in folders]
        done = sum(state == 1 for state in states)
        bars.update(bar, completed=sum(states), said=f"{done} of {len(states)} runs")
        if ended.wait(_SECONDS):
            return


def _share(folder: RunFolder, before: float) -> float:
    """How much of a run is done, 0 to 1; 1 if it failed, too."""
    from gossamer.studies.folder import noted

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
