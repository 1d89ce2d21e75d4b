"""The layers of a model that is a multilayer perceptron: one after another, with nothing between that mixes units."""

from __future__ import annotations

from collections.abc import Iterator

from torch import fx, nn

from gossamer.nn import AllReLU, Sequential, SparseLinear
from gossamer.probes.models import require_model

_LAST = (nn.Softmax, nn.LogSoftmax, nn.Softmin)
"""Mix the units, so they may stand after the last layer alone."""

_PASSED_BY = (nn.Identity, nn.Flatten, nn.Dropout, nn.AlphaDropout, nn.FeatureAlphaDropout, AllReLU)
_MIXING = (*_LAST, nn.Softmax2d, nn.GLU, nn.MultiheadAttention)
"""Among torch's activations those that are no function of one unit."""

_FUNCTIONS = frozenset(
    [
        "relu",
        "relu_",
        "relu6",
        "leaky_relu",
        "elu",
        "selu",
        "celu",
        "gelu",
        "silu",
        "mish",
        "softplus",
        "softsign",
        "tanh",
        "sigmoid",
        "logsigmoid",
        "hardtanh",
        "hardsigmoid",
        "hardswish",
        "threshold",
        "flatten",
        "dropout",
        "alpha_dropout",
        "view",
        "reshape",
        "contiguous",
        "float",
        "double",
        "to",
    ]
)
"""Functions and methods that a model's `forward` may use between its layers, by name."""

_SIZES = ("size", "dim", "getattr", "getitem", "floordiv", "mul")
"""Steps of a `forward` that reckon with shapes."""


def layers_in_order(model: nn.Module) -> list[nn.Linear | SparseLinear]:
    """The `Linear` and `SparseLinear` layers of a multilayer perceptron, in the order in which they compute.

    Containers of `torch.nn.Sequential` are walked through; a class with a `forward` of its own is traced. A layer that
    is used twice is there twice. Whatever adds, concatenates, normalises or mixes units is refused: such a network has
    paths that its layers' weights alone do not tell. Only after the last layer units may be mixed (`Softmax`).

    Raises:
        TypeError: no torch module, or no multilayer perceptron; says what is in the way.

    >>> first, last = nn.Linear(3, 2), nn.Linear(2, 1)
    >>> layers_in_order(nn.Sequential(first, nn.ReLU(), last)) == [first, last]
    True
    """
    layers: list[nn.Linear | SparseLinear] = []
    mixed = ""
    for name, module in _modules(require_model(model), ""):
        told = f"{f'module {name}' if name else 'the model'} is {type(module).__name__}"
        if type(module) is nn.Linear or isinstance(module, SparseLinear):
            if mixed:
                raise _no_perceptron(mixed)
            layers.append(module)
        elif isinstance(module, _LAST):
            mixed = f"{told}, and is not at the end"
        elif not _acts_on_units(module):
            raise _no_perceptron(told)
    if not layers:
        raise _no_perceptron(f"{type(model).__name__} has no Linear or SparseLinear layer")
    return layers


def _acts_on_units(module: nn.Module) -> bool:
    """Whether each of its outputs comes from one input."""
    if isinstance(module, _MIXING):
        return False
    return type(module).__module__ == nn.ReLU.__module__ or isinstance(module, _PASSED_BY)


def _modules(module: nn.Module, name: str) -> Iterator[tuple[str, nn.Module]]:
    """The modules that compute, in order, with their names."""
    if _is_plain(module):
        for place, child in module._modules.items():
            if child is not None:
                yield from _modules(child, f"{name}.{place}" if name else place)
    elif _is_known(module):
        yield name, module
    else:
        yield from _traced(module, name)


def _is_plain(module: nn.Module) -> bool:
    """Whether it runs its children one after another, and does nothing else."""
    return type(module).forward in (nn.Sequential.forward, Sequential.forward)


def _is_known(module: nn.Module) -> bool:
    return type(module).__module__.startswith(("torch.nn.", "gossamer.nn"))


class _Tracer(fx.Tracer):
    """Sees layers and containers as they are."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return _is_plain(m) or _is_known(m)


def _traced(module: nn.Module, name: str) -> Iterator[tuple[str, nn.Module]]:
    """The modules that a `forward` calls, if each step takes what the one before gave, and nothing else."""
    title = type(module).__name__
    try:
        steps = [step for step in _Tracer().trace(module).nodes if step.op != "get_attr" and _word(step) not in _SIZES]
    except Exception as error:  # whatever a model's own code does with what it is given
        raise _no_perceptron(f"{title}.forward cannot be followed ({error})") from error
    steps = [step for step in steps if step.op != "placeholder" or step.users]
    for step, before in zip(steps, [None, *steps], strict=False):
        if [each for each in step.all_input_nodes if _word(each) not in _SIZES] != ([] if before is None else [before]):
            raise _no_perceptron(f"{title} has a path beside its layers, at {step.name!r}")
        if step.op == "call_module":
            place = str(step.target)
            yield from _modules(module.get_submodule(place), f"{name}.{place}" if name else place)
        elif step.op.startswith("call_") and _word(step) not in _FUNCTIONS:
            raise _no_perceptron(f"{title} computes {_word(step)!r}")


def _word(step: fx.Node) -> str:
    """What a step of a trace does."""
    return step.target if isinstance(step.target, str) else getattr(step.target, "__name__", str(step.target))


def _no_perceptron(why: str) -> TypeError:
    return TypeError(f"{why}: this probe needs a multilayer perceptron.")
