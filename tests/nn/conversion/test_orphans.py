"""An optimiser made before the swap is told at its first step; nobody else is."""

import pytest
import torch
from torch import nn
from torch.optim import optimizer as torch_optimizer

import gossamer as gs
from gossamer.nn import sparsify
from gossamer.nn.conversion.orphans import WATCH

TOLD = r"the optimizer, (SGD|AdamW|LBFGS), holds '.*' of the model before sparsify"


@pytest.fixture(autouse=True)
def nothing_is_watched():
    WATCH.forget()
    yield
    WATCH.forget()


def dense():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 6), nn.Tanh(), nn.Linear(6, 3))


def backward(model):
    model(torch.ones(2, 8)).square().sum().backward()


@pytest.mark.parametrize("inplace", [True, False])
@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.AdamW])
def test_it_is_told_at_the_first_step(kind, inplace):
    model = dense()
    optimizer = kind(model.parameters(), lr=0.1)
    sparse = sparsify(model, density=0.5, inplace=inplace)
    optimizer.zero_grad()
    backward(sparse)
    with pytest.raises(ValueError, match=TOLD):
        optimizer.step()
    with pytest.raises(ValueError, match=TOLD):
        optimizer.step()


def test_gradients_that_are_older_than_the_swap_do_not_hide_it():
    model = dense()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    backward(model)
    sparse = sparsify(model, density=0.5, inplace=True)
    backward(sparse)
    with pytest.raises(ValueError, match=TOLD):
        optimizer.step()


def test_a_part_of_the_model_is_enough():
    model = dense()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    sparsify(model, density=0.5, include="0", inplace=True)
    backward(model)
    with pytest.raises(ValueError, match=r"holds '0\.weight'"):
        optimizer.step()


def test_a_step_that_calls_for_its_gradients_is_told_too():
    model = dense()
    optimizer = torch.optim.LBFGS(model.parameters())
    sparse = sparsify(model, density=0.5, inplace=True)

    def closure():
        loss = sparse(torch.ones(2, 8)).square().sum()
        loss.backward()
        return loss

    with pytest.raises(ValueError, match=TOLD):
        optimizer.step(closure)


def test_a_packed_attention_has_other_parameters_after_it():
    model = nn.MultiheadAttention(8, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    sparse = sparsify(nn.ModuleDict({"attention": model}), density=0.5, inplace=True)["attention"]
    x = torch.ones(3, 1, 8)
    sparse(x, x, x)[0].sum().backward()
    with pytest.raises(ValueError, match=r"holds 'attention\.in_proj_weight'"):
        optimizer.step()


@pytest.mark.parametrize("inplace", [True, False])
def test_one_that_was_made_after_it_trains(inplace):
    sparse = sparsify(dense(), density=0.5, inplace=inplace)
    optimizer = torch.optim.SGD(sparse.parameters(), lr=0.1)
    before = sparse[0].weight.detach().clone()
    backward(sparse)
    optimizer.step()
    assert not torch.equal(sparse[0].weight, before)
    assert not torch_optimizer._global_optimizer_post_hooks


def test_whoever_trains_the_dense_model_on_may():
    model = dense()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    sparse = sparsify(model, density=0.5)
    backward(model)
    optimizer.step()
    assert not torch_optimizer._global_optimizer_post_hooks
    assert sparse[0].weight.grad is None


def test_a_layer_of_two_models_that_is_made_sparse_in_one_may_be_trained_in_the_other():
    shared = nn.Linear(8, 6)
    one, other = nn.Sequential(shared, nn.Linear(6, 3)), nn.Sequential(shared, nn.Linear(6, 2))
    optimizer = torch.optim.SGD(other.parameters(), lr=0.1)
    kept = sparsify(one, density=0.5, inplace=True)
    backward(other)
    optimizer.step()
    assert isinstance(kept[0], gs.nn.SparseLinear)


def test_other_models_and_steps_in_one_call_do_not_mind():
    before = dense()
    kept = sparsify(before, density=0.5)  # whose optimiser may still come
    model = gs.nn.mlp(gs.Topology([gs.generators.dense(8, 16), gs.generators.dense(16, 3)]))
    step = gs.nn.TrainingStep(model, torch.optim.SGD(model.parameters(), lr=0.1), nn.functional.cross_entropy)
    x, y = torch.randn(4, 8), torch.randint(3, (4,))
    for _ in range(3):
        step(x, y)
    assert torch_optimizer._global_optimizer_post_hooks
    assert step._ready(x, y) is not None  # in one call
    del kept
    torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1).step()
    assert not torch_optimizer._global_optimizer_post_hooks  # a model that is gone is forgotten


def test_a_model_that_had_nothing_to_swap_is_not_looked_for():
    model = nn.Sequential(nn.Embedding(4, 3))
    with pytest.warns(gs.errors.SparsifyWarning):
        sparsify(model, density=0.5, inplace=True)
    assert not torch_optimizer._global_optimizer_post_hooks
