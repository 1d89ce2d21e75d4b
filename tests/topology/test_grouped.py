"""Grouped junctions are blow-ups: A = base x ones (Kronecker), and equal whatever equal edges are stored as."""

import itertools
import json
import pickle

import numpy as np
import pytest
import safetensors.numpy

import gossamer as gs
from gossamer.errors import InvalidTopologyError, TopologyFileError
from gossamer.topology import Bipartite, Grouped, Rotated, Topology, compact
from gossamer.topology.grouped import as_grouped

SMALL = [
    Bipartite.from_mask(np.array(bits).reshape(2, 2)) for bits in itertools.product((0, 1), repeat=4)
]  # every junction of 2 x 2


@pytest.mark.parametrize("base", SMALL, ids=lambda g: str(g.to_mask().astype(int).tolist()))
@pytest.mark.parametrize("group", list(itertools.product((1, 2, 3), repeat=2)), ids=str)
def test_every_small_blow_up(base, group):
    g = Grouped(base, outputs=group[0], inputs=group[1])
    mask = np.kron(base.to_mask(), np.ones(group)).astype(bool)
    written = Bipartite.from_mask(mask)
    assert np.array_equal(g.to_mask(), mask)
    assert g == written == g.to_bipartite()
    assert hash(g) == hash(written)
    assert g.digest() == written.digest()
    for name in ("in_features", "out_features", "num_edges", "density"):
        assert getattr(g, name) == getattr(written, name)
    for name in ("indptr", "indices", "fan_in", "fan_out"):
        assert np.array_equal(getattr(g, name), getattr(written, name))
        assert getattr(g, name).dtype == np.int32
    for start, stop in itertools.combinations(range(g.out_features + 1), 2):
        assert np.array_equal(g.row_indices(start, stop), written.row_indices(start, stop))
    found = compact(written)
    assert found == written
    assert pickle.loads(pickle.dumps(g)).group == group
    assert g.nbytes == base.nbytes


def test_compact_finds_the_largest_groups():
    rng = np.random.default_rng(0)
    base = gs.generators.constant_fan_in(40, 6, 7, rng=rng)
    for outputs, inputs in ((1, 1), (1, 4), (8, 1), (6, 2)):
        found = compact(Grouped(base, outputs=outputs, inputs=inputs).to_bipartite())
        assert (found.group if isinstance(found, Grouped) else (1, 1)) == (outputs, inputs)
        if isinstance(found, Grouped):
            assert found.base == base
            assert found.nbytes < found.to_bipartite().nbytes
    ragged = Bipartite.from_mask([[1, 0], [1, 0], [1, 0], [0, 1]])  # runs of 3 and 1: no groups divide them
    assert compact(ragged) is ragged
    assert compact(Rotated([0], in_features=2, out_features=2)) == Rotated([0], in_features=2, out_features=2)
    assert compact(Bipartite.from_mask(np.ones((4, 6)))).group == (4, 6)


def test_files(tmp_path):
    base = gs.generators.erdos_renyi(5, 4, 9, rng=np.random.default_rng(0))
    topology = Topology([Grouped(base, outputs=2, inputs=3), Grouped(base, outputs=1, inputs=1)][:1])
    topology.save(tmp_path / "t.safetensors")
    loaded = Topology.load(tmp_path / "t.safetensors")
    assert loaded == topology
    assert loaded.layers[0].group == (2, 3)
    with safetensors.safe_open(tmp_path / "t.safetensors", "np") as file:
        metadata, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    assert sum(array.nbytes for array in tensors.values()) == base.nbytes
    kind = json.loads(metadata["layers"])[0]
    for change in (
        {"group": [3, 3]},
        {"group": [2, 0]},
        {"group": [2]},
        {"group": 4},
        {"in_features": 16},
        {"group": ["2", 3]},
    ):
        bad = metadata | {"layers": json.dumps([kind | change])}
        safetensors.numpy.save_file(tensors, tmp_path / "bad.safetensors", bad)
        with pytest.raises(TopologyFileError, match=r"bad\.safetensors"):
            Topology.load(tmp_path / "bad.safetensors")


def test_what_is_refused():
    with pytest.raises(TypeError, match="Bipartite is needed"):
        Grouped(Rotated([0], in_features=2, out_features=2), outputs=2)
    for group in ({"outputs": 0}, {"inputs": -1}, {"outputs": 2**31}):
        with pytest.raises(ValueError, match=r"puts="):
            Grouped(SMALL[-1], **group)
    with pytest.raises(InvalidTopologyError, match="too many"):
        Grouped(SMALL[-1], outputs=2**16, inputs=2**16)


def test_groups_of_groups_are_found():
    base = Bipartite.from_mask([[1, 0, 1], [0, 1, 1]])
    inner = Grouped(base, outputs=2, inputs=3).to_bipartite()
    found = compact(Grouped(inner, outputs=5, inputs=2))
    assert found.group == (10, 6)
    assert found.base == base
    assert compact(Grouped(base, outputs=5)).base is base


def test_groups_of_a_given_size():
    g = Grouped(Bipartite.from_mask([[1, 0], [0, 1]]), outputs=6)
    for outputs in (2, 3, 6):
        found = as_grouped(g.to_bipartite(), outputs)
        assert found == g
        assert found.group == (outputs, 1)
    for outputs in (1, 4, 5):
        assert isinstance(as_grouped(g.to_bipartite(), outputs), Bipartite)
    ragged = Bipartite.from_mask([[1, 0], [1, 0], [1, 1], [0, 1]])
    assert as_grouped(ragged, 2) is ragged
    assert as_grouped(g, 3) is g
