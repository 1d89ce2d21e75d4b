"""Whole models of other people: the same function at density 1, exact budgets, and the plain model back."""

import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional

import gossamer as gs
from gossamer.nn import densify, report, sparsify

TOKENS = torch.arange(24).reshape(2, 12) % 20
IMAGES = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))


class ViT(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 16, 4, 4)
        self.first, self.places = nn.Parameter(torch.zeros(1, 1, 16)), nn.Parameter(torch.randn(1, 17, 16))
        layer = nn.TransformerEncoderLayer(16, 2, 32, activation="gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, nn.LayerNorm(16), enable_nested_tensor=False)
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        tokens = self.patch(x).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.first.expand(len(tokens), -1, -1), tokens], 1) + self.places
        return self.head(self.encoder(tokens)[:, 0])


class GPT(nn.Module):
    """Packed projections of its own, and a head that is the table."""

    def __init__(self):
        super().__init__()
        self.tokens, self.places = nn.Embedding(20, 16), nn.Embedding(12, 16)
        self.blocks = nn.ModuleList(
            nn.ModuleDict(
                {
                    "norm": nn.LayerNorm(16),
                    "qkv": nn.Linear(16, 48),
                    "out": nn.Linear(16, 16),
                    "mlp": nn.Sequential(nn.LayerNorm(16), nn.Linear(16, 64), nn.GELU(), nn.Linear(64, 16)),
                }
            )
            for _ in range(2)
        )
        self.head = nn.Linear(16, 20, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, tokens):
        x = self.tokens(tokens) + self.places(torch.arange(tokens.shape[1]))
        for block in self.blocks:
            q, k, v = (
                part.unflatten(-1, (2, 8)).transpose(1, 2) for part in block["qkv"](block["norm"](x)).chunk(3, -1)
            )
            mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + block["out"](mixed.transpose(1, 2).flatten(2))
            x = x + block["mlp"](x)
        return self.head(x)


class Bag(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.network = (
            nn.EmbeddingBag(20, 16),
            nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 4)),
        )

    def forward(self, tokens):
        return self.network(self.table(tokens))


def transformers(kind):
    """A tiny model of Transformers, of random weights."""

    def make():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            library = pytest.importorskip("transformers", reason="pip install 'gossamer[transformers]'")
            small = {"vocab_size": 20, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
            if kind == "gpt2":
                config = library.GPT2Config(n_layer=1, n_embd=16, n_head=2, n_positions=12, vocab_size=20)
                return library.GPT2LMHeadModel(config)
            if kind == "bert":
                return library.BertModel(library.BertConfig(**small, intermediate_size=24))
            llama = library.LlamaConfig(**small, num_key_value_heads=1, intermediate_size=24)
            return library.LlamaForCausalLM(llama)

    return make


MODELS = {  # how it is made, its input, what is left out, how many layers are swapped
    "ViT": (ViT, IMAGES, (), 14),
    "GPT": (GPT, TOKENS, "head", 8),
    "EmbeddingBag": (Bag, TOKENS, (), 2),
    "Transformers' GPT-2": (transformers("gpt2"), TOKENS, "lm_head", 4),
    "Transformers' BERT": (transformers("bert"), TOKENS, "pooler.*", 6),
    "Transformers' Llama": (transformers("llama"), TOKENS, "lm_head", 7),
}


def output(model, x):
    y = model(x)
    return y if isinstance(y, torch.Tensor) else y[0]


@pytest.mark.filterwarnings("ignore")  # Transformers' own
@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_other_people_is_swapped_and_comes_back(name):
    make, x, left_out, count = MODELS[name]
    torch.manual_seed(0)
    model = make().eval()
    full = sparsify(model, density=1.0, exclude=left_out)
    torch.testing.assert_close(output(full, x), output(model, x), rtol=1e-4, atol=1e-5)

    sparse = sparsify(model, density=0.3, budget="erdos_renyi_kernel", exclude=left_out)
    rows = [row for row in report(sparse).rows if not row.note]
    assert len(rows) == count
    assert sum(row.edges for row in rows) == round(0.3 * sum(row.places for row in rows))
    plain = densify(sparse)
    assert list(plain.state_dict()) == list(model.state_dict())
    assert not any(isinstance(module, gs.nn.SparseLayer) for module in plain.modules())
    torch.testing.assert_close(output(plain, x), output(sparse, x), rtol=1e-4, atol=1e-5)

    optimizer = torch.optim.AdamW(sparse.train().parameters(), lr=1e-3)
    output(sparse, x).square().mean().backward()
    optimizer.step()
    layers = [layer for layer in sparse.modules() if isinstance(layer, gs.nn.SparseLayer)]
    assert all(layer.weight.grad.shape == layer.weight.shape for layer in layers)


@pytest.mark.filterwarnings("ignore")
def test_a_sparse_gpt_of_transformers_writes_on():
    torch.manual_seed(0)
    sparse = sparsify(transformers("gpt2")().eval(), density=0.3, exclude="lm_head")
    written, plain = (
        model.generate(TOKENS[:, :4], max_new_tokens=3, do_sample=False, pad_token_id=0)
        for model in (sparse, densify(sparse))
    )
    assert torch.equal(written, plain)
