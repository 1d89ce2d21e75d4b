"""What rewiring, pruning, training and checkpoints need of a layer whose weights are the edges of a junction."""

from __future__ import annotations

import abc
import contextlib
import operator
from collections.abc import Callable
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.autograd.graph import increment_version

from gossamer.nn.activations import IDENTITY, fusible
from gossamer.nn.initialization import Initialization, Kaiming
from gossamer.nn.integrity import accept, fingerprint, restored
from gossamer.nn.kernels.backend import Backend, Layer
from gossamer.nn.observers import has_version, stamp_of
from gossamer.nn.sharded import is_sharded, whole, write
from gossamer.nn.structure import OFFSETS, ROWS, Checked, Structure
from gossamer.topology import Grouped, Junction
from gossamer.topology.grouped import as_grouped

OF_TOPOLOGY = frozenset({"_structure", "_fresh", "_mark"})
"""Attributes of a layer that change where its edges do."""


class SparseLayer(nn.Module, abc.ABC):
    """A layer with one weight an edge of a junction: what rewiring, pruning, training and checkpoints ask for.

    A base class, not a structural protocol: `isinstance` of a protocol with data members looks for `weight` among
    static attributes (Python 3.12), where a `torch.nn.Module` does not keep its parameters. To be a sparse layer is to
    name a junction of the places where weights may be, and to say how a pass through it reads as a product of rows:

        gradient of the place (o, i) = sum over rows b of dz[b, o] * x[b, i],
        x = input_rows(input), dz = output_rows(gradient before the activation).

    For a linear layer rows are samples. For a convolution, whose junction joins taps (channel, height, width of the
    kernel) to output channels, they are samples times positions, and `input_rows` unfolds.

    The topology lives in the buffers `indptr` and `indices` (of a grouped junction those of its base; `offsets` of a
    rotated one) and `features`, so it travels in `state_dict`; loading a state takes on its topology. Kernels read
    checked copies of the buffers: what is derived from them is derived anew when they have changed. `adopt` and loading
    change the topology; other writes to the buffers are judged by the rules of `gossamer.nn.integrity`.

    The weight is a vector, so rules that go by a parameter's dimensions do not know it: `gossamer.nn.decay_groups` is
    "decay what has two or more" for such models; `spectral_norm` and its like are refused at the first call.

    Args:
        junction: which inputs each output reads.
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
    fingerprint: Tensor
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
        self._fresh = True
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
        """The junction as the kernels read it: of the buffers, checked if they were replaced or written.

        Raises:
            InvalidTopologyError: buffers that hold no junction, or another one than the layer took on.
            TypeError: buffers of another dtype.
        """
        structure = self._buffered()
        if structure is not self._structure:
            self._structure = structure
        return structure if structure.is_current else self._written(structure)

    def recorded(self) -> Structure:
        """The junction for a call that is traced: unchecked buffers, which are inputs of the graph.

        `torch.onnx.export` gets the numbers themselves, as constants.
        """
        return self._structure if torch.onnx.is_in_onnx_export() else self._buffered()

    def _buffered(self) -> Structure:
        buffers, known = self._buffers, self._structure
        names = OFFSETS if self._rotated else ROWS
        if all(map(operator.is_, known.arrays, map(buffers.__getitem__, names))):
            return known
        return Structure(*self._sizes, tuple(buffers[name] for name in names))  # type: ignore[misc]

    def topology(self) -> Junction:
        """The junction; see `structure` for what is raised."""
        structure = self.structure
        if not structure.arrays[0].is_meta and not structure.holds(structure.junction()):
            self._written(structure)
        if not self.features.is_meta and self.features.tolist() != list(self._sizes):
            with torch.no_grad():
                self.features.copy_(torch.tensor(self._sizes))  # an average has rounded them
        return structure.junction()

    def adopt(self, junction: Junction, weight: Tensor) -> None:
        """Take on another junction of the same widths, in place: the same `Parameter`, with `weight` (E,) for values.

        A layer that holds groups of outputs goes on to, if the other junction has them, too. A gradient of other edges
        is dropped. A weight that `fully_shard` has spread over processes keeps its number of edges, and takes its part
        of `weight`, which all ranks must give.

        Raises:
            ValueError: other widths, a weight that does not fit, or another number of edges of a sharded weight.
        """
        if (junction.in_features, junction.out_features) != self._sizes:
            got = (junction.in_features, junction.out_features)
            raise ValueError(f"a junction of {got} features does not fit a layer of {self._sizes}.")
        own = self._parameters.get("weight")
        if own is None:
            raise ValueError("the weight of this layer is pruned or parametrised by PyTorch; undo that before.")
        if weight.shape != (junction.num_edges,):
            raise ValueError(f"weight has shape {tuple(weight.shape)}; the junction has ({junction.num_edges},) edges.")
        sharded = is_sharded(own)
        if sharded and junction.num_edges != len(own):
            raise ValueError(
                f"the weight of this layer is sharded for {len(own)} edges, and the junction has "
                f"{junction.num_edges}: load another topology before fully_shard, and rewire by rules that keep counts."
            )
        last = self._structure.last
        if last is not None and isinstance(last.junction, Grouped):
            junction = as_grouped(junction, last.junction.group[0])
        if last is None or last.junction != junction:
            own.grad = None  # of other edges
        normal = torch.inference_mode(False) if torch.is_inference_mode_enabled() else contextlib.nullcontext()
        with normal, torch.no_grad():
            structure = self._structure.holding(junction) if self._is_untouched() else None
            if structure is None:
                self._take_on(Structure.of(junction, self.features.device))
            else:
                self._renew(structure)
            if sharded:
                write(own, weight.detach().to(own.device, own.dtype))
                return
            if weight.shape == own.shape and has_version(own):
                own.copy_(weight.detach())  # in place: what knows its address need not be made anew
                return  # a graph of the old topology meets another version of it
            values = weight.detach().to(own).clone()
            if values.shape != own.shape:
                # While an old graph is alive (a loss that is still in scope), autograd would reuse its accumulator,
                # which knows the old shape; a change of dtype in between makes it forget that one.
                other = torch.float32 if values.dtype == torch.float64 else torch.float64
                own.data = values.new_empty(0, dtype=other)
            own.data = values
        if has_version(own):
            increment_version(own)  # a graph of the old topology must not meet the new weights

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw the weights anew; set the biases to 0."""
        if is_sharded(self.weight):  # all ranks draw all weights, as one process would
            drawn = torch.empty(self.weight.shape, dtype=self.weight.dtype, device=self.weight.device)
            self.initialization(drawn, self.topology(), generator)
            write(self.weight, drawn)
        elif self.weight.device.type != "meta":
            self.initialization(self.weight, self.topology(), generator)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def extra_repr(self) -> str:
        """Sizes, edges and activation."""
        group = self._structure.group
        kind = "rotated, " if self._rotated else f"groups of {group} outputs, " if group > 1 else ""
        density = self.weight.numel() / self.places
        fused = "" if self.activation == IDENTITY else f", activation={self.activation.kind.name.lower()}"
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, {kind}num_edges={self.weight.numel()}, "
            f"density={density:.4g}, bias={self.bias is not None}{fused}"
        )

    def _take_on(self, structure: Structure) -> None:
        """Hold a junction; buffers keep their order, so that the buffers of two models pair up."""
        self._sizes = (structure.in_features, structure.out_features)
        self._rotated = structure.rotated
        self._structure = structure
        self._fresh = False
        device = structure.arrays[0].device
        held = dict(zip(OFFSETS if structure.rotated else ROWS, structure.arrays, strict=True))
        held["features"] = torch.tensor(self._sizes, device=device)
        held["fingerprint"] = torch.tensor(fingerprint(structure.junction()), device=device)
        own = (*ROWS, *OFFSETS, "features", "fingerprint")
        others = {name: buffer for name, buffer in self._buffers.items() if name not in own}
        self._buffers.clear()
        for name, array in held.items():
            self.register_buffer(name, array, persistent=name != "fingerprint")
        self._buffers.update(others)
        self._mark = stamp_of((self.fingerprint,))

    def _is_untouched(self) -> bool:
        """Whether the buffers of the junction are those that the layer made, and its fingerprint is as it was.

        Tensors made in inference mode tell nothing of writes, and may not be written outside of it.
        """
        if not has_version(self.fingerprint):
            return False
        return self._buffered() is self._structure and self._mark == stamp_of((self.fingerprint,))

    def _renew(self, structure: Structure) -> None:
        """Hold a junction that was written over the last one, in the same buffers."""
        self.fingerprint.copy_(torch.from_numpy(fingerprint(structure.junction())))
        held = {"_structure": structure, "_fresh": False, "_mark": stamp_of((self.fingerprint,))}
        vars(self).update(held)  # no parameters, modules or buffers, for which setting an attribute looks each time

    def _written(self, structure: Structure) -> Structure:
        """Judge buffers that were replaced or written; see `gossamer.nn.integrity`."""
        last = structure.last
        if last is None:  # another tensor in the place of a buffer
            structure.checked()
        elif structure.arrays[0].is_meta or structure.holds(last.junction) or self._restored(structure, last):
            structure.keep(last)
        else:
            accept(structure, last.junction, fresh=self._fresh)
            self._fresh = False
        self._mark = stamp_of((self.fingerprint,))
        return structure

    def _restored(self, structure: Structure, last: Checked) -> bool:
        written = self._mark != stamp_of((self.fingerprint,))
        return written and restored(structure, last.junction, self.fingerprint)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Move or cast; the junction follows to other devices, but not into other dtypes or into empty memory."""
        junction = self.topology()
        before = [self._buffers[name] for name in (OFFSETS if self._rotated else ROWS)]
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        after = [self._buffers[name] for name in (OFFSETS if self._rotated else ROWS)]
        if not all(map(operator.is_, before, after)):
            fresh = self._fresh
            assert after[0] is not None
            self._take_on(Structure.of(junction, after[0].device))
            self._fresh = fresh
        return self

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        self.topology()  # what is saved is what is computed
        super()._save_to_state_dict(destination, prefix, keep_vars)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[no-untyped-call]
        self._fresh = False  # a copy follows somebody; see `gossamer.nn.integrity`

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        names = OFFSETS if prefix + OFFSETS[0] in state_dict else ROWS
        plain = "weight" in self._parameters
        if plain and all(prefix + name in state_dict for name in (*names, "features", "weight")):
            sizes = tuple(int(size) for size in state_dict[prefix + "features"])
            if sizes != self._sizes:
                raise ValueError(f"{prefix}features={sizes} in the state does not fit a layer of {self._sizes}.")
            junction = Structure(*sizes, tuple(state_dict[prefix + name] for name in names)).read()
            self.adopt(junction, whole(state_dict[prefix + "weight"]).clone())  # models must not share their memory
        super()._load_from_state_dict(state_dict, prefix, *rest)
