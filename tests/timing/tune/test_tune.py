"""What is measured leads to thresholds that say the same; no time is asserted."""

import pytest

from gossamer import native, tuning
from gossamer.nn.kernels.choose import Speeds
from gossamer.timing.speed import Timing
from gossamer.timing.tune import blocks, dense, run, threads
from gossamer.tuning.thresholds import NEVER

pytestmark = pytest.mark.skipif(native.extension is None, reason="the extension was not built")


def state():
    return native.extension.block_limits(), native.extension.work_of_a_thread()


@pytest.fixture
def blocks_win(monkeypatch):
    """Blocks twice as fast from a density on that is asked for."""
    asked = {}

    def ratio(inputs, density, rng, rounds):
        return blocks.Ratio(inputs, density, 2.0 if density >= asked[inputs] else 1.0)

    monkeypatch.setattr(blocks, "_ratio", ratio)
    return asked


def test_blocks_begin_where_they_win_from_there_on(blocks_win):
    if native.extension.block_limits()[0] == 0:
        pytest.skip("these instructions have no blocks")
    blocks_win |= {256: 0.3, 512: 0.1, 1024: 0.1, 2048: 0.12, 4096: 0.9, 8192: 0.05}
    limits, measured = blocks.measure_blocks(1)
    # 512 inputs have 64 edges a row from 0.125 on
    assert limits == ((256, 0.35), (512, 0.15), (1024, 0.1), (2048, 0.12), (4096, NEVER), (65_535, 0.05))
    assert len({each.inputs for each in measured}) == len(blocks.INPUTS)


def test_a_ratio_is_of_rows_and_blocks_and_changes_nothing(monkeypatch):
    before, seen = state(), []

    def interleave(calls, *, rounds):
        seen.append(list(calls))
        for call in calls.values():
            call()
        return {"rows": Timing(3.0, 3.0, rounds), "blocks": Timing(2.0, 2.0, rounds)}

    monkeypatch.setattr(blocks, "interleave", interleave)
    rng = blocks.np.random.default_rng(0)
    assert blocks._ratio(64, 0.5, rng, 1) == (64, 0.5, 1.5)
    assert seen == [["rows", "blocks"]]
    assert state() == before


def test_threads_are_woken_where_two_win_from_there_on(monkeypatch):
    before = state()
    for wins, expected in (((1.4, 1.2, 1.4, 1.5, 2, 2, 2), 100_000), ((1.0,) * 7, None), ((1.4,) * 7, 25_000)):
        given = iter(wins)

        def timings(calls, *, blocks, per_block, given=given):
            for call in calls.values():
                call()
            return {"1": Timing(next(given), 0, blocks), "2": Timing(1.0, 0, blocks)}

        monkeypatch.setattr(threads, "best_of_blocks", timings)
        least, gains = threads.measure_threads(1)
        if native.extension.threads_granted(2) < 2:
            assert (least, gains) == (None, [])
        else:
            assert least == expected
            assert [gain.faster for gain in gains] == list(wins)
    assert state() == before


def test_dense_products_are_not_considered_below_half_of_where_they_won(monkeypatch):
    monkeypatch.setattr(dense, "SHAPES", ((8, 8), (16, 16)))
    monkeypatch.setattr(
        dense, "speeds", lambda structure, x, w: Speeds(structure.num_edges / structure.in_features**2, 0.35)
    )
    below, crossings = dense.measure_dense()
    assert below == 0.2
    assert min(each.faster for each in crossings) < 1


def test_all_of_it_is_told_and_used(monkeypatch, blocks_win):
    before, used = state(), tuning.in_use()
    blocks_win |= dict.fromkeys(blocks.INPUTS, 0.28)
    monkeypatch.setattr(run, "measure_threads", lambda rounds: (None, []))
    monkeypatch.setattr(run, "measure_dense", lambda: (0.25, [dense.Crossing(8, 8, 0.5, 0.9)]))
    try:
        tuned = run.tune(1)
    finally:
        tuning.use(used)
        native.extension.set_block_limits(before[0][1], before[0][2])
    expected = ((65_535, 0.28),) if before[0][0] else None
    assert tuned.thresholds == tuning.Thresholds(expected, 200_000, 0.25)
    assert tuned.evidence["dense"] == [{"inputs": 8, "outputs": 8, "density": 0.5, "faster": 0.9}]
    assert state() == before


def test_without_kernels_there_is_nothing_to_measure(monkeypatch):
    monkeypatch.setattr(native, "extension", None)
    with pytest.raises(RuntimeError, match="no native kernels"):
        run.tune()
