"""A network that was exported: its steps, carried out one after the other."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gossamer import native
from gossamer.errors import InvalidTopologyError, TopologyFileError, require_int
from gossamer.runtime import files
from gossamer.runtime.convolution import Convolution
from gossamer.runtime.linear import Linear, Stack
from gossamer.runtime.operations import OPERANDS, READERS, SEVERAL, Operation
from gossamer.runtime.step import Floats, Step

_MOST = 1 << 10
"""Values that one step may take."""


class Carried(NamedTuple):
    """An operation, the values that it takes, the one that it makes, and those that nobody needs any more after it."""

    operation: Operation
    of: tuple[int, ...]
    makes: int
    done: tuple[int, ...]


class Network:
    """A function of float32 arrays.

    Made by `load`. Calls from several threads at once are allowed.

    Args:
        steps: what is carried out.
        labels: what the outputs stand for, if the file says so.
        threads: of the kernels; all processors that this process may use if None.

    Attributes:
        labels: the same.
    """

    def __init__(self, steps: Sequence[Carried], labels: tuple[Any, ...] | None, threads: int | None = None) -> None:
        self._steps = tuple(steps)
        self.labels = labels
        self._threads = 1
        self.threads = _processors() if threads is None else threads

    @property
    def threads(self) -> int:
        """Threads of the kernels, from 1 to the processors that this process may use."""
        return self._threads

    @threads.setter
    def threads(self, threads: int) -> None:
        self._threads = require_int("threads", threads, low=1, high=_processors())

    @property
    def kernels(self) -> str:
        """Which instructions the native kernels use; "scipy" where the package was installed without them."""
        return "scipy" if native.extension is None else str(native.extension.instruction_set())

    def __call__(self, x: Any) -> Floats:
        """Compute the outputs of a batch, or of a single example, as the module that was exported does.

        Args:
            x: inputs of any layout; float32 is taken as it is, other real numbers are rounded to it. NaN and infinities
                go where arithmetic leads them.

        Returns:
            float32; a matrix may be stored feature by feature (Fortran's order).

        Raises:
            TypeError: `x` is not made of real numbers.
            ValueError: it has another width or number of axes than the network reads.
        """
        values: dict[int, Floats] = {0: _readable(x)}
        for operation, of, makes, done in self._steps:
            values[makes] = operation(*(values[k] for k in of), self._threads)
            for k in done:
                del values[k]
        (result,) = values.values()
        return result

    def describe(self) -> str:
        """What is computed, a line for each layer: sizes, edges, and how the kernels read them for a single example.

        Rows are read edge by edge, or, with AVX-512 and where that is faster, in windows: vectors of up to 16 edges of
        a row whose inputs lie near each other. Batches are computed otherwise, so that the last bits may differ.
        """
        lines = (line for operation, *_ in self._steps for line in _lines(operation))
        return "\n".join([repr(self), *(f"  {line}" for line in lines)])

    def __repr__(self) -> str:
        return f"Network({len(self._steps)} calls, kernels={self.kernels!r}, threads={self.threads})"


def load(path: str | os.PathLike[str], *, threads: int | None = None) -> Network:
    """Read an exported network. Every size and index is checked before anything follows it.

    Args:
        path: a file that `gossamer export` or `gossamer.nn.export` wrote.
        threads: of the kernels; all processors that this process may use if None.

    Raises:
        TopologyFileError: the file is damaged, truncated, foreign, or of another version.
        ValueError: `threads` is out of range.
        OSError: there is no such file, or it cannot be read.
    """
    source = os.fspath(path)
    plan, tensors = files.read(path)
    try:
        steps = _steps(plan, tensors)
        labels = plan.get("labels")
        if labels is not None and not isinstance(labels, list):
            raise TopologyFileError(f"its labels are {type(labels).__name__}, not a list.")
    except KeyError as error:
        raise TopologyFileError(f"{source} is damaged: it lacks {error}.") from error
    except (TopologyFileError, InvalidTopologyError, TypeError, ValueError, MemoryError) as error:
        raise TopologyFileError(f"{source} is damaged: {error}") from error
    return Network(steps, None if labels is None else tuple(labels), threads)


def _steps(plan: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> list[Carried]:
    """What a plan says, linear layers that follow one another as one."""
    listed = plan["steps"]
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed) or not listed:
        raise TopologyFileError("its steps are no list of objects.")
    read = [Step(number, fields, tensors) for number, fields in enumerate(listed)]
    of = [_operands(step) for step in read]
    uses = Counter(value for values in of for value in values)
    unused = [value for value in range(len(read)) if not uses[value]]
    if unused:
        raise TopologyFileError(f"nobody reads value {unused[0]}.")
    operations = [READERS[step.word("op", READERS)](step) for step in read]
    found: list[tuple[Operation, tuple[int, ...], int]] = []
    number = 0
    while number < len(read):
        first, operation = number, operations[number]
        if isinstance(operation, Linear):
            layers = [operation]
            while (after := _joined(operations, of, uses, number)) is not None:
                layers.append(after)
                number += 1
            operation = Stack(layers)
        found.append((operation, of[first], number + 1))
        number += 1
    last = {value: place for place, (_, values, _) in enumerate(found) for value in values}
    return [
        Carried(operation, values, makes, tuple(v for v in set(values) if last[v] == place))
        for place, (operation, values, makes) in enumerate(found)
    ]


def _operands(step: Step) -> tuple[int, ...]:
    op, given = step.word("op", READERS), step.fields["of"]
    several = op in SEVERAL and isinstance(given, list) and 1 <= len(given) <= _MOST
    values = step.integers("of", len(given) if several else OPERANDS.get(op, 1), low=0)
    if max(values, default=0) > step.number:
        raise TopologyFileError(f"{step.label} reads value {max(values)}, which is made later.")
    return values


def _joined(
    operations: Sequence[Operation | Linear], of: Sequence[tuple[int, ...]], uses: Counter[int], number: int
) -> Linear | None:
    """The linear layer that alone reads what the one of this number makes, if both can be computed in one call."""
    if number + 1 == len(operations) or of[number + 1] != (number + 1,) or uses[number + 1] != 1:
        return None
    layer, after = operations[number], operations[number + 1]
    if not (isinstance(layer, Linear) and isinstance(after, Linear) and layer.joins and after.joins):
        return None
    return after


def _lines(operation: Operation) -> list[str]:
    if isinstance(operation, Stack):
        return operation.described()
    return [
        type(operation).__name__.lower() if isinstance(operation, Convolution) else operation.__qualname__.split(".")[0]
    ]


def _readable(x: Any) -> Floats:
    """An aligned float32 array without negative strides."""
    array = np.asarray(x)
    if array.dtype != np.float32:
        if array.dtype.kind not in "fiub":
            raise TypeError(f"x has dtype {array.dtype}; real numbers are needed.")
        with np.errstate(over="ignore"):
            array = array.astype(np.float32)
    if not array.flags.c_contiguous and min(array.strides, default=0) < 0:
        array = np.ascontiguousarray(array)
    return array if array.flags.aligned else array.copy()


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
