"""Resuming is exact: to the last bit what a run without a stop gives."""

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import gossamer as gs
from gossamer.errors import CheckpointError, CheckpointWarning
from gossamer.training import SGD, Adam, Config, CosineRate, fit
from gossamer.training.checkpoints import MAGIC, previous, read
from gossamer.training.data import load

EPOCHS = 6


def make_model(width=24, seed=0):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    first = gs.Bipartite.from_mask(rng.random((width, 64)) < 0.3)
    second = gs.Rotated([0, 2, 3], in_features=width, out_features=16)
    third = gs.Bipartite.from_mask(np.ones((10, 16)))
    return gs.nn.mlp(gs.Topology([first, second, third]), dropout=(0.1, 0.2))


class StopError(Exception):
    pass


class StopAt:
    """Breaks off, as a crash would, at one step or after one epoch (before its checkpoint)."""

    def __init__(self, step=None, epoch=None):
        self.step, self.epoch = step, epoch

    def after_step(self, run):
        if run.step == self.step:
            raise StopError

    def after_epoch(self, run):
        if run.history[-1].number == self.epoch:
            raise StopError


def train(path, *callbacks, rng=None, model=None, **changes):
    settings = {"epochs": EPOCHS, "batch_size": 50, "optimizer": Adam(0.01), "patience": 3} | changes
    model = model or make_model()
    rng = rng or np.random.default_rng(3)
    history = fit(model, load("digits"), Config(**settings), rng=rng, checkpoint=path, callbacks=callbacks)
    numbers = [(epoch.loss, epoch.validation_loss, epoch.validation_accuracy) for epoch in history.epochs]
    return numbers, history.best_epoch, model.state_dict()


def assert_same(one, other):
    assert one[:2] == other[:2]
    assert one[2].keys() == other[2].keys()
    for name, value in one[2].items():
        assert torch.equal(value, other[2][name]), name


@pytest.mark.parametrize("optimizer", [Adam(0.01), SGD(0.1)])
@pytest.mark.parametrize("rng", [np.random.PCG64, np.random.MT19937, np.random.Philox])
def test_resuming_is_exact_wherever_it_broke_off(tmp_path, optimizer, rng):
    options = {"optimizer": optimizer, "schedule": CosineRate()}
    whole = train(None, rng=np.random.Generator(rng(3)), **options)
    path = tmp_path / "run"
    for stop in (StopAt(step=10), StopAt(epoch=1), StopAt(step=70), StopAt(epoch=4)):
        with pytest.raises(StopError):
            train(path, stop, rng=np.random.Generator(rng(3)), **options)
        torch.manual_seed(int(time.time()))  # what a new process would have
    assert_same(train(path, rng=np.random.Generator(rng(3)), **options), whole)


def test_a_finished_run_comes_back_from_its_checkpoint(tmp_path):
    whole = train(tmp_path / "run")
    assert_same(train(tmp_path / "run", StopAt(step=1)), whole)


def test_more_epochs_continue_a_shorter_run(tmp_path):
    train(tmp_path / "run", epochs=2)
    assert_same(train(tmp_path / "run"), train(None))


def test_a_killed_process_resumes_exactly(tmp_path):
    path = tmp_path / "run"
    program = f"""
import sys, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_checkpoints import Path, train
class Slow:
    def after_step(self, run): time.sleep(.005)
    def after_epoch(self, run): pass
train(Path({str(path)!r}), Slow())
"""
    process = subprocess.Popen([sys.executable, "-c", program], env=os.environ | {"OMP_NUM_THREADS": "1"})
    try:
        deadline = time.monotonic() + 300
        while not path.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert path.exists()
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert 1 <= len(read(path)["history"]) <= EPOCHS
    assert_same(train(path), train(None))


def test_a_damaged_checkpoint_is_named_and_the_one_before_it_used(tmp_path):
    path = tmp_path / "run"
    train(path, epochs=3)
    assert [len(read(file)["history"]) for file in (previous(path), path)] == [2, 3]
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.warns(CheckpointWarning, match=r"run is damaged.*goes on from.*run\.previous, after epoch 2"):
        assert_same(train(path), train(None))
    assert len(read(path)["history"]) == len(read(previous(path))["history"]) + 1
    assert (tmp_path / "run.damaged").exists()


def test_two_damaged_checkpoints_are_an_error_and_stay(tmp_path):
    path = tmp_path / "run"
    train(path, epochs=2)
    for file in (path, previous(path)):
        file.write_bytes(file.read_bytes()[:-7])
    with pytest.raises(CheckpointError, match=r"run\.previous is damaged"):
        train(path)
    assert path.exists()


def test_a_run_killed_between_two_files_goes_on_from_the_older(tmp_path):
    path = tmp_path / "run"
    train(path, epochs=2)
    path.unlink()
    assert_same(train(path), train(None))


def test_file_systems_without_hard_links_keep_the_previous_too(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError

    monkeypatch.setattr(os, "link", refuse)
    train(tmp_path / "run", epochs=3)
    assert len(read(previous(tmp_path / "run"))["history"]) == 2


def test_callbacks_with_a_state_are_resumed(tmp_path):
    class Averager:
        total = 0.0

        def after_step(self, run):
            self.total = 0.9 * self.total + float(run.model[-1].weight.detach().sum())

        def after_epoch(self, run):
            pass

        def state_dict(self):
            return {"total": self.total}

        def load_state_dict(self, state):
            self.total = state["total"]

    whole, resumed = Averager(), Averager()
    train(None, whole)
    with pytest.raises(StopError):
        train(tmp_path / "run", Averager(), StopAt(step=80))
    train(tmp_path / "run", resumed)
    assert resumed.total == whole.total
    with pytest.raises(CheckpointError, match="has 1 callbacks; the run has 0"):
        train(tmp_path / "run")


def test_a_falling_rate_is_of_its_number_of_epochs(tmp_path):
    train(tmp_path / "run", epochs=2, schedule=CosineRate())
    with pytest.raises(CheckpointError, match=r"epochs differ. epochs was 2, and is 6 now"):
        train(tmp_path / "run", schedule=CosineRate())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 51}, "batch_size differ. batch_size was 50, and is 51 now"),
        ({"optimizer": Adam(0.02)}, r"optimizer was Adam\(lr=0.01"),
        ({"rng": np.random.default_rng(4)}, "rng differ"),
        ({"model": make_model(seed=1)}, "topology differ"),
        ({"model": make_model(width=25)}, "model, topology differ"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(tmp_path, changes, message):
    train(tmp_path / "run", epochs=1)
    with pytest.raises(CheckpointError, match=message):
        train(tmp_path / "run", **changes)


def test_damaged_checkpoints_are_refused(tmp_path):
    path = tmp_path / "run"
    train(path, epochs=1)
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for content, message in [
        (b"", "is no checkpoint"),
        (b"something else", "is no checkpoint"),
        (MAGIC, "is damaged"),
        (whole[:-1], "is damaged"),
        (whole[:40], "is damaged"),
        (bytes(flipped), "is damaged"),
    ]:
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=message):
            train(path)


def test_a_checkpoint_cannot_run_code(tmp_path):
    import hashlib

    class Intruder:
        def __reduce__(self):
            return print, ("executed",)

    body = pickle.dumps(Intruder(), protocol=2)
    (tmp_path / "run").write_bytes(MAGIC + hashlib.blake2b(body, digest_size=16).digest() + body)
    with pytest.raises(CheckpointError, match="Weights only load failed"):
        train(tmp_path / "run")


def test_places_that_cannot_be_read_or_written(tmp_path):
    with pytest.raises(CheckpointError, match="cannot be read: Is a directory"):
        train(tmp_path)
    with pytest.raises(CheckpointError, match="cannot be written: No such file or directory"):
        train(tmp_path / "missing" / "run")


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "run"
    train(path, epochs=2)
    kept = {each: each.read_bytes() for each in (path, previous(path))}
    assert kept[path] != kept[previous(path)]

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(CheckpointError, match="No space left on device"):
        train(path, epochs=3)
    assert {each: each.read_bytes() for each in tmp_path.iterdir()} == kept
    assert [each.stat().st_nlink for each in kept] == [1, 1]  # damage to one is none to the other
