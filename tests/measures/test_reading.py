"""Measures take whatever a junction or a network can be made of, and say how to make one of anything else."""

import inspect

import networkx
import numpy as np
import pytest
import torch

import gossamer as gs

G = gs.generators.regular_random(8, 6, 3, rng=0)
T = gs.generators.layered((8, 6, 4), gs.generators.regular_random, (3, 2), rng=0)
GIVEN = {
    "mask": G.to_mask(),
    "numbers": G.to_mask().astype(float),
    "tensor": torch.tensor(G.to_mask()),
    "scipy": G.to_scipy(weights=np.arange(24.0)),
    "bipartite graph": G.to_networkx(),
    "layered graph": gs.Topology([G]).to_networkx(weights=[np.arange(24.0)]),
    "undirected graph": networkx.Graph(gs.Topology([G]).to_networkx()),
    "layer": gs.nn.SparseLinear(G),
}
NEEDED = {
    "weights": np.linspace(0.5, 2, 24),
    "labels": np.arange(14) % 2,
    "inputs": np.arange(8) < 4,
    "outputs": np.arange(6) < 3,
}


def measures():
    for name in gs.measures.__all__:
        function = getattr(gs.measures, name)
        if inspect.isfunction(function) and next(iter(inspect.signature(function).parameters), None) == "g":
            yield function


def answers(function, g):
    parameters = inspect.signature(function).parameters.values()
    needed = [each.name for each in parameters if each.default is each.empty and each.name != "g"]
    return repr(function(g, **{name: NEEDED[name] for name in needed}))


@pytest.mark.filterwarnings("ignore::gossamer.errors.TopologyWarning")
@pytest.mark.parametrize("function", list(measures()), ids=lambda function: function.__name__)
def test_every_measure_reads_it(function):
    wanted = answers(function, G)
    for given in GIVEN.values():
        assert answers(function, given) == wanted


def test_whole_networks_are_read():
    connectivity = gs.measures.algebraic_connectivity
    masks = [layer.to_mask() for layer in T]
    for given in (T.to_networkx(), masks, gs.nn.mlp(T), [layer.to_scipy() for layer in T]):
        assert connectivity(given) == connectivity(T)
    assert gs.measures.effective_paths(T.to_networkx()) == gs.measures.effective_paths(T)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (5, "g is int, not a junction or a topology"),
        (np.ones(3), r"mask has shape \(\)"),
        ("fibonacci", "g is str, not a junction or a topology"),
    ],
)
def test_anything_else_is_told_how_to_become_one(given, message):
    with pytest.raises((TypeError, ValueError), match=message):
        gs.measures.components(given)
