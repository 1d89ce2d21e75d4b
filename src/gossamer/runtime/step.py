"""One step of a plan, read with checks: nothing that a file says is believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import TopologyFileError, require_int

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Step:
    """What a file says of one step.

    Args:
        number: its place in the plan.
        fields: what stands there in JSON.
        tensors: the arrays of the whole file.
    """

    number: int
    fields: Mapping[str, Any]
    tensors: Mapping[str, NDArray[Any]]

    @property
    def label(self) -> str:
        """How errors name it."""
        return f"step {self.number} ({self.fields.get('op')!r})"

    def integer(self, name: str, *, low: int, high: int = 2**31 - 1) -> int:
        """A whole number from `low` to `high`."""
        return require_int(f"{self.label}: {name}", self.fields[name], low=low, high=high)

    def integers(self, name: str, count: int, *, low: int) -> tuple[int, ...]:
        """So many whole numbers, each at least `low`."""
        given = self.fields[name]
        if not isinstance(given, list) or len(given) != count:
            raise TopologyFileError(f"{self.label} has {name}={given!r}; {count} whole numbers are needed.")
        return tuple(require_int(f"{self.label}: {name}", each, low=low, high=2**31 - 1) for each in given)

    def number_of(self, name: str) -> float:
        """A finite number."""
        value = self.fields[name]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
            raise TopologyFileError(f"{self.label} has {name}={value!r}; a finite number is needed.")
        return float(value)

    def flag(self, name: str) -> bool:
        """Whether a field that may be missing is 1."""
        return name in self.fields and self.integer(name, low=0, high=1) == 1

    def word(self, name: str, known: Mapping[str, Any]) -> str:
        """One of the known words."""
        value = self.fields[name]
        if not isinstance(value, str) or value not in known:
            raise TopologyFileError(f"{self.label} has {name}={value!r}; {', '.join(known)} are known.")
        return value

    def numbers(self, name: str, shape: tuple[int, ...] | None = None) -> Floats:
        """A float32 array of this shape, read-only.

        Raises:
            KeyError: there is none.
            TopologyFileError: it has another dtype or shape.
        """
        array = self.tensors[f"{self.number}.{name}"]
        if array.dtype != np.float32 or (shape is not None and array.shape != shape):
            needed = "float32" if shape is None else f"float32 {shape}"
            raise TopologyFileError(f"{self.label}: {name} is {array.dtype} {array.shape}; {needed} is needed.")
        array = np.ascontiguousarray(array)
        array.flags.writeable = False
        return array

    def optional(self, name: str, shape: tuple[int, ...]) -> Floats | None:
        """The same, or None if the file has none."""
        return self.numbers(name, shape) if f"{self.number}.{name}" in self.tensors else None
