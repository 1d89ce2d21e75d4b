"""Callbacks in their libraries' own data parallelism: two processes have the numbers of one with the joint batch."""

import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.distributed as dist

import gossamer as gs

from .small import RULES, by_hand, sparse

NEEDED = {"lightning": ["lightning"], "transformers": ["transformers", "accelerate"]}
pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.skipif(
        not (dist.is_available() and dist.is_gloo_available()), reason="torch.distributed lacks gloo here"
    ),
]


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def environment(rank):
    """What `torchrun --nproc-per-node 2` tells a process."""
    ranks = {name: str(rank) for name in ("RANK", "LOCAL_RANK", "GROUP_RANK")}
    sizes = dict.fromkeys(("WORLD_SIZE", "LOCAL_WORLD_SIZE"), "2")
    return os.environ | ranks | sizes | {"TORCHELASTIC_RUN_ID": "test", "OMP_NUM_THREADS": "1"}


@pytest.mark.parametrize("library", NEEDED)
def test_two_processes_equal_one(library, tmp_path):
    for name in NEEDED[library]:
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not here: pip install 'gossamer[{library}]'")
    worker, port = Path(__file__).with_name("parallel_worker.py"), str(free_port())
    processes = [
        subprocess.Popen(
            [sys.executable, str(worker), library, str(tmp_path), str(rank)],
            env=environment(rank) | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        for process in processes:
            errors = process.communicate(timeout=300)[1]
            assert process.returncode == 0, errors
    finally:
        for process in processes:
            process.kill()
    expected, _ = by_hand(RULES["rigl"]())
    topology = [layer.topology().digest() for layer in expected.modules() if isinstance(layer, gs.nn.SparseLayer)]
    assert gs.nn.topology_of(expected) != gs.nn.topology_of(sparse())
    for rank in range(2):
        found = torch.load(tmp_path / f"{rank}.pt", weights_only=False)
        assert found["topology"] == topology
        for ours, theirs in zip(found["weights"], expected.parameters(), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)
