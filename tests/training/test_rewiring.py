"""Rewiring inside the training loop."""

import numpy as np
import pytest
import torch

import gossamer as gs
from gossamer import rewiring
from gossamer.errors import CheckpointError, InfeasibleTopologyError
from gossamer.training import Config, Rewiring, fit
from gossamer.training.data import load


def network(seed=0):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    return gs.nn.mlp(
        gs.Topology(
            [
                gs.generators.erdos_renyi(64, 30, 200, rng=rng),
                gs.generators.erdos_renyi(30, 10, 300, rng=rng),  # full: it is left alone
            ]
        )
    )


def callback(rule=None, recording=None):
    rule = rule or rewiring.rigl(every=7, until=40)
    return Rewiring(rule, rng=np.random.default_rng(1), recording=recording)


class Interrupted(Exception):  # noqa: N818 (it stands for a signal)
    pass


class StopAfter:
    def __init__(self, step):
        self.step = step

    def after_step(self, run):
        if run.step == self.step:
            raise Interrupted

    def after_epoch(self, run):
        pass


@pytest.mark.parametrize("rule", [rewiring.rigl(every=7, until=40), rewiring.chts(every=5, until=40)])
def test_a_run_that_was_killed_goes_on_as_if_it_had_not_been(tmp_path, rule):
    digits, config = load("digits"), Config(epochs=3, validation=0.0)
    whole, whole_log = network(), rewiring.Recording()
    fit(whole, digits, config, rng=np.random.default_rng(0), callbacks=[callback(rule, whole_log)])
    killed, log = network(), rewiring.Recording()
    with pytest.raises(Interrupted):
        fit(
            killed,
            digits,
            config,
            rng=np.random.default_rng(0),
            checkpoint=tmp_path / "run",
            callbacks=[callback(rule, log), StopAfter(33)],
        )
    log.save(tmp_path / "log")
    resumed, log = network(), rewiring.Recording.load(tmp_path / "log")
    fit(
        resumed,
        digits,
        config,
        rng=np.random.default_rng(0),
        checkpoint=tmp_path / "run",
        callbacks=[callback(rule, log)],
    )
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name])
    assert log.steps == whole_log.steps
    assert log.at(99) == whole_log.at(99)


def test_another_rule_does_not_go_on_from_a_checkpoint(tmp_path):
    digits, config = load("digits"), Config(epochs=1, validation=0.0)
    options = {"checkpoint": tmp_path / "run"}
    fit(network(), digits, config, rng=np.random.default_rng(0), callbacks=[callback()], **options)
    other = callback(rewiring.sparse_evolutionary(every=7))
    with pytest.raises(CheckpointError, match="rule"):
        fit(network(), digits, config, rng=np.random.default_rng(0), callbacks=[other], **options)


def test_a_model_without_an_empty_place():
    full = gs.nn.mlp(gs.Topology([gs.generators.dense(64, 10)]))
    with pytest.raises(InfeasibleTopologyError, match="no layer of the model is sparse"):
        fit(full, load("digits"), Config(epochs=1), rng=np.random.default_rng(0), callbacks=[callback()])


def test_full_layers_stay_and_epochs_say_what_moved():
    notes = []

    class Listener:
        def after_step(self, run):
            pass

        def after_epoch(self, run):
            notes.append(run.notes["rewiring"])

    model = network()
    fit(model, load("digits"), Config(epochs=2), rng=np.random.default_rng(0), callbacks=[callback(), Listener()])
    assert [layer.num_edges for layer in gs.nn.topology_of(model)] == [200, 300]
    assert all("sparsity 89.58 %" in note and "edges moved, R_s ." in note.replace("0.", ".") for note in notes)
