"""A study drawn: every seed a dot, means joined, constructions in their colours."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from gossamer.errors import StudyError
from gossamer.plots import style_of
from gossamer.studies.drawing import draw_runs, runs_html

LABELS = ("topology", "degree", "seed")


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    rows = [
        {"topology": name, "degree": degree, "seed": seed, "accuracy": rng.random(), "edges": 10 * (degree or 9)}
        for name, degrees in (("dense", [None]), ("fibonacci", [2, 4, 8]), ("erdos_renyi", [2, 4, 8]))
        for degree in degrees
        for seed in range(3)
    ]
    connectivity = [0.0 if row["topology"] == "erdos_renyi" else row["edges"] / 7 for row in rows]
    frame = pd.DataFrame(rows).astype({"degree": object})
    return frame.assign(run=[f"{k:016x}" for k in range(len(rows))], state="done", algebraic_connectivity=connectivity)


def test_every_seed_is_a_dot_and_means_are_joined(frame):
    ax = draw_runs(frame, LABELS)
    lines = {line.get_label(): line for line in ax.lines}
    assert ax.get_xlabel() == "edges of an input (degree)"
    for name in ("fibonacci", "erdos_renyi"):
        means = frame[frame["topology"] == name].groupby("degree")["accuracy"].mean()
        np.testing.assert_allclose(lines[name].get_ydata(), 100 * means)
        assert lines[name].get_color() == style_of(name).colour
        assert lines[name].get_marker() == style_of(name).marker
    dots = [line for line in ax.lines if line.get_linestyle() == "None"]
    assert sorted(len(line.get_xdata()) for line in dots) == [9, 9]
    dense = frame[frame["topology"] == "dense"]["accuracy"].mean()
    assert lines["dense"].get_ydata()[0] == pytest.approx(100 * dense)


def test_any_column_stands_against_any_other(frame):
    ax = Figure().subplots()
    assert draw_runs(frame, LABELS, ax, x="algebraic_connectivity", y="edges") is ax
    assert ax.get_xscale() == "symlog"
    assert ax.get_ylabel() == "edges"
    assert sum(len(line.get_xdata()) for line in ax.lines) == len(frame)


def test_what_cannot_be_drawn_is_refused(frame):
    with pytest.raises(ValueError, match=r"'speed'.*accuracy"):
        draw_runs(frame, LABELS, x="speed")
    with pytest.raises(ValueError, match="'mnist'"):
        draw_runs(frame, LABELS, where="mnist")
    with pytest.raises(StudyError, match="none of 21 runs is done"):
        draw_runs(frame.assign(state="waiting"), LABELS)


def test_the_notebooks_table_holds_means(frame):
    text = runs_html("<mine>", frame, LABELS)
    assert "&lt;mine&gt;: 21 of 21 runs done" in text
    mean = 100 * frame[(frame["topology"] == "fibonacci") & (frame["degree"] == 4)]["accuracy"].mean()
    assert f"{mean:.4g}" in text[text.index("fibonacci, degree 4") :]
