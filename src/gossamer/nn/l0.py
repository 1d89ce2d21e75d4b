"""A sparse layer that learns which of its edges it needs.

It lives here and not among the probes: it is a topology with weights, trained like any other layer, and what it leaves
open is a junction that the rest of the library takes up. The probe of it is `gossamer.probes.gates`.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from gossamer.nn.activations import IDENTITY, fusible
from gossamer.nn.functional import sparse_linear
from gossamer.nn.hard_concrete import HardConcrete
from gossamer.nn.initialization import Initialization, Kaiming
from gossamer.nn.linear import SparseLinear
from gossamer.nn.structure import ROWS, Structure
from gossamer.topology import Bipartite, Junction


class L0Linear(nn.Module):
    """y = activation(x (z ⊙ W)ᵀ + b) on the edges of a junction, with one hard-concrete gate z an edge.

    In training the gates are drawn anew at each call; at test they are their noiseless values, and edges whose gate is
    exactly 0 are closed. Add `rate * l0_penalty(model)` to the loss to close edges; when done, `sparse()` or
    `without_gates(model)` gives truly sparse layers with the same outputs.

    Args:
        junction: the edges there can be; a full junction learns its topology from all pairs.
        bias: whether outputs have a bias.
        activation: a module that is folded into the layer, see `gossamer.nn.fusible`; or None.
        gates: the distribution of the gates.
        start: the logit log α that all gates begin near (normal, deviation 0.01).
        initialization: of the weights; `Kaiming()` if None.
        device: where the parameters live.
        dtype: float32 or float64.

    Raises:
        TypeError: `junction` is not one.
        ValueError: an activation that cannot be folded into the layer.

    Shapes: input (..., I), output (..., O); `weight` and `logits` (E,) in edge order, `bias` (O,).

    References:
        Louizos et al., ICLR 2018, with one gate an edge instead of one a group of weights.

    >>> import gossamer as gs
    >>> layer = L0Linear(gs.Bipartite.from_mask([[1, 1], [0, 1]])).eval()
    >>> _ = layer.logits.data.copy_(torch.tensor([-9.0, 9.0, 9.0]))
    >>> layer.topology().to_mask().astype(int)
    array([[0, 1],
           [0, 1]])
    >>> x = torch.randn(4, 2)
    >>> torch.equal(layer.sparse()(x), layer(x))
    True
    """

    bias: nn.Parameter | None

    def __init__(
        self,
        junction: Junction,
        bias: bool = True,
        *,
        activation: nn.Module | None = None,
        gates: HardConcrete | None = None,
        start: float = 2.0,
        initialization: Initialization | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        if not isinstance(junction, Junction):
            raise TypeError(f"junction is {type(junction).__name__}; a Bipartite or Rotated is needed.")
        fused = fusible(activation)
        if fused is None:
            raise ValueError(f"activation={activation} cannot be folded into the layer; put it behind the layer.")
        self.activation = fused
        self.gates = HardConcrete() if gates is None else gates
        self.initialization = Kaiming() if initialization is None else initialization
        self._structure = Structure.of(_rows(junction), device)
        for name, array in zip(ROWS, self._structure.arrays, strict=False):
            self.register_buffer(name, array.clone())  # so that a saved state says which edges there were
        self.register_buffer("features", torch.tensor([junction.in_features, junction.out_features], device=device))
        self.weight = nn.Parameter(torch.empty(junction.num_edges, device=device, dtype=dtype))
        self.logits = nn.Parameter(torch.empty(junction.num_edges, device=device, dtype=dtype))
        self.register_parameter("bias", None)
        if bias:
            self.bias = nn.Parameter(torch.zeros(junction.out_features, device=device, dtype=dtype))
        self.initialization(self.weight, junction, None)
        nn.init.normal_(self.logits, start, 0.01)

    @property
    def structure(self) -> Structure:
        """All edges, open or not, as the tensors that the kernels read."""
        if self._structure.arrays[0].device != self.weight.device:
            self._structure = Structure.of(self._structure.junction(), self.weight.device)
        return self._structure

    def forward(self, x: Tensor) -> Tensor:
        """(..., I) to (..., O)."""
        gates = self.gates.sample(self.logits) if self.training else self.gates.expected(self.logits)
        weight = self.weight * gates
        return sparse_linear(x, weight, self.bias, structure=self.structure, activation=self.activation)

    @classmethod
    def around(cls, layer: SparseLinear | nn.Linear, *, start: float = 2.0, gates: HardConcrete | None = None) -> Self:
        """Gates on the edges of a layer that is there, with its weights; of a dense one on all pairs."""
        weight = layer.weight.detach()
        if isinstance(layer, SparseLinear):
            junction = layer.topology()
        else:
            junction = Bipartite.from_mask(np.ones((layer.out_features, layer.in_features), dtype=bool))
        options = {"device": weight.device, "dtype": weight.dtype}
        made = cls(junction, layer.bias is not None, gates=gates, start=start, **options)  # type: ignore[arg-type]
        with torch.no_grad():
            made.activation = layer.activation if isinstance(layer, SparseLinear) else IDENTITY
            made.weight.copy_(weight.reshape(-1))
            if made.bias is not None and layer.bias is not None:
                made.bias.copy_(layer.bias)
        return made.train(layer.training)

    def penalty(self) -> Tensor:
        """Expected number of open edges, a differentiable number from 0 to E."""
        return self.gates.open_probability(self.logits).sum()

    def candidates(self) -> Junction:
        """All edges, open or not."""
        return self.structure.junction()

    def topology(self) -> Bipartite:
        """The edges that are open at test."""
        junction, kept = self.candidates(), self._open().cpu().numpy()
        inputs, outputs = (np.asarray(ends)[kept] for ends in junction.edges())
        sizes = {"in_features": junction.in_features, "out_features": junction.out_features}
        return Bipartite.from_edges(inputs, outputs, **sizes)

    def sparse(self) -> SparseLinear:
        """A layer of the open edges, with the weights that they have at test; it has no gates any more."""
        weight, kept = self.weight.detach() * self.gates.expected(self.logits.detach()), self._open()
        layer = SparseLinear(self.topology(), self.bias is not None, device=weight.device, dtype=weight.dtype)
        layer.activation = self.activation
        with torch.no_grad():
            layer.weight.copy_(weight[kept])
            if layer.bias is not None and self.bias is not None:
                layer.bias.copy_(self.bias)
        return layer.train(self.training)

    def _open(self) -> Tensor:
        return self.gates.expected(self.logits.detach()) > 0

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        for name in (*ROWS, "features"):
            there, mine = state_dict.get(prefix + name), getattr(self, name)
            if there is not None and not torch.equal(there.to(mine), mine):
                raise ValueError(f"{prefix}{name} in the state is of other edges; make the layer of the same junction.")
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def extra_repr(self) -> str:
        """Sizes, edges and how many are open."""
        sizes = f"in_features={self.structure.in_features}, out_features={self.structure.out_features}"
        return f"{sizes}, num_edges={len(self.weight)}, open={int(self._open().sum())}, bias={self.bias is not None}"


def _rows(junction: Junction) -> Bipartite:
    if isinstance(junction, Bipartite):
        return junction
    inputs, outputs = junction.edges()
    return Bipartite.from_edges(inputs, outputs, in_features=junction.in_features, out_features=junction.out_features)
