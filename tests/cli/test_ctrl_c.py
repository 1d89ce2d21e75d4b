"""Ctrl-C in a real process: the study ends within seconds, its workers with it, and says how to go on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gossamer.cli import stopping

STUDY = """
data = "digits"
topology = "fibonacci"
degree = 8
hidden = 256
seeds = [0, 1, 2, 3]

[training]
epochs = 100000
batch_size = 8
"""


@pytest.fixture
def victim(tmp_path):
    """A study at work in two workers, in a session of its own."""
    (tmp_path / "slow.toml").write_text(STUDY)
    words = ["study", "slow.toml", "--workers", "2", "--threads", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "gossamer", *words],
        **{"cwd": tmp_path, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True},
        start_new_session=True,
    )
    wait_for(lambda: len([*tmp_path.glob("slow/runs/*/checkpoint")]) == 2 or process.poll() is not None)
    assert process.poll() is None
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_for(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def living(session):
    """Processes of a session that are not yet dead."""
    stats = [path.read_text().rpartition(")")[2].split() for path in Path("/proc").glob("[0-9]*/stat") if path.exists()]
    return [stat for stat in stats if stat[3] == str(session) and stat[0] not in "ZX"]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see which processes are left")
@pytest.mark.parametrize(
    ("send", "times"), [(os.killpg, 9), (os.kill, 1)], ids=["nine times in a terminal", "once to the parent alone"]
)
def test_a_study_ends_with_its_workers(victim, tmp_path, send, times):
    assert len(living(victim.pid)) >= 3
    for _ in range(times):
        if victim.poll() is None:
            send(victim.pid, signal.SIGINT)
            time.sleep(0.1)
    out, err = victim.communicate(timeout=60)  # 5 seconds or less where the machine is free
    said = [line for line in err.splitlines() if not line.startswith("to train: 4 networks")]  # the estimate
    assert (victim.returncode, said) == (130, [])
    assert "stopped with 0 of 4 runs done. To go on: gossamer study slow.toml --out slow" in out
    wait_for(lambda: not living(victim.pid), seconds=10)
    assert len([*tmp_path.glob("slow/runs/*/checkpoint")]) == 2


def test_an_end_that_hangs_can_be_broken():
    before = signal.getsignal(signal.SIGINT)
    try:
        stopping.once(patience=0.2)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)  # within the patience: nothing
        time.sleep(0.25)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
