"""What every probe is given sooner or later: other models, no examples, targets that do not fit, NaN weights."""

import numpy as np
import pytest
import torch
from torch import nn

import gossamer as gs
from gossamer import probes
from gossamer.probes.chain import layers_in_order

pytestmark = pytest.mark.usefixtures("one_thread")
X, Y = torch.randn(12, 4, generator=torch.Generator().manual_seed(0)), torch.arange(12) % 3


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x):
        return self.last(x + torch.relu(self.first(x)))


class Beside(Residual):
    def forward(self, x):
        return self.last(x) + self.last(torch.relu(self.first(x)))


class Forked(Residual):
    def forward(self, x):
        return self.last(x) if x.sum() > 0 else self.last(self.first(x))


class Written(nn.Module):
    """A perceptron with a `forward` of its own."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Dropout(0.5))
        self.heads = nn.ModuleList([nn.Linear(6, 5), nn.Linear(5, 3)])

    def forward(self, x):
        x = self.body(x.view(x.size(0), -1))
        for head in self.heads:
            x = torch.nn.functional.relu(head(x))
        return x


def perceptron(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))


def with_nan():
    model = perceptron()
    with torch.no_grad():
        model[0].weight[0, 0] = torch.nan
    return model


def rng():
    return np.random.default_rng(0)


LOOK = {
    "gates": lambda model, x, y: probes.gates(model, x, y, rng=rng(), steps=2),
    "landscape": lambda model, x, y: probes.landscape(model, x, y, rng=rng(), points=2),
    "barrier": lambda model, x, y: probes.barrier(model, model, x, y),
    "gradient_mass": probes.gradient_mass,
}
NEED_PERCEPTRON = {
    "nid": probes.nid,
    "pid": probes.pid,
    "slice": lambda model: probes.region_slice(model, X[:3], resolution=4),
    "barrier": lambda model: probes.barrier(model, model, X, Y),
}
OTHERS = {
    "residual": (Residual(), "a path beside its layers"),
    "beside": (Beside(), "a path beside its layers"),
    "forked": (Forked(), "Forked.forward cannot be followed"),
    "normalised": (
        nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Linear(6, 3)).eval(),
        "module 1 is BatchNorm1d",
    ),
    "mixed": (nn.Sequential(nn.Linear(4, 6), nn.Softmax(1), nn.Linear(6, 3)), "module 1 is Softmax, and is not at the"),
    "gated": (nn.Sequential(nn.Linear(4, 6), nn.GLU(), nn.Linear(3, 3)), "module 1 is GLU"),
    "convolution": (nn.Sequential(nn.Conv1d(1, 1, 1), nn.Linear(4, 3)), "module 0 is Conv1d"),
    "empty": (nn.Sequential(), "no Linear or SparseLinear layer"),
}


@pytest.mark.parametrize("probe", NEED_PERCEPTRON.values(), ids=list(NEED_PERCEPTRON))
@pytest.mark.parametrize(("model", "words"), OTHERS.values(), ids=list(OTHERS))
def test_what_is_no_perceptron_is_refused(probe, model, words):
    with pytest.raises(TypeError, match=words):
        probe(model)


def test_layers_are_those_that_compute_in_their_order():
    model = Written()
    assert layers_in_order(model) == [model.body[0], *model.heads]
    again = nn.Linear(4, 4)
    assert layers_in_order(nn.Sequential(again, nn.ReLU(), again, nn.Softmax(1))) == [again, again]
    sparse = gs.nn.mlp(gs.Topology([gs.generators.fibonacci(4, 4, 3), gs.generators.fibonacci(4, 4, 2)]))
    assert layers_in_order(sparse) == [m for m in sparse.modules() if isinstance(m, gs.nn.SparseLinear)]


def test_a_layer_that_is_used_twice_counts_twice():
    again, last = nn.Linear(4, 4), nn.Linear(4, 1)
    model = nn.Sequential(again, nn.ReLU(), again, nn.ReLU(), last)
    weights = [layer.weight.detach().double().numpy() for layer in (again, again, last)]
    assert dict(probes.nid(model)) == dict(probes.nid(weights))
    with pytest.raises(TypeError, match="uses a layer twice"):
        probes.barrier(model, model, X, Y * 0)


def test_a_landscape_leaves_a_model_that_uses_a_layer_twice_as_it_was():
    again = nn.Linear(4, 4)
    model = nn.Sequential(again, nn.Tanh(), again)
    probes.landscape(model, X, Y, rng=rng(), points=3)
    assert all(parameter.requires_grad and parameter.is_leaf for parameter in model.parameters())


@pytest.mark.parametrize("probe", LOOK.values(), ids=list(LOOK))
@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (X[:0], Y[:0], "0 inputs and 0 targets"),
        (X, Y[:5], "12 inputs and 5 targets"),
        (X, Y + 9, "targets do not fit"),
        (X * torch.nan, Y, "loss of the network is nan"),
    ],
)
def test_examples_that_do_not_fit_are_refused(probe, x, y, words):
    with pytest.raises(ValueError, match=words):
        probe(perceptron(), x, y)


@pytest.mark.parametrize("probe", LOOK.values(), ids=list(LOOK))
def test_weights_that_are_nan_are_refused(probe):
    with pytest.raises(ValueError, match=r"nan|NaN|not finite"):
        probe(with_nan(), X, Y)


def test_weights_that_are_nan_are_refused_without_examples_too():
    for look in (probes.nid, probes.pid):
        with pytest.raises(ValueError, match="contains nan"):
            look(with_nan())
    with pytest.raises(ValueError, match=r"'0\.weight' has values that are not finite"):
        probes.region_slice(with_nan(), X[:3])
    with pytest.raises(ValueError, match="a slope of the model is not finite"):
        probes.average_hessian(with_nan(), X)
    with pytest.raises(ValueError, match="output is not finite"):
        probes.margins(with_nan(), X)
    with pytest.raises(ValueError, match=r"weights\[0\] contains nan"):
        probes.gradient_slabs([[np.nan, 1.0]], None, [[1.0, 1.0]])


@pytest.mark.parametrize(
    "probe",
    [*LOOK.values(), lambda m, x, y: probes.region_slice(m, x[:3]), lambda m, x, y: probes.average_hessian(m, x)],
)
@pytest.mark.parametrize("model", [None, "model"])
def test_what_is_no_model_is_refused(probe, model):
    with pytest.raises(TypeError, match=r"not a torch module|not a function"):
        probe(model, X, Y)
    for detect in (probes.nid, probes.pid):
        with pytest.raises(TypeError, match="neither a model nor"):
            detect(model)


@pytest.mark.parametrize("probe", LOOK.values(), ids=list(LOOK))
def test_targets_that_are_all_the_same_are_no_fault(probe):
    numbers = [value for value in probe(perceptron(), X, Y * 0).record().values() if isinstance(value, float)]
    assert numbers and all(map(np.isfinite, numbers))


def test_a_constant_function_has_no_interaction_and_no_gradient():
    model = perceptron()
    nn.init.zeros_(model[2].weight)
    assert not probes.nid(model).strengths.size and probes.nid(model).disconnected == (0, 1, 2, 3)
    assert max(probes.average_hessian(model, X).values()) == 0
    quiet = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
    for parameter in quiet.parameters():
        nn.init.zeros_(parameter)
    with pytest.raises(ValueError, match="gradient of every example is 0"):
        probes.gradient_mass(quiet, X, torch.zeros(12, 3), loss=nn.functional.mse_loss)


def test_samples_beyond_float64s_squares_are_refused():
    with pytest.raises(ValueError, match=r"x holds 1e\+300"):
        probes.critic_distance([[1e300, 0.0]], [[0.0, 0.0]])


def test_corners_on_one_line_are_refused_in_single_precision_too():
    line = torch.stack([X[0], X[0] * 1.7, X[0] * 3.1])
    with pytest.raises(ValueError, match="on one line"):
        probes.region_slice(perceptron(), line)


@pytest.mark.parametrize(("shares", "words"), [((), "shares is empty"), ((0.0, 0.5), "shares=0.0")])
def test_shares_of_nothing_are_refused(shares, words):
    with pytest.raises(ValueError, match=words):
        probes.gradient_mass(perceptron(), X, Y, shares=shares)


class TestGraphs:
    from gossamer.training.nodes import NodeConfig

    config = NodeConfig(epochs=2)

    def graph(self, ends, **changes):
        from dataclasses import replace

        from gossamer.training.data.graphs import planted_blocks, undirected

        junction, loops = undirected(ends, nodes=40)
        planted = planted_blocks(nodes=40, rng=rng())
        return replace(planted, junction=junction, dropped=loops, noise=None, **changes)

    def test_self_loops_are_left_out_and_counted(self):
        graph = self.graph([[0, 0], [0, 1], [7, 7]])
        assert graph.dropped == 2 and graph.junction.num_edges == 2
        found = probes.graph_gates(graph, rng=0, config=self.config)
        assert found.before.num_edges == 2 and found.record()["components_before"] == 2 * 40 - 2

    def test_isolated_nodes_see_themselves_alone(self):
        found = probes.graph_gates(self.graph(np.empty((0, 2))), rng=0, config=self.config)
        assert found.record()["gates_closed"] == 0 and 0 <= found.result.test <= 1

    def test_nodes_of_one_class_are_no_fault(self):
        from gossamer.training.data.graphs import planted_blocks

        ends = np.array(planted_blocks(nodes=40, rng=rng()).junction.edges()).T
        found = probes.graph_gates(self.graph(ends, labels=np.zeros(40, np.int64)), rng=0, config=self.config)
        assert found.result.test == 1

    @pytest.mark.parametrize("ends", [[[0, 1.5]], [[0, np.nan]], [["a", "b"]]])
    def test_ends_that_are_no_nodes_are_refused(self, ends):
        with pytest.raises((ValueError, TypeError), match=r"whole number|not supported"):
            self.graph(ends)

    def test_what_is_no_graph_is_refused(self):
        with pytest.raises(TypeError, match="graph is NoneType"):
            probes.graph_gates(None, rng=0)
