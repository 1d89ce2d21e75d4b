"""The kernels in C++: every floating dtype on the CPU, several times faster than the PyTorch ones.

bfloat16 and float16 are formats of storage: sums are float32, and what is stored is rounded once, to the nearest, ties
to even. A layer's numbers are those of the float32 kernels on the same inputs and weights, rounded; so are a stack's
outputs between its layers. Gradients between the layers of a stack are float32.

Kernels compute feature by feature, so that an edge is one product of two contiguous vectors of the batch. Inputs of any
layout are taken; a result is stored as the input is (see `gossamer.nn.kernels.layout`). What is stored sample by sample
is turned tile by tile, on its way into a core's cache and out of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gossamer.nn.activations import IDENTITY, Activation
from gossamer.nn.kernels.backend import (
    Backend,
    Course,
    GradientBuffers,
    Gradients,
    Group,
    Layer,
    Loss,
    Pass,
    Samples,
    Stacks,
    Wanted,
)
from gossamer.nn.kernels.layout import empty_blocks, empty_feature_major, empty_like
from gossamer.nn.structure import Checked, Memo, Structure
from gossamer.topology import Bipartite, Junction, Rotated
from gossamer.tuning import in_use

if TYPE_CHECKING:
    import gossamer._native as _native
else:
    from gossamer.native import extension as _native


def built() -> bool:
    """Whether the extension is there."""
    return _native is not None


_NUMBERS = {torch.float32: 0, torch.float64: 1, torch.bfloat16: 2, torch.float16: 3}
"""How the extension numbers the dtypes that it knows."""

_NARROW = (torch.bfloat16, torch.float16)


def serves(x: Tensor) -> bool:
    """Whether these kernels can work on `x`: a plain float32, float64, bfloat16 or float16 tensor on the CPU."""
    return built() and x.is_cpu and x.dtype in _NUMBERS


def forward(
    structure: Structure, x_BI: Tensor, w_E: Tensor, bias_O: Tensor | None, activation: Activation
) -> tuple[Tensor, Tensor]:
    """Compute y = activation(x Wᵀ + b), and what the gradient of the activation needs: its argument, or y itself."""
    y_BO, last_BO, _ = stack_forward([Layer(structure, w_E, bias_O, activation)], x_BI, keep=False)
    return y_BO, last_BO


def backward(
    structure: Structure,
    dy_BO: Tensor,
    x_BI: Tensor,
    w_E: Tensor,
    kept_BO: Tensor,
    activation: Activation,
    wanted: Wanted,
) -> Gradients:
    """Gradients of the input (B, I), the weights (E,) and the bias (O,), those that are wanted."""
    dx, dw, db = stack_backward([Layer(structure, w_E, None, activation)], dy_BO, x_BI, (kept_BO, None), wanted)
    return dx, dw, db


def stack_forward(layers: Sequence[Layer], x_BI: Tensor, *, keep: bool) -> tuple[Tensor, Tensor, Tensor | None]:
    """All layers, one after the other, in one call: each thread carries a part of the batch through all of them.

    Args:
        layers: structure, contiguous weights, bias and activation of each.
        x_BI: the first one's input.
        keep: whether there will be a backward pass.

    Returns:
        The last layer's y (B, O), what its activation's gradient needs (the argument, or y itself), and the activations
        between the layers as `stack_backward` wants them.
    """
    batch, dtype = x_BI.shape[0], x_BI.dtype
    x = _readable("x", x_BI, (batch, layers[0].structure.in_features), dtype)
    stack = _Stack(layers, dtype, blocks=batch >= _BLOCKS_FROM)
    outputs = layers[-1].structure.out_features
    y_BO = empty_like(x_BI, outputs)
    z_BO = empty_feature_major(x, outputs) if layers[-1].activation.needs_input else None
    kept = x.new_empty(_native.kept_numbers(stack.described, batch)) if keep and len(layers) > 1 else None
    _native.stack_forward(
        _NUMBERS[dtype],
        stack.described,
        batch,
        _matrix(x),
        _result(y_BO),
        address(z_BO),
        address(kept),
        torch.get_num_threads(),
    )
    return y_BO, y_BO if z_BO is None else z_BO, kept


def stack_backward(
    layers: Sequence[Layer], dy_BO: Tensor, x_BI: Tensor, kept: tuple[Tensor, Tensor | None], wanted: Sequence[bool]
) -> list[Tensor | None]:
    """Gradients of the input, and of each layer's weights and bias: those that are wanted, of which there are 1 + 2 L.

    Args:
        layers: as for `stack_forward`.
        dy_BO: gradient of the last layer's output.
        x_BI: the first one's input.
        kept: the other two things that `stack_forward` gave.
        wanted: which gradients.
    """
    batch, dtype, (last, between) = dy_BO.shape[0], x_BI.dtype, kept
    x = _readable("x", x_BI, (batch, layers[0].structure.in_features), dtype)
    dy = _readable("dy", dy_BO, (batch, layers[-1].structure.out_features), dtype)
    # hooks on saved tensors may give them back otherwise than they were; without an activation the last is not read
    if layers[-1].activation == IDENTITY:
        last = dy
    elif not (last.is_contiguous() or last.t().is_contiguous()):
        last = last.contiguous()
    between = None if between is None else between.contiguous()
    stack = _Stack(layers, dtype, blocks=False)
    dx = empty_like(x_BI, layers[0].structure.in_features) if wanted[0] else None
    gradients: list[Tensor | None] = [dx]
    addresses = []
    for number, layer in enumerate(layers):
        dw = torch.empty_like(layer.weight) if wanted[2 * number + 1] else None
        db = x.new_empty(layer.structure.out_features) if wanted[2 * number + 2] else None
        gradients += (dw, db)
        addresses.append((address(dw), address(db)))
    _native.stack_backward(
        _NUMBERS[dtype],
        stack.described,
        addresses,
        batch,
        _matrix(x),
        _matrix(dy),
        _result(last),
        address(between),
        _result(dx),
        torch.get_num_threads(),
    )
    return gradients


class NativeSteps:
    """Training steps of one stack: what stays the same from step to step is described once.

    It owns the memory that it was given the addresses of. Whoever makes one asks before each step whether the tensors
    still are there: memory may be swapped under a tensor (`tensor.data = ...`, `share_memory_`).

    Args:
        layers: structure, contiguous weights, bias and activation of each.
        gradients: where those of weights and bias of each layer go, if they are wanted.
        groups: the parameters that are updated.
        loss: what is made small.
    """

    def __init__(
        self, layers: Sequence[Layer], gradients: Sequence[GradientBuffers], groups: Sequence[Group], loss: Loss
    ) -> None:
        dtype = layers[0].weight.dtype
        self._dtype = dtype
        self._inputs, self._outputs = layers[0].structure.in_features, layers[-1].structure.out_features
        self._features = [layer.structure.out_features for layer in layers]
        self._labels = loss.labels
        self._stack = _Stack(layers, dtype, blocks=True)
        tensors: list[Tensor | None] = []
        for layer, buffers in zip(layers, gradients, strict=True):
            tensors += (layer.weight, layer.bias)
            _require("gradient", _flat(buffers.weight), (layer.weight.numel(),), dtype)
            _require("gradient", buffers.bias, (layer.structure.out_features,), dtype)
            tensors += buffers
        for row in (row for group in groups for row in group.updated):
            for tensor in row[:4]:
                _require("state", _flat(tensor), (row.value.numel(),), dtype)
            _require("step", row.steps, (), torch.float32)
            tensors += row
        self._counts = loss.weights, loss.positive
        for weights in self._counts:
            _require("weights of the loss", weights, (self._outputs,), dtype)
        self._taken = [_float32(weights) for weights in self._counts]
        tensors += self._taken
        self._owned = [tensor.untyped_storage() for tensor in tensors if tensor is not None]
        places = [(address(dw), address(db)) for dw, db in gradients]
        updated = [(adam, [tuple(map(address, row)) for row in rows]) for adam, rows in groups]
        counts = address(self._taken[0]), address(self._taken[1])
        described = (loss.kind, *counts, loss.smoothing, loss.ignored, loss.of_logistic, loss.mean)
        self._rest = places, updated, described
        self._plan = _native.plan(_NUMBERS[dtype], self._stack.described, *self._rest)

    def following(self, layers: Sequence[Layer]) -> NativeSteps:
        """The same with other junctions of the same sizes, whose weights lie where those of the old ones do."""
        twin = NativeSteps.__new__(NativeSteps)
        vars(twin).update(vars(self))
        twin._stack = _Stack(layers, self._dtype, blocks=True)
        twin._plan = _native.plan(_NUMBERS[self._dtype], twin._stack.described, *self._rest)
        return twin

    def run(self, samples: Samples, course: Course) -> tuple[list[float], list[Tensor]]:
        """Of each step the loss, and the outputs (B, C) before the update.

        Raises:
            ValueError: a label that is no class, no sample that counts, or a tensor that is not contiguous any more.
                Nothing is changed then.
        """
        batch, targets = samples.inputs.shape[0], samples.targets
        x = _readable("x", samples.inputs, (batch, self._inputs), self._dtype)
        shape, dtype = ((batch,), torch.int64) if self._labels else ((batch, self._outputs), self._dtype)
        _require("targets", targets, shape, dtype)
        if self._dtype in _NARROW:
            targets = targets if self._labels else targets.float()
            self._take_counts()
        wide = [self._mask(mask, batch, number) for number, mask in enumerate(samples.masks)]
        one = course.size >= batch
        outputs = [empty_feature_major(x, self._outputs)] if one else empty_blocks(x, self._outputs, course.size)
        whole = outputs[0].untyped_storage()
        labels, numbers = (address(targets), (0, 0)) if self._labels else ((0, 0), address(targets))
        masks = [_matrix(mask) for mask in wide]
        seen = [self._seen(each, batch, number) for number, each in enumerate(samples.passes)]
        described = _matrix(x), (whole.data_ptr(), whole.nbytes()), labels, numbers, masks, seen
        longest = -1.0 if course.longest is None else course.longest
        losses = self._plan.run(course.size, described, course.rates, longest, torch.get_num_threads())
        return losses, outputs

    def _take_counts(self) -> None:
        """Weights of the loss may be written between two steps; the extension reads float32 ones."""
        for taken, weights in zip(self._taken, self._counts, strict=True):
            if taken is not None and weights is not None:
                taken.copy_(weights)

    def _seen(self, seen: Pass | None, batch: int, number: int) -> tuple[_native.Array, _native.Array]:
        if seen is None:
            return (0, 0), (0, 0)
        before = self._inputs if number == 0 else self._features[number - 1]
        inputs = None if seen.inputs is None else seen.inputs.t()
        exact = torch.float32 if self._dtype in _NARROW else self._dtype
        _require("a place for inputs", inputs, (before, batch), exact)
        _require("a place for gradients", seen.gradient.t(), (self._features[number], batch), exact)
        return address(inputs), address(seen.gradient.t())

    def _mask(self, mask: Tensor | None, batch: int, number: int) -> Tensor:
        if mask is None:
            return torch.empty(0, 0)
        return _readable("mask", mask, (batch, self._features[number]), self._dtype)


def _float32(tensor: Tensor | None) -> Tensor | None:
    """The same numbers as the extension reads beside a stack: float32, or the float64 that they are."""
    return tensor.float() if tensor is not None and tensor.dtype in _NARROW else tensor


def _flat(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.detach().reshape(-1) if tensor.is_contiguous() else tensor


def unchanged(checks: list[tuple[int, object, object, object]]) -> bool:
    """Whether all things are as they were; see `gossamer.nn.watch`."""
    return _native.unchanged(checks)


def address(tensor: Tensor | None) -> _native.Array:
    """Where a tensor's numbers are and how many bytes; the extension refuses sizes that do not fit."""
    return (0, 0) if tensor is None else (tensor.data_ptr(), tensor.nbytes)


def _result(tensor: Tensor | None) -> _native.Result:
    """The same of a matrix that is contiguous, sample by sample or feature by feature."""
    return (0, 0, False) if tensor is None else (tensor.data_ptr(), tensor.nbytes, tensor.is_contiguous())


def _matrix(x: Tensor) -> _native.Matrix:
    return x.data_ptr(), *x.shape, *x.stride()


class _Stack:
    """Layers as the extension takes them, and what has to live as long as it reads them."""

    __slots__ = ("described", "kept")

    def __init__(self, layers: Sequence[Layer], dtype: torch.dtype, *, blocks: bool) -> None:
        self.described: list[_native.Layer] = []
        self.kept: list[object] = []
        junctions = _JUNCTIONS[blocks and _native.uses_blocks()]
        for structure, w_E, bias_O, activation in layers:
            checked = structure.last or structure.checked()  # whoever calls has asked whether it still holds
            if not w_E.is_contiguous():
                w_E = w_E.contiguous()
            if bias_O is not None and not bias_O.is_contiguous():
                bias_O = bias_O.contiguous()
            if w_E.dtype is not dtype or not w_E.is_cpu or w_E.numel() != checked.junction.num_edges:
                _require("weight", w_E, (checked.junction.num_edges,), dtype)
            if bias_O is not None and (bias_O.dtype is not dtype or not bias_O.is_cpu):
                _require("bias", bias_O, (structure.out_features,), dtype)
            junction = junctions.of(checked)
            numbers = (*address(w_E), *address(bias_O), activation.kind, activation.slope)
            self.described.append((junction, *numbers))
            self.kept += (checked, junction, w_E, bias_O)


def _require(name: str, tensor: Tensor | None, shape: tuple[int, ...], dtype: torch.dtype) -> None:
    """Refuse what has changed since it was checked: shapes and memory can be swapped at any time."""
    if tensor is None:
        return
    fits = tensor.shape == shape and tensor.dtype is dtype and tensor.is_cpu and tensor.is_contiguous()
    if not fits or (tensor.data_ptr() == 0 and tensor.numel() > 0):
        found = f"{tuple(tensor.shape)} {tensor.dtype} on {tensor.device}, strides {tensor.stride()}"
        raise ValueError(f"{name} is {found}; contiguous {shape} {dtype} in the memory of the CPU is needed.")


_BLOCKS_FROM = 32
"""No shorter batch fills the widest chunk (4 vectors of 8 or 16 numbers)."""


_BY_ROWS_FROM = 1 << 22
"""From this many edges the order of columns costs more than it saves: an index, and copies of weights and gradients."""

_BANDS_FROM, _BANDS_TO = 1 << 20, 1 << 26
"""Edges of a rotated junction whose weights outgrow the caches, but of whose weights and gradients there are copies."""

_COLUMNS_BACK, _ROWS_BACK, _BANDS_BACK = range(3)
"""How the extension numbers the ways in which a backward pass walks."""


def _junction(checked: Checked, *, blocks: bool) -> _native.Junction:
    in_use()  # thresholds of this machine, before anything depends on them
    junction = checked.junction
    back = _way_back(junction)
    columns = _COLUMNS.of(checked) if isinstance(junction, Bipartite) and back == _COLUMNS_BACK else None
    return _native.Junction(junction.in_features, junction.out_features, checked.places, blocks, back, columns)


def _way_back(junction: Junction) -> int:
    """How the backward pass walks. Bands have gaps where a rotated junction has fewer inputs than outputs."""
    edges, few_gaps = junction.num_edges, 2 * junction.in_features >= junction.out_features
    if isinstance(junction, Rotated) and few_gaps and _BANDS_FROM <= edges < _BANDS_TO:
        return _BANDS_BACK
    return _ROWS_BACK if edges >= _BY_ROWS_FROM else _COLUMNS_BACK


def _columns(checked: Checked) -> _native.Columns:
    """The edges sorted by input, for the gradient of the input: 8 bytes an edge."""
    g = checked.junction
    return _native.Columns(g.in_features, g.out_features, checked.places, torch.get_num_threads())


_COLUMNS = Memo(_columns)


def walk(junction: Junction, batch: int) -> str:
    """How the forward pass walks a junction's rows with so many samples, and why."""
    if batch < _BLOCKS_FROM:
        known = _junction(Checked(junction), blocks=False)
        return known.walk if known.group > 1 else f"row by row: fewer than {_BLOCKS_FROM} samples"
    return _junction(Checked(junction), blocks=_native.uses_blocks()).walk


_JUNCTIONS = (Memo(partial(_junction, blocks=False)), Memo(partial(_junction, blocks=True)))
"""What the extension makes once of a junction that was checked: without and with blocks of rows where they pay."""


def _readable(name: str, x: Tensor, shape: tuple[int, int], dtype: torch.dtype) -> Tensor:
    """A matrix with one unit stride, real memory and no flags that only PyTorch's own kernels know."""
    if x.shape != shape or x.dtype is not dtype or not x.is_cpu or x.layout is not torch.strided:
        raise ValueError(f"{name} is {tuple(x.shape)} {x.dtype} on {x.device}; {shape} {dtype} on the CPU is needed.")
    stride = x.stride()
    if 1 not in stride or min(stride) <= 0 or x.is_neg():
        x = x.resolve_neg().contiguous()
    if x.data_ptr() == 0 and x.numel() > 0:
        raise ValueError(f"{name} has no memory.")
    return x


NATIVE = Backend(
    "native",
    serves,
    forward,
    backward,
    Stacks(stack_forward, stack_backward) if built() else None,
    NativeSteps if built() else None,
)
