import numpy as np
from numpy.typing import NDArray

version: int

# graph.cpp
def pattern_matvec(
    indptr: NDArray[np.int32], indices: NDArray[np.int32], x: NDArray[np.float64], y: NDArray[np.float64]
) -> None: ...
def spanning_forest(
    nodes: int,
    first: NDArray[np.int32],
    second: NDArray[np.int32],
    order: NDArray[np.int64],
    keep: NDArray[np.uint8],
) -> int: ...
def distance_sums(
    indptr: NDArray[np.int32], indices: NDArray[np.int32], begin: int, end: int, totals: NDArray[np.int64]
) -> None: ...
