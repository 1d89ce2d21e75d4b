"""Attention and transformers: split without changing results, and never on PyTorch's packed fast path."""

import copy

import pytest
import torch
from torch import nn

import gossamer as gs
from gossamer.nn import SparseLinear, SplitAttention, densify, sparsify

OPTIONS = [
    {},
    {"batch_first": True},
    {"bias": False},
    {"add_bias_kv": True, "add_zero_attn": True},
    {"kdim": 6, "vdim": 10},
    {"kdim": 6, "vdim": 10, "add_bias_kv": True, "batch_first": True},
]


def attention(**options):
    torch.manual_seed(0)
    module = nn.MultiheadAttention(8, 2, **options)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module.eval()


def inputs(module, batch=3, length=5, others=4):
    shapes = [(batch, length, 8), (batch, others, module.kdim), (batch, others, module.vdim)]
    tensors = [torch.randn(shape) for shape in shapes]
    return tensors if module.batch_first else [x.transpose(0, 1) for x in tensors]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("masked", [False, True])
def test_split_attention_is_pytorchs(options, need_weights, masked):
    dense = attention(**options)
    split, packed = SplitAttention(dense), SplitAttention(dense).packed()
    masks = {}
    if masked:
        padding = torch.zeros(3, 4, dtype=torch.bool)
        padding[1, 2:] = True
        masks = {"key_padding_mask": padding, "attn_mask": torch.rand(6, 5, 4) > 0.9}
        masks["attn_mask"][..., 0] = False
    tensors = inputs(dense)
    wanted = dense(*tensors, need_weights=need_weights, **masks)
    for module in (split, packed):
        for average in (True, False) if need_weights else (True,):
            wanted = dense(*tensors, need_weights=need_weights, average_attn_weights=average, **masks)
            found = module(*tensors, need_weights=need_weights, average_attn_weights=average, **masks)
            torch.testing.assert_close(found[0], wanted[0])
            assert (found[1] is None) == (wanted[1] is None)
            if need_weights:
                torch.testing.assert_close(found[1], wanted[1])


def test_split_attention_takes_float_masks_causal_hints_and_single_sequences():
    dense = attention(batch_first=True)
    split, x = SplitAttention(dense), torch.randn(3, 5, 8)
    causal = nn.Transformer.generate_square_subsequent_mask(5)
    for options in ({"attn_mask": causal}, {"attn_mask": causal, "is_causal": True, "need_weights": False}):
        torch.testing.assert_close(split(x, x, x, **options)[0], dense(x, x, x, **options)[0])
    torch.testing.assert_close(split(x, x, x, is_causal=True)[0], dense(x, x, x, attn_mask=causal)[0])
    one, padding = x[0], torch.tensor([False, False, False, True, True])
    for found, wanted in zip(
        split(one, one, one, key_padding_mask=padding), dense(one, one, one, key_padding_mask=padding), strict=True
    ):
        torch.testing.assert_close(found, wanted)


def masked_attention(dense, sparse):
    """The dense attention with zeros where the sparse one has no edge."""
    oracle = SplitAttention(dense)
    for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
        getattr(oracle, name).weight.data *= torch.tensor(getattr(sparse, name).topology().to_mask())
    return oracle


@pytest.mark.parametrize("options", OPTIONS)
def test_attention_is_made_sparse_and_dense_again(options):
    dense = attention(**options)
    sparse = sparsify(dense, density=0.5)
    tensors = inputs(dense)
    assert all(isinstance(getattr(sparse, name), SparseLinear) for name in ("q_proj", "k_proj", "v_proj", "out_proj"))
    torch.testing.assert_close(sparse(*tensors)[0], masked_attention(dense, sparse)(*tensors)[0])
    plain = densify(sparse)
    assert type(plain) is nn.MultiheadAttention
    torch.testing.assert_close(plain(*tensors)[0], sparse(*tensors)[0])
    assert set(plain.state_dict()) == set(dense.state_dict())


def test_a_part_of_an_attention_may_be_chosen():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    sparse = sparsify(layer, density=0.5, include=("self_attn.q_proj", "linear1"))
    assert isinstance(sparse.self_attn.q_proj, SparseLinear)
    assert type(sparse.self_attn.v_proj) is nn.Linear
    only = sparsify(layer, density=0.5, include="linear*")
    assert type(only.self_attn) is nn.MultiheadAttention


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("chosen", ["*", "linear*", "*self_attn*"])
@pytest.mark.parametrize("grad", [True, False])
def test_encoder_layers_run_in_evaluation(norm_first, activation, chosen, grad):
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, activation=activation, batch_first=True, norm_first=norm_first).eval()
    sparse, x = sparsify(layer, density=1.0, include=chosen), torch.randn(3, 5, 8)
    with torch.set_grad_enabled(grad):
        torch.testing.assert_close(sparse(x), layer(x))
        torch.testing.assert_close(densify(sparse)(x), layer(x))
    assert densify(sparse).activation_relu_or_gelu == layer.activation_relu_or_gelu


def test_a_whole_transformer_runs_with_padding_under_no_grad():
    torch.manual_seed(0)
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True), 2).eval()
    sparse, x = sparsify(encoder, density=1.0), torch.randn(3, 5, 8)
    padding = torch.zeros(3, 5, dtype=torch.bool)
    padding[0, 3:] = True
    for grad in (True, False):
        with torch.set_grad_enabled(grad):
            found, wanted = (each(x, src_key_padding_mask=padding) for each in (sparse, encoder.train()))
            torch.testing.assert_close(found[~padding], wanted[~padding])
    assert densify(sparse).use_nested_tensor == encoder.use_nested_tensor
    model = nn.Transformer(8, 2, 1, 1, 16, dropout=0.0, batch_first=True)
    other = sparsify(model, density=1.0)
    torch.testing.assert_close(other(x, x), model(x, x))
    assert copy.deepcopy(other)(x, x).shape == x.shape


def test_gradients_reach_every_projection():
    sparse = sparsify(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), density=0.5)
    sparse(torch.randn(3, 5, 8)).sum().backward()
    assert all(parameter.grad is not None for parameter in sparse.parameters())


class OwnAttention(nn.MultiheadAttention):
    def forward(self, *inputs, **options):
        return super().forward(*inputs, **options)


def test_an_attention_of_ones_own_is_left_whole():
    model = nn.ModuleDict({"attention": OwnAttention(8, 2), "head": nn.Linear(8, 4)})
    sparse = sparsify(model, density=0.5)
    assert type(sparse["attention"]) is OwnAttention
    assert gs.nn.report(sparse).dense == {"attention": "dense: an attention with a forward of its own"}
