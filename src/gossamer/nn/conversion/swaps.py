"""How a dense layer of each kind becomes sparse, and a sparse one dense again.

`SWAPS` is the door: a class of layers with its `Swap` is all that `sparsify`, `densify` and `report` must know.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.prune import BasePruningMethod

from gossamer.nn.layer import SparseLayer
from gossamer.nn.linear import SparseLinear
from gossamer.topology import Junction


class Swap(Protocol):
    """One kind of layer that has a sparse twin. A weight is read as a matrix (O, I), the junction's mask.

    Attributes:
        folds: whether an activation behind it is folded into its twin.
    """

    folds: bool

    def refusal(self, module: nn.Module) -> str | None:
        """Why this one cannot be swapped, a clause without its subject; None if it can."""

    def weight(self, module: nn.Module) -> Tensor:
        """Its weights (O, I) as they count: pruned ones are 0."""

    def parameter(self, module: nn.Module) -> nn.Parameter:
        """The parameter that holds them."""

    def mask(self, module: nn.Module) -> Tensor | None:
        """Where pruning by `torch.nn.utils.prune` has left weights (O, I); None if it is not pruned."""

    def kernel(self, module: nn.Module) -> tuple[int, ...]:
        """Sizes of a convolution's kernel; () of anything else."""

    def sparse(self, module: nn.Module, junction: Junction, activation: nn.Module | None) -> SparseLayer:
        """Its twin on the edges of a junction, with the weights that are there and an activation folded in."""

    def dense(self, layer: SparseLayer) -> nn.Module:
        """A layer of the dense kind with the weights of a twin on its edges and 0 elsewhere."""


FLOATING = (torch.float32, torch.float64, torch.bfloat16, torch.float16)
"""The dtypes of weights that a sparse layer computes with."""


class LinearSwap:
    """`torch.nn.Linear`, pruned by `torch.nn.utils.prune` or not."""

    folds = True

    def refusal(self, module: nn.Module) -> str | None:
        """Lazy, parametrised and quantised layers, and subclasses that compute something else."""
        if "quantized" in type(module).__module__:
            return "is quantised: make the model sparse first, and quantise then"
        if isinstance(module, nn.modules.lazy.LazyModuleMixin) and module.has_uninitialized_params():
            return "is lazy: call the model once, so that its weights are there"
        if parametrize.is_parametrized(module, "weight"):
            return "has a parametrised weight: torch.nn.utils.parametrize.remove_parametrizations makes it plain"
        if "weight" not in module._parameters and not is_pruned(module):
            return "has no plain weight (weight_norm, spectral_norm or the like): remove that first"
        if bias_of(module) is None and getattr(module, "bias", None) is not None:
            return "has a parametrised bias: remove that first"
        if self.parameter(module).dtype not in FLOATING:
            return f"has weights of {self.parameter(module).dtype}: {', '.join(map(str, FLOATING))} are served"
        if not self.is_plain(module):
            return f"is a {type(module).__name__} with a forward of its own"
        return None

    def is_plain(self, module: nn.Module) -> bool:
        """Whether it computes what its class does."""
        return type(module).forward is nn.Linear.forward

    def weight(self, module: nn.Module) -> Tensor:
        """(O, I)."""
        weight = self.parameter(module).detach()
        return weight * module.weight_mask.to(weight) if is_pruned(module) else weight  # type: ignore[operator]

    def parameter(self, module: nn.Module) -> nn.Parameter:
        """The weight before pruning."""
        return cast(nn.Parameter, module.weight_orig if is_pruned(module) else module.weight)

    def mask(self, module: nn.Module) -> Tensor | None:
        """(O, I)."""
        return module.weight_mask.detach() if is_pruned(module) else None  # type: ignore[operator]

    def kernel(self, module: nn.Module) -> tuple[int, ...]:
        """None."""
        return ()

    def sparse(self, module: nn.Module, junction: Junction, activation: nn.Module | None) -> SparseLayer:
        """A `SparseLinear`."""
        return linear_twin(self.weight(module), bias_of(module), junction, activation)

    def dense(self, layer: SparseLayer) -> nn.Module:
        """A `torch.nn.Linear`."""
        dense = nn.utils.skip_init(
            nn.Linear, layer.in_features, layer.out_features, layer.bias is not None, **place(layer.weight)
        )
        with torch.no_grad():
            dense.weight.copy_(matrix_of(layer))
            if layer.bias is not None:
                dense.bias.copy_(layer.bias)
        return cast(nn.Module, dense)


class TransposedSwap(LinearSwap):
    """`transformers`' `Conv1D` of GPT-2: a linear layer whose weight is stored (I, O)."""

    def __init__(self, kind: type[nn.Module]) -> None:
        self._kind = kind

    def refusal(self, module: nn.Module) -> str | None:
        """Parametrised layers."""
        if "weight" not in module._parameters and not is_pruned(module):
            return "has a parametrised weight: remove that first"
        bare = bias_of(module) is None and getattr(module, "bias", None) is not None
        return "has a parametrised bias: remove that first" if bare else None

    def weight(self, module: nn.Module) -> Tensor:
        """(O, I)."""
        return super().weight(module).t()

    def mask(self, module: nn.Module) -> Tensor | None:
        """(O, I)."""
        mask = super().mask(module)
        return None if mask is None else mask.t()

    def dense(self, layer: SparseLayer) -> nn.Module:
        """A layer of the class that it was made of."""
        dense = self._kind(layer.out_features, layer.in_features)
        weight = nn.Parameter(matrix_of(layer).t().contiguous(), layer.weight.requires_grad)
        dense.weight = weight
        if layer.bias is not None:
            dense.bias = nn.Parameter(layer.bias.detach().clone(), layer.bias.requires_grad)
        return dense


SWAPS: dict[type[nn.Module], Swap] = {nn.Linear: LinearSwap()}
"""The swap of each class of layers; subclasses inherit it. Others may be added."""

_BY_NAME: dict[tuple[str, str], Callable[[type[nn.Module]], Swap]] = {
    ("transformers.pytorch_utils", "Conv1D"): TransposedSwap,
    ("transformers.modeling_utils", "Conv1D"): TransposedSwap,
}
"""Of classes that are not imported for this."""


def swap_of(kind: type[Any]) -> Swap | None:
    """The swap of a class or of the nearest class above it; None if there is none."""
    for each in kind.__mro__:
        if each in SWAPS:
            return SWAPS[each]
        if "quantized" in each.__module__ and "Linear" in each.__name__:
            return SWAPS[nn.Linear]  # which refuses it
        made = _BY_NAME.get((each.__module__, each.__name__))
        if made is not None:
            return made(each)
    return None


def is_pruned(module: nn.Module) -> bool:
    """Whether `torch.nn.utils.prune` keeps a mask of the weights."""
    return "weight_orig" in module._parameters and "weight_mask" in module._buffers


def bias_of(module: nn.Module) -> nn.Parameter | None:
    """The bias as it counts, or None."""
    bias = module._parameters.get("bias_orig", module._parameters.get("bias"))
    mask = module._buffers.get("bias_mask")
    if bias is None or mask is None:
        return bias
    return nn.Parameter(bias.detach() * mask.to(bias), bias.requires_grad)


def linear_twin(weight: Tensor, bias: Tensor | None, junction: Junction, activation: nn.Module | None) -> SparseLinear:
    """A `SparseLinear` with the weights (O, I) that are on the edges of a junction."""
    with torch.random.fork_rng(devices=[]):  # initial weights are drawn, and written over
        sparse = SparseLinear(junction, bias is not None, activation=activation, **place(weight))
    inputs, outputs = (torch.tensor(ends, dtype=torch.int64, device=weight.device) for ends in junction.edges())
    with torch.no_grad():
        sparse.weight.copy_(weight[outputs, inputs])
        if bias is not None:
            sparse.bias.copy_(bias)  # type: ignore[union-attr]
    return sparse


def matrix_of(layer: SparseLayer) -> Tensor:
    """The weights (O, I), 0 where there is no edge."""
    inputs, outputs = (torch.tensor(ends, dtype=torch.int64) for ends in layer.topology().edges())
    dense = torch.zeros(layer.out_features, layer.in_features, **place(layer.weight))
    dense[outputs.to(dense.device), inputs.to(dense.device)] = layer.weight.detach()
    return dense


def place(tensor: Tensor) -> dict[str, Any]:
    """Device and dtype, as arguments."""
    return {"device": tensor.device, "dtype": tensor.dtype}


HOOKS = (
    *("_forward_hooks", "_forward_hooks_with_kwargs", "_forward_hooks_always_called"),
    *("_forward_pre_hooks", "_forward_pre_hooks_with_kwargs", "_backward_hooks", "_backward_pre_hooks"),
    *("_is_full_backward_hook", "_state_dict_hooks", "_state_dict_pre_hooks", "_load_state_dict_post_hooks"),
)


def carry_over(old: nn.Module, new: nn.Module) -> None:
    """Mode, hooks and what was noted on a layer go to its twin; the hooks of pruning are done with."""
    new.train(old.training)
    for name in HOOKS:
        if name in old.__dict__:
            new.__dict__[name] = old.__dict__[name]
    pruning = [key for key, hook in new._forward_pre_hooks.items() if isinstance(hook, BasePruningMethod)]
    for key in pruning:
        del new._forward_pre_hooks[key]


def is_observed(module: nn.Module) -> bool:
    """Whether a hook, other than pruning's, observes a module."""
    hooks = [*module._forward_hooks, *module._backward_hooks, *module._backward_pre_hooks]
    pre = [hook for hook in module._forward_pre_hooks.values() if not isinstance(hook, BasePruningMethod)]
    return bool(hooks or pre or "forward" in module.__dict__)
