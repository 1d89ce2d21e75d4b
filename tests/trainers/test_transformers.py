"""The callback in Hugging Face's own Trainer."""

import warnings

import pytest
import torch
from torch import nn

import gossamer as gs
from gossamer.errors import CheckpointError, RewiringError
from gossamer.training import checkpoints

from .small import RULES, STEPS, adam, assert_same, by_hand, examples, sparse

with warnings.catch_warnings():  # of the libraries' own imports
    warnings.simplefilter("ignore")
    transformers = pytest.importorskip("transformers", reason="pip install 'gossamer[transformers]'")
    pytest.importorskip("accelerate", reason="pip install 'gossamer[transformers]'")
    from gossamer.transformers import FILE, RewiringCallback

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("one_thread")]  # the Trainer's advice


class Classifier(nn.Module):
    """As the Trainer wants it: a loss among the outputs."""

    def __init__(self):
        super().__init__()
        self.network = sparse()

    def forward(self, x, labels):
        logits = self.network(x)
        return {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}


class InOrder(transformers.Trainer):
    def _get_train_sampler(self, *_):
        return torch.utils.data.SequentialSampler(self.train_dataset)


def trainer(callback, folder, *, model=None, optimizer=None, **options):
    x, y = examples()
    arguments = transformers.TrainingArguments(
        str(folder),
        use_cpu=True,
        per_device_train_batch_size=8,
        num_train_epochs=1,
        max_grad_norm=0.0,
        lr_scheduler_type="constant",
        report_to=[],
        disable_tqdm=True,
        **{"save_strategy": "no", "logging_strategy": "no"} | options,
    )
    model = Classifier() if model is None else model
    rows = [{"x": row, "labels": label} for row, label in zip(x, y, strict=True)]
    optimizer = adam(model.parameters()) if optimizer is None else optimizer
    return InOrder(model=model, args=arguments, train_dataset=rows, callbacks=[callback], optimizers=(optimizer, None))


@pytest.mark.parametrize("rule", RULES)
def test_a_run_is_the_training_by_hand(rule, tmp_path):
    callback = RewiringCallback(RULES[rule](), rng=5)
    run = trainer(callback, tmp_path)
    run.train()
    expected, rewirer = by_hand(RULES[rule]())
    assert callback.rewirer.steps == rewirer.steps == STEPS
    assert_same(run.model.network, expected)


def test_steps_that_accumulate_gradients_count_once(tmp_path):
    callback = RewiringCallback(RULES["rigl"](), rng=5)
    run = trainer(callback, tmp_path, gradient_accumulation_steps=2, max_steps=3)
    run.train()
    assert callback.rewirer.steps == 3


def cut(rule, folder):
    """A training of three steps, and the folder of its checkpoint."""
    trainer(RewiringCallback(RULES[rule](), rng=5), folder, max_steps=3, save_strategy="steps", save_steps=3).train()
    return folder / "checkpoint-3"


@pytest.mark.parametrize("rule", RULES)
def test_a_run_that_was_cut_off_goes_on(rule, tmp_path):
    checkpoint = cut(rule, tmp_path)
    callback = RewiringCallback(RULES[rule](), rng=99)
    run = trainer(callback, tmp_path)
    run.train(resume_from_checkpoint=str(checkpoint))
    assert callback.rewirer.steps == STEPS
    assert_same(run.model.network, by_hand(RULES[rule]())[0])


def test_a_checkpoint_may_lie_elsewhere(tmp_path):
    checkpoint = cut("rigl", tmp_path / "here")
    run = trainer(RewiringCallback(RULES["rigl"](), rng=99), tmp_path / "there")
    with pytest.raises(CheckpointError, match=r"RewiringCallback\(checkpoint=FOLDER\)"):
        run.train(resume_from_checkpoint=str(checkpoint))
    run = trainer(RewiringCallback(RULES["rigl"](), rng=99, checkpoint=checkpoint), tmp_path / "there")
    run.train(resume_from_checkpoint=str(checkpoint))
    assert_same(run.model.network, by_hand(RULES["rigl"]())[0])


def test_a_damaged_or_foreign_state_is_refused(tmp_path):
    checkpoint = cut("rigl", tmp_path)
    run = trainer(RewiringCallback(RULES["set"](), rng=5), tmp_path)
    with pytest.raises(CheckpointError, match="is of rule"):
        run.train(resume_from_checkpoint=str(checkpoint))
    whole = (checkpoint / FILE).read_bytes()
    run = trainer(RewiringCallback(RULES["rigl"](), rng=5), tmp_path)
    for content, told in ((whole[: len(whole) // 2], "is damaged"), (b"", "no checkpoint of this version")):
        (checkpoint / FILE).write_bytes(content)
        with pytest.raises(CheckpointError, match=told):
            run.train(resume_from_checkpoint=str(checkpoint))
    checkpoints.write({"steps": 3}, checkpoint / FILE)
    with pytest.raises(CheckpointError, match="no state of a rewirer"):
        run.train(resume_from_checkpoint=str(checkpoint))


def test_what_is_asked_for_is_logged(tmp_path):
    callback = RewiringCallback(RULES["rigl"](), rng=5, measures=["algebraic_connectivity"])
    run = trainer(callback, tmp_path, logging_strategy="steps", logging_steps=2)
    run.train()
    logged = [line for line in run.state.log_history if "rewiring/edges" in line]
    assert [line["step"] for line in logged] == [2, 4, 6]
    assert logged[-1]["rewiring/edges"] == gs.nn.topology_of(run.model.network).num_edges
    connectivity = gs.measures.algebraic_connectivity(run.model.network[0].topology())
    assert logged[-1]["rewiring/algebraic_connectivity/network.0"] == pytest.approx(connectivity)
    assert "loss" in logged[-1]


def test_an_optimiser_made_before_the_swap_is_told_before_the_first_step(tmp_path):
    run = trainer(RewiringCallback(RULES["set"](), rng=5), tmp_path, optimizer=adam(Classifier().parameters()))
    with pytest.raises(RewiringError, match=r"does not hold the weight of layer 'network\.0'"):
        run.train()
