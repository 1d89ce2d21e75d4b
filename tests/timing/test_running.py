"""`gossamer bench` says what runs and why."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

import gossamer as gs
from gossamer import native
from gossamer.timing.environment import environment
from gossamer.timing.running import how_it_runs, what_runs

needs_native = pytest.mark.skipif(native.extension is None, reason="the extension was not built")


@needs_native
def test_it_says_which_instructions_threads_and_limits_hold():
    running, extension = what_runs(), native.extension
    assert running.instructions.startswith(extension.instruction_set())
    assert f"of {torch.get_num_threads()} asked for" in running.threads
    assert running.thresholds == "built in, as GOSSAMER_TUNING=off asks for"
    rows, _, limits = extension.block_limits()
    if rows and limits:
        assert f"of {rows} rows, up to {limits[0][0]} inputs" in running.blocks
    assert environment()["thresholds"] == "built in"


@needs_native
def test_it_says_how_a_junction_is_walked():
    assert how_it_runs(gs.Grouped(gs.generators.dense(8, 2), outputs=4), batch=64) == "groups of 8"
    sparse = gs.Bipartite.from_mask(np.eye(50))
    assert how_it_runs(sparse, batch=64).startswith("row by row: ")


def test_without_kernels_it_says_so(monkeypatch):
    monkeypatch.setattr(native, "extension", None)
    assert what_runs().instructions.startswith("none: ")
    assert how_it_runs(gs.Bipartite.from_mask(np.eye(5)), batch=1) == "by PyTorch's operations"


@needs_native
@pytest.mark.parametrize("asked", ["portable", "sse9"])
def test_an_instruction_set_may_be_asked_for(asked):
    code = "from gossamer import native; print(native.extension.instruction_set())"
    environment = os.environ | {"GOSSAMER_INSTRUCTIONS": asked}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    if asked == "portable":
        assert (done.stdout.strip(), done.stderr) == ("portable", "")
    else:
        assert done.stdout.strip() == native.extension.instruction_sets()[0]
        assert "GOSSAMER_INSTRUCTIONS='sse9' is ignored" in done.stderr
