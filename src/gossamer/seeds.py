"""One seed, many independent streams, each named by what it decides."""

from __future__ import annotations

import numpy as np

from gossamer.errors import require_int


def stream(seed: int, name: str) -> np.random.Generator:
    """The generator of all that `name` stands for ("topology", "weights", "order", ...) in the run of this seed.

    Streams of different names are independent, so that drawing more for one thing leaves the others as they were.

    Raises:
        TypeError: `seed` is not an integer.
        ValueError: `seed` is negative.

    >>> bool(stream(0, "order").random() == stream(0, "order").random())
    True
    >>> bool(stream(0, "order").random() == stream(0, "weights").random())
    False
    """
    return np.random.default_rng([require_int("seed", seed, low=0), *name.encode()])


def torch_seed(seed: int, name: str) -> int:
    """The same as a seed for `torch.manual_seed` or a `torch.Generator`, from 0 to 2**63 - 1.

    >>> 0 <= torch_seed(0, "weights") < 2**63
    True
    """
    return int(stream(seed, name).integers(2**63))
