"""What the extension does with edges is what NumPy and PyTorch do with them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import gossamer as gs
from gossamer import native
from gossamer.generators import erdos_renyi
from gossamer.generators.subsets import draw_subset
from gossamer.rewiring import keys
from gossamer.rewiring.cold_start import ColdStart
from gossamer.rewiring.drop import DropLeastSalient, DropNearestZero, DropSmallest, smallest
from gossamer.rewiring.explored import Explored
from gossamer.rewiring.view import LayerView
from gossamer.topology.transpose import transpose

pytestmark = pytest.mark.skipif(native.extension is None, reason="the extension was not built")


def both(monkeypatch, call):
    """With the extension and without."""
    found = call()
    with monkeypatch.context() as patch:
        patch.setattr(native, "extension", None)
        return found, call()


def junctions():
    for seed, (inputs, outputs, edges) in enumerate([(7, 5, 0), (7, 5, 11), (7, 5, 35), (1, 4, 2), (40, 30, 300)]):
        yield seed, erdos_renyi(inputs, outputs, edges, rng=seed)


def same(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert one == other if isinstance(one, gs.Bipartite) else np.array_equal(one, other)


@pytest.mark.parametrize(("seed", "junction"), list(junctions()))
def test_keys_columns_and_empty_places(monkeypatch, seed, junction):
    found, expected = both(monkeypatch, lambda: keys.edge_keys(junction))
    assert np.array_equal(found, expected)
    same(*both(monkeypatch, lambda: transpose(junction)))
    empty = junction.in_features * junction.out_features - junction.num_edges
    ranks = np.random.default_rng(seed).permutation(empty)
    for order in (ranks, np.sort(ranks)):
        found, expected = both(monkeypatch, lambda order=order: keys.empty_places(order, keys.edge_keys(junction)))
        assert np.array_equal(found, expected)


def test_positions_and_what_follows(monkeypatch):
    rng = np.random.default_rng(0)
    for _ in range(30):
        some, within = (np.flatnonzero(rng.random(60) < share) for share in rng.random(2))
        for order in (some, some[::-1], np.repeat(some, 2)):
            found, expected = both(monkeypatch, lambda order=order, within=within: keys.positions(order, within))
            assert np.array_equal(found, expected)
        source = rng.integers(-1, 7, size=40)
        for values in (rng.normal(size=7), rng.normal(size=7).astype(np.float32)):
            args = values, source, 2.5
            found, expected = both(monkeypatch, lambda args=args: keys.followed(*args))
            assert found.dtype == values.dtype and np.array_equal(found, expected)
    assert np.array_equal(keys.followed(np.empty(0), np.full(3, -1), 4.0), [4.0, 4.0, 4.0])
    for source in ([7], [-2]):
        with pytest.raises(ValueError, match="no such edge"):
            keys.followed(np.empty(7), np.array(source))


def test_columns_by_several_threads_are_those_of_one():
    junction = erdos_renyi(300, 400, 50_000, rng=0)
    starts, outputs, edges = transpose(junction)
    by_scipy = junction.to_scipy(np.arange(junction.num_edges)).tocsc()
    assert np.array_equal(starts, by_scipy.indptr) and np.array_equal(outputs, by_scipy.indices)
    assert np.array_equal(edges, by_scipy.data)
    x, dy = torch.randn(40, 300), torch.randn(40, 400)
    found = []
    for threads in (1, 2, 3):
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            torch.manual_seed(0)
            layer = gs.nn.SparseLinear(gs.Bipartite(junction.indptr, junction.indices, in_features=300))
            y = layer(x.requires_grad_())
            found.append(torch.autograd.grad(y, (x, layer.weight), dy))
        finally:
            torch.set_num_threads(before)
    for each in found[1:]:
        assert all(map(torch.equal, each, found[0]))


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
@pytest.mark.parametrize(("seed", "junction"), list(junctions()))
def test_merges(monkeypatch, seed, junction, share):
    rng = np.random.default_rng(seed)
    old, places = keys.edge_keys(junction), junction.in_features * junction.out_features
    kept = rng.random(len(old)) >= share
    grown = keys.random_empty(min(places - int(kept.sum()), int((~kept).sum()) + 2), old[kept], places, rng)
    sizes, weight = (junction.in_features, junction.out_features), rng.normal(size=len(old))
    found, expected = both(monkeypatch, lambda: keys.merged(old, kept, grown, weight, sizes))
    same(found, expected)


@pytest.mark.parametrize(
    ("old", "kept", "grown"),
    [
        ([0, 2], [1, 1], [2]),  # twice
        ([2, 0], [1, 1], [3]),  # do not ascend
        ([0, 2], [1, 1], [6]),  # beyond the outputs
        ([0, 2], [1, 1], [-1]),
        ([0, 2], [1, 1, 1], [3]),
    ],
)
def test_merges_that_are_refused(old, kept, grown):
    with pytest.raises(ValueError):
        keys.merged(np.array(old), np.array(kept, dtype=np.bool_), np.array(grown), np.ones(2), (3, 2))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_order_statistics(dtype):
    rng = np.random.default_rng(0)
    for values in (rng.normal(size=301), np.repeat([0.0, -0.0, 1.0, np.inf, -np.inf], 5), 1e-40 * rng.normal(size=50)):
        values = rng.permutation(values).astype(dtype)
        for k in (0, 1, len(values) // 2, len(values) - 1):
            assert smallest(values, k) == np.sort(values)[k]
    for values in (rng.normal(size=9000), np.round(rng.normal(size=9000), 1), np.sort(rng.normal(size=9000)) ** 9):
        for k in (0, 7, 3000, 4500, 8999):  # a sample of some, far from what it is a sample of where they are sorted
            assert smallest(values.astype(dtype), k) == np.sort(values.astype(dtype))[k]
    with pytest.raises(ValueError, match="no such number"):
        smallest(values, len(values))


def test_visited_places(monkeypatch):
    def visited():
        explored = Explored(100, np.array([3, 99]))
        explored.visit(np.array([0, 3, 50, 51]))
        return explored.count, explored.bits

    (count, bits), (expected, expected_bits) = both(monkeypatch, visited)
    assert count == expected == 5 and np.array_equal(bits, expected_bits)
    with pytest.raises(ValueError, match="beyond"):
        Explored(8, np.array([8]))


def test_rows_that_are_none_are_refused_in_words():
    for indptr, indices, words in (
        ([0, 2], [1, 1], "twice"),
        ([0, 2], [2, 1], "unsorted"),
        ([0, 2], [0, 9], "not allowed"),
        ([0, 3], [0, 1], "runs from"),
        ([0, 2, 1, 2], [0, 1], "less than"),
    ):
        with pytest.raises(ValueError, match=words):
            gs.Bipartite(np.array(indptr, np.int32), np.array(indices, np.int32), in_features=3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.AdamW])
@pytest.mark.parametrize("amsgrad", [False, True])
def test_young_edges_are_corrected_alike(monkeypatch, dtype, kind, amsgrad):
    def trained():
        torch.manual_seed(0)
        layer = gs.nn.SparseLinear(erdos_renyi(40, 30, 300, rng=0), dtype=dtype)
        optimizer = kind(layer.parameters(), lr=0.01, amsgrad=amsgrad)
        start = ColdStart({"": layer}, optimizer)
        x = torch.randn(16, 40, dtype=dtype)
        for step in range(12):
            optimizer.zero_grad()
            layer(x).square().mean().backward()
            optimizer.step()
            start.correct()
            if step in (3, 6):
                start.carry("", torch.where(torch.arange(300) % (step - 1) == 0, -1, torch.arange(300)))
        return layer.weight.detach()

    found, expected = both(monkeypatch, trained)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("bits", [np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64])
def test_subsets_are_drawn_as_numpy_draws_them(monkeypatch, bits):
    for count, size in ((1, 2), (1, 3), (2, 4), (40, 97), (500, 1001), (300, 140_000), (0, 5), (4, 5)):
        drawn = []

        def draw(count=count, size=size, drawn=drawn):
            rng = np.random.Generator(bits(count))
            first = [draw_subset(count, size, rng) for _ in range(9)]
            drawn.append(rng.random())  # the generator stands where it did
            return first

        same(*both(monkeypatch, draw))
        assert drawn[0] == drawn[1]
    for members in (1, 1 << 29):
        with pytest.raises(ValueError, match="not as many members"):
            native.extension.draw_subset(bits(0).capsule, members, np.empty(1, dtype=np.int64))
    with pytest.raises(ValueError, match="bit generator"):
        native.extension.draw_subset(np.empty(1).__array_struct__, 5, np.empty(1, dtype=np.int64))


@pytest.fixture(params=[1, 2, 5])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.mark.parametrize("sizes", [(300, 700), (60_000, 7)])
def test_many_edges_move_alike_by_any_number_of_threads(monkeypatch, threads, sizes):
    rng, places = np.random.default_rng(1), sizes[0] * sizes[1]
    old = keys.edge_keys(erdos_renyi(*sizes, 30_000, rng=rng))
    kept = rng.random(len(old)) < 0.6
    grown = keys.random_empty(20_000, old[kept], places, rng)
    weight = rng.normal(size=len(old)).astype(np.float32)
    found, expected = both(monkeypatch, lambda: keys.merged(old, kept, grown, weight, sizes))
    same(found, expected)
    same(*both(monkeypatch, lambda: [keys.followed(weight, expected.source, 2.0)]))
    same(*both(monkeypatch, lambda: keys.returned(grown, old, kept)))
    same(*both(monkeypatch, lambda: [keys.positions(grown, old)]))
    ranks = np.sort(rng.choice(places - len(old), size=20_000, replace=False))
    same(*both(monkeypatch, lambda: [keys.empty_places(ranks, old)]))
    with pytest.raises(ValueError):
        keys.merged(old[::-1], kept, grown, weight, sizes)
    assert native.extension.are_finite(weight, threads)
    for place, wrong in ((0, np.nan), (29_999, np.inf)):
        assert not native.extension.are_finite(np.where(np.arange(30_000) == place, wrong, weight), threads)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_dropped_is_what_numpy_drops(monkeypatch, threads, dtype):
    rng = np.random.default_rng(2)
    spread = rng.normal(size=12_000)
    for values in (spread, np.abs(spread), -np.abs(spread), np.round(spread, 1), spread[:5], np.zeros(3)):
        values = values.astype(dtype)
        for fraction in (0.1, 0.3, 1.0):
            view = LayerView.of("0", erdos_renyi(200, 200, len(values), rng=0), values)
            for drop in (DropNearestZero(), DropSmallest(), DropLeastSalient(0.0)):
                view = replace(view, gradient=values)
                same(*both(monkeypatch, lambda drop=drop, view=view, f=fraction: [drop(view, f, rng=rng)]))
