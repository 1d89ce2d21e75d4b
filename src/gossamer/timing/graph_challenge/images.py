"""The challenge's images rebuilt from MNIST: near the official ones, not equal."""

from __future__ import annotations

import math

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

_THRESHOLD = 182  # of 255; with bicubic resizing nearest to the official number of entries


def rebuilt(digits: NDArray[np.uint8], neurons: int) -> scipy.sparse.csr_array:
    """Digits resized (bicubic), made zeros and ones, column by column: (images, N), float32.

    Officially there are 60,000, with 6.37451 million ones where they have 1024 pixels. `gossamer bench graph-challenge
    --images mnist --answer` says how many of the official answer's rows come out.

    Args:
        digits: (images, 28, 28) of 0 to 255.
        neurons: N, a square.

    Raises:
        ValueError: another shape or dtype, or neurons that are no square.

    >>> rebuilt(np.full((2, 28, 28), 255, np.uint8), 1024).sum()
    np.float32(2048.0)
    """
    from PIL import Image

    side = math.isqrt(neurons)
    if digits.ndim != 3 or digits.dtype != np.uint8 or side * side != neurons:
        raise ValueError(
            f"digits are {digits.dtype} {digits.shape} for {neurons} neurons; uint8 (images, height, width) "
            "and a square are needed."
        )
    rows = []
    for digit in digits:
        large = np.asarray(Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC))
        rows.append(np.flatnonzero(large.T.ravel() >= _THRESHOLD))
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    columns = np.concatenate([*rows, np.empty(0, np.int64)]).astype(np.int32)
    return scipy.sparse.csr_array((np.ones(len(columns), np.float32), columns, starts), shape=(len(digits), neurons))
