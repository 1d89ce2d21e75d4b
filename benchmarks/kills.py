"""Whether training that is killed at random moments goes on to the same last bit: `python benchmarks/kills.py`.

    python benchmarks/kills.py                # 240 kills, half of `gossamer train`, half of `gossamer study`
    python benchmarks/kills.py --kills 20     # a minute

Each command is carried out once to its end. Then it is begun anew in a process that is killed (SIGKILL) after a random
part of that time, and called again, and killed again, until it has come to its end. All is compared with the first:
weights, topologies, every epoch, every rewiring, the result; nothing half-written may lie about. The processes are
forks of one that has imported PyTorch, so that a kill costs a fraction of a second. Prints the counts, and exits with 1
after a finding.
"""

import argparse
import contextlib
import io
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

import gossamer
from gossamer import cli
from gossamer.rewiring import Recording
from gossamer.studies.engines import work
from gossamer.studies.store.result import read_result
from gossamer.studies.store.run_folder import RunFolder
from gossamer.topology import Topology

TRAIN = """train --data digits --hidden 24,16 --degree 6 --epochs 4 --batch-size 64 --threads 1 --dropout .1"""
TRAININGS = (
    "--topology fibonacci",
    "--topology regular_random --rewire rigl --every 10",
    "--topology erdos_renyi --rewire sparse_evolutionary --every 8 --optimizer sgd --lr .1 --validation 0",
    "--topology dense --schedule constant",
)
STUDY = """
data = "digits"
topology = ["dense", "erdos_renyi"]
degree = 6
hidden = 16
rule = ["static", {rewire = "rigl", every = 10}]
seeds = [0]

[training]
epochs = 3
batch_size = 64
"""


def forked(words, seconds=None, *, pause=0.0):
    """Run a command in a fork; kill it after `seconds`. Returns whether it came to its end by itself, and its time."""
    child = os.fork()
    if child == 0:
        work._SECONDS_BETWEEN_CHECKPOINTS = pause
        code = 1
        quiet = io.StringIO()
        with contextlib.suppress(BaseException), contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
            try:
                cli.main(words)
            except SystemExit as left:
                code = left.code
        os._exit(code)
    begun, ended = time.monotonic(), False
    while not ended and (seconds is None or time.monotonic() - begun < seconds):
        ended = os.waitpid(child, os.WNOHANG) != (0, 0)
        time.sleep(0.002)
    if not ended:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return ended, time.monotonic() - begun


def warmed_up():
    """Import all that a run needs, and read the data and the code's version: here, not in every fork."""
    quiet = io.StringIO()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
        for number, more in enumerate(TRAININGS):
            with contextlib.suppress(SystemExit):
                cli.main(f"{TRAIN} {more} --epochs 1 --out {folder}/{number}".split())


def contents(folder):
    """What a run has left, but for its times: file by file."""
    import duckdb

    place = RunFolder(folder)
    found = {"weights": place.weights.read_bytes()}
    found |= {path.name: Topology.load(path) for path in (place.start, place.end) if path.exists()}
    found["epochs"] = duckdb.sql(f"SELECT * EXCLUDE (seconds) FROM '{place.epochs}' ORDER BY epoch").fetchall()
    varied = ("seconds", "files", "environment")
    found["result"] = {name: value for name, value in read_result(place).items() if name not in varied}
    if place.recording.exists():
        log = Recording.load(place.recording)
        found["recording"] = [(step, log.topology(step)) for step in log.steps]
    found["left"] = sorted(path.name for path in folder.iterdir() if path.name.endswith((".tmp", ".new")))
    return found


def same(one, other):
    """Whether two values are equal, where no number is equal to no number."""
    return one == other or (not isinstance(one, bytes) and str(one) == str(other) and "nan" in str(one))


def differences(whole, folder):
    """Names of what a resumed run has otherwise than the whole one."""
    try:
        found = contents(folder)
    except Exception as error:  # a damaged or missing file is a finding too
        return [f"{type(error).__name__}: {error}"]
    return [name for name in whole | found if not same(whole.get(name), found.get(name))]


def hunted(words, place, folders, rng, kills):
    """Kill a command until it ends by itself, again and again, until there were so many kills.

    Args:
        words: the command; its last word is replaced by the folder.
        place: where folders may be made.
        folders: gives the folders of the runs in that of the command.
        rng: decides when.
        kills: how many, at the least.
    """
    _, seconds = forked([*words, str(place / "whole")])
    whole = {path.name: contents(path) for path in folders(place / "whole")}
    count, ends, findings = 0, 0, []
    while count < kills:
        target = place / f"{ends}"
        calls, ended = 0, False
        while not ended:
            calls += 1
            limit = None if calls > 15 else seconds * rng.uniform(0, 1.1)
            ended, _ = forked([*words, str(target)], limit, pause=float(rng.choice([0.0, 0.1])))
            count += not ended
        for path in folders(target):
            wrong = differences(whole.get(path.name, whole.get("whole")), path)
            findings += [f"{' '.join(words)}, {path}: {name}" for name in wrong]
        ends += 1
        shutil.rmtree(target)
    return count, ends, findings


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=240)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warmed_up()
    rng, findings = np.random.default_rng(options.seed), []
    print(
        f"Gossamer {gossamer.__version__}, PyTorch {torch.__version__}, Python {platform.python_version()}, "
        f"{platform.machine()}, {os.cpu_count()} cores"
    )
    with tempfile.TemporaryDirectory() as folder:
        jobs = [(f"{TRAIN} {more} --out".split(), lambda path: [path]) for more in TRAININGS]
        file = Path(folder) / "killed.toml"
        file.write_text(STUDY)
        study = f"study {file} --engine sequential --threads 1 --out".split()
        jobs += [(study, lambda path: sorted((path / "runs").iterdir()))]
        for number, (words, folders) in enumerate(jobs):
            share = options.kills // 2 if number == len(TRAININGS) else options.kills // 2 // len(TRAININGS)
            place = Path(folder) / f"job{number}"
            place.mkdir()
            count, ends, found = hunted(words, place, folders, rng, share)
            print(f"gossamer {' '.join(words[:-1])}: {count} kills, {ends} ends, {len(found)} findings", flush=True)
            findings += found
    print("\n".join(findings) or "every end is the same to the last bit")
    sys.exit(bool(findings))


if __name__ == "__main__":
    main()
