"""What a model computes, as steps: by tracing its `forward` with `torch.fx`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional

from gossamer.errors import ExportError
from gossamer.nn.exporting.arranging import VIEWS, Found, Value, arranged, constant, of_sizes
from gossamer.nn.exporting.joining import joined
from gossamer.nn.exporting.modules import steps_of
from gossamer.nn.exporting.plan import Made
from gossamer.nn.exporting.tracing import traced

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


def steps_of_model(model: nn.Module) -> list[Made]:
    """The steps that compute a model of one tensor in evaluation.

    Raises:
        ExportError: something that the runtime lacks, or a `forward` that is no fixed graph.
    """
    return _Placing(*traced(model)).run()


class _Placing:
    """Follows a graph and places the steps of its nodes one behind the other.

    Args:
        whole: the module that was traced.
    """

    def __init__(self, whole: nn.Module, graph: fx.Graph) -> None:
        self._whole, self._graph = whole, graph
        self._modules = dict(whole.named_modules())
        self._steps: list[Made] = []
        self._found: dict[fx.Node, Found] = {}

    def run(self) -> list[Made]:
        """The steps, in the graph's order."""
        for node in self._graph.nodes:
            if node.op == "placeholder":
                self._found[node] = Value(None)
            elif node.op == "output":
                return self._ended(node.args[0])
            else:
                self._found[node] = self._place(node)
        raise ExportError("the graph has no output.")

    def _ended(self, result: Any) -> list[Made]:
        if not isinstance(result, fx.Node):
            raise ExportError(f"the model returns {type(result).__name__}; one tensor is needed.")
        last = self._value(result)
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

    def _place(self, node: fx.Node) -> Found:
        target = node.target
        if node.op == "get_attr":
            name = str(target).removeprefix("model.")
            return Value(self._append(constant(name, operator.attrgetter(str(target))(self._whole))))
        if node.op == "call_module":
            module, name = self._modules[str(target)], str(target).removeprefix("model").lstrip(".") or "the model"
            self._require_own(node, getattr(module, "inplace", False))
            return Value(self._chain(node, steps_of(name, module)))
        sizes = of_sizes(target, [self._resolved(each) for each in node.args])
        if sizes is not None:
            return sizes
        if target in _PAIRS:
            self._require_own(node, target in _IN_PLACE)
            return Value(self._pair(node, _PAIRS[target]))
        if target in _FUNCTIONS:
            module = _module_for(node)
            self._require_own(node, getattr(module, "inplace", False))
            return Value(self._chain(node, steps_of(_word(target), module)))
        return self._arranged(node)

    def _arranged(self, node: fx.Node) -> Found:
        named = {name: self._resolved(each) for name, each in node.kwargs.items()}
        found = arranged(node.target, [self._resolved(each) for each in node.args], named)
        if found is None:
            raise ExportError(f"the model calls {_word(node.target)} ({node.op}), which the runtime lacks.")
        if type(found) is tuple and found and isinstance(found[0], Made):
            step, operands = found
            return Value(self._append(step, *(each.made for each in operands)))
        return found

    def _resolved(self, argument: Any) -> Any:
        """An argument with what was found for the nodes in it."""
        if isinstance(argument, fx.Node):
            return self._found[argument]
        if isinstance(argument, slice):
            return slice(*(self._resolved(each) for each in (argument.start, argument.stop, argument.step)))
        if isinstance(argument, (list, tuple)):
            found = [self._resolved(each) for each in argument]
            return found if isinstance(argument, list) else tuple(found)
        return argument

    def _value(self, node: fx.Node) -> Made | None:
        """The step that makes a node's tensor; None for the network's input."""
        found = self._found[node]
        if not isinstance(found, Value):
            raise ExportError(f"{_word(node.target)} gives no tensor, where one is needed.")
        return found.made

    def _pair(self, node: fx.Node, op: str) -> Made:
        tensors = [each for each in node.args if isinstance(each, fx.Node)]
        numbers = [each for each in node.args if isinstance(each, (int, float)) and not isinstance(each, bool)]
        if node.kwargs or len(node.args) != 2 or len(tensors) + len(numbers) != 2 or not tensors:
            raise ExportError(f"{_word(node.target)} of {node.args} {node.kwargs}: two computed tensors are needed.")
        if len(tensors) == 2:
            return self._append(Made(op), *(self._value(each) for each in tensors))
        factor, shift = (float(numbers[0]), 0.0) if op == "multiply" else (1.0, float(numbers[0]))
        scaled = Made("function", {"function": "scaled", "times": factor, "plus": shift})
        return self._append(scaled, self._value(tensors[0]))

    def _chain(self, node: fx.Node, made: list[Made]) -> Made | None:
        source = node.args[0] if node.args else None
        if not isinstance(source, fx.Node):
            raise ExportError(f"{_word(node.target)} is called without a tensor at its first place.")
        value, alone = self._value(source), _is_alone(source)
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
    view = node.target in (torch.flatten, "flatten", *VIEWS)
    if modules is not None and node.op == "call_module":
        view = isinstance(modules[str(node.target)], (nn.Flatten, nn.Identity, nn.Dropout))
    source = node.args[0] if node.args else None
    return not (modules and view and isinstance(source, fx.Node)) or _is_alone(source, modules)


def _word(target: Any) -> str:
    return target if isinstance(target, str) else getattr(target, "__name__", repr(target))
