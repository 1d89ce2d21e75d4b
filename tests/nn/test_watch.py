"""Watches see every change of what they watch, and nothing else."""

import pytest
import torch

from gossamer.nn.kernels import native
from gossamer.nn.watch import Check, Watch

pytestmark = pytest.mark.skipif(not native.built(), reason="the extension was not built")


class Thing:
    def __init__(self):
        self.name = "a"
        self.numbers = [1000, 2000]
        self.tensor = torch.ones(3)


@pytest.mark.parametrize(
    ("look", "change"),
    [
        (lambda w, t: w.values(vars(t)), lambda t: setattr(t, "name", "b")),
        (lambda w, t: w.values(vars(t)), lambda t: setattr(t, "other", None)),
        (lambda w, t: w.values(vars(t)), lambda t: delattr(t, "name")),
        (lambda w, t: w.items(vars(t), "name", "missing"), lambda t: setattr(t, "missing", 1)),
        (lambda w, t: w.items(vars(t), "name", "missing"), lambda t: delattr(t, "name")),
        (lambda w, t: w.attributes(t, "name", "missing"), lambda t: setattr(t, "missing", 1)),
        (lambda w, t: w.attributes(t, "name"), lambda t: delattr(t, "name")),
        (lambda w, t: w.members(t.numbers), lambda t: t.numbers.append(3)),
        (lambda w, t: w.members(t.numbers), lambda t: t.numbers.reverse()),
        (lambda w, t: w.result(torch.Tensor.data_ptr, t.tensor), lambda t: setattr(t.tensor, "data", torch.ones(3))),
        (lambda w, t: w.result(torch.Tensor.numel, t.tensor), lambda t: setattr(t.tensor, "data", torch.ones(2))),
    ],
)
def test_changes_are_seen(look, change):
    thing, watch = Thing(), Watch()
    look(watch, thing)
    thing.tensor += 1
    assert watch.holds() and watch.holds()
    change(thing)
    assert not watch.holds()


def test_empty_and_again_empty():
    hooks, watch = {}, Watch()
    watch.empty(hooks)
    assert watch.holds()
    hooks["a"] = 1
    assert not watch.holds()
    hooks.clear()
    assert watch.holds()


def test_errors_are_pythons():
    def fails(thing):
        if failing:
            raise RuntimeError("no")
        return 1

    failing, watch = False, Watch()
    watch.result(fails, object())
    assert watch.holds()
    failing = True
    with pytest.raises(RuntimeError, match="no"):
        watch.holds()


def test_the_binding_numbers_its_questions_alike():
    assert {check.name: check.value for check in Check} == native._native.CHECKS
