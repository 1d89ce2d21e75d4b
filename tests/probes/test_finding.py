"""The shape that all probes' results share."""

import dataclasses
import subprocess
import sys
from typing import ClassVar

from gossamer.plots import axes_or_new
from gossamer.probes.finding import Finding


@dataclasses.dataclass(frozen=True)
class Length(Finding):
    equation: ClassVar[str] = "|x|"
    value: float

    def record(self):
        return {"length": self.value}

    def plot(self, ax=None):
        ax = axes_or_new(ax)
        ax.bar([0], [self.value])
        return ax

    __str__ = Finding.__str__


def test_a_finding_prints_its_equation_and_numbers():
    assert str(Length(1 / 3)) == "Length: |x|\n  length: 0.333333"


def test_a_finding_plots_without_a_window():
    ax = Length(2.0).plot()
    assert Length(1.0).plot(ax) is ax
    assert len(ax.patches) == 2


def test_gossamer_alone_imports_no_probe():
    program = "import sys, gossamer; print([n for n in ('gossamer.probes', 'torch') if n in sys.modules])"
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert out == "[]\n"
