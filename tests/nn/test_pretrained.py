"""Models in folders: the same function comes back, and what does not fit is an error in words."""

import json
import warnings

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

import gossamer as gs
from gossamer.errors import CheckpointError, TopologyFileError
from gossamer.nn.pretrained.saving import HEADER, WEIGHTS
from gossamer.nn.states import read_tensors


class Residual(nn.Module):
    """A model of somebody's own: convolutions, norms, attention, a tied head."""

    def __init__(self, width=16):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(2))
        self.up = nn.Sequential(nn.Linear(8, width), nn.GELU(), nn.Linear(width, 8))
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.out = nn.Linear(8, 5)
        self.again = self.out

    def forward(self, x):
        y = self.first(x).transpose(1, 2)
        y = y + self.up(y)
        y = y + self.attention(y, y, y)[0]
        return self.again(y.mean(1))


def images():
    return torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))


def sparse():
    torch.manual_seed(0)
    model = gs.nn.sparsify(Residual(), density=0.4, exclude="up.2").eval()
    model.first[1].running_mean.normal_()
    return model


def perceptron(**options):
    torch.manual_seed(0)
    layers = [gs.generators.erdos_renyi(12, 10, 50, rng=0), gs.Rotated([0, 1, 3], in_features=10, out_features=5)]
    return gs.nn.mlp(gs.Topology(layers), **options)


PARTS = {
    "relu": lambda: perceptron(),
    "dropout, no bias": lambda: perceptron(activation=nn.SiLU, dropout=(0.1, 0.2), bias=False),
    "alternating": lambda: perceptron(activation=lambda: gs.nn.AllReLU(-0.6), output_activation=nn.Tanh),
    "double": lambda: perceptron(activation=nn.Sigmoid).double(),
    "bfloat16": lambda: perceptron().to(torch.bfloat16),
    "sparsified": lambda: gs.nn.sparsify(
        nn.Sequential(
            nn.Linear(12, 10),
            nn.GELU("tanh"),
            nn.LayerNorm(10),
            nn.Sequential(nn.BatchNorm1d(10), nn.ELU(0.5), nn.Linear(10, 4, bias=False)),
            nn.LogSoftmax(-1),
        ),
        density=0.3,
        exclude="3.2",
    ),
    "one layer": lambda: gs.nn.SparseLinear(gs.generators.erdos_renyi(12, 3, 9, rng=0), backend="pytorch"),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_model_of_known_parts_comes_back_from_its_file_alone(name, tmp_path):
    model = PARTS[name]().eval()
    state = torch.get_rng_state()
    path = gs.nn.save_pretrained(model, tmp_path / "a" / "b")
    found = gs.nn.from_pretrained(tmp_path / "a" / "b")
    assert repr(found) == repr(model)
    assert not found.training
    x = torch.randn(4, 12, dtype=next(model.parameters()).dtype, generator=torch.Generator().manual_seed(0))
    assert torch.equal(found(x), model(x))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(gs.nn.from_pretrained(path)(x), model(x))
    assert [each.name for each in path.parent.iterdir()] == [WEIGHTS]


@pytest.mark.parametrize(
    "give", [lambda: Residual(), lambda: Residual, lambda: sparse()], ids=["plain", "class", "own"]
)
def test_a_model_of_ones_own_comes_back_into_one_that_is_given(give, tmp_path):
    model = sparse()
    gs.nn.save_pretrained(model, tmp_path)
    given = give()
    before = {n: t.clone() for n, t in given.state_dict().items()} if isinstance(given, nn.Module) else None
    found = gs.nn.from_pretrained(tmp_path, given)
    assert torch.equal(found(images()), model(images()))
    assert found.out is found.again
    assert isinstance(found.first[0], gs.nn.SparseConv2d)
    assert isinstance(found.attention.q_proj, gs.nn.SparseLinear)
    assert type(found.up[2]) is nn.Linear
    if before is not None:
        assert all(torch.equal(before[name], tensor) for name, tensor in given.state_dict().items())


def test_a_file_is_no_pickle_and_says_its_topologies(tmp_path):
    path = gs.nn.save_pretrained(perceptron(), tmp_path)
    tensors, metadata = read_tensors(path)
    words = json.loads(metadata[HEADER])
    assert words["layers"] == {"0": perceptron()[0].topology().digest(), "1": perceptron()[1].topology().digest()}
    assert [part["kind"] for part in words["model"]["modules"]] == ["SparseLinear", "SparseLinear"]
    assert list(tensors) != []


def test_the_command_line_reads_it(tmp_path, capsys):
    from gossamer.cli import main

    gs.nn.save_pretrained(perceptron(), tmp_path)
    with pytest.raises(SystemExit) as left:
        main(["measure", str(tmp_path / WEIGHTS)])
    assert left.value.code == 0
    assert "80" in capsys.readouterr().out


def rewritten(path, *, words=None, **tensors):
    """The file with other tensors or words."""
    held, metadata = read_tensors(path)
    metadata[HEADER] = words if isinstance(words, str) else json.dumps(json.loads(metadata[HEADER]) | (words or {}))
    safetensors.torch.save_file(
        held | {name.replace("__", "."): each for name, each in tensors.items()}, path, metadata
    )


def test_a_damaged_topology_is_named(tmp_path):
    path = gs.nn.save_pretrained(perceptron(), tmp_path)
    indices = read_tensors(path)[0]["0.indices"]
    rewritten(path, **{"0__indices": indices + 12})
    with pytest.raises(TopologyFileError, match="layer '0' is no junction"):
        gs.nn.from_pretrained(tmp_path)
    moved = gs.generators.erdos_renyi(12, 10, 50, rng=1)
    rewritten(path, **{"0__indices": torch.tensor(moved.indices), "0__indptr": torch.tensor(moved.indptr)})
    with pytest.raises(TopologyFileError, match="layer '0' was saved as"):
        gs.nn.from_pretrained(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - 5])
    with pytest.raises(TopologyFileError, match="damaged"):
        gs.nn.from_pretrained(tmp_path)
    with pytest.raises(FileNotFoundError):
        gs.nn.from_pretrained(tmp_path / "nowhere")


def test_every_bit_of_the_indices_that_flips_is_found(tmp_path):
    """Whatever one byte of a topology becomes: an error, or (in what does not decide edges) the same edges."""
    model = perceptron()
    path = gs.nn.save_pretrained(model, tmp_path)
    content, tensors = path.read_bytes(), read_tensors(path)[0]
    start = content.index(tensors["0.indices"].numpy().tobytes())
    rng = np.random.default_rng(0)
    for place in start + rng.choice(tensors["0.indices"].nbytes, 60, replace=False):
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(flipped)
        with pytest.raises(TopologyFileError, match="layer '0'"):
            gs.nn.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("{", "no JSON"),
        ("[1]", "no JSON"),
        ({"version": 2}, "version 2"),
        ({"layers": []}, "does not name layers"),
        ({"model": {"kind": "Sequential", "modules": [{"name": "0", "kind": "os.system", "command": "ls"}]}}, "kind"),
        ({"model": {"kind": "Sequential", "modules": [{"name": "0", "kind": "ReLU", "inplace": True}]}}, "inplace"),
        ({"model": {"kind": "Sequential", "modules": 3}}, "describes no model"),
        ({"model": {"kind": "Linear", "in_features": 10**9, "out_features": 10**9, "bias": True}}, "said to be"),
        ({"model": {"kind": "Sequential", "modules": [{"name": "0", "kind": "LayerNorm"}]}}, "describes no model"),
        ({"model": "import os"}, "describes no model"),
    ],
)
def test_words_choose_among_known_parts_alone(words, told, tmp_path):
    path = gs.nn.save_pretrained(perceptron(), tmp_path)
    rewritten(path, words=words)
    with pytest.raises(TopologyFileError, match=told):
        gs.nn.from_pretrained(tmp_path)


def test_what_does_not_fit_is_told(tmp_path):
    gs.nn.save_pretrained(sparse(), tmp_path)
    with pytest.raises(CheckpointError, match=r"tensors of a Residual, and does not say what that is made of"):
        gs.nn.from_pretrained(tmp_path)
    with pytest.raises(
        CheckpointError, match=r"junctions\['up\.0'\] has 8 inputs and 16 outputs; the layer has 8 and 20"
    ):
        gs.nn.from_pretrained(tmp_path, Residual(width=20))
    other = Residual()
    other.more = nn.Linear(2, 2)
    with pytest.raises(CheckpointError, match=r"lacks more\.weight, more\.bias"):
        gs.nn.from_pretrained(tmp_path, other)
    less = Residual()
    less.first[1] = nn.Identity()
    with pytest.raises(CheckpointError, match=r"has besides first\.1"):
        gs.nn.from_pretrained(tmp_path, less)
    odd = Residual()
    nn.utils.parametrizations.weight_norm(odd.up[0])
    with pytest.raises(CheckpointError, match=r"'up\.0' cannot be made sparse: it has a parametrised weight"):
        gs.nn.from_pretrained(tmp_path, odd)
    with pytest.raises(CheckpointError, match=r"layer 'up\.2' is sparse in the model alone"):
        gs.nn.from_pretrained(tmp_path, gs.nn.sparsify(Residual(), density=0.4))
    with pytest.raises(TypeError, match="int"):
        gs.nn.from_pretrained(tmp_path, 3)


def test_what_cannot_be_saved_is_told(tmp_path):
    with pytest.raises(CheckpointError, match="meta device"):
        gs.nn.save_pretrained(perceptron().to("meta"), tmp_path)
    with pytest.raises(TypeError):
        gs.nn.save_pretrained(perceptron().state_dict(), tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match="cannot be written"):
        gs.nn.save_pretrained(perceptron(), tmp_path / "file")

    class Extra(nn.Linear):
        def get_extra_state(self):
            return {"a": 1}

    with pytest.raises(CheckpointError, match="'_extra_state' is dict, no tensor"):
        gs.nn.save_pretrained(Extra(2, 2), tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def tiny(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        transformers = pytest.importorskip("transformers", reason="pip install 'gossamer[transformers]'")
        if name == "gpt2":
            config = transformers.GPT2Config(n_layer=1, n_embd=16, n_head=2, n_positions=8, vocab_size=20)
            return transformers, transformers.GPT2LMHeadModel(config).eval()
        config = transformers.BertConfig(
            vocab_size=20, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=24
        )
        return transformers, transformers.BertForSequenceClassification(config).eval()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["gpt2", "bert"])
def test_a_model_of_transformers_comes_back(name, tmp_path):
    torch.manual_seed(0)
    transformers, dense = tiny(name)
    model = gs.nn.sparsify(dense, density=0.3, exclude="lm_head" if name == "gpt2" else ())
    tokens = torch.arange(12).reshape(2, 6) % 20
    gs.nn.save_pretrained(model, tmp_path / "ours")
    config = transformers.AutoConfig.from_pretrained(tmp_path / "ours")
    plain = type(dense)(config)
    found = gs.nn.from_pretrained(tmp_path / "ours", plain)
    assert torch.equal(found(tokens).logits, model(tokens).logits)
    assert gs.nn.report(found).swapped == gs.nn.report(model).swapped != ()

    model.save_pretrained(tmp_path / "theirs")  # as their Trainer does
    found = gs.nn.from_pretrained(tmp_path / "theirs", lambda: type(dense)(config))
    assert torch.equal(found(tokens).logits, model(tokens).logits)
    model.save_pretrained(tmp_path / "parts", max_shard_size="2KB")
    assert len(list((tmp_path / "parts").glob("*.safetensors"))) > 1
    found = gs.nn.from_pretrained(tmp_path / "parts", plain)
    assert torch.equal(found(tokens).logits, model(tokens).logits)
    index = tmp_path / "parts" / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "../ours/model.safetensors"}}))
    with pytest.raises(TopologyFileError, match="not in its folder"):
        gs.nn.from_pretrained(tmp_path / "parts", plain)
