"""Data-parallel training: two processes over gloo equal one process with the joint batch."""

import socket

import numpy as np
import pytest
import torch
import torch.multiprocessing

import gossamer as gs


def make():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    first = gs.Bipartite.from_mask(rng.random((20, 12)) < 0.3)
    return gs.nn.mlp(gs.Topology([first, gs.Rotated([0, 1, 3], in_features=20, out_features=5)]))


def batch():
    torch.manual_seed(1)
    return torch.randn(8, 12), torch.randn(8, 5)


def train(model, x, y):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(3):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()


def worker(rank, port, path):
    torch.distributed.init_process_group("gloo", f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    model = torch.nn.parallel.DistributedDataParallel(make())
    x, y = batch()
    train(model, x[rank::2], y[rank::2])
    torch.save(model.module.state_dict(), f"{path}/{rank}.pt")
    torch.distributed.destroy_process_group()


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="this PyTorch has no gloo")
def test_two_processes_equal_one(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    torch.multiprocessing.spawn(worker, (port, str(tmp_path)), nprocs=2)
    alone = make()
    train(alone, *batch())
    for rank in range(2):
        state = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        for name, value in alone.state_dict().items():
            torch.testing.assert_close(state[name], value)
