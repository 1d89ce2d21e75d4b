"""Thresholds are remembered whole, for one machine, and never needed."""

import json
import warnings

import pytest
import torch

import gossamer as gs
from gossamer import native, tuning
from gossamer.errors import TuningWarning
from gossamer.tuning import Found, Machine, Thresholds, files, used

HERE, THERE = Machine("Zen 3", "avx2", "1.0"), Machine("Zen 4", "avx512", "1.0")
FOUND = Thresholds(((1024, 0.1), (4096, 0.25), (65_535, 2.0)), 50_000, 0.125)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, and nothing that says otherwise."""
    monkeypatch.delenv(files.VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(files, "cache_folder", lambda: tmp_path / "gossamer")
    return tmp_path


def test_thresholds_come_back_as_they_were_written(cache):
    path = tuning.tuning_file(HERE)
    assert path.parent.parent.parent == cache
    tuning.write(path, HERE, FOUND, {"date": "today"})
    assert tuning.find(HERE) == Found(FOUND, path, "measured here")
    assert [each.name for each in path.parent.iterdir()] == [path.name]  # nothing temporary is left
    assert json.loads(path.read_text())["measured"] == {"date": "today"}


def test_nothing_is_needed(cache):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = tuning.find(HERE)
    assert found.thresholds == Thresholds()
    assert found.path is None
    assert "gossamer bench tune" in found.why
    assert not list(cache.iterdir())


def test_machines_have_files_of_their_own(cache):
    tuning.write(tuning.tuning_file(THERE), THERE, FOUND, None)
    assert tuning.find(HERE).path is None
    assert tuning.find(THERE).thresholds == FOUND
    others = (Machine("Zen 3", "avx512", "1.0"), Machine("Zen 3", "avx2", "1.1"), THERE)
    assert len({HERE.key, *(other.key for other in others)}) == 4


def test_a_file_of_another_machine_is_ignored_with_a_warning(cache):
    tuning.write(tuning.tuning_file(HERE), THERE, FOUND, None)
    with pytest.warns(TuningWarning, match=r"another machine: Zen 4, avx512.*This is Zen 3, avx2.*bench tune"):
        found = tuning.find(HERE)
    assert found.thresholds == Thresholds()
    assert "ignored" in found.why


def content(**changes):
    machine = {"processor": "Zen 3", "instructions": "avx2", "gossamer": "1.0"}
    known = {"format": "gossamer-tuning 1", "machine": machine, "thresholds": FOUND.described(), "measured": None}
    return json.dumps(known | changes).encode()


def limits(**changes):
    return content(thresholds=FOUND.described() | changes)


DAMAGED = {
    "empty": b"",
    "cut off": content()[:-20],
    "no text": b"\xff\xfe\x00",
    "no object": b"[1, 2]",
    "deep": b"[" * 200_000,
    "too long": b" " * (1 << 21),
    "another format": content(format="gossamer-tuning 2"),
    "no machine": content(machine=7),
    "strange machine": content(machine={"cpu": 1}),
    "no thresholds": content(thresholds=None),
    "lacks one": content(thresholds={"blocks": None}),
    "one too many": limits(speed=3),
    "blocks of text": limits(blocks="all"),
    "pairs of one": limits(blocks=[[1]]),
    "inputs fall": limits(blocks=[[20, 0.1], [10, 0.1]]),
    "inputs of text": limits(blocks=[["20", 0.1]]),
    "inputs in parts": limits(blocks=[[20.5, 0.1]]),
    "negative density": limits(blocks=[[20, -0.1]]),
    "no number": limits(blocks=[[20, float("nan")]]),
    "no work": limits(thread_work=0),
    "much work": limits(thread_work=2**70),
    "work of truth": limits(thread_work=True),
    "sparse beyond full": limits(sparse_below=1.5),
    "infinite": limits(sparse_below=float("inf")),
}


@pytest.mark.parametrize("raw", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_ignored_with_a_warning(cache, raw):
    path = tuning.tuning_file(HERE)
    path.parent.mkdir(parents=True)
    path.write_bytes(raw)
    with pytest.warns(TuningWarning, match=r"is ignored: .* Built-in thresholds"):
        assert tuning.find(HERE).thresholds == Thresholds()


def test_a_file_may_be_named_or_refused(cache, monkeypatch):
    path = cache / "mine.json"
    monkeypatch.setenv(files.VARIABLE, str(path))
    with pytest.warns(TuningWarning, match="No such file"):
        assert tuning.find(HERE).path is None
    tuning.write(tuning.tuning_file(HERE), HERE, FOUND, None)
    assert tuning.find(HERE).path == path
    monkeypatch.setenv(files.VARIABLE, "off")
    assert tuning.find(HERE) == Found(Thresholds(), None, "built in, as GOSSAMER_TUNING=off asks for")


def test_a_folder_in_its_place_is_ignored(cache):
    tuning.tuning_file(HERE).mkdir(parents=True)
    with pytest.warns(TuningWarning):
        assert tuning.find(HERE).path is None


@pytest.mark.skipif(native.extension is None, reason="the extension was not built")
def test_kernels_hold_what_was_found():
    extension, before = native.extension, tuning.in_use()
    rows, edges_a_row, densities = extension.block_limits()
    try:
        tuning.use(Found(FOUND, None, "a test"))
        assert tuning.in_use().thresholds == FOUND
        assert extension.work_of_a_thread() == 50_000
        assert extension.block_limits() == (rows, edges_a_row, [(1024, 0.1), (4096, 0.25), (65_535, 2.0)])
    finally:
        tuning.use(before)
        extension.set_block_limits(edges_a_row, densities)
    assert extension.work_of_a_thread() == before.thresholds.thread_work


@pytest.fixture
def looked(monkeypatch):
    """The machines that were looked for, in a process that has not looked yet."""
    machines = []

    def find(machine):
        machines.append(machine)
        return Found(Thresholds(), None, "a test")

    monkeypatch.setattr(used, "_used", None)
    monkeypatch.setattr(used, "find", find)
    return machines


def test_one_process_looks_once(looked):
    assert used.in_use() is used.in_use()
    assert looked == [tuning.this_machine()]


@pytest.mark.skipif(native.extension is None, reason="the extension was not built")
def test_it_is_found_before_the_first_kernel(looked):
    layer = gs.nn.SparseLinear(gs.generators.fibonacci(5, 4, 2))
    assert not looked
    layer(torch.ones(2, 5))
    assert len(looked) == 1
