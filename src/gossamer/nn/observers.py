"""What observes a model: hooks, tracers, wrapped methods. PyTorch's private attributes are read here.

An observer must see every layer, gradient and step, so code that computes several of them at once asks here first. No
public name of PyTorch answers these questions; `tests/nn/test_observers.py` says which versions have the private ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch._C import _len_torch_dispatch_stack
from torch.autograd import forward_ad
from torch.nn.modules import module as torch_module
from torch.nn.modules.module import _has_any_global_hook
from torch.optim import optimizer as torch_optimizer

MODULE_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
"""Dictionaries of a module: empty unless a hook asks for its inputs, outputs or their gradients."""

PARAMETER_HOOKS = ("_backward_hooks", "_post_accumulate_grad_hooks")
"""Dictionaries of a tensor, or None: a hook asks for its gradient when it is made, or when it has been added."""

OPTIMIZER_HOOKS = ("_optimizer_step_pre_hooks", "_optimizer_step_post_hooks")
"""Dictionaries of an optimiser: what `register_step_pre_hook` and its twin add to."""

SCALED = ("grad_scale", "found_inf")
"""Attributes that `torch.amp.GradScaler` sets on an optimiser that unscales gradients by itself."""

MODULE_ATTRIBUTES = frozenset(
    {
        "training",
        "_parameters",
        "_buffers",
        "_modules",
        "_non_persistent_buffers_set",
        "_is_full_backward_hook",
        "_forward_hooks_always_called",
        "_forward_hooks_with_kwargs",
        "_forward_pre_hooks_with_kwargs",
        "_load_state_dict_post_hooks",
        "_load_state_dict_pre_hooks",
        "_state_dict_hooks",
        "_state_dict_pre_hooks",
        *MODULE_HOOKS,
    }
)
"""What every module holds in PyTorch 2.13.0. A name beyond these and its class's own may change what it computes."""

_GLOBAL_MODULE_HOOKS = (
    "_global_forward_hooks",
    "_global_forward_pre_hooks",
    "_global_backward_hooks",
    "_global_backward_pre_hooks",
)
_GLOBAL_OPTIMIZER_HOOKS = ("_global_optimizer_pre_hooks", "_global_optimizer_post_hooks")


def traced(x: Tensor) -> bool:
    """Whether a tracer records what happens to `x`: it must then meet an operator, not a pointer."""
    return (
        torch.compiler.is_compiling()
        or type(x) not in (Tensor, nn.Parameter)
        or x.is_meta
        or _len_torch_dispatch_stack() > 0  # a `TorchDispatchMode`: it sees operators only
    )


def any_module_observed() -> bool:
    """Whether a hook is registered for all modules."""
    return bool(_has_any_global_hook())


def global_hooks() -> Iterator[Mapping[Any, Any]]:
    """The dictionaries of hooks on all modules and on all optimisers."""
    for name in _GLOBAL_MODULE_HOOKS:
        yield getattr(torch_module, name)
    for name in _GLOBAL_OPTIMIZER_HOOKS:
        yield getattr(torch_optimizer, name)


class PassObserver:
    """A forward hook on a sparse layer that looks at what passes through it, and changes nothing.

    Steps in one call, which call no hooks, tell it by `saw` what it would have found out.
    """

    def __call__(self, layer: Any, args: Any, kwargs: Any, output: Tensor) -> None:
        """Be a hook that was registered with `with_kwargs=True`."""
        raise NotImplementedError

    def saw(self, x: Tensor, dz: Tensor) -> None:
        """Inputs (B, I) went through, and the gradient (B, O) before the activation came back."""
        raise NotImplementedError


def pass_observers(module: nn.Module) -> list[PassObserver]:
    """Those of a module."""
    return [hook for hook in module._forward_hooks.values() if isinstance(hook, PassObserver)]


def unobserved(module: nn.Module, *, but_for_passes: bool = False) -> bool:
    """Whether a module has no hooks, and the `forward` of its class.

    Args:
        module: any.
        but_for_passes: whether a `PassObserver` does not count.
    """
    seen = len(pass_observers(module)) if but_for_passes else 0
    return not (
        len(module._forward_hooks) > seen
        or module._forward_pre_hooks
        or module._backward_hooks
        or module._backward_pre_hooks
        or "forward" in module.__dict__
    )


def remove_forward_hook(module: nn.Module, hook: object) -> None:
    """Remove a forward hook whose handle is lost."""
    for number in [number for number, found in module._forward_hooks.items() if found is hook]:
        del module._forward_hooks[number]
        module._forward_hooks_with_kwargs.pop(number, None)


def altered(thing: object) -> bool:
    """Whether an instance hides something of its class, such as a method replaced on it alone."""
    return any(hasattr(type(thing), name) for name in vars(thing).keys() - MODULE_ATTRIBUTES)


def unwatched(parameter: Tensor | None) -> bool:
    """Whether no hook asks for a parameter's gradient before the optimiser does."""
    return not any(getattr(parameter, name, None) for name in PARAMETER_HOOKS)


def undisturbed(optimizer: torch.optim.Optimizer) -> bool:
    """Whether an optimiser's steps are those of its class, and unobserved."""
    hidden = [value for name, value in vars(optimizer).items() if hasattr(type(optimizer), name)]
    return not (
        # a scheduler's `step` only notes that it was called
        not all(hasattr(value, "_wrapped_by_lr_sched") for value in hidden)
        or any(getattr(optimizer, name) for name in OPTIMIZER_HOOKS)
        or any(_acts(getattr(torch_optimizer, name)) for name in _GLOBAL_OPTIMIZER_HOOKS)
        or any(getattr(optimizer, name, None) is not None for name in SCALED)
    )


def _acts(hooks: Mapping[Any, Any]) -> bool:
    """Whether a hook is more than one of Gossamer's own that only looks on."""
    return any(not getattr(hook, "looks_on", False) for hook in hooks.values())


def tell_schedulers(optimizer: torch.optim.Optimizer) -> None:
    """Note that there was a step: schedulers warn if they find that there was none."""
    optimizer._opt_called = True  # type: ignore[attr-defined]


def stamp_of(tensors: tuple[Tensor, ...]) -> list[tuple[int, int]]:
    """Version and address of tensors, which change when one is written or moved.

    Versions are autograd's own counters; tensors of inference mode have none. Writes past them (`tensor.data`, a NumPy
    view) show nowhere.
    """
    try:
        return [(tensor._version, tensor.data_ptr()) for tensor in tensors]
    except RuntimeError:  # of inference mode, or fake: without a version, or without an address
        return [(0, id(tensor)) for tensor in tensors]


def has_version(tensor: Tensor) -> bool:
    """Whether autograd counts the writes to a tensor: not if it was made in inference mode.

    `Tensor.is_inference` does not tell once another tensor was assigned to `data`; nothing may be written even then.
    """
    try:
        tensor._version  # noqa: B018
    except RuntimeError:
        return False
    return True


def transformed(gradient: Tensor | None = None) -> bool:
    """Whether a transform is at work (`torch.func`, `vmap`, forward mode): tensors then are more than their memory.

    Args:
        gradient: one that came to a backward pass; `is_grads_batched=True` sends many at once, in one without memory.
    """
    if gradient is not None and torch._C._functorch.is_legacy_batchedtensor(gradient):
        return True
    return bool(torch._C._are_functorch_transforms_active()) or forward_ad._current_level >= 0


def recorded() -> bool:
    """Whether a mode or `detect_anomaly` follows every function or every node of autograd."""
    return torch.is_anomaly_enabled() or torch._C._len_torch_function_stack() > 0


VERSION = Tensor._version.__get__  # type: ignore[attr-defined]
"""The count of writes to a tensor; autograd keeps it."""
