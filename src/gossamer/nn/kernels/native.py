"""The kernels in C++: float32 and float64 on the CPU, several times faster than the PyTorch ones.

Activations are feature-major: a (B, features) tensor with strides (1, B), so that an edge is one product of two
contiguous vectors of the batch. Inputs of any layout are taken; results are feature-major.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gossamer.nn.activations import Activation
from gossamer.nn.kernels.backend import Backend, Gradients, Group, Layer, Rates, Stacks, Wanted, Wells
from gossamer.nn.structure import Memo, Structure

if TYPE_CHECKING:
    import gossamer._native as _native
else:
    from gossamer.native import extension as _native

LANES = 16
"""The batch of kept activations is rounded up to this: the most numbers that a vector holds."""


def built() -> bool:
    """Whether the extension is there."""
    return _native is not None


def serves(x: Tensor) -> bool:
    """Whether these kernels can work on `x`: a plain float32 or float64 tensor on the CPU."""
    return built() and x.is_cpu and (x.dtype is torch.float32 or x.dtype is torch.float64)


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
    layers = _contiguous(layers)
    batch, O = x_BI.shape[0], layers[-1].structure.out_features
    x = _one_unit_stride(x_BI)
    y_OB = x_BI.new_empty((O, batch))
    z_OB = torch.empty_like(y_OB) if layers[-1].activation.needs_input else None
    between = sum(layer.structure.out_features << layer.activation.needs_input for layer in layers[:-1])
    kept = x_BI.new_empty(between * (-(-batch // LANES) * LANES)) if keep and between else None
    _native.stack_forward(
        x.dtype is torch.float64,
        [_described(*layer, batch) for layer in layers],
        batch,
        _matrix(x),
        _address(y_OB),
        _address(z_OB),
        _address(kept),
        torch.get_num_threads(),
    )
    y_BO = y_OB.t()
    return y_BO, y_BO if z_OB is None else z_OB.t(), kept


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
    layers, (last_BO, between) = _contiguous(layers), kept
    x, dy, last = _one_unit_stride(x_BI), _one_unit_stride(dy_BO), last_BO.t().contiguous()
    between = None if between is None else between.contiguous()  # hooks on saved tensors may give them back otherwise
    dx_IB = x.new_empty((layers[0].structure.in_features, dy.shape[0])) if wanted[0] else None
    gradients: list[Tensor | None] = [None if dx_IB is None else dx_IB.t()]
    addresses = []
    for number, (structure, w_E, _, _) in enumerate(layers):
        dw = torch.empty_like(w_E) if wanted[2 * number + 1] else None
        db = x.new_empty(structure.out_features) if wanted[2 * number + 2] else None
        gradients += (dw, db)
        addresses.append((_address(dw), _address(db)))
    _native.stack_backward(
        x.dtype is torch.float64,
        [_described(*layer, 0) for layer in layers],
        addresses,
        dy.shape[0],
        _matrix(x),
        _matrix(dy),
        _address(last),
        _address(between),
        _address(dx_IB),
        torch.get_num_threads(),
    )
    return gradients


class Plan:
    """Training steps of one stack with cross-entropy: what stays the same from step to step is described once.

    It keeps the tensors, and asks before each step where they are: those that have moved are described anew.

    Args:
        layers: structure, contiguous weights, bias and activation of each.
        gradients: where those of weights and bias of each layer go, if they are wanted.
        groups: the parameters that are updated.
    """

    def __init__(self, layers: Sequence[Layer], gradients: Sequence[Wells], groups: Sequence[Group]) -> None:
        self._described = (layers, gradients, groups)
        self._wide = layers[0].weight.dtype is torch.float64
        self._classes = layers[-1].structure.out_features
        tensors = [t for _, weight, bias, _ in layers for t in (weight, bias)]
        tensors += [t for places in gradients for t in places]
        tensors += [t for group in groups for row in group.updated for t in row[:-1]]
        counts = [row.steps for group in groups for row in group.updated]
        self._tensors = [tensor for tensor in (*tensors, *counts) if tensor is not None]
        self._dtypes = [tensor.dtype for tensor in self._tensors]
        self._describe()

    def _describe(self) -> None:
        layers, gradients, groups = self._described
        if not all(t.is_contiguous() and t.is_cpu for t in self._tensors):
            raise ValueError("a tensor of the plan is no longer contiguous, or not on the CPU.")
        if [tensor.dtype for tensor in self._tensors] != self._dtypes:
            raise ValueError("a tensor of the plan has another dtype than it had.")
        described = [_described(*layer, _BLOCKS_FROM) for layer in layers]
        places = [(_address(dw), _address(db)) for dw, db in gradients]
        updated = [(adam, [tuple(map(_address, row)) for row in rows]) for adam, rows in groups]
        self._plan = _native.plan(self._wide, described, places, updated)
        self._where = self._places()
        self._junctions = [layer[0] for layer in described]

    def _places(self) -> list[list[object]]:
        return [list(map(ask, self._tensors)) for ask in (Tensor.data_ptr, Tensor.numel, Tensor.is_contiguous)]

    def _stands(self) -> bool:
        """Whether all tensors are where they were when they were described."""
        blocks = _KNOWN[_native.uses_blocks()]
        known = (blocks.of(layer.structure) for layer in self._described[0])
        return self._where == self._places() and all(map(operator.is_, known, self._junctions))

    def run(self, x_BI: Tensor, labels_B: Tensor, smoothing: float, rates: Sequence[Rates]) -> tuple[float, Tensor]:
        """One step.

        Args:
            x_BI: inputs of the stack's dtype, of any layout.
            labels_B: contiguous int64 classes, at least one.
            smoothing: the share of a label that goes to all classes alike.
            rates: of each group.

        Returns:
            The mean loss, and the outputs (B, C) before the update.

        Raises:
            ValueError: a label that is no class, or a tensor that is not contiguous any more. Nothing is changed then.
        """
        if not self._stands():
            self._describe()
        x = _one_unit_stride(x_BI)
        batch = x.shape[0]
        y_BC = x.new_empty_strided((batch, self._classes), (1, batch))
        arrays = (_address(y_BC), _address(labels_B))
        loss = self._plan.run(batch, _matrix(x), *arrays, smoothing, rates, torch.get_num_threads())
        return loss, y_BC


def unchanged(checks: list[tuple[int, object, object, object]]) -> bool:
    """Whether all things are as they were; see `gossamer.nn.watch`."""
    return _native.unchanged(checks)


def _address(tensor: Tensor | None) -> _native.Array:
    """Where a tensor's numbers are and how many bytes; the extension refuses sizes that do not fit."""
    return (0, 0) if tensor is None else (tensor.data_ptr(), tensor.nbytes)


def _matrix(x: Tensor) -> _native.Matrix:
    return x.data_ptr(), *x.shape, *x.stride()


def _described(
    structure: Structure, w_E: Tensor, bias_O: Tensor | None, activation: Activation, batch: int
) -> _native.Layer:
    blocks = batch >= _BLOCKS_FROM and _native.uses_blocks()
    known = _KNOWN[blocks].of(structure)
    return known, *_address(w_E), *_address(bias_O), activation.kind, activation.slope


_BLOCKS_FROM = 32
"""No shorter batch fills the widest chunk (4 vectors of 8 or 16 numbers)."""


def _known(structure: Structure, *, blocks: bool) -> _native.Junction:
    for array in structure.arrays:
        if array.dtype is not torch.int32 or not array.is_cpu or not array.is_contiguous():
            raise TypeError(f"an array of the junction is {array.dtype} on {array.device}; contiguous int32 is needed.")
    addresses = list(map(_address, structure.arrays))
    return _native.Junction(structure.in_features, structure.out_features, addresses, blocks)


_KNOWN = (Memo(partial(_known, blocks=False)), Memo(partial(_known, blocks=True)))
"""Junctions whose arrays were checked, with what is made of them once: without and with blocks where they pay."""


def _contiguous(layers: Sequence[Layer]) -> Sequence[Layer]:
    """The same layers, with copies of parameters that are not contiguous."""
    if all(w_E.is_contiguous() and (bias_O is None or bias_O.is_contiguous()) for _, w_E, bias_O, _ in layers):
        return layers
    return [Layer(s, w.contiguous(), None if b is None else b.contiguous(), a) for s, w, b, a in layers]


def _one_unit_stride(x: Tensor) -> Tensor:
    stride = x.stride()
    return x if 1 in stride and min(stride) > 0 else x.contiguous()


NATIVE = Backend(
    "native",
    serves,
    forward,
    backward,
    Stacks(stack_forward, stack_backward) if built() else None,
    Plan if built() else None,
)
