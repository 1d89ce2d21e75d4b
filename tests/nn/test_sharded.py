"""FSDP2 and distributed checkpoints: two processes over gloo equal one, and what they write loads into one."""

import socket

import pytest
import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
import torch.multiprocessing
from torch import nn
from torch.distributed.checkpoint.format_utils import dcp_to_torch_save
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_state_dict,
    set_model_state_dict,
    set_state_dict,
)

import gossamer as gs
from gossamer import rewiring as rw
from gossamer.errors import RewiringError

pytestmark = [
    pytest.mark.skipif(not (dist.is_available() and dist.is_gloo_available()), reason="this PyTorch has no gloo"),
    pytest.mark.filterwarnings("ignore::UserWarning"),  # of distributed checkpoints, in one process
]
STEPS = 5


def perceptron(seed=0):
    torch.manual_seed(seed)
    first = gs.generators.erdos_renyi(12, 21, 67, rng=seed)
    return gs.nn.mlp(gs.Topology([first, gs.generators.erdos_renyi(21, 5, 31, rng=seed + 1)]), nn.GELU)


def convolutional():
    torch.manual_seed(0)
    return gs.nn.sparsify(nn.Sequential(nn.Conv1d(3, 5, 3), nn.ReLU(), nn.Flatten(), nn.Linear(10, 5)), density=0.3)


MODELS = {"perceptron": perceptron, "convolutional": convolutional}


def batch(number):
    generator = torch.Generator().manual_seed(number)
    return torch.randn(8, 12, generator=generator), torch.randn(8, 5, generator=generator)


def train(model, optimizer, *, rewirer=None, rows=slice(None), start=0):
    for number in range(start, start + STEPS):
        x, y = (each[rows] for each in batch(number))
        optimizer.zero_grad()
        shaped = x.unflatten(1, (3, 4)) if any(isinstance(m, gs.nn.SparseConv1d) for m in model.modules()) else x
        nn.functional.mse_loss(model(shaped), y).backward()
        optimizer.step()
        if rewirer is not None:
            rewirer.step()


def adam(model):
    return torch.optim.AdamW(model.parameters(), lr=0.02)


def rigl(model, optimizer):
    return rw.Rewirer(model, optimizer, rw.rigl(fraction=0.4, every=2, until=50), rng=3)


def sharded(make, *, each=True):
    from torch.distributed.fsdp import fully_shard

    model = make()
    for layer in model if each else []:
        if list(layer.parameters()):
            fully_shard(layer)
    fully_shard(model)
    return model


def full(model):
    return get_model_state_dict(model, options=StateDictOptions(full_state_dict=True))


def refusals(rank):
    """What is refused, in words, on both ranks."""
    model = sharded(perceptron)
    grow = rw.Rewirer(model, adam(model), rw.gradual_magnitude(0.5, 0.9, every=1, until=2), rng=0)
    yield RewiringError, grow.step
    other = gs.nn.mlp(gs.Topology([gs.generators.erdos_renyi(12, 21, 60, rng=0), model[1].topology()]), nn.GELU)
    yield ValueError, lambda: model.load_state_dict(other.state_dict())
    yield TypeError, lambda: gs.nn.densify(model)
    yield TypeError, lambda: gs.nn.sparsify(model, density=0.1)


def worker(rank, port, folder):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    rows, found = slice(rank, None, 2), {}
    for name, make in MODELS.items():
        model = sharded(make, each=name == "perceptron")
        optimizer = adam(model)
        train(model, optimizer, rows=rows)
        found[name] = full(model)
    model = sharded(perceptron)
    optimizer = adam(model)
    train(model, optimizer, rewirer=rigl(model, optimizer), rows=rows)
    found["rewired"] = full(model)
    states = dict(zip(("model", "optimizer"), get_state_dict(model, optimizer), strict=True))
    dcp.save(states, checkpoint_id=f"{folder}/checkpoint")
    train(model, optimizer, rows=rows, start=STEPS)
    found["went on"] = full(model)

    other = sharded(lambda: perceptron(seed=9))  # another topology of as many edges takes on that of the checkpoint
    its = adam(other)
    states = dict(zip(("model", "optimizer"), get_state_dict(other, its), strict=True))
    dcp.load(states, checkpoint_id=f"{folder}/checkpoint")
    set_state_dict(other, its, model_state_dict=states["model"], optim_state_dict=states["optimizer"])
    train(other, its, rows=rows, start=STEPS)
    found["loaded"] = full(other)

    empty = sharded(lambda: perceptron().to("meta"))
    empty.to_empty(device="cpu")
    torch.manual_seed(4)
    for layer in empty:
        layer.reset_parameters()
    found["drawn"] = full(empty)
    everywhere = StateDictOptions(full_state_dict=True, broadcast_from_rank0=True)
    set_model_state_dict(empty, perceptron().state_dict() if rank == 0 else {}, options=everywhere)
    found["broadcast"] = full(empty)

    found["refused"] = []
    for kind, call in refusals(rank):
        with pytest.raises(kind) as told:
            call()
        found["refused"].append(str(told.value))
    if rank == 0:
        torch.save(found, f"{folder}/found.pt")
    dist.barrier()  # neither rank closes connections that the other one still reads
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("sharded")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    torch.multiprocessing.spawn(worker, (port, str(path)), nprocs=2)
    return path


@pytest.fixture
def found(folder):
    return torch.load(folder / "found.pt", weights_only=True)


def assert_same(state, model):
    for name, value in model.state_dict().items():
        torch.testing.assert_close(state[name], value, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_two_processes_equal_one(name, found):
    model = MODELS[name]()
    train(model, adam(model))
    assert_same(found[name], model)


def test_edges_move_as_in_one_process(found):
    model = perceptron()
    optimizer = adam(model)
    train(model, optimizer, rewirer=rigl(model, optimizer))
    assert gs.nn.topology_of(model) != gs.nn.topology_of(perceptron())
    assert_same(found["rewired"], model)


def test_a_checkpoint_of_two_ranks_loads_into_two_of_another_topology(found):
    for name, value in found["went on"].items():
        torch.testing.assert_close(found["loaded"][name], value)


def test_a_checkpoint_of_two_ranks_loads_into_one_process(folder, found):
    model = perceptron(seed=9)
    optimizer = adam(model)
    states = dict(zip(("model", "optimizer"), get_state_dict(model, optimizer), strict=True))
    dcp.load(states, checkpoint_id=folder / "checkpoint")
    set_state_dict(model, optimizer, model_state_dict=states["model"], optim_state_dict=states["optimizer"])
    assert_same(found["rewired"], model)
    train(model, optimizer, start=STEPS)
    assert_same(found["went on"], model)


def test_a_checkpoint_loads_into_a_model_of_another_number_of_edges(folder, found):
    full_graph = gs.Topology([gs.generators.dense(12, 21), gs.generators.dense(21, 5)])
    model = gs.nn.mlp(full_graph, nn.GELU)
    states = {"model": model.state_dict()}
    with pytest.raises(dcp.CheckpointException, match="Size mismatch"):
        dcp.load(states, checkpoint_id=folder / "checkpoint")
    dcp_to_torch_save(folder / "checkpoint", folder / "whole.pt")
    model.load_state_dict(torch.load(folder / "whole.pt", weights_only=True)["model"])
    assert_same(found["rewired"], model)


def test_shards_are_drawn_as_one_process_draws(found):
    model = perceptron()
    torch.manual_seed(4)
    for layer in model:
        layer.reset_parameters()
    assert_same(found["drawn"], model)
    assert_same(found["broadcast"], perceptron())


def test_what_cannot_be_is_refused_in_words(found):
    resized, other, densified, sparsified = found["refused"]
    assert "wrapped in DistributedDataParallel or fully_shard, and would go from 67 to" in resized
    assert "is sharded for 67 edges, and the junction has 60" in other
    assert densified == sparsified
    assert "'0.weight' is sharded by fully_shard, which must come last" in densified
