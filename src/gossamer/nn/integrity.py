"""What may happen to the integers of a sparse layer behind its back, and what may not.

A layer's buffers are tensors like any others, so averages, loaders and loops of all kinds write to them. Three things
can be told apart when the layer is next used:

- the same numbers were written: nothing has happened;
- the numbers are a mean of equal ones (an exponential average of integers is cut off and comes out too low): they are
  put back. The fingerprint, which is averaged with them, tells that from a mean of two topologies;
- another junction was written. A layer that was just built takes that once: a loader has copied tensors by name. A copy
  of a layer, or one that has taken on a topology since, does not: writing there averages or mixes two networks
  place by place, where an edge of one meets another edge of the other.

Tensors that take the place of buffers are read as they are. `adopt` and `load_state_dict` may be called at any time.
"""

from __future__ import annotations

import zlib

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gossamer.errors import InvalidTopologyError
from gossamer.nn.structure import Checked, Structure
from gossamer.topology import Junction

_HIGH = 1 << 30
_OPPOSITE = str.maketrans("01", "10")
_ROUNDING = 1e-3
"""How much lower than a number its average may have drifted, by float32's rounding in many updates."""


def fingerprint(junction: Junction) -> NDArray[np.int32]:
    """Numbers that name a junction: bits of a checksum (CRC-32) of its arrays and their complements, 0 or 2**30.

    In a mean of equal ones every 0 stays 0; in a mean of two different ones a 0 does not, however small the share of
    the other is (down to 1e-9).
    """
    checksum = zlib.crc32(f"{junction.in_features} {junction.out_features}".encode())
    for array in Checked(junction).arrays():
        checksum = zlib.crc32(array.data, checksum)
    bits = f"{checksum:032b}"[::-1]
    return np.array([_HIGH if bit == "1" else 0 for bit in bits + bits.translate(_OPPOSITE)], dtype=np.int32)


def restored(structure: Structure, junction: Junction, mark: Tensor) -> bool:
    """Put a junction's numbers back into arrays that hold an average of them; whether they did.

    Args:
        structure: the arrays.
        junction: what they held.
        mark: the fingerprint, averaged as they were.
    """
    known, found = Checked(junction).arrays(), [array.detach().cpu().numpy() for array in structure.arrays]
    if not _averaged(mark.detach().cpu().numpy(), fingerprint(junction)) or not all(map(_near, found, known)):
        return False
    with torch.no_grad():
        for array, values in zip(structure.arrays, known, strict=True):
            array.copy_(torch.tensor(values))
        mark.copy_(torch.from_numpy(fingerprint(junction)))
    return True


def accept(structure: Structure, junction: Junction, *, fresh: bool) -> None:
    """Take on the junction that arrays hold, if the layer was just built.

    Raises:
        InvalidTopologyError: it was not, or the arrays hold no junction.
    """
    written = structure.read()
    if not fresh:
        raise InvalidTopologyError(
            f"the buffers of a layer were written in place: they held {junction!r} ({junction.digest()[:8]}), and now "
            f"{written!r} ({written.digest()[:8]}). A topology changes by adopt() or load_state_dict(). An average of "
            "two models pairs places and would mix their edges: gossamer.rewiring.Average follows them."
        )
    structure.keep(Checked(written))


def _averaged(found: NDArray[np.int32], known: NDArray[np.int32]) -> bool:
    return found.shape == known.shape and not found[known == 0].any() and _near(found, known)


def _near(found: NDArray[np.int32], known: NDArray[np.integer]) -> bool:
    if found.shape != known.shape:
        return False
    below = known.astype(np.float64) - found
    return bool(((below >= 0) & (below <= 1 + _ROUNDING * known)).all())
