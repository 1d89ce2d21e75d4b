"""Backends against dense float64."""

from contextlib import contextmanager
from functools import partial

import torch

import gossamer as gs
from gossamer.nn.activations import Activation, Kind
from gossamer.nn.kernels import native
from gossamer.nn.kernels.native import NATIVE
from gossamer.nn.structure import Memo, Structure

ACTIVATIONS = [
    Activation(),
    Activation(Kind.RELU),
    Activation(Kind.LEAKY, 0.1),
    Activation(Kind.LEAKY, -0.6),
    Activation(Kind.SIGMOID),
    Activation(Kind.GELU),
    Activation(Kind.CLIPPED, 0.6),
]
TOLERANCE = {torch.float64: 1e-12, torch.float32: 2e-5, torch.bfloat16: 0.15}


def instruction_sets():
    if not NATIVE.serves(torch.ones(1)):
        return []
    from gossamer import _native

    return _native.instruction_sets()


@contextmanager
def held_to(instructions):
    """Kernels run with this instruction set."""
    from gossamer import _native

    before = _native.instruction_set()
    _native.use_instruction_set(instructions)
    try:
        yield
    finally:
        _native.use_instruction_set(before)


def remembers_no_junction(monkeypatch):
    """Limits that a test has moved hold for junctions that were prepared before, too."""
    memos = tuple(Memo(partial(native._junction, blocks=blocks)) for blocks in (False, True))
    monkeypatch.setattr(native, "_JUNCTIONS", memos)


def reference(junction, x, w, bias, activation, dy):
    """y and the gradients of x, w, bias by dense autograd in float64."""
    mask = torch.tensor(junction.to_mask())
    x, w, dy = x.cpu().double().requires_grad_(), w.cpu(), dy.cpu()
    dense = torch.zeros(mask.shape, dtype=torch.float64)
    dense[mask] = w.double()
    dense.requires_grad_()
    b = torch.zeros(len(mask), dtype=torch.float64) if bias is None else bias.cpu().double().clone()
    b.requires_grad_()
    z = torch.nn.functional.linear(x, dense, b)
    y = {
        Kind.IDENTITY: lambda: z,
        Kind.RELU: lambda: torch.relu(z),
        Kind.LEAKY: lambda: torch.where(z > 0, z, activation.slope * z),
        Kind.SIGMOID: lambda: torch.sigmoid(z),
        Kind.GELU: lambda: torch.nn.functional.gelu(z),
        Kind.CLIPPED: lambda: torch.clamp(z, 0, activation.slope),
    }[activation.kind]()
    y.backward(dy.double())
    return y.detach(), x.grad, dense.grad[mask], b.grad


def layouts(x):
    """The same (B, F) matrix stored in four ways."""
    wide = x.new_zeros(x.shape[0], 2 * x.shape[1])
    wide[:, ::2] = x
    gap = x.new_zeros(x.shape[1], x.shape[0] + 3)
    gap[:, : x.shape[0]] = x.t()
    return [x.contiguous(), x.t().contiguous().t(), wide[:, ::2], gap[:, : x.shape[0]].t()]


def check(
    backend,
    junction,
    batch,
    *,
    dtype=torch.float64,
    activation=ACTIVATIONS[0],
    bias=True,
    layout=0,
    seed=0,
    device="cpu",
):
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64).to(device, dtype)

    x, w = draw(batch, junction.in_features), draw(junction.num_edges)
    b, dy = draw(junction.out_features) if bias else None, draw(batch, junction.out_features)
    expected = reference(junction, x, w, b, activation, dy)
    structure = Structure.of(junction, device)
    x, dy = layouts(x)[layout], layouts(dy)[-layout]
    y, kept = backend.forward(structure, x, w, b, activation)
    found = (y, *backend.backward(structure, dy, x, w, kept, activation, (True, True, True)))
    for name, got, want in zip(("y", "dx", "dw", "db"), found, expected, strict=True):
        assert got.dtype == dtype, name
        assert got.shape == want.shape, name
        scale = max(1.0, want.abs().max().item() if want.numel() else 1.0)
        torch.testing.assert_close(got.cpu().double(), want, rtol=0, atol=TOLERANCE[dtype] * scale, msg=name)


def random_junction(rng, inputs, outputs, density):
    return gs.Bipartite.from_mask(rng.random((outputs, inputs)) < density)
