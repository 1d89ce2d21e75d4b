"""Linear layers that follow one another, in one call of the native kernels; a large dense one by NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from gossamer import native
from gossamer.errors import TopologyFileError
from gossamer.runtime.functions import FOLDED, FUNCTIONS
from gossamer.runtime.step import Floats, Step
from gossamer.topology import Bipartite, Grouped, Junction, Rotated
from gossamer.topology.files import described
from gossamer.tuning import in_use

_LARGE = 1 << 16
"""A dense layer of more weights is NumPy's: beside an index for each weight, and with a product that knows no edges."""


@dataclass(frozen=True)
class Linear:
    """y = activation(x Wᵀ + b).

    Args:
        junction: which inputs each output reads; None for a dense layer.
        weight: (E,), or (O, I) of a dense layer.
        bias: (O,), or None.
        activation: one of `FOLDED`.
        slope: of "leaky"; where "clipped" ends.
        batched: whether inputs must be matrices: a batch norm is folded in, which counts axes from the first.
    """

    junction: Junction | None
    weight: Floats
    bias: Floats | None
    activation: str
    slope: float
    batched: bool = False

    @classmethod
    def read(cls, step: Step) -> Linear:
        """The layer that a step describes."""
        junction = None
        if "junction" in step.fields:
            kind = step.fields["junction"]
            if not isinstance(kind, dict):
                raise TopologyFileError(f"{step.label} has junction={kind!r}; an object is needed.")
            junction = described(kind, f"{step.number}", step.tensors)
            outputs = junction.out_features
            weight = step.numbers("weight", (junction.num_edges,))
        else:
            weight = step.numbers("weight")
            if weight.ndim != 2 or 0 in weight.shape:
                raise TopologyFileError(f"{step.label}: weight has shape {weight.shape}; (O, I) is needed.")
            outputs = weight.shape[0]
        activation = step.word("activation", FOLDED)
        return cls(
            junction,
            weight,
            step.optional("bias", (outputs,)),
            activation,
            step.number_of("slope"),
            step.flag("batched"),
        )

    @property
    def sizes(self) -> tuple[int, int]:
        """Inputs and outputs."""
        if self.junction is None:
            return self.weight.shape[1], self.weight.shape[0]
        return self.junction.in_features, self.junction.out_features

    @property
    def joins(self) -> bool:
        """Whether its neighbours may be computed in the same call."""
        return self.junction is not None or self.weight.size <= _LARGE

    @cached_property
    def rows(self) -> Bipartite | Rotated:
        """The junction as kernels read it; that of a dense layer has all edges."""
        if self.junction is None:
            return Grouped(
                Bipartite([0, 1], [0], in_features=1), outputs=self.sizes[1], inputs=self.sizes[0]
            ).to_bipartite()
        if isinstance(self.junction, Grouped):
            return self.junction.to_bipartite()
        assert isinstance(self.junction, (Bipartite, Rotated))
        return self.junction

    def activate(self, z: Floats) -> Floats:
        """What NumPy makes of the sums."""
        function = FUNCTIONS[self.activation]
        y: Floats = function.of(z, *(np.float32(self.slope) for _ in function.parameters))
        return y


class Stack:
    """Layers that feed one another.

    Args:
        layers: of widths that fit.

    Raises:
        TopologyFileError: widths that do not fit.
    """

    def __init__(self, layers: Sequence[Linear]) -> None:
        self.layers = tuple(layers)
        for before, after in pairwise(self.layers):
            if before.sizes[1] != after.sizes[0]:
                raise TopologyFileError(
                    f"{before.sizes[1]} features come to a layer of in_features={after.sizes[0]}: widths do not fit."
                )
        self._inputs, self._outputs = self.layers[0].sizes[0], self.layers[-1].sizes[1]
        self._batched = any(layer.batched for layer in self.layers)
        self._compiled: Any = None
        self._kept: list[object] = []
        if native.extension is not None and all(layer.joins for layer in self.layers):
            self._compile(native.extension)

    def __call__(self, x: Floats, threads: int) -> Floats:
        """(..., I) to (..., O); a matrix is stored feature by feature."""
        if x.ndim == 0 or x.shape[-1] != self._inputs:
            raise ValueError(
                f"x has shape {x.shape}; a layer of this network reads {self._inputs} features, the last axis."
            )
        if x.ndim > 2 and self._batched:
            raise ValueError(f"x has shape {x.shape}; a batch norm is folded into a layer here, which reads matrices.")
        rows = x if x.ndim == 2 else x.reshape(-1, self._inputs)
        if self._compiled is None:
            y = self._by_numpy(rows)
        else:
            y = np.empty((rows.shape[0], self._outputs), np.float32, order="F")
            self._compiled.run(rows, y, threads)
        return y if x.ndim == 2 else y.reshape(*x.shape[:-1], self._outputs)

    def described(self) -> list[str]:
        """Each layer: its sizes, its edges, and how a single example goes through it."""
        spans = [0] * len(self.layers) if self._compiled is None else self._compiled.spans()
        otherwise = "a product of NumPy or scipy" if self._compiled is None else "rows"
        return [
            f"linear {layer.sizes[0]} to {layer.sizes[1]}, {layer.weight.size} edges, {layer.activation}; "
            f"one example by {f'windows of {span} inputs' if span else otherwise}"
            for layer, span in zip(self.layers, spans, strict=True)
        ]

    def _compile(self, extension: Any) -> None:
        in_use()  # thresholds of this machine, before blocks are made
        stack = extension.Inference()
        for layer in self.layers:
            rows = layer.rows
            arrays = (rows.offsets,) if isinstance(rows, Rotated) else (rows.indptr, rows.indices)
            addresses = [(array.ctypes.data, array.nbytes) for array in arrays]
            junction = extension.Junction(*layer.sizes, addresses, extension.uses_blocks())
            stack.add(junction, layer.weight.reshape(-1), layer.bias, FOLDED[layer.activation], layer.slope)
            self._kept += (*arrays, junction)  # the extension reads them as long as the stack is there
        self._compiled = stack

    def _by_numpy(self, x: Floats) -> Floats:
        for layer in self.layers:
            z = _product(x, layer)
            x = layer.activate(z if layer.bias is None else z + layer.bias)
        return x


def _product(x: Floats, layer: Linear) -> Floats:
    if layer.junction is None:
        return x @ layer.weight.T
    import scipy.sparse  # where the package was installed without a compiler

    rows = layer.rows
    matrix = scipy.sparse.csr_array((layer.weight, rows.indices, rows.indptr), shape=layer.sizes[::-1])
    product: Floats = (matrix @ x.T).T
    return product
