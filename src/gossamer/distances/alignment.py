"""Search for the relabelling of a whole network that lays it best over another."""

from __future__ import annotations

import math
from typing import final

import numpy as np
from numpy.typing import NDArray

from gossamer.distances import kernels
from gossamer.distances.edges import edge_keys
from gossamer.distances.neurons import NeuronSets
from gossamer.distances.overlap import JaccardCosts
from gossamer.topology import Topology

Orders = list[NDArray[np.int64]]
"""For each layer of neurons, the partner in the second network of each neuron of the first, inputs first."""

_TIE = 1e-6
_LEAST_GAIN = 1e-12


@final
class Alignment:
    """Two networks of equal widths, and the sum of Jaccard distances under an order of the second's neurons."""

    def __init__(self, first: Topology, second: Topology) -> None:
        self.first = [layer.to_scipy() for layer in first]
        self.second = [layer.to_scipy() for layer in second]
        self.fan_in = [(g.fan_in.astype(float), h.fan_in.astype(float)) for g, h in zip(first, second, strict=True)]
        self.fan_out = [(g.fan_out.astype(float), h.fan_out.astype(float)) for g, h in zip(first, second, strict=True)]
        self.sets = [[NeuronSets.of(layer) for layer in network] for network in (first, second)]
        self.edges = [layer.edges() for layer in first]
        self.keys = [edge_keys(layer) for layer in second]
        self.widths = first.widths

    def search(self, sweeps: int) -> Orders:
        """Match layer by layer, then improve one layer at a time until nothing does, or `sweeps` times at most."""
        orders = self._forward()
        for _ in range(sweeps):
            before = self.total(orders)
            for layer in (*range(1, len(self.widths)), *range(len(self.widths) - 2, 0, -1)):
                orders = self._improved(orders, layer)
            if self.total(orders) > before - _LEAST_GAIN:
                break
        return orders

    def per_layer(self, orders: Orders) -> tuple[float, ...]:
        """Mean distance of matched neurons of each junction; sums are exactly rounded, so that no order matters."""
        return tuple(math.fsum(self._pair_costs(orders, k)) / self.widths[k + 1] for k in range(len(self.first)))

    def total(self, orders: Orders) -> float:
        """Sum of `per_layer`."""
        return math.fsum(self.per_layer(orders))

    def lower_bounds(self) -> NDArray[np.float64]:
        """No order gives less: the exact minimum for the first junction, what fan-ins force for the others, (L,)."""
        bounds = []
        for k, (mine, theirs) in enumerate(self.fan_in):
            if k == 0:
                costs = self._costs(np.arange(self.widths[0]), 0)
            else:
                costs = kernels.jaccard(np.minimum.outer(mine, theirs), mine[:, None], theirs[None])
            match = kernels.assign_dense(costs)
            bounds.append(math.fsum(costs[np.arange(len(match)), match]) / len(match))
        return np.array(bounds)

    def _forward(self) -> Orders:
        orders = [np.arange(self.widths[0])]
        for k in range(len(self.first)):
            costs = self._costs(orders[-1], k)
            if k + 1 < len(self.first):
                mine, theirs = self.fan_out[k + 1]
                costs += _TIE * np.abs(mine[:, None] - theirs) / self.widths[k + 2]
            orders.append(kernels.assign_dense(costs))
        return orders

    def _improved(self, orders: Orders, layer: int) -> Orders:
        """Match one layer anew, all others held; the same orders if that does not help.

        The distance of a neuron falls convexly in its overlap, so its tangent at the present overlap bounds from
        below what the layer's outgoing edges gain: what the tangents gain is gained.
        """
        gain = (1.0 - self._costs(orders[layer - 1], layer - 1)) / self.widths[layer]
        if layer < len(self.first):
            partners = self.second[layer][orders[layer + 1]]
            slopes = self._slopes(orders, layer)[:, None] / self.widths[layer + 1]
            gain += (self.first[layer].multiply(slopes).tocsr().T @ partners).toarray()
        changed = [*orders[:layer], kernels.assign_dense(gain.max() - gain), *orders[layer + 1 :]]
        return changed if self.total(changed) < self.total(orders) - _LEAST_GAIN else orders

    def _slopes(self, orders: Orders, k: int) -> NDArray[np.float64]:
        """Derivative of the similarity I / (A + B - I) of each matched pair by its overlap I, (O,)."""
        sizes = self.fan_in[k][0] + self.fan_in[k][1][orders[k + 1]]
        unions = sizes - self._pair_overlaps(orders, k)
        slopes: NDArray[np.float64] = np.divide(sizes, unions**2, out=np.zeros_like(sizes), where=unions > 0)
        return slopes

    def _costs(self, before: NDArray[np.int64], k: int) -> NDArray[np.float64]:
        return JaccardCosts(self.sets[0][k], self.sets[1][k].with_inputs(before)).dense()

    def _pair_overlaps(self, orders: Orders, k: int) -> NDArray[np.float64]:
        inputs, outputs = self.edges[k]
        wanted = orders[k + 1][outputs] * self.widths[k] + orders[k][inputs]
        found = np.searchsorted(self.keys[k], wanted)
        there = self.keys[k][np.minimum(found, len(self.keys[k]) - 1)] == wanted if len(self.keys[k]) else found < 0
        return np.bincount(outputs[there], minlength=self.widths[k + 1]).astype(np.float64)

    def _pair_costs(self, orders: Orders, k: int) -> NDArray[np.float64]:
        theirs = self.fan_in[k][1][orders[k + 1]]
        return kernels.jaccard(self._pair_overlaps(orders, k), self.fan_in[k][0], theirs)
