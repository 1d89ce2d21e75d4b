"""`nn.Sequential` that runs sparse layers which follow one another as one."""

from __future__ import annotations

from torch import Tensor, nn

from gossamer.nn.kernels import Backend, best_for
from gossamer.nn.kernels.backend import Layer
from gossamer.nn.layer import SparseLayer
from gossamer.nn.observers import any_module_observed, traced, transformed, unobserved
from gossamer.nn.stack import serves, sparse_stack


class Sequential(nn.Sequential):
    """The same as `torch.nn.Sequential`, but faster where sparse layers follow one another.

    Each thread carries its part of the batch through all of them (see `gossamer.nn.stack`), if nothing is observed in
    between: a layer with hooks, of another backend or class runs by itself, and so do all while they are traced
    (`torch.compile`, `torch.export`) or under autocast.

    >>> import torch, gossamer as gs
    >>> full = gs.Bipartite.from_mask([[1, 1], [1, 1]])
    >>> layers = gs.nn.SparseLinear(full, activation=nn.ReLU()), gs.nn.SparseLinear(full)
    >>> x = torch.ones(3, 2)
    >>> torch.equal(Sequential(*layers)(x), nn.Sequential(*layers)(x))
    True
    """

    def forward(self, input: Tensor) -> Tensor:
        """Run the modules in their order."""
        if traced(input) or any_module_observed() or transformed():
            return super().forward(input)  # type: ignore[no-any-return, no-untyped-call]
        x, backend = input, best_for(input)
        modules: list[SparseLayer] = []
        layers: list[Layer] = []
        for module in self._modules.values():
            assert module is not None
            layer = stackable(module, backend)
            if layer is not None:
                modules.append(module)  # type: ignore[arg-type]
                layers.append(layer)
            elif not idle(module):
                x = module(_through(modules, layers, x, backend))
                modules, layers = [], []
        return _through(modules, layers, x, backend)


def _through(modules: list[SparseLayer], layers: list[Layer], x: Tensor, backend: Backend) -> Tensor:
    if len(layers) > 1 and serves(x, backend):
        return sparse_stack(x, layers, backend)
    for module in modules:
        x = module(x)
    return x


def stackable(module: nn.Module, backend: Backend) -> Layer | None:
    """What a backend's stacks need to compute a module; None if they cannot, or if it is observed."""
    if backend.stacks is None or not isinstance(module, SparseLayer) or not unobserved(module):
        return None
    return module.stackable(backend)


def idle(module: nn.Module | None) -> bool:
    """Whether a module does nothing, and is unobserved."""
    return type(module) is nn.Identity and unobserved(module)
