"""One form for all relabellings of a network: colour refinement, and a search where colours do not tell apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from gossamer.distances.reading import NetworkLike, as_topology
from gossamer.errors import require_int
from gossamer.topology import Topology, relabelled

Colours = tuple[NDArray[np.int64], ...]
"""The colour of each neuron of each layer, inputs first, (width,) each: 0, 1, ... in an order that no label decides."""


@final
@dataclass(frozen=True, eq=False)
class CanonicalForm:
    """What `canonical_form` found.

    Attributes:
        topology: the network relabelled.
        orders: `topology` is `relabelled(network, orders)`.
        certified: any relabelling of the network's hidden and output neurons has exactly this form.
    """

    topology: Topology
    orders: tuple[NDArray[np.int64], ...]
    certified: bool


def canonical_form(network: NetworkLike, *, budget: int = 2000) -> CanonicalForm:
    """Relabel hidden and output neurons so that isomorphic networks become equal.

    Inputs keep their names. Colours are refined by incoming and outgoing edges until they are stable; neurons of one
    colour that have the same neighbours are interchangeable; where others are left, each in turn is singled out and
    the least of the resulting forms is taken, skipping those that a proven automorphism makes equal.

    Args:
        network: anything `as_topology` reads.
        budget: refinements spent at most. Sparse random networks need a few; if it runs out, or for some highly
            regular networks, the form is not certified: it depends on labels, but is still a relabelling.

    References:
        B. McKay, A. Piperno, "Practical graph isomorphism, II", J. Symbolic Computation 60, 2014: refinement,
        individualisation and pruning by automorphisms, here in their simplest form.

    >>> a, b = [[[1, 0], [1, 1]], [[1, 0]]], [[[1, 1], [1, 0]], [[0, 1]]]
    >>> canonical_form(a).topology == canonical_form(b).topology
    True
    """
    topology = as_topology(network)
    search = _Search(topology, require_int("budget", budget, low=1))
    found = search.explore(search.refine(_uncoloured(topology)), depth=0)
    return CanonicalForm(found.form, found.orders, not search.gave_up)


def refined(topology: Topology) -> Colours:
    """The stable colours of a network whose inputs are told apart: equal where refinement cannot separate."""
    return _Search(topology, budget=1).refine(_uncoloured(topology))


class _Leaf(NamedTuple):
    form: Topology
    orders: tuple[NDArray[np.int64], ...]
    first: str  # digest of the form that the first choice at every turn leads to


class _Search:
    """The state of one search: the network as adjacency lists both ways, and what is left of the budget."""

    def __init__(self, topology: Topology, budget: int) -> None:
        self.topology, self.left, self.gave_up = topology, budget, False
        self.ahead, self.back = [], []
        for layer in topology:
            matrix = layer.to_scipy()
            columns = matrix.tocsc()
            self.back.append((matrix.indptr, matrix.indices))
            self.ahead.append((columns.indptr, columns.indices))

    def refine(self, colours: Colours) -> Colours:
        """Split colours by the colours of neighbours until nothing splits."""
        self.left -= 1
        while True:
            tokens = [_scatter(colour, k) for k, colour in enumerate(colours)]
            finer = [colours[0]]
            for k in range(1, len(colours)):
                keys = [colours[k], _sums(*self.back[k - 1], tokens[k - 1])]
                if k < len(self.ahead):
                    keys.append(_sums(*self.ahead[k], tokens[k + 1]))
                finer.append(_ranks(keys))
            if all(new.max() == old.max() for new, old in zip(finer, colours, strict=True)):
                return colours
            colours = tuple(finer)

    def explore(self, colours: Colours, depth: int) -> _Leaf:
        """The least form below these stable colours."""
        choice = self._choices(colours)
        if choice is None:
            return self._leaf(colours)
        layer, neurons = choice
        best = self.explore(self.refine(_single_out(colours, layer, neurons[0])), depth + 1)
        known = {best.first}
        first = best.first
        for neuron in neurons[1:]:
            if self.left <= 0 or depth > 400:
                self.gave_up = True
                break
            apart = self.refine(_single_out(colours, layer, neuron))
            if self._first_leaf(apart) in known:
                continue
            other = self.explore(apart, depth + 1)
            known.add(other.first)
            best = min(best, other, key=lambda leaf: leaf.form.digest())
        return _Leaf(best.form, best.orders, first)

    def _first_leaf(self, colours: Colours) -> str:
        while (choice := self._choices(colours)) is not None:
            colours = self.refine(_single_out(colours, choice[0], choice[1][0]))
        return self._leaf(colours).first

    def _leaf(self, colours: Colours) -> _Leaf:
        orders = tuple(np.argsort(colour, kind="stable") for colour in colours)
        form = relabelled(self.topology, orders)
        return _Leaf(form, orders, form.digest())

    def _choices(self, colours: Colours) -> tuple[int, list[int]] | None:
        """The first colour whose neurons are not all twins: one neuron for each of its sets of twins."""
        for layer, colour in enumerate(colours):
            sizes = np.bincount(colour)
            for shade in np.flatnonzero(sizes > 1):
                twins = {self._neighbours(layer, int(j)): int(j) for j in np.flatnonzero(colour == shade)[::-1]}
                if len(twins) > 1:
                    return layer, sorted(twins.values())
        return None

    def _neighbours(self, layer: int, neuron: int) -> bytes:
        parts = [self.back[layer - 1]] if layer else []
        parts += [self.ahead[layer]] if layer < len(self.ahead) else []
        return b"|".join(indices[starts[neuron] : starts[neuron + 1]].tobytes() for starts, indices in parts)


def _uncoloured(topology: Topology) -> Colours:
    widths = topology.widths
    return (np.arange(widths[0]), *(np.zeros(width, dtype=np.int64) for width in widths[1:]))


def _single_out(colours: Colours, layer: int, neuron: int) -> Colours:
    apart = colours[layer] * 2 + 1
    apart[neuron] -= 1
    return (*colours[:layer], _ranks([apart]), *colours[layer + 1 :])


def _ranks(keys: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Number neurons by their keys, the first key deciding first; equal keys, equal numbers."""
    order = np.lexsort(keys[::-1])
    changes = np.zeros(len(order), dtype=np.int64)
    for key in keys:
        changes[1:] |= key[order][1:] != key[order][:-1]
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.cumsum(changes)
    return ranks


def _scatter(colour: NDArray[np.int64], layer: int) -> NDArray[np.uint64]:
    """A fixed pseudo-random number for each colour (splitmix64), so that sums tell multisets of colours apart.

    Sums that collide (chance about 2**-64 a pair) leave two neurons one colour, which the search then deals with.
    """
    z = colour.astype(np.uint64) + np.uint64((0x9E3779B97F4A7C15 * (layer + 1)) % 2**64)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


def _sums(starts: NDArray[np.int32], indices: NDArray[np.int32], tokens: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Sum of tokens over each list, modulo 2**64."""
    running = np.zeros(len(indices) + 1, dtype=np.uint64)
    np.cumsum(tokens[indices], out=running[1:])
    return (running[starts[1:]] - running[starts[:-1]]).view(np.int64)
