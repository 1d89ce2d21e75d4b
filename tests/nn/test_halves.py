"""bfloat16 and float16 on the native kernels: sums are float32, and what is stored is rounded once."""

import copy
import itertools

import numpy as np
import pytest
import torch
from tests.nn.conformance import ACTIVATIONS, layouts, random_junction, reference
from torch import nn

import gossamer as gs
from gossamer.nn.kernels.native import NATIVE
from gossamer.nn.structure import Structure

pytestmark = pytest.mark.skipif(not NATIVE.serves(torch.ones(1)), reason="the extension is not built")
DTYPES = [torch.bfloat16, torch.float16]
IDENTITY = ACTIVATIONS[0]
JUNCTIONS = [
    gs.Bipartite.from_mask(np.zeros((3, 2))),
    gs.Bipartite.from_mask(np.ones((5, 9))),
    random_junction(np.random.default_rng(0), 40, 23, 0.3),
    random_junction(np.random.default_rng(1), 7, 50, 0.1),  # with empty rows
    gs.Rotated([1, 2, 5], in_features=23, out_features=7),
    gs.Rotated([0, 2, 9, 10], in_features=4, out_features=11),
    gs.Grouped(random_junction(np.random.default_rng(2), 37, 7, 0.4), outputs=3),
]
WIDE = random_junction(np.random.default_rng(3), 600, 30, 0.5)  # in blocks; rows longer than what is widened at once
FAR = random_junction(np.random.default_rng(4), 9001, 5, 0.01)  # chunks of the inputs leave the caches, in 16 bits too


def drawn(junction, batch, dtype):
    generator = torch.Generator().manual_seed(batch)

    def draw(*shape):
        return torch.randn(*shape, generator=generator).to(dtype)

    sizes = junction.in_features, junction.out_features
    return draw(batch, sizes[0]), draw(junction.num_edges), draw(sizes[1]), draw(batch, sizes[1])


def passes(junction, x, w, bias, dy, activation=IDENTITY, wanted=(True, True, True)):
    structure = Structure.of(junction)
    y, kept = NATIVE.forward(structure, x, w, bias, activation)
    return y, kept, *NATIVE.backward(structure, dy, x, w, kept, activation, wanted)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("junction", [*JUNCTIONS, WIDE, FAR], ids=repr)
def test_results_are_those_of_float32_rounded(instructions, junction, dtype):
    """To the bit; the float32 kernels are tested against dense float64 on all of this."""
    for batch, activation in itertools.product((0, 1, 5, 16, 33, 64, 130), (ACTIVATIONS[1], ACTIVATIONS[5])):
        x, w, bias, dy = drawn(junction, batch, dtype)
        no_dx = batch == 5 or (batch >= 64 and activation is ACTIVATIONS[5])
        layout, wanted = batch % 4, (not no_dx, True, batch != 16)
        x, dy = layouts(x)[layout], layouts(dy)[-layout]
        y, kept, *gradients = passes(junction, x, w, bias, dy, activation, wanted)
        structure, wide = Structure.of(junction), layouts(x.float())[layout]
        exact, argument = NATIVE.forward(structure, wide, w.float(), bias.float(), activation)
        assert y.dtype == kept.dtype == dtype
        assert y.stride() == exact.stride()
        assert torch.equal(y, exact.to(dtype))
        assert torch.equal(kept, argument.to(dtype))
        expected = NATIVE.backward(structure, dy.float(), wide, w.float(), kept.float(), activation, wanted)
        for found, want in zip(gradients, expected, strict=True):
            assert (found is None) is (want is None)
            assert found is None or (found.dtype == dtype and torch.equal(found, want.to(dtype)))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("junction", JUNCTIONS[2::2], ids=repr)
def test_errors_are_those_of_one_rounding_and_a_float32_sum(dtype, junction):
    """Of dense float64: half a unit of the format's last place, and n of float32's of the sum of sizes."""
    x, w, bias, dy = drawn(junction, 40, dtype)
    y, _, dx, dw, db = passes(junction, x, w, bias, dy)
    expected = reference(junction, x, w, bias, IDENTITY, dy)
    sizes = reference(junction, x.abs(), w.abs(), bias.abs(), IDENTITY, dy.abs())
    terms = max(junction.in_features, junction.out_features, 40) + 1
    for found, want, size in zip((y, dx, dw, db), expected, sizes, strict=True):
        allowed = torch.finfo(dtype).eps / 2 * want.abs() + 2 * terms * torch.finfo(torch.float32).eps * size
        assert ((found.double() - want).abs() <= allowed + torch.finfo(dtype).smallest_normal).all()


def bits(x):
    return x.view(torch.int16).to(torch.int32) & 0xFFFF


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_number_passes_unchanged(instructions, dtype):
    """All 65,536 of them, subnormal and infinite ones too, through a weight of 1; what is no number stays none."""
    every = torch.arange(1 << 16, dtype=torch.int32).to(torch.int16).view(dtype)[:, None]
    one = gs.Bipartite.from_mask([[1]])
    for x in (every, every.reshape(-1, 1024)):
        junction = one if x.shape[1] == 1 else gs.Rotated([0], in_features=1024, out_features=1024)
        y, _ = NATIVE.forward(Structure.of(junction), x, torch.ones(junction.num_edges, dtype=dtype), None, IDENTITY)
        numbers = ~x.isnan() & (x != 0)
        assert torch.equal(bits(y[numbers]), bits(x[numbers]))
        assert (y[x == 0] == 0).all()
        assert torch.equal(y.isnan(), x.isnan())


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_roundings_are_to_the_nearest_and_ties_to_even(instructions, dtype):
    """Products of any two numbers, half of them ties, as PyTorch rounds them; what is too large becomes infinite."""
    generator = torch.Generator().manual_seed(0)
    pattern = torch.randint(1 << 16, (2, 1 << 15), generator=generator, dtype=torch.int32)
    a, b = pattern.to(torch.int16).view(dtype)
    short = (pattern[0] & 0xFFF0).to(torch.int16).view(dtype)
    ends = torch.tensor([torch.finfo(dtype).max, 2.0, 1.0, 0.5, torch.finfo(dtype).tiny]).to(dtype)
    for x, w in ((a, b), (short, torch.full_like(b, 1.0 + 2.0**-5)), (ends.repeat(6554)[: 1 << 15], a)):
        junction = gs.Rotated([0], in_features=len(x), out_features=len(x))
        y, _ = NATIVE.forward(Structure.of(junction), x[None], w, None, IDENTITY)
        expected = (x.float() * w.float()).to(dtype)
        numbers = ~expected.isnan()
        assert torch.equal(y[0][numbers], expected[numbers])
        assert torch.equal(y[0].isnan(), expected.isnan())


def test_float16_overflows_to_infinity_and_bfloat16_does_not():
    full = gs.Bipartite.from_mask([[1, 1]])
    for dtype, found in ((torch.float16, float("inf")), (torch.bfloat16, 65536.0)):
        y, _ = NATIVE.forward(
            Structure.of(full), torch.full((1, 2), 32768.0, dtype=dtype), torch.ones(2, dtype=dtype), None, IDENTITY
        )
        assert y.item() == found


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_results_do_not_depend_on_the_number_of_threads(dtype):
    threads = torch.get_num_threads()
    junction = random_junction(np.random.default_rng(3), 300, 400, 0.2)
    halved = gs.Bipartite.from_mask(np.arange(301)[:, None] != np.full((1, 150), 150))  # no edges where it is cut
    for j in (junction, halved, gs.Grouped(random_junction(np.random.default_rng(4), 300, 100, 0.2), outputs=4)):
        for batch in (40, 200):
            x, w, bias, dy = drawn(j, batch, dtype)
            results = []
            for count in (1, 2, 3):
                torch.set_num_threads(count)
                results.append(passes(j, x, w, bias, dy, ACTIVATIONS[5]))
            torch.set_num_threads(threads)
            for other in results[1:]:
                assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def layers(activation, dtype):
    rng = np.random.default_rng(5)
    torch.manual_seed(0)
    shapes = random_junction(rng, 20, 33, 0.3), gs.Grouped(random_junction(rng, 33, 7, 0.4), outputs=3)
    return [
        gs.nn.SparseLinear(g, activation=activation, dtype=dtype) for g in (*shapes, random_junction(rng, 21, 9, 0.5))
    ]


@pytest.mark.parametrize("activation", [None, nn.ReLU(), nn.GELU(), nn.Sigmoid()], ids=str)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_a_stack_rounds_between_its_layers(instructions, activation, dtype):
    """So that its outputs are those of the layers one by one, to the bit; its gradients are as near as theirs."""
    parts = layers(activation, dtype)
    for batch, turned in itertools.product((0, 1, 17, 130), (False, True)):
        results, x, dy = [], torch.randn(batch, 20).to(dtype), torch.randn(batch, 9).to(dtype)
        x = x.t().contiguous().t() if turned else x
        for model in (gs.nn.Sequential(*parts), nn.Sequential(*parts)):
            with torch.no_grad():
                seen = model(x)
            inputs = x.detach().clone().requires_grad_()
            model.zero_grad()
            y = model(inputs)
            y.backward(dy)
            assert torch.equal(y, seen)
            results.append([y.detach(), inputs.grad, *(p.grad for p in model.parameters())])
        assert torch.equal(results[0][0], results[1][0])
        for found, other in zip(*results, strict=True):
            assert found.dtype == dtype
            error = (found.double() - other.double()).abs().max().item() if found.numel() else 0.0
            assert error <= 8 * torch.finfo(dtype).eps * max(1e-3, other.double().abs().max().item() if error else 0)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_what_a_stack_keeps_takes_half_the_bytes(dtype):
    kept = []
    for number in (torch.float32, dtype):
        parts = [layer.stackable(NATIVE) for layer in layers(nn.ReLU(), number)]
        _, _, between = NATIVE.stacks.forward(parts, torch.randn(64, 20).to(number), keep=True)
        kept.append(between.nbytes)
    assert kept[1] * 2 == kept[0]


OPTIMIZERS = {
    "SGD": lambda parameters: torch.optim.SGD(parameters, lr=0.1),
    "momentum": lambda parameters: torch.optim.SGD(parameters, lr=0.05, momentum=0.9, weight_decay=0.01, nesterov=True),
    "Adam": lambda parameters: torch.optim.Adam(parameters, lr=0.01, weight_decay=0.01, eps=1e-4),
    "AdamW": lambda parameters: torch.optim.AdamW(parameters, lr=0.01, eps=1e-4),  # 1e-8 is 0 in float16
}
CRITERIA = {
    "cross-entropy": nn.CrossEntropyLoss(weight=torch.linspace(0.5, 2, 9), label_smoothing=0.1),
    "squares": nn.MSELoss(),
    "logistic": nn.BCEWithLogitsLoss(pos_weight=torch.linspace(0.5, 2, 9)),
}


@pytest.mark.parametrize(("optimizer", "criterion"), list(zip(OPTIMIZERS, [*CRITERIA, "squares"], strict=True)))
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_steps_in_one_call_round_each_number_once(dtype, optimizer, criterion):
    """Gradients are as near to float64's as roundings allow; what the optimiser makes of them is exact but for one."""
    model, loss = gs.nn.Sequential(*layers(nn.ReLU(), dtype)), copy.deepcopy(CRITERIA[criterion])
    own = OPTIMIZERS[optimizer](model.parameters())
    step = gs.nn.TrainingStep(model, own, loss.to(dtype), clip_norm=1.0)
    generator, eps = torch.Generator().manual_seed(1), torch.finfo(dtype).eps
    for number in range(4):
        x, likely = (torch.randn(33, width, generator=generator).sigmoid().to(dtype) for width in (20, 9))
        labels = likely.argmax(1)
        exact, exact_loss = copy.deepcopy(model).double(), copy.deepcopy(loss).double()
        other = OPTIMIZERS[optimizer](exact.parameters())
        other.load_state_dict(copy.deepcopy(own.state_dict()))  # becomes float64, as the parameters are
        outputs = exact(x.double())
        wanted = exact_loss(outputs, labels if criterion == "cross-entropy" else likely.double())
        wanted.backward()
        nn.utils.clip_grad_norm_(exact.parameters(), 1.0)
        found, logits = step(x, labels if criterion == "cross-entropy" else likely)
        if number == 0:
            continue  # taken by PyTorch, which makes the state
        assert logits.dtype == dtype
        torch.testing.assert_close(logits.double(), outputs.detach(), rtol=0, atol=8 * eps * outputs.abs().max().item())
        assert abs(found - wanted.item()) <= 8 * eps * max(1.0, wanted.item())
        for p, q in zip(model.parameters(), exact.parameters(), strict=True):
            assert p.dtype == p.grad.dtype == dtype
            assert (p.grad.double() - q.grad).abs().max().item() <= 16 * eps * q.grad.abs().max().item()
            q.grad.copy_(p.grad)
        other.step()
        for p, q in zip(model.parameters(), exact.parameters(), strict=True):
            pairs = [(p, q), *((state, other.state[q][name]) for name, state in own.state[p].items() if name != "step")]
            for made, want in pairs:
                assert made.dtype == dtype
                allowed = (eps / 2 + 1e-5) * want.abs() + 1e-6 * q.abs().max() + torch.finfo(dtype).tiny * eps
                assert ((made.double() - want).abs() <= allowed).all()
    assert step._plan is not None


@pytest.mark.parametrize("activation", [nn.ReLU(), nn.GELU(), nn.Sigmoid(), nn.LeakyReLU(-0.5)], ids=str)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_steps_with_dropout_are_those_of_the_plain_loop(instructions, activation, dtype):
    """Outputs to the bit; gradients as near as a loop's that rounds them between layers."""
    first, second, last = layers(activation, dtype)
    model = nn.Sequential(first, nn.Dropout(0.3), second, nn.Dropout(0.6), last)
    other = copy.deepcopy(model)
    step = gs.nn.TrainingStep(model, torch.optim.SGD(model.parameters(), lr=0.0, momentum=0.5), nn.MSELoss())
    generator = torch.Generator().manual_seed(2)
    for batch in (3, 17, 64, 150):
        x, y = (torch.randn(batch, width, generator=generator).to(dtype) for width in (20, 9))
        torch.manual_seed(batch)
        expected = other(x)
        other.zero_grad()
        nn.functional.mse_loss(expected.float(), y.float()).backward()
        torch.manual_seed(batch)
        _, outputs = step(x, y)
        if batch == 3:
            continue  # taken by PyTorch, which makes the state
        assert torch.equal(outputs, expected)
        for p, q in zip(model.parameters(), other.parameters(), strict=True):
            error = (p.grad.double() - q.grad.double()).abs().max().item()
            assert error <= 8 * torch.finfo(dtype).eps * q.grad.abs().max().item()
    assert step._plan is not None


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_several_steps_in_one_call_are_those_one_by_one(dtype):
    results = []
    for together in (False, True):
        model = gs.nn.Sequential(*layers(nn.ReLU(), dtype))
        step = gs.nn.TrainingStep(model, torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), nn.MSELoss())
        generator = torch.Generator().manual_seed(1)
        x, y = (torch.randn(50, width, generator=generator).to(dtype) for width in (20, 9))
        step(x[:16], y[:16])
        if together:
            _, outputs = step.several(x, y, 16)
        else:
            outputs = [step(x[b : b + 16], y[b : b + 16])[1] for b in range(0, 50, 16)]
        results.append([*outputs, *model.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


@pytest.mark.parametrize("chosen", DTYPES, ids=str)
def test_autocast_casts_as_linear_layers_do(chosen):
    layer, x = gs.nn.SparseLinear(JUNCTIONS[2]), torch.randn(5, 40)
    plain = gs.nn.densify(copy.deepcopy(layer))
    with torch.autocast("cpu", dtype=chosen):
        y, expected = layer(x), plain(x)
    assert y.dtype == expected.dtype == chosen
    torch.testing.assert_close(y, expected, rtol=4 * torch.finfo(chosen).eps, atol=4 * torch.finfo(chosen).eps)
    y.float().square().sum().backward()
    assert layer.weight.grad.dtype == torch.float32
    with torch.autocast("cpu", dtype=chosen):
        assert layer.double()(x).dtype == torch.float64


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_compiled_layers_are_the_same(dtype):
    layer, x = layers(nn.GELU(), dtype)[0], torch.randn(6, 20).to(dtype)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    found = []
    for module in (layer, compiled):
        layer.zero_grad()
        module(x).sum().backward()
        found.append((module(x).detach(), layer.weight.grad, layer.bias.grad))
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_models_are_saved_loaded_and_exported(dtype, tmp_path):
    model, x = gs.nn.Sequential(*layers(nn.ReLU(), dtype)), torch.randn(4, 20).to(dtype)
    y = model(x).detach()
    torch.save(model.state_dict(), tmp_path / "state.pt")
    other = gs.nn.Sequential(*(gs.nn.SparseLinear(g.topology(), activation=nn.ReLU(), dtype=dtype) for g in model))
    other.load_state_dict(torch.load(tmp_path / "state.pt"))
    assert torch.equal(other(x), y)
    gs.nn.export(model, tmp_path / "model.gossamer")
    run = gs.runtime.load(tmp_path / "model.gossamer")(x.float().numpy())
    torch.testing.assert_close(torch.from_numpy(run), y.float(), rtol=0.05, atol=0.05)


def test_there_is_no_unknown_number():
    from gossamer import _native

    with pytest.raises(ValueError, match="numbers of kind 4 are unknown"):
        _native.stack_forward(4, [], 0, (0, 0, 0, 0, 0), (0, 0, False), (0, 0), (0, 0), 1)
