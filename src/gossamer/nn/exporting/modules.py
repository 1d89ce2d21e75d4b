"""Modules as steps: one function a class; a class that is not here is refused by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from torch import nn

from gossamer.errors import ExportError
from gossamer.nn.activations import Activation, AllReLU, fusible
from gossamer.nn.convolution import SparseConv1d, SparseConv2d
from gossamer.nn.exporting.plan import Made, numbers
from gossamer.nn.linear import SparseLinear
from gossamer.nn.window import window_of
from gossamer.topology import Bipartite, Junction, compact
from gossamer.topology.files import describe

Maker = Callable[[str, Any], list[Made]]
"""A module's name and the module, to the steps that compute it, each of the one before it."""


def steps_of(name: str, module: nn.Module) -> list[Made]:
    """What computes a module in evaluation; nothing if it passes its input on.

    Raises:
        ExportError: the runtime cannot compute it.
    """
    maker = MAKERS.get(type(module))
    if maker is None:
        known = ", ".join(sorted({each.__name__ for each in MAKERS}))
        raise ExportError(f"{name} is a {type(module).__name__}, which the runtime lacks; it has {known}.")
    if module._forward_hooks or module._forward_pre_hooks:
        raise ExportError(f"{name} has hooks, which no file holds; remove them before.")
    return maker(name, module)


def _activation(activation: Activation) -> dict[str, Any]:
    return {"activation": activation.kind.name.lower(), "slope": float(activation.slope)}


def _parameters(name: str, module: nn.Module, **names: str) -> dict[str, Any]:
    """The arrays of those parameters and buffers that are there."""
    found = {as_: getattr(module, of, None) for as_, of in names.items()}
    return {as_: numbers(f"{name}.{names[as_]}", tensor) for as_, tensor in found.items() if tensor is not None}


def _sparse_linear(name: str, layer: SparseLinear) -> list[Made]:
    kind, indices = describe(compact(layer.topology()), name)
    arrays = indices | _parameters(name, layer, weight="weight", bias="bias")
    return [Made("linear", {"junction": kind, **_activation(layer.activation)}, arrays)]


def _linear(name: str, layer: nn.Linear) -> list[Made]:
    return [Made("linear", _activation(Activation()), _parameters(name, layer, weight="weight", bias="bias"))]


def _sparse_convolution(name: str, layer: SparseConv2d) -> list[Made]:
    made = _taps(name, layer.topology(), layer, layer.window, _parameters(name, layer, weight="weight", bias="bias"))
    kind = _activation(layer.activation)
    if kind["activation"] == "identity":
        return [made]
    return [made, Made("function", {"function": kind["activation"], "slope": kind["slope"]})]


def _convolution(name: str, layer: nn.Conv1d | nn.Conv2d) -> list[Made]:
    if layer.padding_mode != "zeros":
        raise ExportError(f"{name} has padding_mode={layer.padding_mode!r}; the runtime pads with zeros.")
    O, axes = layer.out_channels, len(layer.kernel_size)
    window = window_of(axes, layer.kernel_size, layer.stride, layer.padding, layer.dilation, layer.groups)
    arrays = _parameters(name, layer, weight="weight", bias="bias")
    arrays["weight"] = arrays["weight"].reshape(-1)
    return [_taps(name, Bipartite.from_mask(np.ones((O, arrays["weight"].size // O), bool)), layer, window, arrays)]


def _taps(name: str, junction: Junction, layer: Any, window: Any, arrays: dict[str, Any]) -> Made:
    rows = Bipartite(junction.indptr, junction.indices, in_features=junction.in_features)
    kind, indices = describe(rows, name)
    shape = {part: list(getattr(window, part)) for part in ("kernel", "stride", "padding", "dilation")}
    axes = 1 if isinstance(layer, (SparseConv1d, nn.Conv1d)) else 2
    sizes = {"axes": axes, "in_channels": int(layer.in_channels), "groups": int(window.groups)}
    return Made("convolution", {"junction": kind, **sizes, **shape}, indices | arrays)


def _layer_norm(name: str, norm: nn.LayerNorm | nn.RMSNorm) -> list[Made]:
    centred = isinstance(norm, nn.LayerNorm)
    eps = float(np.finfo(np.float32).eps) if norm.eps is None else float(norm.eps)
    fields = {"shape": [int(size) for size in norm.normalized_shape], "eps": eps, "centred": int(centred)}
    return [Made("norm", fields, _parameters(name, norm, weight="weight", bias="bias"))]


def _batch_norm(name: str, norm: nn.BatchNorm1d | nn.BatchNorm2d) -> list[Made]:
    if norm.running_mean is None or norm.running_var is None:
        raise ExportError(f"{name} keeps no running statistics, so that an example depends on its batch.")
    scale = (norm.running_var.double() + norm.eps).rsqrt()
    scale = scale if norm.weight is None else scale * norm.weight.detach().double()
    shift = -norm.running_mean.double() * scale
    shift = shift if norm.bias is None else shift + norm.bias.detach().double()
    arrays = {"scale": numbers(f"{name}.scale", scale), "shift": numbers(f"{name}.shift", shift)}
    return [Made("affine", {}, arrays)]


def _embedding(name: str, table: nn.Embedding) -> list[Made]:
    if table.max_norm is not None:
        raise ExportError(f"{name} has max_norm={table.max_norm}; the runtime takes rows as they are.")
    return [Made("embedding", {}, _parameters(name, table, weight="weight"))]


def _softmax(name: str, module: nn.Softmax | nn.LogSoftmax) -> list[Made]:
    if module.dim is None:
        raise ExportError(f"{name} has dim=None; name the axis.")
    return [Made("softmax", {"axis": int(module.dim), "logarithm": int(isinstance(module, nn.LogSoftmax))})]


def _pool(name: str, module: Any) -> list[Made]:
    axes = 1 if isinstance(module, (nn.MaxPool1d, nn.AvgPool1d)) else 2
    mean = isinstance(module, (nn.AvgPool1d, nn.AvgPool2d))
    plain = not module.ceil_mode and not getattr(module, "return_indices", False)
    plain = (
        plain and getattr(module, "dilation", 1) in (1, (1,) * axes) and not getattr(module, "divisor_override", None)
    )
    if not plain or not getattr(module, "count_include_pad", True):
        raise ExportError(
            f"{name} is {module}: ceil_mode, dilation, indices and other divisors are not in the runtime."
        )
    sizes = {part: _each(getattr(module, of), axes) for part, of in _POOLED.items()}
    return [Made("pool", {"axes": axes, "mean": int(mean), **sizes})]


_POOLED = {"kernel": "kernel_size", "stride": "stride", "padding": "padding"}


def _each(size: Any, axes: int) -> list[int]:
    return [int(size)] * axes if isinstance(size, int) else [int(each) for each in size]


def _adaptive(name: str, module: nn.AdaptiveAvgPool1d | nn.AdaptiveAvgPool2d) -> list[Made]:
    axes = 1 if isinstance(module, nn.AdaptiveAvgPool1d) else 2
    if module.output_size not in (1, (1,) * axes):
        raise ExportError(f"{name} has output_size={module.output_size}; the runtime averages to 1.")
    return [Made("average", {"axes": axes})]


def _flatten(name: str, module: nn.Flatten) -> list[Made]:
    return [Made("flatten", {"first": int(module.start_dim), "last": int(module.end_dim)})]


def _gelu(name: str, module: nn.GELU) -> list[Made]:
    return [Made("function", {"function": "gelu" if module.approximate == "none" else "gelu_tanh"})]


def _folded(name: str, module: nn.Module) -> list[Made]:
    activation = fusible(module)
    assert activation is not None
    kind = _activation(activation)
    return [Made("function", {"function": kind["activation"], "slope": kind["slope"]})]


def _hardtanh(name: str, module: nn.Hardtanh) -> list[Made]:
    if fusible(module) is not None:
        return _folded(name, module)
    return [Made("function", {"function": "clip", "low": float(module.min_val), "high": float(module.max_val)})]


def _function(word: str, **attributes: str) -> Maker:
    """A function whose arguments are attributes of the module."""
    return lambda name, module: [
        Made("function", {"function": word, **{as_: float(getattr(module, of)) for as_, of in attributes.items()}})
    ]


def _fixed(word: str, **arguments: float) -> Maker:
    return lambda name, module: [Made("function", {"function": word, **arguments})]


def _nothing(name: str, module: nn.Module) -> list[Made]:
    return []


_NOTHING = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout)

MAKERS: Mapping[type[nn.Module], Maker] = {
    SparseLinear: _sparse_linear,
    SparseConv1d: _sparse_convolution,
    SparseConv2d: _sparse_convolution,
    nn.Linear: _linear,
    nn.Conv1d: _convolution,
    nn.Conv2d: _convolution,
    nn.LayerNorm: _layer_norm,
    nn.RMSNorm: _layer_norm,
    nn.BatchNorm1d: _batch_norm,
    nn.BatchNorm2d: _batch_norm,
    nn.Embedding: _embedding,
    nn.Softmax: _softmax,
    nn.LogSoftmax: _softmax,
    **dict.fromkeys((nn.MaxPool1d, nn.MaxPool2d, nn.AvgPool1d, nn.AvgPool2d), _pool),
    **dict.fromkeys((nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d), _adaptive),
    nn.Flatten: _flatten,
    **dict.fromkeys((nn.ReLU, nn.LeakyReLU, AllReLU, nn.Sigmoid), _folded),
    nn.GELU: _gelu,
    nn.Tanh: _fixed("tanh"),
    nn.SiLU: _fixed("silu"),
    nn.ELU: lambda name, module: [Made("function", {"function": "elu", "alpha": float(module.alpha), "scale": 1.0})],
    nn.SELU: _fixed("elu", alpha=1.6732632423543772, scale=1.0507009873554805),
    nn.Softplus: _function("softplus", beta="beta", threshold="threshold"),
    nn.Hardtanh: _hardtanh,
    nn.ReLU6: _folded,
    nn.Hardsigmoid: _fixed("hardsigmoid"),
    nn.Hardswish: _fixed("hardswish"),
    nn.Softsign: _fixed("softsign"),
    **dict.fromkeys(_NOTHING, _nothing),
}
"""By the class itself: a subclass may compute something else."""
