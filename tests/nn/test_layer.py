"""Another class of sparse layer joins rewiring, checkpoints and counting by being one."""

import copy

import numpy as np
import torch
from torch import nn

import gossamer as gs
from gossamer.rewiring.capture import Capture
from gossamer.rewiring.missing import MissingGradient


class Taps(gs.nn.SparseLayer):
    """A 3 x 3 convolution of 2 channels that lays its weights out densely: the smallest layer that is not linear."""

    def forward(self, x):
        return self.activation(self.sums(x))

    def sums(self, x):
        taps = torch.from_numpy(self.topology().to_mask().ravel().nonzero()[0])
        flat = torch.zeros(self.places).index_put((taps,), self.weight)
        return nn.functional.conv2d(x, flat.view(self.out_features, 2, 3, 3), self.bias)

    def input_rows(self, x):
        return nn.functional.unfold(x, 3).movedim(1, 2).reshape(-1, self.in_features)

    def output_rows(self, y):
        return y.movedim(1, 3).reshape(-1, self.out_features)


def network(seed=0):
    torch.manual_seed(seed)
    mask = np.random.default_rng(seed).random((4, 18)) < 0.3
    return nn.Sequential(Taps(gs.Bipartite.from_mask(mask), activation=nn.GELU()), nn.Flatten(), nn.Linear(4 * 9, 3))


def test_gradients_of_missing_taps_are_those_of_the_dense_kernel():
    model, x = network(), torch.randn(5, 2, 5, 5)
    capture = Capture({"0": [model[0]]})
    capture.arm()
    model(x).square().sum().backward()
    ((_, rows, dz),) = capture.passes["0"]
    capture.disarm()
    mask = model[0].topology().to_mask()
    kernel = torch.zeros(4 * 18)
    kernel[torch.from_numpy(mask.ravel())] = model[0].weight.detach()
    kernel = kernel.view(4, 2, 3, 3).requires_grad_()
    hidden = nn.functional.gelu(nn.functional.conv2d(x, kernel, model[0].bias))
    model[2](hidden.flatten(1)).square().sum().backward()
    torch.testing.assert_close(dz.t() @ rows, kernel.grad.view(4, 18), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(model[0].weight.grad, kernel.grad.view(-1)[torch.from_numpy(mask.ravel())])
    assert MissingGradient([(0, rows, dz)]).is_finite()


def test_a_foreign_layer_is_rewired_and_saved():
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    rule = gs.rewiring.rigl(fraction=0.5, every=1, until=10)
    rewirer = gs.rewiring.Rewirer(model, optimizer, rule, rng=np.random.default_rng(0))
    before, edges = model[0].topology(), model[0].weight.numel()
    model(torch.randn(5, 2, 5, 5)).square().sum().backward()
    optimizer.step()
    assert rewirer.step().edges == edges and model[0].topology() != before
    twin = network(seed=1)
    twin.load_state_dict(model.state_dict())
    x = torch.randn(2, 2, 5, 5)
    assert twin[0].topology() == model[0].topology()
    torch.testing.assert_close(twin(x), model(x))
    torch.testing.assert_close(copy.deepcopy(model)(x), model(x))


def test_a_model_does_not_share_memory_with_the_state_that_it_loaded():
    g = gs.generators.constant_fan_in(6, 5, 2, rng=np.random.default_rng(0))
    first, second = gs.nn.SparseLinear(g), gs.nn.SparseLinear(g)
    second.load_state_dict(first.state_dict())
    assert torch.equal(first.weight, second.weight)
    with torch.no_grad():
        first.weight.add_(1)
    assert torch.equal(first.weight, second.weight + 1)
