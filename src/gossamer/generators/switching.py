"""Edge switches: (a, b), (c, d) become (a, d), (c, b). They move edges and change no degree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import ConvergenceError, Rng, require_int, require_rng
from gossamer.generators.subsets import by_output, contains
from gossamer.topology import Bipartite, Junction

_PATIENCE = 200


def switched(junction: Junction, rounds: int, *, rng: Rng) -> Bipartite:
    """Rewire a junction at random, keeping the degree of every input and output.

    In each round a random number of random pairs of edges, up to all, are switched where that makes no edge twice:
    the null model for a measure that should see more than degrees. In the limit all junctions with these degrees are
    equally likely; some tens of rounds forget most starts.

    Args:
        junction: what to rewire.
        rounds: how often; 0 changes nothing.
        rng: source of randomness.

    References:
        Maslov, Sneppen, "Specificity and stability in topology of protein networks", Science 2002, in bulk.

    >>> from gossamer.generators import fibonacci
    >>> g = fibonacci(20, 20, 4)
    >>> h = switched(g, 10, rng=np.random.default_rng(0))
    >>> bool((h.fan_in == g.fan_in).all() and (h.fan_out == g.fan_out).all()), h == g
    (True, False)
    """
    require_int("rounds", rounds, low=0)
    rng = require_rng(rng)
    inputs, outputs = (end.astype(np.int64) for end in junction.edges())
    for _ in range(rounds):
        order = rng.permutation(len(inputs))
        some = rng.integers(len(order) // 2 + 1)  # where edges are dense, few pairs get in each other's way less
        first, second = order[:some], order[some : 2 * some]
        _switch_where_simple(inputs, outputs, first, second, keys=outputs * junction.in_features + inputs)
    return joined(inputs, outputs, junction.in_features, junction.out_features)


def joined(inputs: NDArray[np.int64], outputs: NDArray[np.int64], in_features: int, out_features: int) -> Bipartite:
    """Junction of distinct edges in any order."""
    keys = outputs * in_features + inputs
    keys.sort()
    return by_output(keys, in_features, out_features)


def has_simple_graph(fan_out: NDArray[np.int64], fan_in: NDArray[np.int64]) -> bool:
    """Whether some junction has these degrees (Gale and Ryser): sum of the k largest fan-outs <= sum of min(fan_in, k).

    Args:
        fan_out: edges of each input, shape (I,).
        fan_in: edges of each output, shape (O,), of the same sum.

    References:
        Gale, "A theorem on flows in networks", Pacific Journal of Mathematics 7, 1957; Ryser, "Combinatorial properties
        of matrices of zeros and ones", Canadian Journal of Mathematics 9, 1957.

    >>> has_simple_graph(np.array([2, 1]), np.array([2, 1])), has_simple_graph(np.array([3]), np.array([3]))
    (True, False)
    """
    demanded = np.cumsum(np.sort(fan_out)[::-1])
    at_least = np.cumsum(np.bincount(fan_in, minlength=len(fan_out) + 1)[::-1])[::-1]  # outputs of fan-in >= k
    offered = np.cumsum(at_least[1 : len(fan_out) + 1])
    return bool((demanded <= offered).all())


def make_simple(
    inputs: NDArray[np.int64], outputs: NDArray[np.int64], *, in_features: int, rng: np.random.Generator
) -> None:
    """Switch, in place, every edge that is there twice with a random other one, until none is.

    Raises:
        ConvergenceError: no simple graph was found; none may exist with these degrees.
    """
    fewest, rounds_left = len(inputs) + 1, _PATIENCE
    while (surplus := _surplus(keys := outputs * in_features + inputs)).size:
        fewest, rounds_left = (len(surplus), _PATIENCE) if len(surplus) < fewest else (fewest, rounds_left - 1)
        if not rounds_left:
            raise ConvergenceError(f"{fewest} of {len(inputs)} edges are there twice, after {_PATIENCE} vain rounds.")
        partners = rng.integers(len(inputs), size=len(surplus))
        pairs = _disjoint(surplus, partners)
        _switch_where_simple(inputs, outputs, surplus[pairs], partners[pairs], keys=keys)


def _switch_where_simple(
    inputs: NDArray[np.int64],
    outputs: NDArray[np.int64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    *,
    keys: NDArray[np.int64],
) -> None:
    """Switch, in place, the edges `first[p]` and `second[p]` of every pair p that leaves the graph simple.

    The pairs must not share an edge. A pair waits when another one would make the same edge or one that this pair
    gives up: then the way back is as likely as the way there, and random pairs reach all graphs equally often.
    """
    old = np.stack([keys[first], keys[second]])
    new = old + np.stack([inputs[second] - inputs[first], inputs[first] - inputs[second]])  # inputs change places
    wanted = np.sort(new, axis=None)
    wanted_twice = wanted[1:][wanted[1:] == wanted[:-1]]
    taken = np.sort(keys[_places(wanted, keys)])
    bad = contains(wanted_twice, new) | contains(wanted, old) | contains(taken, new)
    good = ~bad.any(axis=0)
    first, second = first[good], second[good]
    outputs[first], outputs[second] = outputs[second], outputs[first]


def _places(few: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where `keys` has members of `few` (ascending). Their last bits sort out most of the others at once."""
    bits = np.zeros(1 << 16, dtype=np.bool_)
    bits[few & 0xFFFF] = True
    likely = np.flatnonzero(bits[keys & 0xFFFF])
    return likely[contains(few, keys[likely])]


def _surplus(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions of all but the first of equal keys."""
    ascending = np.sort(keys)
    twice = np.unique(ascending[1:][ascending[1:] == ascending[:-1]])
    if not twice.size:
        return np.empty(0, dtype=np.int64)
    places = _places(twice, keys)
    places = places[np.argsort(keys[places], kind="stable")]
    again = np.zeros(len(places), dtype=np.bool_)
    np.equal(keys[places[1:]], keys[places[:-1]], out=again[1:])
    return places[again]


def _disjoint(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pairs whose edges no other pair has."""
    _, place, count = np.unique(np.concatenate([first, second]), return_inverse=True, return_counts=True)
    alone = count[place] == 1
    return np.flatnonzero(alone[: len(first)] & alone[len(first) :])
