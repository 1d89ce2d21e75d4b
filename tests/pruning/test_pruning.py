"""Pruning at initialisation against definitions read naively."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

import gossamer as gs
from gossamer import pruning
from gossamer.errors import InfeasibleTopologyError, InvalidTopologyError, TopologyWarning
from gossamer.generators import budgets

WIDTHS = (12, 16, 10, 5)
PLACES = 12 * 16 + 16 * 10 + 10 * 5


def dense(seed=0, widths=WIDTHS):
    torch.manual_seed(seed)
    layers = []
    for number, (I, O) in enumerate(itertools.pairwise(widths)):
        layers += [nn.ReLU()] * (number > 0) + [nn.Linear(I, O)]
    return nn.Sequential(*layers)


def data(B=32):
    generator = torch.Generator().manual_seed(3)
    return torch.randn(B, WIDTHS[0], generator=generator), torch.randint(0, 5, (B,), generator=generator)


LOSS = nn.functional.cross_entropy
RNG = lambda: np.random.default_rng(0)  # noqa: E731
CRITERIA = {
    "magnitude": lambda model, d: pruning.magnitude(model, density=d),
    "snip": lambda model, d: pruning.snip(model, *data(), LOSS, density=d),
    "grasp": lambda model, d: pruning.grasp(model, *data(), LOSS, density=d),
    "synflow": lambda model, d: pruning.synflow(model, density=d),
    "phew": lambda model, d: pruning.phew(model, density=d, rng=RNG()),
    "random": lambda model, d: pruning.random(WIDTHS, density=d, rng=RNG()),
    "random_uniform": lambda model, d: pruning.random(WIDTHS, density=d, budget=budgets.uniform, rng=RNG()),
    "random_er": lambda model, d: pruning.random(WIDTHS, density=d, budget=budgets.erdos_renyi, rng=RNG()),
    "node_path_balance": lambda model, d: pruning.node_path_balance(WIDTHS, density=d, rng=RNG()),
}


@pytest.mark.filterwarnings("ignore::gossamer.errors.TopologyWarning")
@pytest.mark.parametrize("density", [0.15, 0.4, 1.0])
@pytest.mark.parametrize("criterion", CRITERIA)
def test_every_criterion_spends_its_budget_exactly_and_leaves_the_model_alone(criterion, density):
    model = dense()
    model[0].weight.grad = torch.ones_like(model[0].weight)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    topology = CRITERIA[criterion](model, density)
    assert topology.widths == WIDTHS
    assert topology.num_edges == round(density * PLACES)
    assert topology == CRITERIA[criterion](model, density)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert torch.equal(model[0].weight.grad, torch.ones_like(model[0].weight))
    assert model[2].weight.grad is None


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("density", [-0.1, 1.5, float("nan")])
def test_densities_outside_the_unit_interval(criterion, density):
    with pytest.raises(ValueError, match="density"):
        CRITERIA[criterion](dense(), density)


def test_snip_scores_are_the_first_order_change_of_the_loss():
    model = dense().double()
    x, y = data()
    scores = pruning.snip_scores(model, x.double(), y, LOSS)
    step = 1e-6
    with torch.no_grad():
        base = LOSS(model(x.double()), y)
        for j, i in ((0, 0), (3, 7), (9, 15)):
            weight = model[2].weight
            kept = weight[j, i].item()
            weight[j, i] = kept * (1 - step)
            change = (LOSS(model(x.double()), y) - base).abs() / step
            weight[j, i] = kept
            assert scores["2"][j, i].item() == pytest.approx(change.item(), rel=1e-3, abs=1e-8)


def test_grasp_scores_are_the_first_order_change_of_the_gradient_norm():
    """Half the squared norm of the gradient, g.g / 2, has the derivative Hg."""
    model = dense().double()
    x, y = data()
    scores = pruning.grasp_scores(model, x.double(), y, LOSS, temperature=1.0)
    step = 1e-5

    def half_norm():
        weights = [layer.weight for layer in model if isinstance(layer, nn.Linear)]
        gradients = torch.autograd.grad(LOSS(model(x.double()), y), weights)
        return sum((g * g).sum() for g in gradients).item() / 2

    weight = model[2].weight
    for j, i in ((0, 0), (3, 7)):
        kept, sides = weight[j, i].item(), []
        for sign in (1, -1):
            weight.data[j, i] = kept * (1 + sign * step)
            sides.append(half_norm())
        weight.data[j, i] = kept
        assert scores["2"][j, i].item() == pytest.approx((sides[0] - sides[1]) / (2 * step), rel=1e-3, abs=1e-9)


def test_synflow_scores_are_the_flow_through_each_edge():
    """Without biases the score of an edge is the sum over all paths through it of the product of |w|."""
    model = nn.Sequential(nn.Linear(3, 4, bias=False), nn.ReLU(), nn.Linear(4, 2, bias=False))
    scores = pruning.synflow_scores(model, torch.ones(1, 3), {})
    first, second = (model[n].weight.detach().double().abs() for n in (0, 2))
    torch.testing.assert_close(scores["0"], first * second.sum(0)[:, None])
    torch.testing.assert_close(scores["2"], second * first.sum(1)[None, :])
    assert scores["0"].sum().item() == pytest.approx(scores["2"].sum().item())  # flow is conserved


def test_synflow_prunes_deep_networks_without_collapse_where_one_shot_magnitude_collapses():
    model = dense(widths=(12, *[16] * 12, 4))
    with torch.no_grad():
        model[2].weight.mul_(1e-4)
    with pytest.raises(InfeasibleTopologyError, match="layer collapse: with 150 edges in all, '2' would have none"):
        pruning.magnitude(model, density=150 / sum(p.numel() for p in model.parameters() if p.dim() == 2))
    with pytest.warns(TopologyWarning, match="outputs have no input"):
        topology = pruning.synflow(model, density=0.04)
    assert min(layer.num_edges for layer in topology) >= 1


def test_phew_edges_lie_on_paths_and_prefer_large_weights():
    model = dense()
    topology = pruning.phew(model, density=0.3, rng=RNG())
    for before, after in zip(topology.layers, topology.layers[1:], strict=False):
        broken = ((before.fan_in > 0) != (after.fan_out > 0)).sum()
        assert broken <= 1  # where the last walk was cut
    weight = model[0].weight.detach().abs().numpy()
    mask = topology[0].to_mask()
    assert weight[mask].mean() > 1.2 * weight[~mask].mean()


def test_phew_names_what_it_cannot_do():
    with pytest.raises(InfeasibleTopologyError, match="need at least one each"):
        pruning.phew(dense(), density=0.0, rng=RNG())
    with pytest.raises(InvalidTopologyError, match="follow one another"):
        pruning.phew(nn.ModuleList([nn.Linear(3, 4), nn.Linear(5, 2)]), rng=RNG())


def test_balance_trades_living_nodes_for_paths():
    nodes, paths = [], []
    for balance in (0.0, 0.5, 1.0):
        topology = pruning.node_path_balance((40, 40, 40, 40), density=0.1, balance=balance, rng=RNG())
        nodes.append(sum(int((layer.fan_out > 0).sum()) for layer in topology.layers))
        product = np.ones(40)
        for layer in topology.layers:
            product = layer.to_scipy() @ product
        paths.append(product.sum())
    assert nodes[0] <= nodes[1] <= nodes[2]
    assert nodes[2] == 120
    assert paths[0] >= paths[2]


class Residual(nn.Module):
    """A model whose layers do not follow one another."""

    def __init__(self):
        super().__init__()
        self.first, self.shortcut, self.last = nn.Linear(12, 8), nn.Linear(12, 8, bias=False), nn.Linear(8, 5)

    def forward(self, x):
        return self.last(torch.relu(self.first(x)) + self.shortcut(x))


def test_any_model_with_linear_layers_is_pruned_by_name():
    torch.manual_seed(0)
    model = Residual()
    x, y = data()
    for masks in (
        pruning.masks(pruning.snip_scores(model, x, y, LOSS), 0.5),
        pruning.synflow_masks(model, density=0.5),
    ):
        assert sum(int(mask.sum()) for mask in masks.values()) == round(0.5 * (96 + 96 + 40))
        sparse = gs.nn.sparsify(model, junctions=pruning.junctions_of(masks))
        masked = Residual()
        masked.load_state_dict(model.state_dict())
        with torch.no_grad():
            for name, mask in masks.items():
                masked.get_submodule(name).weight.mul_(mask)
        torch.testing.assert_close(sparse(x), masked(x))
        assert isinstance(sparse.shortcut, gs.nn.SparseLinear)
        assert isinstance(model.shortcut, nn.Linear)
    with pytest.raises(InvalidTopologyError, match="must be equal"):
        pruning.magnitude(model, density=0.5)


def test_scores_that_are_no_numbers():
    model = dense()
    with torch.no_grad():
        model[2].weight[0, 0] = float("nan")
    with pytest.raises(ValueError, match="'2' are NaN"):
        pruning.magnitude(model)


def test_a_model_without_dense_layers():
    with pytest.raises(InvalidTopologyError, match=r"no nn\.Linear"):
        pruning.magnitude(nn.ReLU())
