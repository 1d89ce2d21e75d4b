"""One of the two processes of test_parallel.py."""

import importlib.util
import os
import sys
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from gossamer import rewiring as rw
from gossamer.errors import RewiringError

spec = importlib.util.spec_from_file_location("families", Path(__file__).with_name("families.py"))
families = importlib.util.module_from_spec(spec)
spec.loader.exec_module(families)

WRAPPED = {"rigl": lambda: rw.rigl(every=2, until=20), "chts": lambda: rw.chts(every=2, until=20)}
AVERAGED = {
    "averaged": lambda: rw.rigl(every=2, until=20),
    "averaged and resized": lambda: rw.gradual_magnitude(0.5, 0.9, every=2, until=6),
}


def step(model, optimizer, rewirer, number, rank):
    x, y = families.batch(number)
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(model(x.chunk(2)[rank]), y.chunk(2)[rank]).backward()
    if not isinstance(model, DistributedDataParallel):
        rw.average_gradients(model)
    optimizer.step()
    return rewirer.step()


def train(rule, rank, wrap=True):
    model = families.network()
    wrapped = DistributedDataParallel(model) if wrap else model
    optimizer = families.OPTIMIZERS["sgd"](model.parameters())
    rewirer = rw.Rewirer(model, optimizer, rule, rng=np.random.default_rng(rank))  # rank 0's counts
    for number in range(6):
        step(wrapped, optimizer, rewirer, number, rank)
    layers = families.sparse_layers(model).values()
    assert all(layer.weight.grad.shape == layer.weight.shape for layer in layers)
    return {
        "topology": [layer.topology().digest() for layer in layers],
        "weights": [parameter.detach() for parameter in model.parameters()],
        "rng": rewirer.state_dict()["rng"],
    }


def complaint(model, rank, rule=None, freeze=False):
    optimizer = families.OPTIMIZERS["sgd"](model.parameters())
    rewirer = rw.Rewirer(model, optimizer, rule or rw.sparse_evolutionary(every=1), rng=np.random.default_rng(0))
    if freeze and rank == 1:
        families.sparse_layers(model)[next(iter(families.sparse_layers(model)))].weight.requires_grad_(False)
    before = families.fingerprint(model, optimizer)
    try:
        rewirer.step()
    except RewiringError as error:
        assert families.fingerprint(model, optimizer) == before
        return str(error)
    raise AssertionError("no error")


if __name__ == "__main__":
    folder, rank = Path(sys.argv[1]), int(sys.argv[2])
    dist.init_process_group("gloo")
    results = {name: train(make(), rank) for name, make in WRAPPED.items()}
    results |= {name: train(make(), rank, wrap=False) for name, make in AVERAGED.items()}
    results["disagreement"] = complaint(families.network(seed=rank), rank)
    results["frozen"] = complaint(families.network(), rank, freeze=True)
    gradual = rw.gradual_magnitude(0.7, 0.9, every=1, until=2)
    results["resized"] = complaint(DistributedDataParallel(families.network()), rank, gradual)
    torch.save(results, folder / f"{rank}.pt")
    dist.destroy_process_group()
    os._exit(0)  # all is saved; PyTorch's threads may outlive what they use while an interpreter ends, and abort then
