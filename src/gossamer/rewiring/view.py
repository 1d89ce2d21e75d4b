"""What a rule sees of a network, and what it answers: immutable on both sides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import RewiringError
from gossamer.rewiring.keys import Keys, Mask, edge_keys, junction_of, merged
from gossamer.rewiring.missing import MissingGradient
from gossamer.rewiring.update import Moved
from gossamer.topology import Junction, Rotated

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False, kw_only=True)
class LayerView:
    """One layer at the moment of an update.

    Args:
        name: the layer's name in the model.
        step: the optimiser step that the update follows, counted from 1.
        in_features: inputs I.
        out_features: outputs O.
        keys: its edges, ascending, shape (E,); see `gossamer.rewiring.keys`.
        weight: shape (E,), read-only.
        gradient: of the live weights, shape (E,), or None before any backward pass.
        momentum: the optimiser's running mean of the gradient, shape (E,), or None.
        missing: gradients of the empty places, or None if the rule did not ask for any.
        initial_edges: edges when the `Rewirer` was made.
        rotated: whether the edges are whole wrapped diagonals.
        memory: what the rule keeps of every edge from update to update, each of shape (E,).
    """

    name: str
    step: int = 0
    in_features: int
    out_features: int
    keys: Keys
    weight: Floats
    gradient: Floats | None = None
    momentum: Floats | None = None
    missing: MissingGradient | None = None
    initial_edges: int = 0
    rotated: bool = False
    memory: Mapping[str, Floats] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, junction: Junction, weight: Floats, **rest: Any) -> LayerView:
        """View a junction with weights."""
        return cls(
            name=name,
            in_features=junction.in_features,
            out_features=junction.out_features,
            keys=edge_keys(junction),
            weight=weight,
            rotated=isinstance(junction, Rotated),
            **rest,
        )

    @property
    def num_edges(self) -> int:
        """Edges E."""
        return len(self.keys)

    @property
    def places(self) -> int:
        """Places I * O, live or empty."""
        return self.in_features * self.out_features

    @cached_property
    def outputs(self) -> NDArray[np.int64]:
        """The output of each edge, shape (E,)."""
        return self.keys // self.in_features

    @cached_property
    def inputs(self) -> NDArray[np.int64]:
        """The input of each edge, shape (E,)."""
        return self.keys - self.outputs * self.in_features

    def junction(self) -> Junction:
        """The junction that the keys describe; a `Rotated` one is written out."""
        return junction_of(self.keys, self.in_features, self.out_features)

    def select(self, held: Mask) -> LayerView:
        """The same layer with some of its edges."""
        if held.all():
            return self
        return replace(
            self,
            keys=self.keys[held],
            weight=self.weight[held],
            gradient=None if self.gradient is None else self.gradient[held],
            momentum=None if self.momentum is None else self.momentum[held],
            memory={name: values[held] for name, values in self.memory.items()},
        )

    def require_gradient(self) -> Floats:
        """The gradient of the live weights.

        Raises:
            RewiringError: there has been no backward pass.
        """
        if self.gradient is None:
            raise RewiringError(f"layer {self.name!r} has weight.grad=None; the rule needs a backward pass before it.")
        return self.gradient

    def require_missing(self) -> MissingGradient:
        """The gradients of the empty places.

        Raises:
            RewiringError: no backward pass went through the layer since the last `rewirer.step()`.
        """
        if self.missing is None:
            raise RewiringError(
                f"layer {self.name!r} saw no backward pass since the last rewirer.step(); the rule needs its gradient."
            )
        return self.missing

    def require_momentum(self) -> Floats:
        """The optimiser's running mean of the gradient.

        Raises:
            RewiringError: the optimiser keeps none.
        """
        if self.momentum is None:
            raise RewiringError(
                f"the optimiser keeps no 'momentum_buffer' or 'exp_avg' for layer {self.name!r}; the rule needs one."
            )
        return self.momentum


@dataclass(frozen=True, eq=False)
class NetworkView:
    """All layers that a rule may change, in the model's order, at step `step` (counted from 1)."""

    step: int
    layers: tuple[LayerView, ...]


@dataclass(frozen=True, eq=False)
class Change:
    """A layer after an update.

    Args:
        junction: the edges now.
        source: which old edge each edge is, or -1 for a new one; shape (E',).
        weight: shape (E',).
        moved: the edges that went and came.
        memory: what the rule wants to keep of every edge; other memory is carried along, 0 for new edges.
    """

    junction: Junction
    source: NDArray[np.int64]
    weight: Floats
    moved: Moved
    memory: Mapping[str, Floats] = field(default_factory=dict)


def rewired(view: LayerView, kept: Mask, grown: Keys, values: Floats | None = None) -> Change:
    """The change that keeps some edges with their weights and adds others.

    Args:
        view: the layer.
        kept: which of its edges stay, shape (E,).
        grown: keys of the places to fill, ascending, none of them kept.
        values: weights of the grown edges; 0 if None.
    """
    sizes = view.in_features, view.out_features
    junction, source, fresh, removed, weight = merged(view.keys, kept, grown, view.weight, sizes)
    if values is not None:
        weight[fresh] = values
    return Change(junction, source, weight, Moved(removed=removed, added=grown))


def unmoved(view: LayerView, memory: Mapping[str, Floats] | None = None) -> Change:
    """The change that moves no edge; `memory` is what the rule keeps of every edge from now on."""
    nothing = view.keys[:0]
    source = np.arange(view.num_edges)
    return Change(view.junction(), source, view.weight, Moved(removed=nothing, added=nothing), memory or {})
