"""Engines: the same runs in processes, on Ray and on Dask; workers that die, addresses that do not answer."""

import socket
import threading
import time

import pytest

from gossamer.errors import EngineError, StudyError
from gossamer.studies import Dask, InProcess, Loky, Ray, Study

DEADLY = """
import os
from torch import nn

class Deadly(nn.ReLU):
    def __init__(self):
        super().__init__()
        os._exit(7)
"""


def results(study):
    return study.frame().set_index("run")[["state", "accuracy", "loss", "algebraic_connectivity"]]


@pytest.fixture
def expected(make_run, tmp_path):
    runs = [make_run(0), make_run(1)]
    study = Study("engines", runs, tmp_path / "sequential")
    study.execute(InProcess(1))
    return runs, results(study)


def check(engine, expected, folder):
    runs, wanted = expected
    study = Study("engines", runs, folder)
    execution = study.execute(engine)
    assert sorted(execution.done) == sorted(run.digest for run in runs), execution
    assert results(study).equals(wanted)


def test_processes_give_the_same_numbers(expected, tmp_path):
    engine = Loky(workers=2, threads=1)
    check(engine, expected, tmp_path / "loky")
    assert Loky(workers=1).threads >= 1


def test_no_thread_outlives_its_pool(monkeypatch):
    """One that still holds a queue's semaphore when the process ends makes the resource tracker warn of a leak."""
    from joblib.externals.loky.backend.queues import Queue

    feed = Queue._feed

    def slow(*arguments):
        feed(*arguments)
        time.sleep(0.5)

    monkeypatch.setattr(Queue, "_feed", staticmethod(slow))
    before = set(threading.enumerate())
    assert Loky(workers=2, threads=1).map(abs, [-1, 2, -3]) == [1, 2, 3]
    assert set(threading.enumerate()) <= before


@pytest.mark.filterwarnings("ignore")  # of Ray's own
def test_ray_gives_the_same_numbers(expected, tmp_path):
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'gossamer[ray]'")
    try:
        check(Ray(workers=1), expected, tmp_path / "ray")
    finally:
        ray.shutdown()


@pytest.mark.filterwarnings("ignore")  # of Dask's own
def test_dask_gives_the_same_numbers(expected, tmp_path):
    distributed = pytest.importorskip("distributed", reason="Dask is not installed: pip install 'gossamer[dask]'")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with distributed.LocalCluster(processes=False, protocol="tcp", **options) as cluster:
        check(Dask(cluster.scheduler_address), expected, tmp_path / "dask")


def test_a_worker_that_dies_takes_its_own_run_only(make_run, tmp_path, monkeypatch):
    (tmp_path / "deadly.py").write_text(DEADLY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(tmp_path)
    import deadly

    runs = [make_run(0), make_run(1, activation=deadly.Deadly), make_run(2)]
    study = Study("deadly", runs, tmp_path / "study")
    execution = study.execute(Loky(workers=2, threads=1))
    assert sorted(execution.done) == sorted([runs[0].digest, runs[2].digest])
    assert "the worker of this run died" in execution.failed[runs[1].digest]
    assert "EXIT(7)" in execution.failed[runs[1].digest]
    assert [*study.frame()["state"]] == ["done", "failed", "done"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("engine", [Ray, Dask])
def test_an_address_that_does_not_answer_is_told(engine):
    pytest.importorskip({Ray: "ray", Dask: "distributed"}[engine])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(EngineError, match=f"does not answer at {address}"):
            engine(address).map(print, [1])
    for wrong in ("nowhere", "host:port", ":1", "host:99999"):
        with pytest.raises(EngineError, match="it must be host:port"):
            engine(wrong).map(print, [1])


def test_an_engine_that_is_not_installed_is_told(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(EngineError, match=r"pip install 'gossamer\[ray\]'"):
        Ray().map(print, [1])


def test_an_engine_that_does_not_work_is_an_error_and_no_endless_loop(make_run, tmp_path):
    class Broken:
        workers, threads = 1, None

        def map(self, function, things):
            raise OSError("no workers")

    with pytest.raises(StudyError, match="does not work: OSError: no workers"):
        Study("broken", [make_run()], tmp_path / "study").execute(Broken())
