"""A linear layer whose weights are the edges of a junction."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from gossamer.nn.functional import sparse_linear
from gossamer.nn.initialization import Initialization
from gossamer.nn.kernels import BACKENDS, Backend
from gossamer.nn.kernels.backend import Layer
from gossamer.nn.kernels.choose import Choice, choice
from gossamer.nn.layer import SparseLayer
from gossamer.nn.norms import refuse_norms
from gossamer.nn.observers import traced
from gossamer.nn.structure import Structure
from gossamer.topology import Junction


class SparseLinear(SparseLayer):
    """y = activation(x Wᵀ + b) with one weight an edge and nothing stored or computed elsewhere.

    The topology lives in the buffers `indptr` and `indices` (of a grouped junction those of its base; `offsets` of a
    rotated one) and `features`, so it travels in `state_dict`; loading a state takes on its topology. So does `order`,
    which `gossamer.nn.in_near_order` writes.

    Args:
        junction: which inputs each output reads.
        bias: whether outputs have a bias; biases are never sparse.
        activation: a module that the kernels can fold into the layer: `nn.ReLU`, `nn.LeakyReLU`, `AllReLU`,
            `nn.Sigmoid`, `nn.GELU` (exact), or None.
        initialization: how the weights begin; biases begin at 0. Randomness is torch's global generator.
        device: where the parameters live.
        dtype: float32, float64, bfloat16 or float16.
        backend: a name in `gossamer.nn.kernels.BACKENDS`; "auto" measures once per shape whether a dense product is
            faster (see `gossamer.nn.kernels.choose`); None takes the native kernels where they serve, on CUDA
            Triton's, else PyTorch's.
            Traced calls (`torch.compile`, `torch.export`) always do the last.

    Raises:
        TypeError: `junction` is not one.
        ValueError: an activation that the kernels do not know, or an unknown backend.

    Shapes: input (..., I), output (..., O); `weight` (E,) in edge order, `bias` (O,).

    Attributes:
        order: of each output the number that it had before it was moved, shape (O,), int32; None if none was.

    >>> import gossamer as gs
    >>> layer = SparseLinear(gs.Bipartite.from_mask([[1, 0, 1], [0, 1, 0]]))
    >>> layer.weight.shape, layer(torch.ones(5, 3)).shape
    (torch.Size([3]), torch.Size([5, 2]))
    """

    order: Tensor | None

    def __init__(
        self,
        junction: Junction,
        bias: bool = True,
        *,
        activation: nn.Module | None = None,
        initialization: Initialization | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        backend: str | None = None,
    ) -> None:
        if backend not in (None, "auto", *BACKENDS):
            raise ValueError(f"backend={backend!r} is not known; {', '.join(BACKENDS)}, auto or None is.")
        super().__init__(
            junction, bias, activation=activation, initialization=initialization, device=device, dtype=dtype
        )
        self.backend = backend
        self.register_buffer("order", None)

    def forward(self, x: Tensor) -> Tensor:
        """(..., I) to (..., O)."""
        if self._modules or self._forward_pre_hooks:
            refuse_norms(self)
        recorded = traced(x)
        structure = self.recorded() if recorded else self.structure
        backend = None if self.backend is None or recorded else self._chosen(structure, x)
        return sparse_linear(
            x, self.weight, self.bias, structure=structure, activation=self.activation, backend=backend
        )

    def input_rows(self, x: Tensor) -> Tensor:
        """(..., I) as (B, I)."""
        return x.reshape(-1, self.in_features)

    def output_rows(self, y: Tensor) -> Tensor:
        """(..., O) as (B, O)."""
        return y.reshape(-1, self.out_features)

    def sums(self, x: Tensor) -> Tensor:
        """(..., I) to x Wᵀ + b, (..., O)."""
        return sparse_linear(x, self.weight, self.bias, structure=self.structure)

    def stackable(self, backend: Backend) -> Layer | None:
        """The layer, unless another backend or a subclass computes it."""
        if type(self) is not SparseLinear or self.backend not in (None, backend.name):
            return None
        weight, bias = self._parameters["weight"], self._parameters["bias"]
        assert weight is not None
        return Layer(self.structure, weight, bias, self.activation)

    def choice(self, x: Tensor) -> Choice:
        """What `backend="auto"` takes for inputs like `x` (..., I), and why."""
        return choice(self.structure, self.input_rows(x.detach()), self.weight)

    def _chosen(self, structure: Structure, x: Tensor) -> Backend:
        if self.backend == "auto":
            return BACKENDS[self.choice(x).backend]
        return BACKENDS[str(self.backend)]

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        order = state_dict.get(prefix + "order")
        if order is not None:
            self._buffers["order"] = torch.empty_like(order, device=self.features.device)
        elif prefix + "features" in state_dict:
            self._buffers["order"] = None  # a state of a network whose neurons lie as they were made
        super()._load_from_state_dict(state_dict, prefix, *rest)
