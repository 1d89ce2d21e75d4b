"""Networks that were exported, beside the modules that they come from."""

import pytest
import torch
from tests.runtime.junctions import junctions
from torch import nn

import gossamer as gs
from gossamer.runtime import load


@pytest.fixture
def exported(tmp_path):
    """Writes a module and reads it again: the network in its place."""

    def write(module, **options):
        path = tmp_path / "net.gossamer"
        gs.nn.export(module, path, **options)
        return load(path)

    return write


@pytest.fixture
def file(tmp_path):
    """A file of a small network with every kind of array."""
    torch.manual_seed(0)
    layers = [gs.nn.SparseLinear(g, activation=nn.ReLU()) for g in junctions().values()]
    back = [nn.Linear(12, 20), *(gs.nn.SparseLinear(gs.generators.erdos_renyi(12, 20, 50, rng=1)) for _ in layers[1:])]
    model = nn.Sequential(*(each for pair in zip(layers, back, strict=True) for each in pair), nn.LayerNorm(20))
    gs.nn.export(model, tmp_path / "net.gossamer")
    return tmp_path / "net.gossamer"
