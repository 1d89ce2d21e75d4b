from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

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

# draws.cpp
def draw_subset(capsule: object, bound: int, members: NDArray[np.int64], /) -> None: ...

# edges.cpp
def edge_keys(
    indptr: NDArray[np.int32], indices: NDArray[np.int32], inputs: int, keys: NDArray[np.int64], threads: int, /
) -> None: ...
def are_rows(indptr: NDArray[np.int32], indices: NDArray[np.int32], inputs: int, /) -> bool: ...
def carried(
    values: NDArray[np.floating], source: NDArray[np.int64], fill: float, to: NDArray[np.floating], threads: int, /
) -> None: ...
def correct_young(
    weight: NDArray[np.floating],
    mean: NDArray[np.floating],
    square: NDArray[np.floating],
    where: NDArray[np.int64],
    joined: NDArray[np.int64],
    step: int,
    of_mean: NDArray[np.floating],
    of_square: NDArray[np.floating],
    rate: float,
    eps: float,
    mean_now: float,
    square_now: float,
    /,
) -> None: ...
def transposed(
    indptr: NDArray[np.int32],
    indices: NDArray[np.int32],
    starts: NDArray[np.int32],
    outputs: NDArray[np.int32],
    edges: NDArray[np.int32],
    /,
) -> None: ...
def positions(
    keys: NDArray[np.int64], within: NDArray[np.int64], places: NDArray[np.int64], threads: int, /
) -> bool: ...
def returned(
    keys: NDArray[np.int64],
    within: NDArray[np.int64],
    marks: NDArray[np.uint8],
    others: NDArray[np.int64],
    threads: int,
    /,
) -> int: ...
def empty_places(
    ranks: NDArray[np.int64],
    keys: NDArray[np.int64],
    kept: NDArray[np.uint8],
    places: NDArray[np.int64],
    threads: int,
    /,
) -> None: ...
def marked(bits: NDArray[np.uint8], places: NDArray[np.int64], /) -> int: ...

# merges.cpp
def merged(
    keys: NDArray[np.int64],
    kept: NDArray[np.uint8],
    grown: NDArray[np.int64],
    weights: NDArray[np.floating],
    inputs: int,
    indptr: NDArray[np.int32],
    indices: NDArray[np.int32],
    source: NDArray[np.int64],
    fresh: NDArray[np.int64],
    removed: NDArray[np.int64],
    to: NDArray[np.floating],
    threads: int,
    /,
) -> None: ...

# selection.cpp
def smallest(values: NDArray[np.floating], k: int, /) -> float: ...
def are_finite(values: NDArray[np.floating], threads: int, /) -> bool: ...
def far_from_zero(values: NDArray[np.floating], fraction: float, kept: NDArray[np.uint8], threads: int, /) -> None: ...
def largest(values: NDArray[np.floating], magnitudes: bool, count: int, kept: NDArray[np.uint8], /) -> None: ...

# bind_kernels.cpp
Array: TypeAlias = tuple[int, int]
Result: TypeAlias = tuple[int, int, bool]
Matrix: TypeAlias = tuple[int, int, int, int, int]
Layer: TypeAlias = tuple[Junction, int, int, int, int, int, float]

# bind_attention.cpp
Sizes: TypeAlias = tuple[int, int, int, int, int]
Heads: TypeAlias = tuple[int, tuple[int, int, int, int]]

def attention_forward(
    wide: bool,
    sizes: Sizes,
    causal: bool,
    scale: float,
    qkv: tuple[Heads, Heads, Heads],
    y: Array,
    logs: Array,
    threads: int,
    /,
) -> None: ...
def attention_backward(
    wide: bool,
    sizes: Sizes,
    causal: bool,
    scale: float,
    read: tuple[Heads, Heads, Heads, Heads, Heads],
    logs: Array,
    gradients: tuple[Array, Array, Array],
    threads: int,
    /,
) -> None: ...

# bind_missing.cpp
def largest_missing(
    wide: bool, x: Matrix, dz: Matrix, held: NDArray[np.int64], places: NDArray[np.int64], threads: int, /
) -> int: ...

# bind_kernels.cpp
class Columns:
    def __init__(self, inputs: int, outputs: int, rows: list[Array], threads: int, /) -> None: ...

class Junction:
    def __init__(
        self,
        inputs: int,
        outputs: int,
        arrays: list[Array],
        blocks: bool,
        back: int = 0,
        columns: Columns | None = None,
    ) -> None: ...
    @property
    def blocks(self) -> bool: ...
    @property
    def group(self) -> int: ...
    @property
    def walk(self) -> str: ...

def uses_blocks() -> bool: ...
def block_limits() -> tuple[int, int, list[tuple[int, float]]]: ...
def set_block_limits(edges_a_row: int, densities: list[tuple[int, float]]) -> None: ...
def work_of_a_thread() -> int: ...
def give_each_thread(multiply_adds: int) -> None: ...
def threads_granted(asked: int) -> int: ...

class Taps:
    @property
    def covers(self) -> bool: ...
    @property
    def edges(self) -> int: ...
    @property
    def outputs(self) -> int: ...

def taps(
    sizes: tuple[int, int, int, int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
    indptr: int,
    indices: int,
    edges: int,
    /,
) -> Taps: ...
def convolution_forward(taps: Taps, batch: int, x: int, weights: int, bias: int, y: int, threads: int, /) -> None: ...
def convolution_backward(
    taps: Taps, batch: int, x: int, dy: int, weights: int, gradients: tuple[int, int, int], threads: int, /
) -> None: ...
def instruction_sets() -> list[str]: ...
def instruction_set() -> str: ...
def use_instruction_set(name: str) -> None: ...
def kept_numbers(layers: list[Layer], batch: int, /) -> int: ...
def stack_forward(
    number: int,
    layers: list[Layer],
    batch: int,
    x: Matrix,
    y: Result,
    z: Array,
    kept: Array,
    threads: int,
    /,
) -> None: ...
def stack_backward(
    number: int,
    layers: list[Layer],
    gradients: list[tuple[Array, Array]],
    batch: int,
    x: Matrix,
    dy: Matrix,
    last: Result,
    kept: Array,
    dx: Result,
    threads: int,
    /,
) -> None: ...

# bind_inference.cpp
class Inference:
    def __init__(self) -> None: ...
    def add(
        self,
        junction: Junction,
        weights: NDArray[np.float32],
        bias: NDArray[np.float32] | None,
        activation: int,
        slope: float,
    ) -> None: ...
    def spans(self) -> list[int]: ...
    def run(self, x: NDArray[np.float32], y: NDArray[np.float32], threads: int) -> None: ...

# bind_training.cpp
Loss: TypeAlias = tuple[int, Array, Array, float, int, bool, bool]
Seen: TypeAlias = tuple[Array, Array]
Samples: TypeAlias = tuple[Matrix, Array, Array, Array, list[Matrix], list[Seen]]

class Plan:
    def run(
        self,
        size: int,
        samples: Samples,
        rates: Sequence[Sequence[Sequence[float]]],
        longest: float,
        threads: int,
        /,
    ) -> list[float]: ...

def plan(
    number: int,
    layers: list[Layer],
    gradients: list[tuple[Array, Array]],
    groups: list[tuple[bool, list[tuple[Array, ...]]]],
    loss: Loss,
    /,
) -> Plan: ...

# bind_watch.cpp
def equal(arrays: tuple[int, int, int], /) -> bool: ...
def address(array: NDArray[np.int32], /) -> Array: ...
def unchanged(checks: list[tuple[int, object, object, object]], /) -> bool: ...

# assignment_dense.cpp, assignment_sparse.cpp
def assign_dense(costs: NDArray[np.float64], columns: NDArray[np.int64]) -> None: ...
def assign_sparse(
    starts: NDArray[np.int64],
    columns: NDArray[np.int32],
    costs: NDArray[np.int64],
    u: NDArray[np.int64],
    v: NDArray[np.int64],
    match: NDArray[np.int32],
) -> int: ...
def jaccard_rows(
    starts: NDArray[np.int32],
    members: NDArray[np.int32],
    strengths: NDArray[np.float64],
    reader_starts: NDArray[np.int32],
    readers: NDArray[np.int32],
    reader_strengths: NDArray[np.float64],
    sizes: NDArray[np.float64],
    first: int,
    out: NDArray[np.float64],
) -> None: ...
def cheapest_columns(
    starts: NDArray[np.int32],
    members: NDArray[np.int32],
    strengths: NDArray[np.float64],
    reader_starts: NDArray[np.int32],
    readers: NDArray[np.int32],
    reader_strengths: NDArray[np.float64],
    sizes: NDArray[np.float64],
    prices: NDArray[np.float64],
    dearest: NDArray[np.int32],
    columns: NDArray[np.int32],
    costs: NDArray[np.float64],
) -> None: ...
def use_one_thread() -> None: ...
