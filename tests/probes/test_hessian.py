"""The gradient baseline against functions whose second derivatives are known."""

import numpy as np
import pytest
import torch

import gossamer as gs
from gossamer.probes import average_hessian


def test_a_quadratic_form_gives_its_matrix():
    rng = np.random.default_rng(0)
    A = rng.normal(size=(5, 5))
    A = A + A.T
    form = torch.from_numpy(A)
    found = average_hessian(lambda x: ((x @ form) * x).sum(dim=1) / 2, torch.from_numpy(rng.normal(size=(20, 5))))
    expected = abs(A)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(found.matrix(), expected, rtol=1e-10)


def test_small_steps_give_the_mean_second_derivatives_of_a_smooth_network():
    torch.manual_seed(0)
    layers = [gs.Bipartite.from_mask(np.ones(shape)) for shape in ((6, 3), (1, 6))]
    model = gs.nn.mlp(gs.Topology(layers), torch.nn.Tanh, dtype=torch.float64)
    x = torch.rand(7, 3, dtype=torch.float64)
    hessians = [torch.autograd.functional.hessian(lambda p: model(p[None]).sum(), point) for point in x]
    expected = torch.stack(hessians).abs().mean(dim=0)
    found = average_hessian(model, x, step=1e-4)
    assert dict(found) == pytest.approx({(i, j): float(expected[i, j]) for i, j in found}, rel=1e-4)


def test_one_output_alone():
    x = torch.rand(9, 3)
    outputs = lambda x: torch.stack([x[:, 0] * x[:, 1], x[:, 1] * x[:, 2]], dim=1)  # noqa: E731
    assert average_hessian(outputs, x, output=1)[0, 1] == 0
    assert average_hessian(outputs, x)[0, 1] == pytest.approx(1, rel=1e-5)


def test_a_constant_feature_has_strength_0():
    x = torch.rand(9, 3)
    x[:, 0] = 1
    found = average_hessian(lambda x: x.prod(dim=1), x)
    assert found.disconnected == (0,) and found[0, 1] == 0


@pytest.mark.parametrize(
    ("x", "options", "words"),
    [
        (torch.rand(3), {}, r"shape \(3,\)"),
        (torch.rand(0, 3), {}, r"shape \(0, 3\)"),
        (torch.rand(4, 1), {}, "1 feature"),
        (torch.full((4, 2), torch.nan), {}, "not finite"),
        (torch.rand(4, 2), {"step": 0}, "step=0"),
        (torch.rand(4, 2), {"output": 1}, "output=1"),
    ],
)
def test_bad_input_is_refused_in_words(x, options, words):
    with pytest.raises(ValueError, match=words):
        average_hessian(lambda x: x.sum(dim=1), x, **options)
