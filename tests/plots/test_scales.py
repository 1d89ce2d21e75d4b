"""Scales follow the numbers."""

import numpy as np
import pytest

from gossamer.plots.scales import Scale, scale_of, span, whole_step


@pytest.mark.parametrize(
    ("values", "symmetric", "kind"),
    [
        ([80.0, 92.0], False, "linear"),
        ([0.0, 0.0], True, "linear"),
        ([0.0, 3.0, 4.0], False, "linear"),
        ([0.003, 2.0], False, "log"),
        ([0.0, 0.003, 2.0], False, "symlog"),
        ([0.0, 3.0, 4.0], True, "symlog"),
        ([-5.0, 0.01, float("nan")], False, "symlog"),
        ([], True, "linear"),
    ],
)
def test_the_kind_of_scale(values, symmetric, kind):
    assert scale_of(values, symmetric=symmetric).kind == kind


def test_the_symmetric_logarithm_is_odd_and_keeps_order_and_nothing():
    values = np.array([-30.0, -0.02, 0.0, 0.001, 0.02, 7.0])
    placed = scale_of(values, symmetric=True).placed(values)
    assert placed[2] == 0
    assert np.all(np.diff(placed) > 0)
    np.testing.assert_allclose(Scale("symlog", 0.1).placed(-values), -Scale("symlog", 0.1).placed(values))
    far = Scale("symlog", 0.1).placed([100.0, 1000.0])
    assert far[1] - far[0] == pytest.approx(1, abs=0.001), "far from 0 a decade is one unit"


def test_ticks_hold_all_numbers_between_them():
    values = [-3.0, 0.0, 0.004, 80.0]
    ticks = scale_of(values, symmetric=True).ticks(values)
    assert ticks == sorted(ticks)
    assert ticks[0] <= min(values) <= 0.0 <= max(values) <= ticks[-1]
    assert 0.0 in ticks


def test_matplotlib_takes_the_scale():
    from matplotlib.figure import Figure

    ax = Figure().subplots()
    Scale("symlog", 0.01).apply(ax, "x")
    assert ax.get_xscale() == "symlog"


def test_spans_and_whole_steps():
    assert span([]) is None
    assert span([float("nan"), 3.0]) == pytest.approx((2.85, 3.15))
    for last in range(1, 2000, 7):
        step = whole_step(last)
        assert last / step <= 10
        assert step in {int(m * 10**k) for m in (1, 2, 5) for k in range(4)}
