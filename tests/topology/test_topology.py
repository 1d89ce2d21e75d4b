"""Whole topologies, and their files."""

import json
import pickle

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import gossamer as gs
from gossamer.errors import InvalidTopologyError, TopologyFileError
from gossamer.topology import files


def make():
    rng = np.random.default_rng(0)
    return gs.Topology(
        [
            gs.Bipartite.from_mask(rng.random((5, 4)) < 0.5),
            gs.Rotated([0, 2], in_features=5, out_features=3),
            gs.Bipartite.from_mask(np.ones((2, 3))),
        ]
    )


def names(folder):
    return [path.name for path in folder.iterdir()]


def test_a_topology_sums_its_layers():
    t = make()
    assert t.widths == (4, 5, 3, 2)
    assert t.num_edges == sum(layer.num_edges for layer in t) == t[0].num_edges + 10 + 6
    assert t.density == t.num_edges / (20 + 15 + 6)
    assert len(t) == 3
    assert t.nbytes == sum(layer.nbytes for layer in t.layers)


def test_topologies_are_values():
    t, twin, other = make(), make(), gs.Topology(make().layers[:2])
    assert t == twin
    assert hash(t) == hash(twin)
    assert t.digest() == twin.digest()
    assert t != other
    assert t.digest() != other.digest()
    assert pickle.loads(pickle.dumps(t)) == t
    assert t != "t"


def test_bad_layers_are_refused():
    g = gs.Bipartite.from_mask(np.ones((2, 3)))
    with pytest.raises(InvalidTopologyError, match="layers is empty"):
        gs.Topology([])
    with pytest.raises(InvalidTopologyError, match=r"layers\[0\] has 2 outputs but layers\[1\] has 3 inputs"):
        gs.Topology([g, g])
    for wrong in (5, None, np.ones((2, 2))):
        with pytest.raises(TypeError, match=f"layers is {type(wrong).__name__}; give a list of junctions"):
            gs.Topology(wrong)
    with pytest.raises(TypeError, match=r"layers\[1\] is ndarray"):
        gs.Topology([g, np.ones((2, 2))])


def test_a_file_gives_back_what_was_saved(tmp_path):
    t = make()
    t.save(tmp_path / "t.safetensors")
    back = gs.Topology.load(tmp_path / "t.safetensors")
    assert back == t
    assert isinstance(back[1], gs.Rotated)
    assert names(tmp_path) == ["t.safetensors"]


def test_a_rotated_file_stays_small_at_any_width(tmp_path):
    t = gs.Topology([gs.Rotated([0, 5], in_features=100_000, out_features=1_000)])
    t.save(tmp_path / "t")
    assert (tmp_path / "t").stat().st_size < 1000


def test_saving_replaces_a_file_or_leaves_it_alone(tmp_path, monkeypatch):
    path = tmp_path / "t"
    make().save(path)
    before = path.read_bytes()

    def full_disk(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        make().save(path)
    assert path.read_bytes() == before
    assert names(tmp_path) == ["t"]


def test_missing_files_and_folders_are_the_systems_errors(tmp_path):
    with pytest.raises(FileNotFoundError):
        gs.Topology.load(tmp_path / "none")
    with pytest.raises(OSError, match="none"):
        make().save(tmp_path / "none" / "t")
    with pytest.raises(IsADirectoryError):
        gs.Topology.load(tmp_path)


def damage_metadata(path, **changes):
    tensors, metadata = files.pack(make().layers, make().digest())
    save_file(tensors, path, metadata | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "other"}, "not a topology"),
        ({"version": "2"}, "version '2'; this Gossamer reads 1"),
        ({"digest": "0"}, "it says 0"),
        ({"layers": "{"}, "damaged"),
        ({"layers": "3"}, "damaged"),
        ({"layers": json.dumps([{"kind": "knot", "in_features": 1, "out_features": 1}])}, "'knot'"),
        ({"layers": json.dumps([{"kind": "bipartite", "in_features": 1}])}, "damaged"),
    ],
)
def test_foreign_and_wrong_version_files_are_refused(tmp_path, changes, message):
    damage_metadata(tmp_path / "t", **changes)
    with pytest.raises(TopologyFileError, match=message):
        gs.Topology.load(tmp_path / "t")


def test_a_plain_safetensors_file_is_no_topology(tmp_path):
    save_file({"x": np.ones(3)}, tmp_path / "t")
    with pytest.raises(TopologyFileError, match="not a topology"):
        gs.Topology.load(tmp_path / "t")


def test_every_truncation_is_noticed(tmp_path):
    path = tmp_path / "t"
    make().save(path)
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(TopologyFileError):
            gs.Topology.load(path)


def test_every_flipped_edge_is_noticed(tmp_path):
    path = tmp_path / "t"
    make().save(path)
    tensors = load_file(path)
    _, metadata = files.pack(make().layers, make().digest())
    for name in tensors:
        for position in range(tensors[name].size):
            damaged = {key: value.copy() for key, value in tensors.items()}
            damaged[name][position] ^= 1
            save_file(damaged, path, metadata)
            with pytest.raises(TopologyFileError, match="damaged"):
                gs.Topology.load(path)
