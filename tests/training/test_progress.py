"""What a training shows: a line that fits a terminal of 80 columns, and names its numbers."""

import io
import re

import numpy as np
import pytest
from rich.console import Console

import gossamer as gs
from gossamer.training import Config, EpochLines, ProgressBar, fit
from gossamer.training.data import Dataset, load

pytestmark = pytest.mark.usefixtures("one_thread")


def model(outputs=10, inputs=64):
    return gs.nn.mlp(gs.Topology([gs.generators.dense(inputs, outputs)]))


@pytest.fixture
def terminal(monkeypatch):
    """A terminal of 80 columns; gives what was written on it."""
    written = io.StringIO()

    def console(**_):
        return Console(file=written, width=80, force_terminal=True, color_system=None)

    monkeypatch.setattr("rich.console.Console", console)
    return written


def lines(written):
    """What stood on the terminal, at any time."""
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", written.getvalue())
    return [line for line in re.split(r"[\r\n]+", plain) if line.strip()]


@pytest.mark.parametrize("epochs", [2, 1000])
def test_the_bar_fits_80_columns_and_names_its_numbers(terminal, epochs):
    config = Config(epochs=epochs, validation=0.1, patience=1 if epochs > 2 else None, batch_size=700)
    with ProgressBar("digits, dense") as bar:
        fit(model(), load("digits"), config, rng=0, callbacks=[bar])
    shown = lines(terminal)
    assert shown[0] == "digits, dense"
    assert max(map(len, shown)) <= 80
    assert re.search(r"epoch \d+/\d+ .*loss \d\.\d{4}, training \d+\.\d\d %, validation \d+\.\d\d % *$", shown[-1])
    assert "…" not in "".join(shown)


def test_the_bar_of_numbers_to_tell_names_both_losses(terminal):
    X = np.random.default_rng(0).normal(size=(100, 3))
    data = Dataset.from_arrays(X, 1e6 * X.sum(axis=1))
    with ProgressBar("sums") as bar:
        fit(model(1, 3), data, Config(epochs=2, validation=0.1), rng=0, callbacks=[bar])
    assert re.search(r"loss: training [\d.e+-]+, validation [\d.e+-]+ *$", lines(terminal)[-1])


def test_without_a_terminal_or_when_disabled_nothing_is_drawn(capsys):
    for disable in (False, True):
        with ProgressBar("digits", disable=disable) as bar:
            fit(model(), load("digits"), Config(epochs=1), rng=0, callbacks=[bar])
    assert capsys.readouterr() == ("", "")


def test_without_a_terminal_there_is_a_line_a_minute(capsys, monkeypatch):
    monkeypatch.setattr("gossamer.training.progress._SECONDS_BETWEEN_LINES", 0.0)
    with ProgressBar("digits") as bar:
        fit(model(), load("digits"), Config(epochs=2), rng=0, callbacks=[bar])
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert re.fullmatch(r"digits: epoch 1 of 2: loss .*, training .*, validation .*, about 1 min left", said[0])


def test_one_line_an_epoch_tells_the_history(capsys):
    history = fit(model(), load("digits"), Config(epochs=12, validation=0.1), rng=0, callbacks=[EpochLines()])
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 12
    epoch = history.epochs[3]
    assert said[3].startswith(f"epoch  4 of 12: loss {epoch.loss:.4f}, training {100 * epoch.accuracy:.2f} %, ")
    assert f"validation {100 * epoch.validation_accuracy:.2f} %, 640 edges, " in said[3]
