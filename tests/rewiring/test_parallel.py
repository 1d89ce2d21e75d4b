"""Two processes on this machine: one topology, and the numbers of one process with the joint batch."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist

from gossamer import rewiring as rw

from .families import OPTIMIZERS, batch, network, sparse_layers

RULES = {
    "rigl": lambda: rw.rigl(every=2, until=20),
    "chts": lambda: rw.chts(every=2, until=20),
    "averaged": lambda: rw.rigl(every=2, until=20),
    "averaged and resized": lambda: rw.gradual_magnitude(0.5, 0.9, every=2, until=6),
}


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


@pytest.mark.skipif(not (dist.is_available() and dist.is_gloo_available()), reason="torch.distributed lacks gloo here")
def test_two_processes_equal_one_with_the_joint_batch(tmp_path):
    worker = Path(__file__).with_name("parallel_worker.py")
    environment = os.environ | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", str(worker), str(tmp_path), str(rank)],
            env=environment | {"RANK": str(rank), "WORLD_SIZE": "2"},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    for process in processes:
        errors = process.communicate(timeout=120)[1]
        assert process.returncode == 0, errors
    results = [torch.load(tmp_path / f"{rank}.pt", weights_only=False) for rank in range(2)]
    for name, make in RULES.items():
        expected_topology, expected_weights = alone(make)
        for result in results:
            assert result[name]["topology"] == expected_topology
            torch.testing.assert_close(result[name]["weights"], expected_weights, rtol=1e-4, atol=1e-5)
        assert results[0][name]["rng"] == results[1][name]["rng"]
    assert len(results[0]["averaged and resized"]["weights"][0]) < len(next(network().parameters()))
    assert results[0]["disagreement"] == results[1]["disagreement"]
    assert "the ranks disagree about the topology (rank 0: " in results[0]["disagreement"]
    assert results[0]["frozen"] == results[1]["frozen"]
    assert results[0]["frozen"].startswith("rank 1: the weight of layer '0' is frozen")
    assert "wrapped in DistributedDataParallel" in results[0]["resized"]


def alone(make):
    torch.set_num_threads(1)
    model = network()
    optimizer = OPTIMIZERS["sgd"](model.parameters())
    rewirer = rw.Rewirer(model, optimizer, make(), rng=np.random.default_rng(0))
    for number in range(6):
        x, y = batch(number)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        rewirer.step()
    topology = [layer.topology().digest() for layer in sparse_layers(model).values()]
    return topology, [parameter.detach() for parameter in model.parameters()]
