"""What a training shows while it goes on: a bar that fits a terminal, or one line an epoch."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from gossamer.training.run import TrainingRun

_SECONDS_BETWEEN_LINES = 60.0
"""Where there is no terminal to draw a bar on."""


def told(run: TrainingRun) -> str:
    """What the last epoch came to, such as "loss 0.0512, training 98.31 %, validation 97.40 %".

    Numbers to tell have no accuracy: both are losses then.
    """
    epoch = run.history[-1]
    if run.train.numeric:
        judged = "" if run.validation is None else f", validation {epoch.validation_loss:.4g}"
        return f"loss: training {epoch.loss:.4g}{judged}"
    judged = "" if run.validation is None else f", validation {100 * epoch.validation_accuracy:.2f} %"
    return f"loss {epoch.loss:.4f}, training {100 * epoch.accuracy:.2f} %{judged}"


class EpochLines:
    """Prints one line an epoch, with what callbacks have to say of it.

    >>> from gossamer.training import Config, fit
    >>> from gossamer.training.data import load
    >>> import gossamer as gs
    >>> model = gs.nn.mlp(gs.Topology([gs.generators.fibonacci(64, 10, 4)]))
    >>> history = fit(model, load("digits"), Config(epochs=1), rng=0, callbacks=[EpochLines()])
    epoch 1 of 1: loss ..., training ... %, validation ... %, 256 edges, ... s
    """

    every_step = False

    def after_step(self, run: TrainingRun) -> None:
        """Nothing: a step is too little to tell."""

    def after_epoch(self, run: TrainingRun) -> None:
        """Tell the epoch."""
        epoch = run.history[-1]
        count = str(run.config.epochs)
        parts = [told(run), f"{epoch.edges} edges", f"{epoch.seconds:.2f} s", *run.notes.values()]
        print(f"epoch {epoch.number:>{len(count)}} of {count}: {', '.join(parts)}", flush=True)


class ProgressBar:
    """Shows on stderr how far the training is, and what the last epoch came to, in one line of at most 80 columns.

    Where stderr is no terminal there is a line a minute instead.

    Args:
        title: printed once, above the bar.
        disable: whether to show nothing.

    >>> with ProgressBar("fibonacci", disable=True) as bar:
    ...     pass  # fit(model, data, config, rng=rng, callbacks=[bar])
    """

    every_step = False

    def __init__(self, title: str, *, disable: bool = False) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(stderr=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            TextColumn("{task.fields[last]}"),
        )
        self._lines = not disable and not console.is_terminal
        self._bars = Progress(*columns, console=console, disable=disable or self._lines, expand=True)
        self._title = title
        self._bar = self._bars.add_task("", total=None, last="")
        self._begun = self._said = time.monotonic()
        self._first = 0

    def after_step(self, run: TrainingRun) -> None:
        """Move the bar; it appears with the first step, so that errors before it stand alone."""
        if not self._bars.disable and not self._bars.live.is_started:
            self._bars.console.print(self._title, markup=False, highlight=False)
            self._bars.start()
        total = run.config.epochs * run.steps_per_epoch
        epoch = min(len(run.history) + 1, run.config.epochs)
        self._bars.update(self._bar, completed=run.step, total=total, description=f"epoch {epoch}/{run.config.epochs}")
        self._first = self._first or run.step

    def after_epoch(self, run: TrainingRun) -> None:
        """Show the epoch's numbers."""
        self._bars.update(self._bar, last=told(run))
        now = time.monotonic()
        if self._lines and now - self._said > _SECONDS_BETWEEN_LINES:
            self._said, done = now, max(1, run.step - self._first)
            left = (run.config.epochs * run.steps_per_epoch - run.step) * (now - self._begun) / done
            of = f"epoch {len(run.history)} of {run.config.epochs}"
            print(
                f"{self._title}: {of}: {told(run)}, about {max(1, round(left / 60))} min left",
                file=sys.stderr,
                flush=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._bars.live.is_started:  # or it would print an empty line
            self._bars.stop()
