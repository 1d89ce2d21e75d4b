"""A junction as the tensors that travel with a module, and as the checked arrays that kernels read.

The tensors are anybody's: loaders, casts, averages and in-place writes reach them. Kernels never follow them. They read
arrays of their own (`Checked`), which are made of the tensors and checked when these are first met or have changed.
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.graph import increment_version
from torch.utils.weak import WeakIdKeyDictionary

from gossamer.errors import InvalidTopologyError
from gossamer.native import extension
from gossamer.nn.observers import has_version, stamp_of
from gossamer.topology import Bipartite, Grouped, Junction, Rotated
from gossamer.topology.memory import LARGE, equal, writable_copy
from gossamer.topology.transpose import transpose

ROWS = ("indptr", "indices")
OFFSETS = ("offsets",)

_Made = TypeVar("_Made")

Stamp: TypeAlias = list[tuple[int, int]]
"""Of each tensor its version and its address: another one once it was written or moved."""


@dataclass(frozen=True, slots=True)
class Structure:
    """The integers of one junction, int32 tensors on one device.

    Args:
        in_features: inputs I.
        out_features: outputs O.
        arrays: of a bipartite junction `indptr` (O + 1,) and `indices` (E,); of one whose outputs share their inputs in
            groups of g, those of a group alone, (O / g + 1,) and (E / g,); of a rotated one `offsets` (k,) alone.
        own: whether the arrays were made here, so that another junction may be written over the one that they hold.

    Attributes:
        pairs: addresses of each array on the CPU and of what it held when it was checked, and their length.
    """

    in_features: int
    out_features: int
    arrays: tuple[Tensor, ...]
    own: bool = field(default=False, repr=False, compare=False)
    _last: list[tuple[Stamp, Checked]] = field(default_factory=list, init=False, repr=False, compare=False)
    pairs: list[tuple[int, int, int]] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def rotated(self) -> bool:
        """Whether the junction is described by offsets."""
        return len(self.arrays) == 1

    @property
    def num_edges(self) -> int:
        """Edges E."""
        return self.in_features * len(self.arrays[0]) if self.rotated else len(self.arrays[1]) * self.group

    @property
    def group(self) -> int:
        """How many neighbouring outputs stand behind each row of `indptr`."""
        rows = 0 if self.rotated else len(self.arrays[0]) - 1
        return self.out_features // rows if rows > 0 and self.out_features % rows == 0 else 1

    @classmethod
    def of(cls, junction: Junction, device: torch.device | str | None = None) -> Structure:
        """Put a junction's integers on a device."""
        checked = Checked(junction)
        with torch.inference_mode(False):  # tensors of inference mode have no versions
            tensors = tuple(_buffer(array, device) for array in checked.arrays())
        structure = cls(junction.in_features, junction.out_features, tensors, own=True)
        structure.keep(checked)
        return structure

    def holding(self, junction: Junction) -> Structure | None:
        """Another junction in these very tensors, so that what knows them by their addresses need not be made anew.

        None where they are somebody else's, of other sizes, too large to be written without memory of their own (see
        `gossamer.topology.memory`), or not on the CPU.
        """
        checked = Checked(junction)
        new = checked.arrays()
        if not self.own or len(new) != len(self.arrays) or any(array.nbytes >= LARGE for array in new):
            return None
        if not all(_takes(tensor, array) for tensor, array in zip(self.arrays, new, strict=True)):
            return None
        for tensor, array in zip(self.arrays, new, strict=True):
            np.copyto(tensor.numpy(), array)
        increment_version(self.arrays)
        structure = Structure(junction.in_features, junction.out_features, self.arrays, own=True)
        structure.keep(checked)
        return structure

    @property
    def is_current(self) -> bool:
        """Whether the arrays are as they were when they were last checked.

        Writes that autograd counts are always noticed. Those that it does not count (`array.data`, a NumPy view) are
        noticed when they reach one of some 64 places of an array.
        """
        if not self._last or self._last[0][0] != stamp_of(self.arrays):
            return False
        return extension is None or all(map(extension.alike, self.pairs))

    def holds(self, junction: Junction) -> bool:
        """Whether the arrays hold a junction's numbers, every one of them."""
        last, paired = self.last, len(self.pairs) == len(self.arrays)
        if extension is not None and paired and last and last.junction is junction and self.is_current:
            return all(map(extension.equal, self.pairs))
        found = [array.detach().cpu().numpy() for array in self.arrays]
        return all(map(equal, found, Checked(junction).arrays()))

    @property
    def last(self) -> Checked | None:
        """What the arrays were found to be when they were last checked."""
        return self._last[0][1] if self._last else None

    def checked(self) -> Checked:
        """What kernels read.

        Raises:
            InvalidTopologyError: arrays that describe no junction of these widths.
            TypeError: arrays that are not 1-d int32.
        """
        stamp, last = stamp_of(self.arrays), self._last
        if not last or last[0][0] != stamp:
            self.keep(Checked(self.read()))
        return last[0][1]

    def junction(self) -> Junction:
        """The junction; see `checked` for what is raised."""
        return self.checked().junction

    def read(self) -> Junction:
        """The junction that the arrays hold now, made anew; see `checked` for what is raised."""
        names = OFFSETS if self.rotated else ROWS
        for name, array in zip(names, self.arrays, strict=True):
            if array.dtype != torch.int32 or array.dim() != 1 or array.is_meta:
                found = f"{array.dtype}, {array.dim()}-d on {array.device}"
                raise TypeError(f"{name} is {found}; int32, 1-d, with values is needed.")
        arrays = [array.detach().cpu().numpy() for array in self.arrays]
        if self.rotated:
            return Rotated(arrays[0], in_features=self.in_features, out_features=self.out_features)
        junction = Bipartite(arrays[0], arrays[1], in_features=self.in_features)
        if self.out_features % junction.out_features:
            needed = f"out_features={self.out_features} needs one more than that, or than the number of its groups"
            raise InvalidTopologyError(f"indptr has {len(arrays[0])} entries; {needed}.")
        return junction if self.group == 1 else Grouped(junction, outputs=self.group)

    def keep(self, checked: Checked) -> None:
        """Remember what the arrays were found to be."""
        stamp = stamp_of(self.arrays)
        self._last[:] = [(stamp, checked)]
        own = zip(self.arrays, checked.places, strict=True)
        self.pairs[:] = [(a.data_ptr(), b, n // 4) for a, (b, n) in own if a.is_cpu and type(a) is Tensor]

    def __deepcopy__(self, memo: dict[int, Any]) -> Structure:
        twin = Structure(self.in_features, self.out_features, copy.deepcopy(self.arrays, memo))
        if self.is_current:
            twin.keep(self._last[0][1])
        return twin

    def __reduce__(self) -> tuple[Any, ...]:
        return Structure, (self.in_features, self.out_features, self.arrays)


def _takes(tensor: Tensor, array: NDArray[np.int32]) -> bool:
    """Whether an array's numbers fit into a tensor in place."""
    plain = type(tensor) is Tensor and tensor.is_cpu and has_version(tensor) and tensor.dtype is torch.int32
    return plain and tensor.shape == array.shape


def _buffer(array: NDArray[np.int32], device: torch.device | str | None) -> Tensor:
    """A tensor that anybody may write, which leaves the array as it is."""
    if (torch.get_default_device() if device is None else torch.device(device)).type != "cpu":
        return torch.tensor(array, dtype=torch.int32, device=device)
    return torch.from_numpy(writable_copy(array))


class Checked:
    """A junction that kernels may trust, with what is made of it when it is first asked for.

    Args:
        junction: an immutable value with arrays of its own.
    """

    def __init__(self, junction: Junction) -> None:
        self.junction = _as_stored(junction)
        self.made: dict[object, Any] = {}

    @cached_property
    def places(self) -> list[tuple[int, int]]:
        """Of each array its address and its bytes; each is contiguous int32."""
        return [_address(array) for array in self.arrays()]

    def arrays(self) -> tuple[NDArray[np.int32], ...]:
        """What a structure's arrays hold: offsets, or `indptr` and `indices`, of groups those of their base."""
        if isinstance(self.junction, Rotated):
            return (self.junction.offsets,)
        stored = self.junction.base if isinstance(self.junction, Grouped) else self.junction
        return stored.indptr, stored.indices

    def tensors(self, device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Rows (`indptr`, `indices`) and columns on a device; of a rotated junction, small without them, not kept."""
        found: tuple[Tensor, Tensor, Tensor, Tensor, Tensor] | None = self.made.get(device)
        if found is None:
            arrays = (self.junction.indptr, self.junction.indices, *transpose(self.junction))
            with torch.inference_mode(False):
                found = tuple(torch.tensor(array, dtype=torch.int32, device=device) for array in arrays)  # type: ignore[assignment]
            if not isinstance(self.junction, Rotated):
                self.made[device] = found
        assert found is not None
        return found


def _address(array: NDArray[np.int32]) -> tuple[int, int]:
    if extension is not None:
        found: tuple[int, int] = extension.address(array)  # asks NumPy in a tenth of the time
        return found
    assert array.dtype == np.int32 and array.flags.c_contiguous
    return array.ctypes.data, array.nbytes


def _as_stored(junction: Junction) -> Junction:
    """The same, with groups of outputs alone: kernels read the inputs of a group one by one."""
    outputs, inputs = junction.group if isinstance(junction, Grouped) else (1, 1)
    if not isinstance(junction, Grouped) or (outputs > 1 and inputs == 1):
        return junction
    rows = Grouped(junction.base, inputs=inputs).to_bipartite()
    return rows if outputs == 1 else Grouped(rows, outputs=outputs)


class Memo(Generic[_Made]):
    """What a function made of structures, as long as their arrays are not written.

    Args:
        make: makes it.
    """

    def __init__(self, make: Callable[[Checked], _Made]) -> None:
        self._make = make

    def of(self, checked: Checked) -> _Made:
        """What was made of a junction, or is now."""
        if self not in checked.made:
            checked.made[self] = self._make(checked)
        made: _Made = checked.made[self]
        return made


_Known: TypeAlias = tuple[tuple[int, int], tuple["weakref.ref[Tensor]", ...], Stamp, Checked]

_KNOWN: MutableMapping[Tensor, _Known] = WeakIdKeyDictionary()
"""What was found of arrays, by the first of them: callers of an operator have tensors, not a `Structure`."""


def remember(structure: Structure) -> Structure:
    """The same, with what was found of its arrays when they were met before; see `Structure.checked` for errors."""
    stamp, sizes = stamp_of(structure.arrays), (structure.in_features, structure.out_features)
    known = _KNOWN.get(structure.arrays[0])
    if known is not None and known[0] == sizes and known[2] == stamp and _are(structure.arrays[1:], known[1]):
        structure.keep(known[3])
        return structure
    others = tuple(map(weakref.ref, structure.arrays[1:]))
    _KNOWN[structure.arrays[0]] = sizes, others, stamp, structure.checked()
    return structure


def _are(arrays: tuple[Tensor, ...], seen: tuple[weakref.ref[Tensor], ...]) -> bool:
    return len(arrays) == len(seen) and all(other() is array for other, array in zip(seen, arrays, strict=True))
