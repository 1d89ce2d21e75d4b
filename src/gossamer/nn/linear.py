"""A linear layer whose weights are the edges of a junction."""

from __future__ import annotations

import operator
from typing import Any

import torch
from torch import Tensor, nn

from gossamer.nn import operators
from gossamer.nn.activations import IDENTITY, fusible
from gossamer.nn.functional import sparse_linear
from gossamer.nn.initialization import Initialization, Kaiming
from gossamer.nn.kernels import BACKENDS, Backend
from gossamer.nn.kernels.choose import Choice, choice
from gossamer.nn.kernels.native import Layer
from gossamer.nn.structure import COLUMNS, OFFSETS, ROWS, Structure
from gossamer.topology import Junction


class SparseLinear(nn.Module):
    """y = activation(x Wᵀ + b) with one weight an edge and nothing stored or computed elsewhere.

    The topology lives in the buffers `indptr` and `indices` (or `offsets` of a rotated junction) and `features`,
    so it travels in `state_dict`; loading a state takes on its topology.

    Args:
        junction: who is joined to whom.
        bias: whether outputs have a bias; biases are never sparse.
        activation: a module that the kernels can fold into the layer: `nn.ReLU`, `nn.LeakyReLU`, `AllReLU`,
            `nn.Sigmoid`, `nn.GELU` (exact), or None.
        initialization: how the weights begin; biases begin at 0. Randomness is torch's global generator.
        device: where the parameters live.
        dtype: float32, float64 or bfloat16.
        backend: a name in `gossamer.nn.kernels.BACKENDS`; "auto" measures once per shape whether a dense product is
            faster (see `gossamer.nn.kernels.choose`); None takes the native kernels where they serve, else PyTorch's.
            Traced calls (`torch.compile`, `torch.export`) always do the last.

    Raises:
        TypeError: `junction` is not one.
        ValueError: an activation that the kernels do not know, or an unknown backend.

    Shapes: input (..., I), output (..., O); `weight` (E,) in edge order, `bias` (O,).

    >>> import gossamer as gs
    >>> layer = SparseLinear(gs.Bipartite.from_mask([[1, 0, 1], [0, 1, 0]]))
    >>> layer.weight.shape, layer(torch.ones(5, 3)).shape
    (torch.Size([3]), torch.Size([5, 2]))
    """

    features: Tensor
    bias: nn.Parameter | None
    _structure: Structure

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
        super().__init__()
        if not isinstance(junction, Junction):
            raise TypeError(f"junction is {type(junction).__name__}; a Bipartite or Rotated is needed.")
        fused = fusible(activation)
        if fused is None:
            raise ValueError(f"activation={activation} cannot be folded into the layer; put it behind the layer.")
        if backend not in (None, "auto", *BACKENDS):
            raise ValueError(f"backend={backend!r} is not known; {', '.join(BACKENDS)}, auto or None is.")
        self.backend = backend
        self.activation = fused
        self.initialization = Kaiming() if initialization is None else initialization
        self.weight = nn.Parameter(torch.empty(junction.num_edges, device=device, dtype=dtype))
        self.register_parameter("bias", None)
        if bias:
            self.bias = nn.Parameter(torch.zeros(junction.out_features, device=device, dtype=dtype))
        self._take_on(Structure.of(junction, device))
        self.reset_parameters()

    @property
    def in_features(self) -> int:
        """Inputs I."""
        return self._sizes[0]

    @property
    def out_features(self) -> int:
        """Outputs O."""
        return self._sizes[1]

    @property
    def structure(self) -> Structure:
        """The junction as the tensors that the kernels read."""
        buffers, known = self._buffers, self._structure
        names = OFFSETS if self._rotated else ROWS + COLUMNS
        if all(map(operator.is_, known.arrays, map(buffers.__getitem__, names))):
            return known
        self._structure = Structure(*self._sizes, tuple(buffers[name] for name in names))  # type: ignore[misc]
        return self._structure

    def described(self) -> Layer:
        """What the kernels need: structure, contiguous weights, bias, activation."""
        weight, bias = self._parameters["weight"], self._parameters["bias"]
        assert weight is not None
        return self.structure, weight if weight.is_contiguous() else weight.contiguous(), bias, self.activation

    def topology(self) -> Junction:
        """The junction, made of the buffers and checked again."""
        return self.structure.junction()

    def adopt(self, junction: Junction, weight: Tensor) -> None:
        """Take on another junction of the same widths, in place: the same `Parameter`, with `weight` (E,) for values.

        Raises:
            ValueError: other widths, or a weight that does not fit.
        """
        if (junction.in_features, junction.out_features) != self._sizes:
            got = (junction.in_features, junction.out_features)
            raise ValueError(f"a junction of {got} features does not fit a layer of {self._sizes}.")
        if weight.shape != (junction.num_edges,):
            raise ValueError(f"weight has shape {tuple(weight.shape)}; the junction has ({junction.num_edges},) edges.")
        self._take_on(Structure.of(junction, self.features.device))
        values = weight.detach().to(self.weight)
        if values.shape != self.weight.shape:
            # While an old graph is alive (a loss that is still in scope), autograd would reuse its accumulator, which
            # knows the old shape; a change of dtype in between makes it forget that one.
            other = torch.float32 if values.dtype == torch.float64 else torch.float64
            self.weight.data = values.new_empty(0, dtype=other)
        self.weight.data = values

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw the weights anew; set the biases to 0."""
        if self.weight.device.type != "meta":
            self.initialization(self.weight, self.topology(), generator)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """(..., I) to (..., O)."""
        structure = self.structure
        backend = None if self.backend is None or operators.traced(x) else self._chosen(structure, x)
        return sparse_linear(
            x, self.weight, self.bias, structure=structure, activation=self.activation, backend=backend
        )

    def choice(self, x: Tensor) -> Choice:
        """What `backend="auto"` takes for inputs like `x` (..., I), and why."""
        return choice(self.structure, x.detach().reshape(-1, self.in_features), self.weight)

    def _chosen(self, structure: Structure, x: Tensor) -> Backend:
        if self.backend == "auto":
            return BACKENDS[self.choice(x).backend]
        return BACKENDS[str(self.backend)]

    def extra_repr(self) -> str:
        """Sizes, edges and activation."""
        kind = "rotated, " if self._rotated else ""
        density = self.weight.numel() / (self.in_features * self.out_features)
        fused = "" if self.activation == IDENTITY else f", activation={self.activation.kind.name.lower()}"
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, {kind}num_edges={self.weight.numel()}, "
            f"density={density:.4g}, bias={self.bias is not None}{fused}"
        )

    def _take_on(self, structure: Structure) -> None:
        self._sizes = (structure.in_features, structure.out_features)
        self._rotated = structure.rotated
        self._structure = structure
        for name in (*ROWS, *COLUMNS, *OFFSETS):
            self._buffers.pop(name, None)
        names = OFFSETS if structure.rotated else ROWS + COLUMNS
        for name, array in zip(names, structure.arrays, strict=True):
            self.register_buffer(name, array, persistent=name not in COLUMNS)
        self.register_buffer("features", torch.tensor(self._sizes, device=structure.arrays[0].device))

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        names = OFFSETS if prefix + OFFSETS[0] in state_dict else ROWS
        if all(prefix + name in state_dict for name in (*names, "features", "weight")):
            sizes = tuple(int(size) for size in state_dict[prefix + "features"])
            if sizes != self._sizes:
                raise ValueError(f"{prefix}features={sizes} in the state does not fit a layer of {self._sizes}.")
            junction = Structure(*sizes, tuple(state_dict[prefix + name] for name in names)).junction()
            self.adopt(junction, state_dict[prefix + "weight"])
        super()._load_from_state_dict(state_dict, prefix, *rest)
