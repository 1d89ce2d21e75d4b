"""Layers whose Lipschitz constant is known: orthonormalised weights, dense or sparse, and GroupSort.

It lives here and not among the probes: these are layers with or without a topology, which anybody can train.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from gossamer.errors import require_int
from gossamer.nn.structure import Structure
from gossamer.topology import Bipartite, Junction


def bjorck(weight: Tensor, steps: int = 20, *, mask: Tensor | None = None) -> Tensor:
    """Nearest orthonormal matrix: W ← W − ½ W (WᵀW − 1), from W / √(O I), of which no singular value is above 1.

    Each step is a gradient step on ¼‖WᵀW − 1‖². With a mask, edges that are not there stay 0, and the steps are
    projected: what comes is nearly orthonormal as far as the mask allows, and divided by its largest singular value
    where the mask would let that exceed 1.

    Args:
        weight: (O, I).
        steps: at 20 a matrix that is not nearly singular is orthonormal to 1e-7; the published code takes 3, which
            leaves it far from it.
        mask: (O, I) of 0 and 1, or None.

    Returns:
        (O, I), singular values at most 1 up to rounding, differentiable.

    References:
        Å. Björck, C. Bowie, SIAM J. Numer. Anal. 8 (1971), order 1, β = ½; scaled as in synthetic_gans @510ca15.

    >>> w = bjorck(torch.tensor([[3.0, 1.0], [0.0, 2.0]]))
    >>> torch.allclose(w @ w.T, torch.eye(2), atol=1e-5)
    True
    """
    w = weight / math.sqrt(weight.numel())
    if mask is None:
        for _ in range(steps):
            w = 1.5 * w - 0.5 * _gram_product(w)
        return w
    w = w * mask
    for _ in range(steps):
        w = (1.5 * w - 0.5 * _gram_product(w)) * mask
    largest = torch.linalg.matrix_norm(w, 2)
    shrunk: Tensor = w / largest.clamp(min=1.0)
    return shrunk


def _gram_product(w: Tensor) -> Tensor:
    """W WᵀW by the smaller of the two Gram matrices."""
    return (w @ w.T) @ w if w.shape[0] <= w.shape[1] else w @ (w.T @ w)


def group_sort(x: Tensor) -> Tensor:
    """GroupSort of pairs: neighbours (x₀, x₁), (x₂, x₃), ... become their maxima, then their minima.

    It only reorders, so it is 1-Lipschitz and keeps every norm.

    Args:
        x: (..., I), I even.

    Raises:
        ValueError: an odd number of features.

    References:
        C. Anil, J. Lucas, R. Grosse, "Sorting out Lipschitz function approximation", ICML 2019; order as in
        synthetic_gans @510ca15.

    >>> group_sort(torch.tensor([1.0, 4.0, 3.0, 2.0]))
    tensor([4., 3., 1., 2.])
    """
    if x.shape[-1] % 2:
        raise ValueError(f"group_sort needs an even number of features, not {x.shape[-1]}.")
    pairs = x.unflatten(-1, (-1, 2))
    return torch.cat([pairs.amax(-1), pairs.amin(-1)], -1)


class GroupSort(nn.Module):
    """`group_sort` as a module."""

    def forward(self, x: Tensor) -> Tensor:
        """(..., I) to (..., I)."""
        return group_sort(x)


class BjorckLinear(nn.Module):
    """y = x Qᵀ + b, where Q is `bjorck` of the weights: a layer that is 1-Lipschitz for the Euclidean norm.

    Args:
        in_features: inputs I.
        out_features: outputs O.
        junction: which inputs each output reads, of these sizes; all pairs if None.
        steps: of orthonormalisation at each call.
        dtype: of the parameters.

    Raises:
        ValueError: a junction of other sizes.

    Shapes: input (..., I), output (..., O); `weight` (O, I) dense, or (E,) in the junction's edge order.

    >>> layer = BjorckLinear(3, 4)
    >>> x, y = torch.randn(5, 3), torch.randn(5, 3)
    >>> bool(((layer(x) - layer(y)).norm(dim=1) <= (x - y).norm(dim=1) * (1 + 1e-5)).all())
    True
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        junction: Junction | None = None,
        steps: int = 20,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.steps = require_int("steps", steps, low=1)
        self._structure: Structure | None = None
        if junction is None:
            self.weight = nn.Parameter(torch.empty(out_features, in_features, dtype=dtype))
            nn.init.orthogonal_(self.weight)
        else:
            self._take_on(junction, dtype)
        self.bias = nn.Parameter(torch.zeros(out_features, dtype=dtype))
        nn.init.uniform_(self.bias, -1 / math.sqrt(in_features), 1 / math.sqrt(in_features))

    def _take_on(self, junction: Junction, dtype: torch.dtype | None) -> None:
        sizes = (junction.in_features, junction.out_features)
        if sizes != (self.in_features, self.out_features):
            raise ValueError(
                f"a junction of {sizes} features does not fit a layer of {(self.in_features, self.out_features)}."
            )
        self._structure = Structure.of(junction)
        inputs, outputs = (torch.tensor(ends, dtype=torch.int64) for ends in junction.edges())
        self.register_buffer("edges", outputs * self.in_features + inputs)
        self.weight = nn.Parameter(torch.empty(junction.num_edges, dtype=dtype))
        nn.init.normal_(self.weight)

    def orthonormalised(self) -> Tensor:
        """Q, (O, I)."""
        if self._structure is None:
            return bjorck(self.weight, self.steps)
        shape = (self.out_features, self.in_features)
        flat = self.weight.new_zeros(shape[0] * shape[1])
        mask = flat.index_fill(0, self.edges, 1.0).view(shape)  # type: ignore[arg-type]
        return bjorck(flat.index_put((self.edges,), self.weight).view(shape), self.steps, mask=mask)  # type: ignore[arg-type]

    @property
    def scale(self) -> float:
        """√(O I): `bjorck` divides by it, so weights of this size times an orthonormal matrix are left as they are."""
        return math.sqrt(self.out_features * self.in_features)

    @torch.no_grad()
    def settle(self) -> None:
        """Put the orthonormal matrix, times `scale`, in the place of the weights.

        A dense layer stays the same function, and later a few steps orthonormalise what small changes have done;
        in a sparse one the projected steps go on, towards an isometry.
        """
        settled = self.orthonormalised() * self.scale
        self.weight.copy_(settled if self._structure is None else settled.flatten()[self.edges])  # type: ignore[index]

    def topology(self) -> Junction:
        """The edges of the layer."""
        if self._structure is None:
            return Bipartite.from_mask(np.ones((self.out_features, self.in_features), dtype=bool))
        return self._structure.junction()

    def forward(self, x: Tensor) -> Tensor:
        """(..., I) to (..., O)."""
        return nn.functional.linear(x, self.orthonormalised(), self.bias)

    def extra_repr(self) -> str:
        """Sizes and edges."""
        return f"in_features={self.in_features}, out_features={self.out_features}, num_edges={self.weight.numel()}"


def lipschitz_bound(model: nn.Module) -> float:
    """A proven bound on the Lipschitz constant of a chain of `BjorckLinear` and `GroupSort`, in float64.

    The product of the largest singular values of the orthonormalised weights, widened by 1e-9 for the rounding of the
    decomposition itself (error below I O ε for layers up to a thousand wide).

    Raises:
        TypeError: a module between that is neither.
    """
    bound = 1.0
    for module in model.modules():
        if isinstance(module, BjorckLinear):
            weight = module.orthonormalised().detach().double()
            bound *= float(torch.linalg.matrix_norm(weight, 2)) * (1 + 1e-9)
        elif not isinstance(module, (GroupSort, nn.Sequential, nn.Identity)):
            raise TypeError(f"the Lipschitz constant of {type(module).__name__} is not known here.")
    return bound
