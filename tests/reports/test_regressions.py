"""A study of numbers to tell: RMSE and R² in its tables, and a page that judges by R²."""

import re
import warnings

import numpy as np
import pytest

from gossamer.generators import named
from gossamer.reports.study import study_page
from gossamer.studies import Architecture, Experiment, InProcess, Run, Study
from gossamer.training import Config, MeanSquaredError


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("regression")
    rows = np.random.default_rng(0).normal(size=(80, 4))
    lines = [",".join(f"{value:.4f}" for value in [*row, 10 * row[0]]) for row in rows]
    (folder / "prices.csv").write_text("\n".join(["a,b,c,d,price", *lines]))
    data, config = f"{folder / 'prices.csv'}:price", Config(epochs=3, loss=MeanSquaredError(), batch_size=16)
    runs = []
    for seed in (0, 1):
        for name, architecture in (
            ("dense", Architecture(None, (8,), (None, None))),
            ("erdos_renyi", Architecture(named("erdos_renyi"), (8,), (16, None))),
        ):
            labels = {"topology": name, "seed": seed} | ({} if name == "dense" else {"degree": 4})
            runs.append(Run(Experiment(architecture, config, seed), data, labels))
    made = Study("prices", runs, folder / "study")
    assert not made.execute(InProcess()).failed
    return made


def test_the_frame_has_what_numbers_are_judged_by(study):
    frame = study.frame()
    assert frame["accuracy"].isna().all()
    for run in frame["run"]:
        row, told = frame.set_index("run").loc[run], study.result(run)["test"]
        assert [row[name] for name in ("rmse", "mae", "r2")] == [told[name] for name in ("rmse", "mae", "r2")]
    assert (frame["rmse"] >= frame["mae"]).all()


def test_the_page_judges_by_r_squared(study):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = study_page(study)
    assert "<h2>R²</h2>" in text
    heads = re.findall(r"<button type=\"button\">(.*?)</button>", text[text.index('<section id="runs">') :])
    assert {"R²", "RMSE", "mean error"} <= set(heads)
    assert "accuracy, %" not in heads
    assert "mean test R² of a sparse network" in text


def test_it_draws_r_squared(study):
    ax = study.plot(x="edges")
    assert ax.get_ylabel() == "test R²"
