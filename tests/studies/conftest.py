import pytest
import torch

from gossamer.generators import named
from gossamer.studies import Architecture, Experiment, Run
from gossamer.training import SGD, Config


@pytest.fixture(autouse=True)
def always_one_thread(one_thread):
    """For every test here."""


@pytest.fixture
def make_run():
    """A small run on the digits; `lr` far too high makes one that diverges."""

    def make(seed=0, *, epochs=2, rule=None, family="regular_random", lr=0.1, activation=torch.nn.ReLU):
        made = named(family) if family else None
        edges = (4 * 64, None) if family else (None, None)
        architecture = Architecture(made, (16,), edges, activation)
        config = Config(epochs=epochs, batch_size=256, optimizer=SGD(lr))
        labels = {"topology": family or "dense", "seed": seed, "lr": lr, "activation": activation.__name__}
        return Run(Experiment(architecture, config, seed, rule), "digits", labels)

    return make
