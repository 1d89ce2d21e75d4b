"""What tests of kernels share."""

import pytest

from gossamer.nn import TrainingStep
from gossamer.nn.kernels import native


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
