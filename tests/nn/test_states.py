"""The order of layers: the module's where it is known, else what widths allow, and said where they allow several."""

import json
import warnings

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

import gossamer as gs
from gossamer.cli import main
from gossamer.errors import TopologyFileError, TopologyWarning
from gossamer.nn.states import layer_prefixes, read_state, write_state


def autoencoder(hidden=6, inner=3, out=8):
    """Named layers, longer names first."""
    rng = np.random.default_rng(0)
    made = [
        gs.nn.SparseLinear(gs.generators.erdos_renyi(I, O, I * O // 2, rng=rng))
        for I, O in ((8, hidden), (hidden, inner), (inner, out))
    ]
    return nn.ModuleDict(dict(zip(("longer_encoder", "code", "out"), made, strict=True)))


def test_a_file_keeps_the_modules_order(tmp_path):
    model = autoencoder(hidden=8, inner=8)
    write_state(tmp_path / "w", model.state_dict())
    state = read_state(tmp_path / "w")
    assert state.is_ordered
    assert list(state.tensors) == list(model.state_dict())
    assert layer_prefixes(*state[:1], is_ordered=True) == ["longer_encoder.", "code.", "out."]
    for name, tensor in model.state_dict().items():
        assert torch.equal(state.tensors[name], tensor)


def test_without_the_order_widths_decide(tmp_path):
    safetensors.torch.save_file(autoencoder(out=5).state_dict(), tmp_path / "w")
    state = read_state(tmp_path / "w")
    assert not state.is_ordered
    assert layer_prefixes(state.tensors, is_ordered=False) == ["longer_encoder.", "code.", "out."]


def test_what_widths_leave_open_is_said():
    state = {f"{name}.weight": torch.ones(4, 4) for name in ("encoder", "decoder")}
    with pytest.warns(TopologyWarning, match=r"widths allow several; taken is decoder\., encoder\."):
        assert layer_prefixes(state, is_ordered=False) == ["decoder.", "encoder."]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert layer_prefixes(state, is_ordered=True) == ["encoder.", "decoder."]


def test_numbers_decide_where_there_are_some():
    state = {f"{number}.weight": torch.ones(4, 4) for number in (10, 2, 0)}
    assert layer_prefixes(state, is_ordered=False) == ["0.", "2.", "10."]


def test_many_layers_of_one_width_end():
    state = {f"{chr(97 + k)}{'x' * k}.weight": torch.ones(4, 4) for k in range(24)}
    with pytest.warns(TopologyWarning):
        assert len(layer_prefixes(state, is_ordered=False)) == 24


@pytest.mark.parametrize("order", ["[", "3", '["x"]', "null", "[" * 10_000])
def test_an_order_that_is_none_is_left_aside_or_refused(tmp_path, order):
    safetensors.torch.save_file({"a.weight": torch.ones(1, 1)}, tmp_path / "w", {"order": order})
    try:
        assert not read_state(tmp_path / "w").is_ordered
    except TopologyFileError as error:
        assert str(tmp_path / "w") in str(error)


def test_measure_takes_an_encoder_before_its_decoder(tmp_path, capsys):
    model = autoencoder(hidden=8, inner=8)
    write_state(tmp_path / "w", model.state_dict())
    with pytest.raises(SystemExit) as end:
        main(["measure", str(tmp_path / "w"), "--only", "num_edges,effective_paths", "--json"])
    assert end.value.code == 0
    rows = {(row["scope"], row["measure"]): row["value"] for row in json.loads(capsys.readouterr().out)}
    topology = gs.Topology([layer.topology() for layer in model.values()])
    assert rows["network", "effective_paths"] == pytest.approx(gs.measures.effective_paths(topology))
    assert gs.measures.effective_paths(topology) != gs.measures.effective_paths(gs.Topology(topology.layers[::-1]))
