"""The extreme eigenvalues of a loss's Hessian over the live weights."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gossamer.errors import ConvergenceError, require_int
from gossamer.probes.directions import filters_of

Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""Outputs and targets to one number."""


@final
@dataclass(frozen=True, slots=True)
class Curvature:
    """What Lanczos found at a point of weight space.

    Attributes:
        largest: λ_max.
        smallest: λ_min.
        weights: live weights that the Hessian is taken over.
        products: Hessian-vector products that it took.
    """

    largest: float
    smallest: float
    weights: int
    products: int

    @property
    def ratio(self) -> float:
        """|λ_min / λ_max|: near 0 the loss is nearly convex here; infinite if λ_max is 0."""
        return abs(self.smallest / self.largest) if self.largest else float("inf")

    def record(self) -> dict[str, float | int]:
        """The eigenvalues and their ratio."""
        return {"hessian_max": self.largest, "hessian_min": self.smallest, "hessian_ratio": self.ratio}


def curvature(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    *,
    loss: Loss = nn.functional.cross_entropy,
    tolerance: float = 1e-6,
    most: int = 2000,
) -> Curvature:
    """Largest and smallest eigenvalue of the Hessian of the loss, in float64, by Lanczos on Hessian-vector products.

    Biases and the parameters of norms are left out, as in the published code; so are pruned weights.

    Args:
        model: in evaluation mode here; it is not changed.
        inputs: (B, ...), all in one batch.
        targets: what `loss` takes.
        loss: twice differentiable where the weights are; with ReLU it is so almost everywhere.
        tolerance: relative, of the eigenvalues.
        most: Hessian-vector products for each of the two, about.

    Raises:
        ConvergenceError: more products would be needed.
        ValueError: weights or loss not finite, no live weight.

    References:
        B. Ghorbani et al., ICML 2019, for the method; scipy's ARPACK.

    >>> model = nn.Linear(2, 1, bias=False)
    >>> x, y = torch.tensor([[1.0, 0.0], [0.0, 3.0]]), torch.zeros(2, 1)
    >>> found = curvature(model, x, y, loss=nn.functional.mse_loss)
    >>> round(found.largest, 6), round(found.smallest, 6)
    (9.0, 1.0)
    """
    require_int("most", most, low=1)
    exact = copy.deepcopy(model).double().eval()
    live = {name: filters.live for name, filters in filters_of(exact).items()}
    size = sum(int(mask.sum()) for mask in live.values())
    if size == 0:
        raise ValueError("the network has no live weight: there is no Hessian.")
    operator = _Products(exact, live, _double(inputs), _double(targets), loss)
    if size <= 8:
        values = np.linalg.eigvalsh(np.stack([operator(column) for column in np.eye(size)]))
        return Curvature(float(values[-1]), float(values[0]), size, operator.count)
    largest, smallest = (_extreme(operator, size, end, tolerance, most) for end in ("LA", "SA"))
    return Curvature(largest, smallest, size, operator.count)


class _Products:
    """v to Hv, for v on the live weights: the gradient's graph is built once."""

    def __init__(self, model: nn.Module, live: dict[str, Tensor], inputs: Tensor, targets: Tensor, loss: Loss) -> None:
        named = dict(model.named_parameters())
        self.parameters = [named[name] for name in live]
        self.masks = [mask.reshape(-1) for mask in live.values()]
        value = loss(model(inputs), targets)
        if not torch.isfinite(value):
            raise ValueError(f"the loss is {float(value.detach())} here; the Hessian needs it finite.")
        gradient = torch.autograd.grad(value, self.parameters, create_graph=True, materialize_grads=True)
        self.gradient = self._flat(gradient)
        self.count = 0

    def __call__(self, v: NDArray[np.float64]) -> NDArray[np.float64]:
        self.count += 1
        if not self.gradient.requires_grad:  # a loss that is linear in all weights
            return np.zeros_like(v)
        dot = self.gradient @ torch.from_numpy(np.ascontiguousarray(v).reshape(-1)).to(self.gradient)
        found = torch.autograd.grad(dot, self.parameters, retain_graph=True, materialize_grads=True)
        return self._flat(found).detach().cpu().numpy()

    def _flat(self, tensors: Any) -> Tensor:
        return torch.cat([t.reshape(-1)[mask] for t, mask in zip(tensors, self.masks, strict=True)])


def _extreme(operator: _Products, size: int, end: str, tolerance: float, most: int) -> float:
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

    start = np.random.default_rng(0).standard_normal(size)  # any start will do; a fixed one repeats to the last bit
    vectors = min(size, 20)
    try:
        linear = LinearOperator((size, size), matvec=operator, dtype=np.float64)
        values = eigsh(
            linear,
            k=1,
            which=end,
            v0=start,
            ncv=vectors,
            tol=tolerance,
            maxiter=max(1, most // vectors),
            return_eigenvectors=False,
        )
    except ArpackNoConvergence as error:
        raise ConvergenceError(
            f"an extreme eigenvalue did not settle to {tolerance:g} in {most} Hessian-vector products; allow more."
        ) from error
    return float(values[0])


def _double(tensor: Tensor) -> Tensor:
    return tensor.double() if tensor.is_floating_point() else tensor
