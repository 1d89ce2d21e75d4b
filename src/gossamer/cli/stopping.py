"""What a command says when Ctrl-C has ended it."""

from __future__ import annotations

import contextlib
import shlex
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from types import FrameType

EXIT_CODE = 130
"""What shells call a program that ended by Ctrl-C."""

PATIENCE = 10.0
"""Seconds in which a program that was stopped puts its workers away, and hears no further Ctrl-C."""


class Stopped(Exception):  # noqa: N818 (no error: the user asked for it)
    """A command was stopped by Ctrl-C.

    Args:
        where: how far it had come, such as "in epoch 3 of 10"; perhaps nothing.
        again: the call that goes on; the same call if "".
        lost: instead of it, why nothing can go on.
    """

    def __init__(self, where: str = "", *, again: str = "", lost: str = "") -> None:
        super().__init__(where)
        self.where, self.again, self.lost = where, again, lost

    def told(self, arguments: Sequence[str]) -> str:
        """One line; `arguments` are those of the call that was stopped."""
        call = self.again or shlex.join(["gossamer", *arguments])
        stopped = f"stopped {self.where}." if self.where else "stopped."
        return f"{stopped} {self.lost}" if self.lost else f"{stopped} To go on: {call}"


@contextlib.contextmanager
def stoppable(make: Callable[[], Stopped]) -> Iterator[None]:
    """Turn Ctrl-C within the block into what `make` says."""
    try:
        yield
    except KeyboardInterrupt:
        raise make() from None


def once(patience: float = PATIENCE) -> None:
    """Let Ctrl-C interrupt this process once, and again only `patience` seconds later.

    A second one that breaks into the end of the first would leave workers, half-closed pools and tracebacks behind; one
    that comes late finds an end that hangs, and breaks it.
    """
    last = -float("inf")

    def interrupt(signum: int, frame: FrameType | None) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < patience:
            return
        last = now
        signal.default_int_handler(signum, frame)

    signal.signal(signal.SIGINT, interrupt)
