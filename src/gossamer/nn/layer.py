"""What rewiring, pruning, training and checkpoints need of a layer whose weights are the edges of a junction."""

from __future__ import annotations

import abc
import operator
from typing import Any

import torch
from torch import Tensor, nn

from gossamer.nn.activations import IDENTITY, fusible
from gossamer.nn.initialization import Initialization, Kaiming
from gossamer.nn.kernels.backend import Backend, Layer
from gossamer.nn.structure import COLUMNS, OFFSETS, ROWS, Structure
from gossamer.topology import Junction


class SparseLayer(nn.Module, abc.ABC):
    """A layer with one weight an edge of a junction: what rewiring, pruning, training and checkpoints ask for.

    A base class, not a structural protocol: `isinstance` of a protocol with data members looks for `weight` among
    static attributes (Python 3.12), where a `torch.nn.Module` does not keep its parameters. To be a sparse layer is to
    name a junction of the places where weights may be, and to say how a pass through it reads as a product of rows:

        gradient of the place (o, i) = sum over rows b of dz[b, o] * x[b, i],
        x = input_rows(input), dz = output_rows(gradient before the activation).

    For a linear layer rows are samples. For a convolution, whose junction joins taps (channel, height, width of the
    kernel) to output channels, they are samples times positions, and `input_rows` unfolds.

    The topology lives in the buffers `indptr` and `indices` (or `offsets` of a rotated junction) and `features`, so it
    travels in `state_dict`; loading a state takes on its topology.

    Args:
        junction: who is joined to whom.
        bias: whether outputs have a bias; biases are never sparse.
        activation: a module that is folded into the layer, see `gossamer.nn.fusible`; or None.
        initialization: how the weights begin; biases begin at 0. Randomness is torch's global generator.
        device: where the parameters live.
        dtype: of the parameters.

    Attributes:
        weight: shape (E,), in edge order.
        bias: shape (O,), or None.
        activation: what is applied to the sums.
        initialization: how the weights begin.

    Raises:
        TypeError: `junction` is not one.
        ValueError: an activation that cannot be folded into the layer.
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
    ) -> None:
        super().__init__()
        if not isinstance(junction, Junction):
            raise TypeError(f"junction is {type(junction).__name__}; a Bipartite or Rotated is needed.")
        fused = fusible(activation)
        if fused is None:
            raise ValueError(f"activation={activation} cannot be folded into the layer; put it behind the layer.")
        self.activation = fused
        self.initialization = Kaiming() if initialization is None else initialization
        self.weight = nn.Parameter(torch.empty(junction.num_edges, device=device, dtype=dtype))
        self.register_parameter("bias", None)
        if bias:
            self.bias = nn.Parameter(torch.zeros(junction.out_features, device=device, dtype=dtype))
        self._take_on(Structure.of(junction, device))
        self.reset_parameters()

    @abc.abstractmethod
    def input_rows(self, x: Tensor) -> Tensor:
        """An input of the layer as rows (B, I), one column an input of the junction."""

    @abc.abstractmethod
    def output_rows(self, y: Tensor) -> Tensor:
        """An output of the layer, or a tensor like it, as rows (B, O), one column an output of the junction."""

    @abc.abstractmethod
    def sums(self, x: Tensor) -> Tensor:
        """What the activation is applied to, for an input of the layer."""

    def stackable(self, backend: Backend) -> Layer | None:
        """What a backend's stacks need to compute this layer with its neighbours; None if it must run by itself."""
        return None

    @property
    def in_features(self) -> int:
        """Inputs I of the junction."""
        return self._sizes[0]

    @property
    def out_features(self) -> int:
        """Outputs O of the junction."""
        return self._sizes[1]

    @property
    def places(self) -> int:
        """Where edges may be: I times O."""
        return self._sizes[0] * self._sizes[1]

    @property
    def structure(self) -> Structure:
        """The junction as the tensors that the kernels read."""
        buffers, known = self._buffers, self._structure
        names = OFFSETS if self._rotated else ROWS + COLUMNS
        if all(map(operator.is_, known.arrays, map(buffers.__getitem__, names))):
            return known
        self._structure = Structure(*self._sizes, tuple(buffers[name] for name in names))  # type: ignore[misc]
        return self._structure

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

    def extra_repr(self) -> str:
        """Sizes, edges and activation."""
        kind = "rotated, " if self._rotated else ""
        density = self.weight.numel() / self.places
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
