"""Whether a study outlives a worker that is killed in mid-run, on real clusters: `python benchmarks/killed_workers.py`.

Starts `ray start --head` and a Dask `LocalCluster` of processes on this machine, carries out a study on each, kills
(SIGKILL) the process that is at a run once that run has a checkpoint, and compares what the study comes to with the
same runs carried out here one after the other. Then it asks for clusters that are not there. Needs the extras ray and
dask.
"""

import argparse
import contextlib
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import gossamer
from gossamer.errors import EngineError
from gossamer.studies import Dask, InProcess, Loky, Ray, Study
from gossamer.studies.store import study_folder
from gossamer.studies.store.locks import noted
from gossamer.studies.store.run_folder import RunFolder
from gossamer.training import checkpoints

STUDY = """
data = "digits"
topology = "erdos_renyi"
degree = 8
hidden = 256
rule = {rewire = "rigl", every = 50}
seeds = [0, 1, 2, 3]

[training]
epochs = 12
batch_size = 8
"""


def killed_once(study, deaths):
    """Kill the first process that is at a run with a checkpoint."""
    folders = [RunFolder(study_folder.runs_folder(study.folder) / run.digest) for run in study.runs]
    while not deaths:
        for folder in folders:
            note = noted(folder)
            if note and note["pid"] != os.getpid() and checkpoints.exists(folder.checkpoint):
                os.kill(note["pid"], signal.SIGKILL)
                deaths.append(folder.name)
                return
        time.sleep(0.02)


def carried_out(file, folder, engine):
    """A study, one of whose workers is killed: the study, what its execution came to, and whose worker died."""
    study, deaths = Study.load(file, folder=folder), []
    threading.Thread(target=killed_once, args=(study, deaths), daemon=True).start()
    begun = time.monotonic()
    execution = study.execute(engine)
    return study, execution, deaths, time.monotonic() - begun


def numbers(study):
    """What is to be the same wherever a study is carried out."""
    columns = ["run", "state", "accuracy", "loss", "edges", "algebraic_connectivity"]
    return study.frame()[columns].sort_values("run", ignore_index=True)


@contextlib.contextmanager
def ray_head():
    """The address of `ray start --head`, a cluster of two processors."""
    os.environ["RAY_AUTH_MODE"] = "disabled"  # or a token that an earlier cluster has left decides, on one side only
    port = free_port()
    ray = Path(sys.executable).with_name("ray")
    options = [
        "--head",
        "--port",
        str(port),
        "--num-cpus",
        "2",
        "--include-dashboard",
        "false",
        "--disable-usage-stats",
    ]
    subprocess.run([ray, "start", *options], check=True, stdout=subprocess.DEVNULL)
    try:
        yield Ray(f"127.0.0.1:{port}", workers=2)
    finally:
        subprocess.run([ray, "stop", "--force"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def dask_cluster():
    """The address of a local cluster of two processes."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50) as cluster:
        yield Dask(cluster.scheduler_address)


@contextlib.contextmanager
def loky():
    """Two processes here."""
    yield Loky(2, threads=1)


def free_port():
    """A port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engines", nargs="*", default=["loky", "dask", "ray"])
    options = parser.parse_args()
    print(f"Gossamer {gossamer.__version__}, Python {platform.python_version()}, {os.cpu_count()} cores", flush=True)
    starts, wrong = {"loky": loky, "dask": dask_cluster, "ray": ray_head}, 0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "killed.toml"
        file.write_text(STUDY)
        whole = Study.load(file, folder=Path(folder) / "whole")
        whole.execute(InProcess(1))
        for name in options.engines:
            with starts[name]() as engine:
                study, execution, deaths, seconds = carried_out(file, Path(folder) / name, engine)
            equal = numbers(study).equals(numbers(whole))
            wrong += not (equal and deaths)
            print(
                f"{name}: the worker of run {', '.join(deaths) or 'none'} was killed; {len(execution.done)} of "
                f"{len(study)} runs done, {len(execution.failed)} failed; the same numbers as here: {equal}; "
                f"{seconds:.0f} s",
                flush=True,
            )
            shutil.rmtree(study.folder)
    for engine in (Dask(f"127.0.0.1:{free_port()}"), Ray(f"127.0.0.1:{free_port()}")):
        try:
            engine.map(print, [1])
        except EngineError as error:
            print(error)
    sys.exit(wrong)


if __name__ == "__main__":
    main()
