"""Layers that race: ours, dense PyTorch, and what else is installed (`pip install gossamer[bench]`)."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gossamer.nn import SparseLinear
from gossamer.timing.contenders import grouped, junction, rotated
from gossamer.topology import Junction


@dataclass(frozen=True, slots=True)
class Contender:
    """A layer in the race.

    Args:
        module: takes (B, I), gives (B, O).
        dense: its weights as a dense (O, I) matrix, for the check that it computes what it says.
    """

    module: nn.Module
    dense: Callable[[], Tensor]

    def check(self, x: Tensor) -> None:
        """Compare output and input gradient with dense float64.

        Raises:
            ArithmeticError: a wrong result.
        """
        x = x.detach().clone().requires_grad_()
        y = self.module(x)
        y.backward(torch.ones_like(y))
        weight = self.dense().detach().double()
        expected, gradient = x.detach().double() @ weight.t(), weight.sum(0).expand_as(x)
        assert x.grad is not None
        for name, found, want in (("output", y, expected), ("input gradient", x.grad, gradient)):
            error = (found.detach().double() - want).abs().max().item()
            if not error <= 1e-3 * max(1.0, want.abs().max().item()):
                raise ArithmeticError(f"{type(self.module).__name__}: wrong {name}, off by {error:.3g}.")


class MaskedLinear(nn.Module):
    """What most sparse-training code does: a dense weight times a mask."""

    def __init__(self, mask: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(mask.shape) * mask)
        self.register_buffer("mask", mask.float())

    def forward(self, x: Tensor) -> Tensor:
        """Multiply by the masked weight."""
        return nn.functional.linear(x, self.weight * self.mask)


class TorchCSR(nn.Module):
    """PyTorch's own CSR kernels for all three products, with both index sets prepared."""

    def __init__(self, matrix: Any) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.from_numpy(matrix.data.astype(np.float32)))
        columns = matrix.tocsc()
        order = np.arange(matrix.nnz, dtype=np.int32)
        permutation = type(matrix)((order, matrix.indices, matrix.indptr), shape=matrix.shape).tocsc().data
        self.permutation = torch.from_numpy(permutation.astype(np.int64))
        self.rows = [torch.from_numpy(part) for part in (matrix.indptr, matrix.indices)]
        self.columns = [torch.from_numpy(part) for part in (columns.indptr, columns.indices)]
        self.shape = matrix.shape

    def forward(self, x: Tensor) -> Tensor:
        """Multiply in CSR."""
        return _TorchCSR.apply(x, self.weight, self)


class _TorchCSR(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, layer: TorchCSR) -> Tensor:
        ctx.layer = layer
        ctx.save_for_backward(x, weight)
        matrix = torch.sparse_csr_tensor(*layer.rows, weight, layer.shape, check_invariants=False)
        return (matrix @ x.t()).t()

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor, Tensor, None]:
        x, weight = ctx.saved_tensors
        layer, O, I = ctx.layer, *ctx.layer.shape
        transposed = torch.sparse_csr_tensor(*layer.columns, weight[layer.permutation], (I, O), check_invariants=False)
        pattern = torch.sparse_csr_tensor(*layer.rows, torch.zeros_like(weight), (O, I), check_invariants=False)
        dw = torch.sparse.sampled_addmm(pattern, dy.t().contiguous(), x.contiguous()).values()
        return (transposed @ dy.t()).t(), dw, None


def ours(g: Junction) -> Contender:
    """A Gossamer layer."""
    layer = SparseLinear(g, bias=False)
    return Contender(layer, lambda: torch.from_numpy(g.to_scipy(layer.weight.detach().numpy()).toarray()))


def layers(inputs: int, outputs: int, density: float, rng: np.random.Generator) -> dict[str, Contender]:
    """All contenders that are installed, for one shape; dense first."""
    g = junction(inputs, outputs, density, rng)
    mask = torch.from_numpy(g.to_mask())
    dense, masked = nn.Linear(inputs, outputs, bias=False), MaskedLinear(mask)
    matrix = g.to_scipy(rng.standard_normal(g.num_edges).astype(np.float32))
    csr = TorchCSR(matrix)
    found = {
        "dense": Contender(dense, lambda: dense.weight),
        "mask times dense": Contender(masked, lambda: masked.weight * masked.mask),
        "torch CSR": Contender(csr, lambda: torch.from_numpy(matrix.toarray())),
    }
    if importlib.util.find_spec("sparselab"):
        import sparselab

        lab = sparselab.SparseLinear(inputs, outputs, bias=False, sparsity=1 - density)
        found["sparselab"] = Contender(lab, lambda: lab._csr.to_dense())
    if importlib.util.find_spec("sparseprop"):
        from sparseprop.modules import SparseLinear as Prop

        prop = Prop(mask * torch.randn(outputs, inputs))
        found["sparseprop"] = Contender(prop, lambda: prop.to_dense().weight)
    found["gossamer"] = ours(g)
    found["gossamer rotated"] = ours(rotated(inputs, outputs, density, rng))
    found["gossamer grouped"] = ours(grouped(inputs, outputs, density, rng))
    return found


def correct(contenders: dict[str, Contender], x: Tensor) -> dict[str, Contender]:
    """Those that compute what they say; who does not is named and left out."""
    found = {}
    for name, contender in contenders.items():
        try:
            contender.check(x)
            found[name] = contender
        except Exception as error:  # a peer's failure of any kind ends its race, not ours
            print(f"{name} is left out: {type(error).__name__}: {error}")
    return found
