"""Transformers: embeddings, attention, norms and what moves numbers about, beside PyTorch."""

import json

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import gossamer as gs
from gossamer import native
from gossamer.errors import ExportError, TopologyFileError
from gossamer.files import read_safetensors
from gossamer.runtime import files, load

TOKENS = torch.arange(24).reshape(2, 12) % 20
IMAGES = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))


class Attention(nn.Module):
    def __init__(self, d, heads, attention):
        super().__init__()
        self.heads, self.attention = heads, attention
        self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)

    def forward(self, x):
        B, T, d = x.shape
        q, k, v = (part.view(B, T, self.heads, d // self.heads).transpose(1, 2) for part in self.qkv(x).chunk(3, -1))
        return self.out(self.attention(q, k, v, is_causal=True).transpose(1, 2).reshape(B, T, d))


class Block(nn.Module):
    def __init__(self, d, heads, attention):
        super().__init__()
        self.norm1, self.attention, self.norm2 = nn.LayerNorm(d), Attention(d, heads, attention), nn.RMSNorm(d)
        self.gate, self.up, self.down = (nn.Linear(a, b) for a, b in ((d, 2 * d), (d, 2 * d), (2 * d, d)))
        self.dropout = nn.Dropout(0.1)

    def forward(self, x):
        x = x + self.dropout(self.attention(self.norm1(x)))
        y = self.norm2(x)
        return x + self.dropout(self.down(functional.silu(self.gate(y)) * self.up(y)))


class GPT(nn.Module):
    def __init__(self, attention=functional.scaled_dot_product_attention):
        super().__init__()
        self.token, self.position = nn.Embedding(20, 24), nn.Embedding(12, 24)
        self.blocks = nn.Sequential(*(Block(24, 3, attention) for _ in range(2)))
        self.norm, self.head = nn.LayerNorm(24), nn.Linear(24, 20)

    def forward(self, tokens):
        places = torch.arange(tokens.shape[1], device=tokens.device)
        return self.head(self.norm(self.blocks(2 * self.token(tokens) + self.position(places))))


class ViT(nn.Module):
    def __init__(self, **options):
        super().__init__()
        self.patch = nn.Conv2d(3, 16, 4, 4)
        self.first, self.places = nn.Parameter(torch.randn(1, 1, 16)), nn.Parameter(torch.randn(1, 17, 16))
        layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True, **options)
        self.encoder = nn.TransformerEncoder(layer, 2, nn.LayerNorm(16), enable_nested_tensor=False)
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        tokens = self.patch(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.first.expand(x.shape[0], -1, -1), tokens], 1) + self.places[:, :17]
        return self.head(self.encoder(tokens)[:, 0])


class Crossed(nn.Module):
    """Attention of PyTorch that is called by its name, of two different things."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(16, 4, batch_first=True)
        self.keys = nn.Linear(16, 16)

    def forward(self, x):
        mixed, _ = self.attention(x, self.keys(x), x, need_weights=False)
        return mixed.unsqueeze(1).permute(0, 2, 1, 3).contiguous().unflatten(-1, (4, 4)).flatten(1, 2)[:, -1]


MODELS = {
    "GPT": (GPT, TOKENS),
    "GPT with Gossamer's attention": (lambda: GPT(gs.nn.scaled_dot_product_attention), TOKENS),
    "ViT, norms first": (lambda: ViT(norm_first=True, activation="gelu"), IMAGES),
    "ViT, norms last": (ViT, IMAGES),
    "attention by name": (Crossed, torch.randn(3, 7, 16, generator=torch.Generator().manual_seed(1))),
}


def made(name):
    torch.manual_seed(0)
    make, x = MODELS[name]
    return make().eval(), x


@pytest.mark.parametrize("density", [None, 0.3])
@pytest.mark.parametrize("name", MODELS)
def test_it_computes_what_pytorch_computes(name, density, exported):
    model, x = made(name)
    model = model if density is None else gs.nn.sparsify(model, density=density)
    before = {key: value.clone() for key, value in model.state_dict().items() if isinstance(value, torch.Tensor)}
    network = exported(model)
    with torch.no_grad():
        for part in (x, x[:1]):
            np.testing.assert_allclose(network(part.numpy()), model(part), rtol=1e-4, atol=1e-5)
    assert all(torch.equal(before[key], model.state_dict()[key]) for key in before)


def test_sequences_of_any_length(exported):
    model, _ = made("GPT")
    network = exported(gs.nn.sparsify(model, density=0.5))
    sparse = gs.nn.sparsify(model, density=0.5)
    for shape in ((1, 1), (5, 3), (2, 12)):
        tokens = torch.randint(20, shape)
        with torch.no_grad():
            np.testing.assert_allclose(network(tokens.numpy()), sparse(tokens), rtol=1e-4, atol=1e-5)


def test_without_the_extension_numpy_computes_the_same(exported, monkeypatch):
    model, tokens = made("GPT")
    with torch.no_grad():
        want = model(tokens).numpy()
    monkeypatch.setattr(native, "extension", None)
    np.testing.assert_allclose(exported(model)(tokens.numpy()), want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("tokens", "message"),
    [([[20]], "from 0 to 19"), ([[-1]], "from 0 to 19"), ([[0.5]], "whole numbers"), ([[np.nan]], "whole numbers")],
)
def test_what_names_no_row_of_a_table_is_refused(tokens, message, exported):
    network = exported(nn.Sequential(nn.Embedding(20, 4)))
    with pytest.raises(ValueError, match=message):
        network(tokens)
    assert network([[3]]).shape == (1, 1, 4)


class Masked(nn.Module):
    def __init__(self, call):
        super().__init__()
        self.attention, self.call = nn.MultiheadAttention(8, 2, batch_first=True), call

    def forward(self, x):
        return self.call(self.attention, x)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Masked(lambda m, x: m(x, x, x, attn_mask=torch.zeros(3, 3))[0]), "called with a mask"),
        (Masked(lambda m, x: functional.scaled_dot_product_attention(x, x, x, attn_mask=x)), "masks"),
        (Masked(lambda m, x: x.reshape(x.shape)), "the whole shape"),
        (Masked(lambda m, x: x[..., 0]), "one place among whole axes"),
        (Masked(lambda m, x: x[:, ::2]), "step 2"),
        (Masked(lambda m, x: x.cumsum(1)), "cumsum"),
        (Masked(lambda m, x: x[:, : len(x)]), "no fixed graph"),
        (nn.Sequential(nn.Embedding(4, 4, max_norm=1.0)), "max_norm"),
        (nn.MultiheadAttention(8, 2), "no fixed graph|lacks"),
    ],
)
def test_what_the_runtime_lacks_is_named(model, message, tmp_path):
    with pytest.raises(ExportError, match=message):
        gs.nn.export(model, tmp_path / "net.gossamer")
    assert torch.arange(3).tolist() == [0, 1, 2]
    assert not (tmp_path / "net.gossamer").exists()


@pytest.fixture
def plan(tmp_path):
    """The plan of a GPT's file, its arrays, and a way to write others."""
    path = tmp_path / "gpt.gossamer"
    gs.nn.export(made("GPT")[0], path)
    tensors, metadata = read_safetensors(path)

    def read(changed):
        files.write(path, changed, tensors)
        return load(path)

    return json.loads(metadata["plan"]), read


def first(plan, op):
    return next(step for step in plan["steps"] if step["op"] == op)


def nested(depth):
    return 1 if depth == 0 else {"plus": [nested(depth - 1), 1]}


@pytest.mark.parametrize(
    ("op", "name", "value"),
    [
        ("positions", "count", {"of": 1, "axis": 0}),
        ("positions", "count", {"of": 0, "axis": 99}),
        ("positions", "count", {"power": [2, 3]}),
        ("positions", "count", {"plus": [1]}),
        ("positions", "count", nested(40)),
        ("positions", "count", "4"),
        ("positions", "of", []),
        ("reshape", "shape", [1] * 9),
        ("reshape", "shape", 4),
        ("reshape", "of", [0] * 2000),
        ("swap", "first", 1.5),
        ("chunk", "number", 3),
        ("chunk", "parts", 0),
        ("attention", "causal", 2),
        ("attention", "scale", "x"),
        ("attention", "of", [1, 2]),
        ("embedding", "of", [0, 0]),
        ("embedding", "op", "eval"),
    ],
)
def test_plans_are_checked(op, name, value, plan):
    written, read = plan
    first(written, op)[name] = value
    with pytest.raises(TopologyFileError):
        read(written)


def test_plans_with_other_numbers_end_in_words(plan):
    """Whatever small numbers stand in a plan: it is refused, or calls of it are, or it computes something."""
    written, read = plan
    rng = np.random.default_rng(0)
    for _ in range(60):
        changed = json.loads(json.dumps(written))
        step = changed["steps"][rng.integers(len(changed["steps"]))]
        names = [name for name in step if name not in ("op", "junction")]
        step[names[rng.integers(len(names))]] = [int(rng.integers(-3, 6)), None, [1, 2], {"of": 0, "axis": 1}][
            rng.integers(4)
        ]
        try:
            network = read(changed)
        except TopologyFileError:
            continue
        try:
            network(TOKENS.numpy())
        except (ValueError, TypeError) as error:
            assert str(error)
