"""What a model computes, as steps: by tracing its `forward` with `torch.fx`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional

from gossamer.errors import ExportError
from gossamer.nn.exporting.joining import joined
from gossamer.nn.exporting.modules import MAKERS, steps_of
from gossamer.nn.exporting.plan import Made

_FUNCTIONS: Mapping[Any, Callable[..., nn.Module]] = {
    **dict.fromkeys((functional.relu, torch.relu, "relu"), nn.ReLU),
    **dict.fromkeys((functional.sigmoid, torch.sigmoid, "sigmoid"), nn.Sigmoid),
    **dict.fromkeys((functional.tanh, torch.tanh, "tanh"), nn.Tanh),
    functional.leaky_relu: nn.LeakyReLU,
    functional.gelu: nn.GELU,
    functional.silu: nn.SiLU,
    functional.elu: nn.ELU,
    functional.selu: nn.SELU,
    functional.relu6: nn.ReLU6,
    functional.hardtanh: nn.Hardtanh,
    functional.hardswish: nn.Hardswish,
    functional.softplus: nn.Softplus,
    **dict.fromkeys((functional.softmax, torch.softmax, "softmax"), nn.Softmax),
    **dict.fromkeys((functional.log_softmax, torch.log_softmax, "log_softmax"), nn.LogSoftmax),
    **dict.fromkeys((torch.flatten, "flatten"), lambda start_dim=0, end_dim=-1: nn.Flatten(start_dim, end_dim)),
    functional.max_pool2d: nn.MaxPool2d,
    functional.avg_pool2d: nn.AvgPool2d,
    functional.adaptive_avg_pool2d: nn.AdaptiveAvgPool2d,
    functional.dropout: nn.Identity,
}
"""The module that computes the same as a function or a method, made of the same arguments."""

_PAIRS = {
    **dict.fromkeys((operator.add, operator.iadd, torch.add, "add", "add_"), "add"),
    **dict.fromkeys((operator.mul, operator.imul, torch.mul, "mul", "mul_"), "multiply"),
}
_IN_PLACE = (operator.iadd, operator.imul, "add_", "mul_")
_VIEWS = ("flatten",)


class _Tracer(fx.Tracer):
    """Goes into containers and into what people wrote, and stops at the modules of PyTorch and at ours."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return type(m) in MAKERS or type(m).__module__.startswith(("torch.nn", "torch.ao", "gossamer."))

    def call_module(self, m: nn.Module, forward: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if isinstance(m, nn.Sequential) and type(m).__module__.startswith(("torch.nn", "gossamer.")) and not kwargs:
            (x,) = args
            for each in m:
                x = each(x)
            return x
        return super().call_module(m, forward, args, kwargs)


class _Whole(nn.Module):
    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Any) -> Any:
        return self.model(x)


def steps_of_model(model: nn.Module) -> list[Made]:
    """The steps that compute a model of one tensor in evaluation.

    Raises:
        ExportError: something that the runtime lacks, or a `forward` that is no fixed graph.
    """
    whole = _Whole(model).eval()
    try:
        graph = _Tracer().trace(whole)
    except ExportError:
        raise
    except Exception as error:  # a tracer runs what people wrote
        raise ExportError(
            f"{type(model).__name__}.forward is no fixed graph of one input: {type(error).__name__}: {error}"
        ) from error
    return _Placing(whole).run(graph)


class _Placing:
    """Follows a graph and places the steps of its nodes one behind the other.

    Args:
        whole: the module that was traced.
    """

    def __init__(self, whole: nn.Module) -> None:
        self._modules = dict(whole.named_modules())
        self._steps: list[Made] = []
        self._value: dict[fx.Node, Made | None] = {}

    def run(self, graph: fx.Graph) -> list[Made]:
        for node in graph.nodes:
            if node.op == "placeholder":
                self._value[node] = None
            elif node.op == "output":
                return self._ended(node.args[0])
            else:
                self._value[node] = self._place(node)
        raise ExportError("the graph has no output.")

    def _ended(self, result: Any) -> list[Made]:
        if not isinstance(result, fx.Node):
            raise ExportError(f"the model returns {type(result).__name__}; one tensor is needed.")
        last = self._value[result]
        if last is None:  # the input itself
            last = self._append(Made("function", {"function": "identity"}), None)
        needed: set[int] = set()
        waiting: list[Made | None] = [last]
        while waiting:
            step = waiting.pop()
            if step is not None and id(step) not in needed:
                needed.add(id(step))
                waiting += step.of
        found = [step for step in self._steps if id(step) in needed]
        if found[-1] is not last:
            raise ExportError("the model returns what is not computed last.")
        return found

    def _place(self, node: fx.Node) -> Made | None:
        target = node.target
        if node.op == "call_module":
            module, name = self._modules[str(target)], str(target).removeprefix("model").lstrip(".") or "the model"
            self._require_own(node, getattr(module, "inplace", False))
            return self._chain(node, steps_of(name, module))
        if node.op in ("call_function", "call_method") and target in _PAIRS:
            self._require_own(node, target in _IN_PLACE)
            return self._pair(node, _PAIRS[target])
        if node.op in ("call_function", "call_method") and target in _FUNCTIONS:
            module = _module_for(node)
            self._require_own(node, getattr(module, "inplace", False))
            return self._chain(node, steps_of(_word(target), module))
        raise ExportError(f"the model calls {_word(target)} ({node.op}), which the runtime lacks.")

    def _pair(self, node: fx.Node, op: str) -> Made:
        if len(node.args) != 2 or node.kwargs or not all(isinstance(each, fx.Node) for each in node.args):
            raise ExportError(f"{_word(node.target)} of {node.args} {node.kwargs}: two computed tensors are needed.")
        first, second = node.args
        return self._append(Made(op), self._value[first], self._value[second])  # type: ignore[index]

    def _chain(self, node: fx.Node, made: list[Made]) -> Made | None:
        source = node.args[0] if node.args else None
        if not isinstance(source, fx.Node):
            raise ExportError(f"{_word(node.target)} is called without a tensor at its first place.")
        value, alone = self._value[source], _is_alone(source)
        for step in made:
            together = joined(value, step) if value is not None and alone else None
            if together is not None:
                assert value is not None
                self._steps.remove(value)
                value = self._append(together, *value.of)
            else:
                value = self._append(step, value)
            alone = True
        return value

    def _append(self, step: Made, *of: Made | None) -> Made:
        step.of = of
        self._steps.append(step)
        return step

    def _require_own(self, node: fx.Node, in_place: bool) -> None:
        """Refuse to write over what somebody else reads: here nothing works in place."""
        if in_place and node.args and isinstance(node.args[0], fx.Node) and not _is_alone(node.args[0], self._modules):
            raise ExportError(
                f"{_word(node.target)} works in place on a tensor that is read elsewhere, too; use inplace=False."
            )


def _module_for(node: fx.Node) -> nn.Module:
    """The module that computes what a function does."""
    arguments = node.args[1:]
    left = {name: value for name, value in node.kwargs.items() if value is not None and name != "_stacklevel"}
    if any(isinstance(each, fx.Node) for each in (*arguments, *left.values())):
        raise ExportError(f"{_word(node.target)} has an argument that is computed; only fixed ones are known.")
    if node.target is functional.dropout:
        if left.get("training", arguments[1] if len(arguments) > 1 else True):
            raise ExportError("the model calls dropout in evaluation, too; give it training=self.training.")
        return nn.Identity()
    try:
        return _FUNCTIONS[node.target](*arguments, **left)
    except TypeError as error:
        raise ExportError(f"{_word(node.target)} has arguments that the runtime lacks: {error}") from error


def _is_alone(node: fx.Node, modules: Mapping[str, nn.Module] | None = None) -> bool:
    """Whether one node alone reads a value; with `modules`, also of what the value is a view of."""
    if len(node.users) != 1:
        return False
    view = node.target in (torch.flatten, *_VIEWS)
    if modules is not None and node.op == "call_module":
        view = isinstance(modules[str(node.target)], (nn.Flatten, nn.Identity, nn.Dropout))
    source = node.args[0] if node.args else None
    return not (modules and view and isinstance(source, fx.Node)) or _is_alone(source, modules)


def _word(target: Any) -> str:
    return target if isinstance(target, str) else getattr(target, "__name__", repr(target))
