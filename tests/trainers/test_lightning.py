"""The callback in Lightning's own Trainer."""

import logging
import warnings

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import gossamer as gs
from gossamer.errors import CheckpointError, RewiringError

from .small import RULES, STEPS, adam, assert_same, by_hand, dense, examples, sparse

with warnings.catch_warnings():  # of the libraries' own imports
    warnings.simplefilter("ignore")
    lightning = pytest.importorskip("lightning", reason="pip install 'gossamer[lightning]'")
    from gossamer.lightning import Rewiring

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("one_thread")]  # Lightning's advice
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)


class Classifier(lightning.LightningModule):
    def __init__(self, make=sparse):
        super().__init__()
        self.network = make()

    def training_step(self, batch, _):
        x, y = batch
        return nn.functional.cross_entropy(self.network(x), y)

    def configure_optimizers(self):
        return adam(self.parameters())


def trainer(callback, folder, **options):
    return lightning.Trainer(
        accelerator="cpu",
        callbacks=[callback],
        logger=False,
        default_root_dir=folder,
        enable_progress_bar=False,
        enable_model_summary=False,
        **{"max_epochs": 1, "enable_checkpointing": False} | options,
    )


def batches():
    return DataLoader(TensorDataset(*examples()), batch_size=8)


@pytest.mark.parametrize("rule", RULES)
def test_a_fit_is_the_training_by_hand(rule, tmp_path):
    callback = Rewiring(RULES[rule](), rng=5)
    model = Classifier()
    trainer(callback, tmp_path).fit(model, batches())
    expected, rewirer = by_hand(RULES[rule]())
    assert callback.rewirer.steps == rewirer.steps == STEPS
    assert_same(model.network, expected)
    assert gs.nn.topology_of(model.network) != gs.nn.topology_of(sparse())


def test_steps_that_accumulate_gradients_count_once(tmp_path):
    callback, model = Rewiring(RULES["rigl"](), rng=5), Classifier()
    trainer(callback, tmp_path, accumulate_grad_batches=2, limit_train_batches=6).fit(model, batches())
    assert callback.rewirer.steps == 3


@pytest.mark.parametrize("rule", RULES)
def test_a_run_that_was_cut_off_goes_on(rule, tmp_path):
    first = trainer(Rewiring(RULES[rule](), rng=5), tmp_path, max_steps=3)
    first.fit(Classifier(), batches())
    first.save_checkpoint(tmp_path / "cut.ckpt")
    callback, model = Rewiring(RULES[rule](), rng=99), Classifier()
    later = DataLoader(TensorDataset(*(each[8 * 3 :] for each in examples())), batch_size=8)
    trainer(callback, tmp_path, max_epochs=2).fit(model, later, ckpt_path=tmp_path / "cut.ckpt", weights_only=True)
    expected, _ = by_hand(RULES[rule]())
    assert callback.rewirer.steps == STEPS
    assert_same(model.network, expected)


def test_a_rule_that_is_due_before_the_first_step_is_not_due_again(tmp_path):
    ticket = lambda: gs.rewiring.lottery_ticket(fraction=0.2, every=4)  # noqa: E731
    first = trainer(Rewiring(ticket(), rng=5), tmp_path, max_steps=3)
    first.fit(Classifier(), batches())
    first.save_checkpoint(tmp_path / "cut.ckpt")
    callback, model = Rewiring(ticket(), rng=5), Classifier()
    later = DataLoader(TensorDataset(*(each[8 * 3 : 8 * 4] for each in examples())), batch_size=8)
    trainer(callback, tmp_path, max_epochs=2).fit(model, later, ckpt_path=tmp_path / "cut.ckpt", weights_only=True)
    start = gs.nn.densify(sparse())
    for place in (0, 2):  # rewound to the weights of the very beginning
        inputs, outputs = model.network[place].topology().edges()
        assert torch.equal(model.network[place].weight, start[place].weight[outputs.tolist(), inputs.tolist()])


def test_what_is_asked_for_is_logged(tmp_path):
    callback = Rewiring(RULES["rigl"](), rng=5, measures=["algebraic_connectivity"])
    run, model = trainer(callback, tmp_path), Classifier()
    run.fit(model, batches())
    logged = {name: float(value) for name, value in run.logged_metrics.items()}
    assert logged["rewiring/edges"] == gs.nn.topology_of(model.network).num_edges
    assert logged["rewiring/sparsity"] == pytest.approx(0.7, abs=0.01)
    assert logged["rewiring/moved"] > 0
    assert logged["rewiring/explored"] > 0.3
    connectivity = gs.measures.algebraic_connectivity(model.network[0].topology())
    assert logged["rewiring/algebraic_connectivity/network.0"] == pytest.approx(connectivity)


def test_a_checkpoint_of_another_rule_is_refused(tmp_path):
    first = trainer(Rewiring(RULES["rigl"](), rng=5), tmp_path, max_steps=3)
    first.fit(Classifier(), batches())
    first.save_checkpoint(tmp_path / "cut.ckpt")
    other = trainer(Rewiring(RULES["set"](), rng=5), tmp_path, max_epochs=2)
    with pytest.raises(CheckpointError, match="is of rule"):
        other.fit(Classifier(), batches(), ckpt_path=tmp_path / "cut.ckpt", weights_only=True)


def test_an_optimiser_made_before_the_swap_is_told_before_the_first_step(tmp_path):
    class Late(Classifier):
        def __init__(self):
            super().__init__(make=dense)
            self.optimizer = adam(self.parameters())
            self.network = gs.nn.sparsify(self.network, density=0.3)

        def configure_optimizers(self):
            return self.optimizer

    with pytest.raises(RewiringError, match=r"does not hold the weight of layer 'network\.0'"):
        trainer(Rewiring(RULES["set"](), rng=5), tmp_path).fit(Late(), batches())


def test_a_measure_that_is_not_known_is_refused():
    with pytest.raises(ValueError, match="lambda"):
        Rewiring(RULES["set"](), rng=5, measures=["lambda"])


def test_the_optimiser_that_holds_the_sparse_layers_is_found(tmp_path):
    class TwoOptimizers(Classifier):
        def __init__(self):
            super().__init__()
            self.automatic_optimization = False
            self.scale = nn.Parameter(torch.ones(()))

        def training_step(self, batch, number):
            for optimizer in self.optimizers():
                optimizer.zero_grad()
            x, y = batch
            self.manual_backward(nn.functional.cross_entropy(self.network(x) * self.scale, y))
            for optimizer in self.optimizers():
                optimizer.step()

        def configure_optimizers(self):
            return [torch.optim.SGD([self.scale], lr=0.0), adam(self.network.parameters())]

    callback, model = Rewiring(RULES["rigl"](), rng=5), TwoOptimizers()
    trainer(callback, tmp_path).fit(model, batches())
    assert_same(model.network, by_hand(RULES["rigl"]())[0])
