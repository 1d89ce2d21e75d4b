from typing import Any

import numpy as np
from numpy.typing import NDArray

version: int

def assign_dense(costs: NDArray[np.float64], columns: NDArray[np.int64]) -> None: ...
def assign_sparse(
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    costs: NDArray[np.int64],
    u: NDArray[np.int64],
    v: NDArray[np.int64],
    match: NDArray[np.int32],
) -> int: ...
def jaccard_rows(*arguments: Any) -> None: ...
def cheapest_columns(*arguments: Any) -> None: ...
def use_one_thread() -> None: ...
