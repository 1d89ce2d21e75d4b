"""Which layers `sparsify` swaps, with how many edges, which ones and with which weights: what a caller may choose."""

import copy

import numpy as np
import pytest
import torch
from tests.nn.conversion.small import mlp, same, sparse_names
from torch import nn

import gossamer as gs
from gossamer.nn import SparseLinear, sparsify
from gossamer.nn.conversion.swaps import LinearSwap

torch.manual_seed(0)
X = torch.randn(7, 8)


def test_include_exclude_and_filter_choose_layers():
    model = nn.ModuleDict({"encoder": mlp(), "decoder": mlp()})
    chosen = {
        "include": sparse_names(sparsify(model, density=0.5, include="encoder.*")),
        "exclude": sparse_names(sparsify(model, density=0.5, exclude=("*.3", "decoder.0"))),
        "both": sparse_names(sparsify(model, density=0.5, include="encoder.*", exclude="*.0")),
        "filter": sparse_names(sparsify(model, density=0.5, filter=lambda layer, name: layer.out_features == 4)),
    }
    assert chosen == {
        "include": ["encoder.0", "encoder.3"],
        "exclude": ["encoder.0"],
        "both": ["encoder.3"],
        "filter": ["encoder.3", "decoder.3"],
    }


@pytest.mark.parametrize("budget", ["uniform", "erdos_renyi", "erdos_renyi_kernel", "global"])
@pytest.mark.parametrize("density", [0.3, 0.37])
def test_budgets_sum_exactly(budget, density):
    model = mlp()
    sparse = sparsify(model, density=density, budget=budget)
    counts = [sparse[place].weight.numel() for place in (0, 3)]
    assert sum(counts) == round(density * (8 * 16 + 16 * 4))
    if budget == "global":
        weights = torch.cat([model[place].weight.abs().flatten() for place in (0, 3)])
        least = min(sparse[place].weight.abs().min() for place in (0, 3))
        assert (weights > least).sum() == sum(counts) - 1
    elif budget != "uniform":
        assert tuple(counts) == getattr(gs.generators.budgets, budget)((8, 16, 4), density)


def test_a_budget_leaves_kept_layers_out():
    sparse = sparsify(mlp(), density=0.25, budget="erdos_renyi", keep="3")
    assert [sparse[place].weight.numel() for place in (0, 3)] == [32, 64]
    assert sparsify(mlp(), density=0.25, keep="3")[3].weight.numel() == 64


def test_edges_may_come_from_a_construction():
    model = mlp()
    sparse = sparsify(model, density=0.5, generator={"0": "fibonacci", "*": gs.generators.constant_fan_in}, rng=0)
    assert isinstance(sparse[0].topology(), gs.Rotated)
    assert sparse[3].topology().fan_in.tolist() == [8] * 4
    same(model, sparse, ["0", "3"], X)

    def band(in_features, out_features, degree):
        return gs.Rotated(range(degree), in_features=in_features, out_features=out_features)

    assert sparsify(model, density=0.25, generator=band)[0].topology() == band(8, 16, 4)
    with pytest.raises(TypeError, match="generator=regular_random draws at random: give rng="):
        sparsify(model, density=0.25, generator="regular_random")


def test_a_seed_is_one_stream_for_all_layers():
    square = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8))
    sparse = sparsify(square, density=0.5, generator="erdos_renyi", rng=0)
    assert sparse[0].topology() != sparse[1].topology()
    again = sparsify(square, density=0.5, generator="erdos_renyi", rng=np.random.default_rng(0))
    assert sparse[1].topology() == again[1].topology()


def test_scores_decide_and_name_the_layers():
    model, y = mlp(), torch.randint(4, (7,))
    scores = gs.pruning.snip_scores(model, X, y, nn.functional.cross_entropy)
    together = sparsify(model, density=0.3, budget="global", scores=scores)
    masks = gs.pruning.masks(scores, 0.3)
    for name in ("0", "3"):
        assert np.array_equal(together.get_submodule(name).topology().to_mask(), masks[name].numpy())
    alone = sparsify(model, density=0.25, scores={"3": -model[3].weight.abs()})
    assert sparse_names(alone) == ["3"]
    assert alone[3].weight.abs().max() <= model[3].weight.abs().flatten().sort().values[16]


def test_weights_may_begin_anew():
    model = mlp()
    one, two = (sparsify(model, density=0.5, weights="reinitialise", rng=seed) for seed in (0, 1))
    assert one[0].topology() == two[0].topology()
    assert not torch.equal(one[0].weight, two[0].weight)
    assert one[0].bias.abs().max() == 0
    assert torch.equal(one[3].weight, sparsify(model, density=0.5, weights="reinitialise", rng=0)[3].weight)


@pytest.mark.parametrize("layer", [nn.Linear(400, 300), nn.Conv1d(48, 64, 9, groups=2), nn.Conv2d(32, 64, 3)], ids=str)
@pytest.mark.parametrize("weights", ["rescale", "reinitialise"])
def test_sums_of_live_edges_vary_as_those_of_all(layer, weights):
    """Var(sum) is the edges of an output times the variance of a weight; PyTorch's law is 1/3 whatever the fan."""
    for density in (0.5, 0.1):
        made = sparsify(layer, density=density, generator="erdos_renyi", weights=weights, rng=0)
        edges = made.weight.numel() / layer.weight.shape[0]
        assert float(made.weight.detach().var()) * edges == pytest.approx(1 / 3, rel=0.1)
        assert made.weight.detach().abs().max() <= edges**-0.5 * (1 + 1e-6)


def test_rescaled_weights_are_the_models_and_shared_ones_are_scaled_once():
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8, bias=False))
    model[2].weight = model[0].weight
    kept, rescaled = (sparsify(model, density=0.25, weights=weights) for weights in ("keep", "rescale"))
    assert rescaled[0].weight is rescaled[2].weight
    assert torch.equal(rescaled[0].weight, 2 * kept[0].weight)
    assert torch.equal(rescaled[0].bias, model[0].bias)


def test_the_global_random_state_is_left_alone():
    before = torch.get_rng_state()
    sparsify(mlp_of_now := copy.deepcopy(MODEL), density=0.5)
    assert torch.equal(torch.get_rng_state(), before)
    assert str(mlp_of_now) == str(MODEL)


MODEL = mlp()


def test_inplace_changes_the_model_given():
    model = mlp()
    attribute = nn.ModuleDict({"net": model})
    assert sparsify(attribute, density=0.5, inplace=True)["net"] is model
    assert isinstance(model[0], SparseLinear)


def test_a_layer_that_dense_runs_faster_stays_dense():
    model = nn.Sequential(nn.Linear(256, 256), nn.Linear(256, 256))
    sparse = sparsify(
        model, junctions={"0": gs.generators.dense(256, 256), "1": gs.generators.fibonacci(256, 256, 2)}, batch=64
    )
    assert isinstance(sparse[1], SparseLinear)  # below .02 nothing needs to be measured
    assert isinstance(sparse[0], (nn.Linear, SparseLinear))


def test_junctions_may_be_anything_that_one_can_be_made_of():
    import networkx
    import scipy.sparse

    model, g = mlp(), gs.generators.regular_random(8, 16, 4, rng=0)
    graph = networkx.Graph(g.to_networkx())
    for given in (
        g,
        g.to_mask(),
        torch.tensor(g.to_mask()),
        g.to_scipy(),
        graph,
        SparseLinear(g),
        scipy.sparse.coo_matrix(g.to_mask()),
    ):
        assert sparsify(model, junctions={"0": given})[0].topology().digest() == g.digest()
    h = gs.generators.dense(16, 4)
    assert gs.nn.topology_of(sparsify(model, junctions=gs.Topology([g, h]))) == gs.Topology([g, h])
    assert gs.nn.topology_of(sparsify(model, junctions=[g, h])) == gs.Topology([g, h])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"density": 0.5, "keep": "fc2"},
            ValueError,
            "'fc2' is no linear layer or convolution of the model; it has '0', '3'",
        ),
        ({"density": 0.5, "exclude": "block.*"}, ValueError, r"exclude='block\.\*' is no linear layer"),
        (
            {"junctions": {"0": gs.generators.dense(8, 8)}},
            ValueError,
            r"junctions\['0'\] has 8 inputs and 8 outputs; the layer .*8 and 16",
        ),
        ({"junctions": {"0": 5}}, TypeError, r"junctions\['0'\] is int, which is no junction; gossamer.Bipartite"),
        (
            {"junctions": [gs.generators.dense(8, 16)]},
            ValueError,
            "junctions has 1 entries for a model of 2 linear layers: it has '0', '3'",
        ),
        ({"budget": "uniform"}, ValueError, "budget is given without a density"),
        ({"density": 0.5, "budget": "unifrom"}, ValueError, "there is no budget 'unifrom'.*mean uniform"),
        ({"density": 0.5, "generator": "fibonaci"}, ValueError, "no topology 'fibonaci'.*mean fibonacci"),
        ({"density": 0.5, "generator": {"x": "fibonacci"}}, ValueError, "generator='x' is no linear layer"),
        ({"density": 0.5, "generator": "fibonacci", "budget": "global"}, ValueError, "contradict it"),
        ({"density": 0.5, "weights": "new"}, ValueError, "weights='new' is not known"),
        (
            {"density": 0.5, "scores": {"0": torch.ones(8, 16)}},
            ValueError,
            r"have shape \(8, 16\); its weights \(16, 8\)",
        ),
        ({"density": 0.5, "scores": {"1": torch.ones(8, 16)}}, ValueError, "'1' is no linear layer"),
        ({"density": 0.005, "budget": "uniform"}, ValueError, "leaves layer '3' of 64 weights without edges"),
        (
            {"density": 0.05, "budget": "global", "scores": {"0": torch.ones(16, 8), "3": torch.zeros(4, 16)}},
            ValueError,
            "leaves layer '3' without edges",
        ),
        ({"density": 0.5, "include": [3]}, TypeError, "include=3 is int; names or patterns"),
        ({"density": 0.5, "rng": "seed"}, TypeError, "rng='seed' is str"),
    ],
)
def test_bad_arguments_are_refused_in_a_sentence(arguments, error, message):
    with pytest.raises(error, match=message):
        sparsify(mlp(), **arguments)


def test_a_layer_without_values_is_refused_where_they_decide():
    model = nn.Sequential(nn.Linear(8, 4, device="meta"))
    with pytest.raises(ValueError, match="layer '0' is on the meta device: no weight is the largest"):
        sparsify(model, density=0.5)
    assert sparsify(model, density=0.5, generator="erdos_renyi", rng=0)[0].weight.is_meta


def test_what_is_no_model_is_refused():
    with pytest.raises(TypeError, match=r"model is str; a torch.nn.Module is needed"):
        sparsify("model", density=0.5)


def test_the_door_for_layers_of_other_kinds():
    """A class and its swap are all that the three functions need."""

    class Mine(nn.Linear):
        def forward(self, x):
            return nn.functional.linear(x, self.weight, self.bias)

    class MineSwap(LinearSwap):
        def refusal(self, module):
            return None

    try:
        gs.nn.SWAPS[Mine] = MineSwap()
        assert sparse_names(sparsify(nn.Sequential(Mine(8, 4)), density=0.5)) == ["0"]
    finally:
        del gs.nn.SWAPS[Mine]
