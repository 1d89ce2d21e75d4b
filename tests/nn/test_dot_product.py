"""Attention against PyTorch's in float64: values, gradients, layouts, threads, and what is left to PyTorch."""

import itertools

import pytest
import torch
from tests.nn.conformance import instruction_sets
from torch.nn import functional

import gossamer as gs
from gossamer.nn import dot_product
from gossamer.nn.dot_product import scaled_dot_product_attention
from gossamer.nn.kernels import attention, native

needs_native = pytest.mark.skipif(not native.built(), reason="the extension was not built")
SIZES = [(1, 1, 1, 1, 1), (2, 3, 5, 5, 8), (1, 2, 37, 37, 20), (2, 1, 5, 9, 3), (1, 2, 70, 33, 40), (1, 1, 33, 130, 16)]
TOLERANCE = {torch.float64: 1e-11, torch.float32: 1e-4}


@pytest.fixture(params=instruction_sets())
def instructions(request):
    before = native._native.instruction_set()
    native._native.use_instruction_set(request.param)
    yield
    native._native.use_instruction_set(before)


@pytest.fixture
def used(monkeypatch):
    """How often the kernels were called."""
    calls = []

    def counted(*tensors, **options):
        calls.append(options)
        return forward(*tensors, **options)

    forward = attention.forward
    monkeypatch.setattr(attention, "forward", counted)
    return calls


def drawn(sizes, dtype=torch.float64, seed=0):
    """q, k, v and the gradient of the result."""
    generator = torch.Generator().manual_seed(seed)
    B, H, T, S, C = sizes
    shapes = [(B, H, T, C), (B, H, S, C), (B, H, S, C), (B, H, T, C)]
    return [torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype) for shape in shapes]


def results(function, q, k, v, dy, **options):
    """y and three gradients."""
    inputs = [each.detach().requires_grad_() for each in (q, k, v)]
    y = function(*inputs, **options)
    return [y.detach(), *torch.autograd.grad(y, inputs, dy)]


def expected(q, k, v, dy, *, is_causal, scale=None):
    """By dense matrices in float64."""
    q, k, v = (each.double().detach().requires_grad_() for each in (q, k, v))
    scores = q @ k.transpose(-2, -1) * (q.shape[-1] ** -0.5 if scale is None else scale)
    if is_causal:
        scores = scores.masked_fill(torch.ones(scores.shape[-2:]).triu(1).bool(), -torch.inf)
    y = scores.softmax(-1) @ v
    return [y.detach(), *torch.autograd.grad(y, (q, k, v), dy.double())]


@needs_native
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
def test_values_and_gradients(instructions, used, sizes, dtype):
    tensors = drawn(sizes, dtype)
    for is_causal, scale in ((False, None), (True, None), (True, 0.3)):
        found = results(scaled_dot_product_attention, *tensors, is_causal=is_causal, scale=scale)
        for got, want in zip(found, expected(*tensors, is_causal=is_causal, scale=scale), strict=True):
            torch.testing.assert_close(
                got.double(), want, rtol=0, atol=TOLERANCE[dtype] * (1 + want.abs().max().item())
            )
    assert len(used) == 3


@needs_native
def test_large_scores_and_equal_ones(instructions):
    q, k, v, dy = drawn((1, 2, 20, 20, 8), torch.float32)
    for factor in (0.0, 300.0):
        found = results(scaled_dot_product_attention, factor * q, k, v, dy, is_causal=True)
        for got, want in zip(found, expected(factor * q, k, v, dy, is_causal=True), strict=True):
            torch.testing.assert_close(got.double(), want, rtol=1e-4, atol=1e-4 * (1 + want.abs().max().item()))


def layouts(x):
    """The same numbers stored in other ways."""
    wide = torch.zeros(*x.shape[:-1], 2 * x.shape[-1], dtype=x.dtype)
    wide[..., ::2] = x
    return [
        x.transpose(1, 2).contiguous().transpose(1, 2),
        x.permute(3, 1, 0, 2).contiguous().permute(2, 1, 3, 0),  # feature by feature
        wide[..., ::2],
    ]


@needs_native
def test_every_layout(used):
    tensors = drawn((2, 3, 21, 21, 12))
    want = expected(*tensors, is_causal=True)
    for number in range(3):
        found = results(scaled_dot_product_attention, *(layouts(each)[number] for each in tensors), is_causal=True)
        torch.testing.assert_close(found, want)
    assert len(used) == 3
    assert found[0].transpose(1, 2).is_contiguous()
    q = tensors[0][:, :, :1]
    found = results(scaled_dot_product_attention, q.expand(2, 3, 21, 12), *tensors[1:], is_causal=False)
    torch.testing.assert_close(found, expected(q.expand(2, 3, 21, 12), *tensors[1:], is_causal=False))


@needs_native
def test_results_do_not_depend_on_the_number_of_threads():
    tensors, threads, found = drawn((3, 5, 64, 64, 32), torch.float32), torch.get_num_threads(), []
    try:
        for number in (1, 2, 3):
            torch.set_num_threads(number)
            found.append(results(scaled_dot_product_attention, *tensors, is_causal=True))
    finally:
        torch.set_num_threads(threads)
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))


def test_first_and_second_derivatives():
    q, k, v, _ = (each.requires_grad_() for each in drawn((1, 2, 4, 4, 3)))
    for causal in (False, True):

        def run(*qkv, causal=causal):
            return scaled_dot_product_attention(*qkv, is_causal=causal)

        assert torch.autograd.gradcheck(run, (q, k, v), check_batched_grad=True)
        assert torch.autograd.gradgradcheck(run, (q, k, v))


def test_gradients_that_are_not_wanted():
    q, k, v, dy = drawn((1, 2, 6, 6, 4))
    full = expected(q, k, v, dy, is_causal=False)[1:]
    for wanted in itertools.product((False, True), repeat=3):
        inputs = [each.clone().requires_grad_(want) for each, want in zip((q, k, v), wanted, strict=True)]
        if any(wanted):
            scaled_dot_product_attention(*inputs).backward(dy)
        for each, want, gradient in zip(inputs, wanted, full, strict=True):
            assert (each.grad is not None) == want
            if want:
                torch.testing.assert_close(each.grad, gradient)


def test_what_pytorch_computes(used):
    q, k, v, _ = drawn((2, 4, 6, 6, 4), torch.float32)
    mask = torch.rand(6, 6) < 0.5
    mask[:, 0] = True
    cases = [
        ((q, k, v), {"attn_mask": mask}),
        ((q, k[:, :2], v[:, :2]), {"enable_gqa": True}),
        ((q, k, v[..., :3]), {}),
        ((q[0], k[0], v[0]), {}),
        ((q[:, :, :0], k, v), {}),
        ((q.bfloat16(), k.bfloat16(), v.bfloat16()), {}),
        ((q.to("meta"), k.to("meta"), v.to("meta")), {"is_causal": True}),
    ]
    for tensors, options in cases:
        found, want = (
            f(*tensors, **options) for f in (scaled_dot_product_attention, functional.scaled_dot_product_attention)
        )
        assert found.shape == want.shape
        if not found.is_meta:
            torch.testing.assert_close(found, want)
    torch.manual_seed(0)
    first = scaled_dot_product_attention(q, k, v, dropout_p=0.5)
    torch.manual_seed(0)
    torch.testing.assert_close(first, functional.scaled_dot_product_attention(q, k, v, dropout_p=0.5))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert scaled_dot_product_attention(q, k, v).dtype == torch.bfloat16
    assert used == []


def test_tracers_and_transforms(used):
    q, k, v, _ = drawn((2, 2, 6, 6, 4))
    want = functional.scaled_dot_product_attention(q, k, v, is_causal=True)

    def run(q, k, v):
        return scaled_dot_product_attention(q, k, v, is_causal=True)

    torch.testing.assert_close(torch.compile(run, fullgraph=True, backend="aot_eager")(q, k, v), want)
    torch.testing.assert_close(torch.vmap(run)(*(torch.stack([each, each]) for each in (q, k, v)))[1], want)
    assert used == []
    if native.built():
        run(q, k, v)
        assert len(used) == 1


@needs_native
def test_tensors_that_do_not_fit_are_refused():
    q, k, v, dy = drawn((1, 2, 4, 4, 3))
    y, logs = attention.forward(q, k, v, causal=False, scale=1.0)
    for change in ({"y": y[:, :1]}, {"dy": dy.float()}, {"logs": logs[..., :3]}):
        with pytest.raises(ValueError, match="is needed"):
            arguments = {"y": y, "dy": dy, "logs": logs, **change}
            attention.backward((q, k, v), *arguments.values(), causal=False, scale=1.0)
    heads, out, sums = (attention._heads(q),) * 3, native.address(y), native.address(logs)
    bad = [
        ((0, 2, 4, 4, 3), heads, out, sums, 1),
        ((1, 2, 4, 4, -3), heads, out, sums, 1),
        ((2**31, 2, 4, 4, 3), heads, out, sums, 1),
        ((1, 2, 5, 4, 3), heads, out, sums, 1),
        ((1, 2, 4, 4, 3), heads, (out[0], out[1] - 8), sums, 1),
        ((1, 2, 4, 4, 3), heads, out, (0, 0), 1),
        ((1, 2, 4, 4, 3), heads, out, sums, 0),
        ((1, 2, 4, 4, 3), (*heads[:2], (q.data_ptr(), (-1, 1, 1, 1))), out, sums, 1),
        ((1, 2, 4, 4, 3), (*heads[:2], (0, (1, 1, 1, 1))), out, sums, 1),
    ]
    for sizes, *rest in bad:
        with pytest.raises(ValueError, match=r".+"):
            native._native.attention_forward(True, sizes, False, 1.0, *rest)


def test_without_the_extension(monkeypatch):
    monkeypatch.setattr(dot_product, "_serves", lambda *_: False)
    q, k, v, dy = drawn((1, 2, 4, 4, 3))
    torch.testing.assert_close(
        results(gs.nn.scaled_dot_product_attention, q, k, v, dy, is_causal=True),
        expected(q, k, v, dy, is_causal=True),
    )
