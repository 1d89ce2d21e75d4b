"""Layers that race: ours, dense PyTorch, and what else is installed (`pip install gossamer[bench]`)."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gossamer.nn import SparseLinear
from gossamer.timing.contenders import grouped, junction, rotated
from gossamer.topology import Junction


@dataclass(frozen=True, slots=True)
class Contender:
    """A layer in the race.

    Args:
        module: takes (B, I), gives (B, O).
        matrix: its weights as an (O, I) matrix of NumPy or SciPy, for the check that it computes what it says.
    """

    module: nn.Module
    matrix: Callable[[], Any]

    def check(self, x: Tensor) -> None:
        """Compare output, input gradient and weight gradient with float64: of the last its product with the weights.

        Raises:
            ArithmeticError: a wrong result.
        """
        x = x.detach().clone().requires_grad_()
        self.module.zero_grad()
        y = self.module(x)
        dy = torch.randn(y.shape, generator=torch.Generator().manual_seed(0))
        y.backward(dy)
        weight, inputs, above = self.matrix().astype(np.float64), as_float64(x), as_float64(dy)
        expected = (weight @ inputs.T).T
        along = sum((as_float64(p.grad) * as_float64(p)).sum() for p in self.module.parameters() if p.grad is not None)
        assert x.grad is not None
        require_close("output", as_float64(y), expected)
        require_close("input gradient", as_float64(x.grad), (weight.T @ above.T).T)
        size = np.abs(above * expected).sum()
        require_close("weight gradient", along / size, (above * expected).sum() / size)


def as_float64(tensor: Tensor) -> NDArray[np.float64]:
    """The same numbers in an array."""
    return tensor.detach().double().numpy()


def require_close(name: str, found: Any, want: Any) -> None:
    """Refuse what is off by a thousandth of the largest number, or of 1."""
    error = np.abs(found - want).max()
    if not error <= 1e-3 * max(1.0, np.abs(want).max()):
        raise ArithmeticError(f"wrong {name}, off by {error:.3g}.")


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


def of_layer(g: Junction) -> Contender:
    """A Gossamer layer."""
    layer = SparseLinear(g, bias=False)
    return Contender(layer, lambda: g.to_scipy(layer.weight.detach().numpy()))


def of_torch_csr(matrix: Any) -> Contender:
    """PyTorch's kernels for a SciPy matrix in CSR."""
    return Contender(TorchCSR(matrix), lambda: matrix)


def of_parameter(module: nn.Module, weight: Callable[[], Tensor]) -> Contender:
    """A layer whose weights can be had as a dense tensor."""
    return Contender(module, lambda: weight().detach().numpy())


def layers(inputs: int, outputs: int, density: float, rng: np.random.Generator) -> dict[str, Contender]:
    """All contenders that are installed, for one shape; dense first."""
    g = junction(inputs, outputs, density, rng)
    mask = torch.from_numpy(g.to_mask())
    dense, masked = nn.Linear(inputs, outputs, bias=False), MaskedLinear(mask)
    found = {
        "dense": of_parameter(dense, lambda: dense.weight),
        "mask times dense": of_parameter(masked, lambda: masked.weight * masked.mask),
        "torch CSR": of_torch_csr(g.to_scipy(rng.standard_normal(g.num_edges).astype(np.float32))),
    }
    if importlib.util.find_spec("sparselab"):
        import sparselab

        lab = sparselab.SparseLinear(inputs, outputs, bias=False, sparsity=1 - density)
        found["sparselab"] = of_parameter(lab, lambda: lab._csr.to_dense())
    if importlib.util.find_spec("sparseprop"):
        from sparseprop.modules import SparseLinear as Prop

        prop = Prop(mask * torch.randn(outputs, inputs))
        found["sparseprop"] = of_parameter(prop, lambda: prop.to_dense().weight)
    found["gossamer"] = of_layer(g)
    found["gossamer rotated"] = of_layer(rotated(inputs, outputs, density, rng))
    found["gossamer grouped"] = of_layer(grouped(inputs, outputs, density, rng))
    return found


def of_sparselab(matrix: Any) -> Contender:
    """Its layer with this SciPy matrix for weights: its constructor would draw a dense one."""
    import sparselab

    layer = sparselab.SparseLinear(1, 1, bias=False)
    csr = torch.sparse_csr_tensor(*map(torch.from_numpy, (matrix.indptr, matrix.indices, matrix.data)), matrix.shape)
    layer._csr = sparselab.PaddedCSR.from_torch_sparse_csr(csr)
    layer._values = nn.Parameter(torch.from_numpy(np.asarray(layer._csr.values)))
    layer.out_features, layer.in_features = matrix.shape
    return Contender(layer, lambda: matrix)


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
