"""What tests of kernels share."""

import pytest
from tests.nn.conformance import held_to, instruction_sets

from gossamer.nn import TrainingStep
from gossamer.nn.kernels import native


@pytest.fixture(params=instruction_sets())
def instructions(request):
    """Kernels run with each instruction set that there is."""
    with held_to(request.param):
        yield request.param


@pytest.fixture
def ways(monkeypatch):
    """Of each step from now on whether it was one call."""
    taken = []
    run, ordinary = native.NativeSteps.run, TrainingStep._ordinary

    def native_run(self, *arguments):
        found = run(self, *arguments)
        taken.append(True)
        return found

    def pytorchs(self, *arguments):
        taken.append(False)
        return ordinary(self, *arguments)

    monkeypatch.setattr(native.NativeSteps, "run", native_run)
    monkeypatch.setattr(TrainingStep, "_ordinary", pytorchs)
    return taken
