"""What runs on this machine, and why: instruction set, threads, thresholds, blocks."""

from __future__ import annotations

import os
from dataclasses import dataclass

from gossamer import native
from gossamer.native import INSTRUCTIONS
from gossamer.topology import Bipartite, Grouped, Rotated
from gossamer.tuning import in_use
from gossamer.tuning.thresholds import FULL


@dataclass(frozen=True, slots=True)
class Running:
    """One line each.

    Args:
        instructions: which the kernels use, which others there are, and whether somebody chose.
        threads: asked for, granted, and what a thread is woken for.
        thresholds: where they are from.
        blocks: from which density on rows are walked in blocks.
        dense: when a dense product is not considered.
        gpu: whether layers on a GPU take Triton's kernels, and if not why.
    """

    instructions: str
    threads: str
    thresholds: str
    blocks: str
    dense: str
    gpu: str

    def lines(self) -> list[str]:
        """Each with its name in front."""
        return [f"{name + ':':<14}{getattr(self, name)}" for name in self.__slots__]


def what_runs() -> Running:
    """What runs in this process now.

    >>> [line.partition(":")[0] for line in what_runs().lines()]
    ['instructions', 'threads', 'thresholds', 'blocks', 'dense', 'gpu']
    """
    found = in_use()
    where = "" if found.path is None else f": {found.path}"
    return Running(
        _instructions(),
        _threads(),
        f"{found.why}{where}",
        _blocks(),
        f"not considered for layers below a density of {found.thresholds.sparse_below:.3g}; others are measured when "
        "asked for (backend='auto', sparsify(batch=))",
        _gpu(),
    )


def how_it_runs(junction: Bipartite | Rotated | Grouped, *, batch: int) -> str:
    """How the kernels walk a junction in the forward pass with so many samples, and why."""
    from gossamer.nn.kernels.native import walk

    if native.extension is None:
        return "by PyTorch's operations"
    return walk(junction, batch)


def _instructions() -> str:
    if native.extension is None:
        return "none: the package was installed without a compiler, and PyTorch's operations run"
    used, known = native.extension.instruction_set(), native.extension.instruction_sets()
    if used == known[0]:
        held = os.environ.get(INSTRUCTIONS) == used
        return f"{used}, " + (f"as {INSTRUCTIONS} says" if held else f"the best that runs here of {', '.join(known)}")
    by = INSTRUCTIONS if os.environ.get(INSTRUCTIONS) == used else "this program"
    return f"{used}, chosen by {by}; {known[0]} would run here"


def _gpu() -> str:
    import torch

    from gossamer.nn.kernels.cuda import why_not

    if not torch.cuda.is_available():
        return "none that PyTorch can use"
    reason = why_not(torch.empty(0, device="cuda"))
    return "Triton's kernels" if reason is None else f"PyTorch's operations: {reason}"


def _threads() -> str:
    import torch

    asked, processors = torch.get_num_threads(), _processors()
    if native.extension is None:
        return f"{asked}"
    granted = native.extension.threads_granted(asked)
    limits = [f"{name}={os.environ[name]}" for name in _LIMITS if name in os.environ]
    why = f" ({', '.join(limits)})" if limits else ""
    work = native.extension.work_of_a_thread()
    return f"{granted} of {asked} asked for{why}, {processors} processors; one more for each {work:,} multiply-adds"


_LIMITS = ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OMP_DYNAMIC")


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _blocks() -> str:
    if native.extension is None:
        return "none"
    rows, edges_a_row, limits = native.extension.block_limits()
    if rows == 0:
        return "none: these instructions have too few registers for them"
    never = [inputs for inputs, density in limits if density > FULL]
    found = [f"up to {inputs} inputs from a density of {density:.3g}" for inputs, density in limits if density <= FULL]
    if not found:
        return f"of {rows} rows, never: nothing is known of this processor, or they are never faster"
    rest = f"; not with up to {never[-1]} inputs" if never else ""
    return f"of {rows} rows, {', '.join(found)} on, with {edges_a_row} edges a row or more{rest}"
