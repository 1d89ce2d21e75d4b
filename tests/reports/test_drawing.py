"""Exhibits become figures of the columns that they name."""

import re

import pandas as pd
import pytest

from gossamer.papers.exhibit import Exhibit, Lines
from gossamer.reports.drawing import drawn


def test_bars_are_of_the_columns_that_the_plot_names():
    table = pd.DataFrame(
        {"x": [1, 2], "y": [-0.5, -1.0], "low": [90.0, 91.0], "high": [94.0, 95.0], "from": [-0.75, -1.25],
         "to": [-0.375, -0.875], "curve": ["a", "a"]}
    )  # fmt: skip
    lines = Lines("x", "y", "across", "up", "curve", low="from", high="to")
    (bars,) = re.findall(r'"error_y":(\{.*?\})', drawn(Exhibit("K", "title", "words", table, (lines,))))
    above, below = (
        [float(value) for value in re.search(rf'"{name}":\[(.*?)\]', bars)[1].split(",")]
        for name in ("array", "arrayminus")
    )
    assert above == pytest.approx([0.125, 0.125]) and below == pytest.approx([0.25, 0.25])
