"""`nn.Sequential` that runs sparse layers which follow one another as one."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.modules.module import _has_any_global_hook

from gossamer.nn.linear import SparseLinear
from gossamer.nn.operators import traced
from gossamer.nn.stack import serves, sparse_stack


class Sequential(nn.Sequential):
    """The same as `torch.nn.Sequential`, but faster where sparse layers follow one another.

    Each thread carries its part of the batch through all of them (see `gossamer.nn.stack`), if nobody looks in between:
    a layer with hooks, of another backend or class runs by itself, and so do all while they are traced
    (`torch.compile`, `torch.export`) or under autocast.

    >>> import torch, gossamer as gs
    >>> full = gs.Bipartite.from_mask([[1, 1], [1, 1]])
    >>> layers = SparseLinear(full, activation=nn.ReLU()), SparseLinear(full)
    >>> x = torch.ones(3, 2)
    >>> torch.equal(Sequential(*layers)(x), nn.Sequential(*layers)(x))
    True
    """

    def forward(self, input: Tensor) -> Tensor:
        """Run the modules in their order."""
        if traced(input):
            return super().forward(input)  # type: ignore[no-any-return, no-untyped-call]
        x = input
        waiting: list[SparseLinear] = []
        nobody_looks = not _has_any_global_hook()
        for module in self._modules.values():
            assert module is not None
            if nobody_looks and stackable(module):
                if type(module) is SparseLinear:
                    waiting.append(module)
                continue
            x = module(_through(waiting, x))
            waiting = []
        return _through(waiting, x)


def _through(layers: list[SparseLinear], x: Tensor) -> Tensor:
    if len(layers) > 1 and serves(x):
        return sparse_stack(x, [layer.described() for layer in layers])
    for layer in layers:
        x = layer(x)
    return x


def stackable(module: nn.Module) -> bool:
    """Whether a module is a sparse layer of the usual kind, or does nothing, and nobody looks at it."""
    if type(module) is SparseLinear:
        return module.backend in (None, "native") and unobserved(module)
    return type(module) is nn.Identity and unobserved(module)


def unobserved(module: nn.Module) -> bool:
    """Whether a module has no hooks, and the `forward` of its class."""
    return not (
        module._forward_hooks
        or module._forward_pre_hooks
        or module._backward_hooks
        or module._backward_pre_hooks
        or "forward" in module.__dict__
    )
