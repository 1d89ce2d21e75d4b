from typing import Any

import numpy as np
from numpy.typing import NDArray

def instruction_sets() -> list[str]: ...
def instruction_set() -> str: ...
def use_instruction_set(name: str) -> None: ...
def linear_forward(
    wide: bool,
    inputs: int,
    outputs: int,
    edges: int,
    arrays: list[int],
    offsets: int,
    batch: int,
    x: int,
    x_feature_stride: int,
    x_batch_stride: int,
    weights: int,
    bias: int,
    y: int,
    z: int,
    activation: int,
    slope: float,
    threads: int,
    /,
) -> None: ...
def linear_backward(
    wide: bool,
    inputs: int,
    outputs: int,
    edges: int,
    arrays: list[int],
    offsets: int,
    batch: int,
    x: int,
    x_feature_stride: int,
    x_batch_stride: int,
    dy: int,
    dy_feature_stride: int,
    dy_batch_stride: int,
    weights: int,
    kept: int,
    dx: int,
    dw: int,
    db: int,
    activation: int,
    slope: float,
    threads: int,
    /,
) -> None: ...
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
