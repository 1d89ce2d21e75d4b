"""Whatever becomes of a file, reading it gives the topology that was saved or an error that names the file.

`GOSSAMER_CORRUPTIONS=10000 python -m pytest tests/topology/test_corruption.py` tries more.
"""

import json
import os
import resource
from pathlib import Path

import numpy as np
import pytest

import gossamer as gs
from gossamer.errors import TopologyFileError
from gossamer.files import write_safetensors
from gossamer.topology.files import FORMAT

from .corruptions import corrupted

COUNT = int(os.environ.get("GOSSAMER_CORRUPTIONS", "400"))
MEBIBYTE = 1 << 20


def topologies():
    rng = np.random.default_rng(0)
    mixed = gs.Topology(
        [
            gs.Bipartite.from_mask(rng.random((5, 4)) < 0.5),
            gs.Rotated([0, 2], in_features=5, out_features=3),
            gs.Bipartite.from_mask(np.ones((2, 3))),
        ]
    )
    return {
        "mixed": mixed,
        "rotated": gs.Topology([gs.Rotated([0, 5], in_features=40, out_features=30)]),
        "bipartite": gs.Topology([gs.Bipartite.from_mask(rng.random((20, 30)) < 0.2)]),
        "empty": gs.Topology([gs.Bipartite([0, 0], [], in_features=1)]),
    }


@pytest.fixture
def little_memory():
    """Room for what there is and 2 GiB: what asks for more fails at once."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + 2048 * MEBIBYTE, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.parametrize("name", topologies())
def test_a_damaged_file_is_noticed(name, tmp_path, little_memory):
    topology, path, rng = topologies()[name], tmp_path / "t.safetensors", np.random.default_rng(7)
    topology.save(path)
    content = path.read_bytes()
    for _ in range(COUNT // 4):
        path.write_bytes(corrupted(content, rng))
        try:
            assert gs.Topology.load(path) == topology
        except TopologyFileError as error:
            assert str(path) in str(error)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ({"kind": "rotated", "in_features": 3, "out_features": 2**31 - 1}, "files hold up to"),
        ({"kind": "rotated", "in_features": 0, "out_features": 3}, "in_features=0"),
        ({"kind": "rotated", "in_features": 3, "out_features": -1}, "out_features=-1"),
        ({"kind": "rotated", "in_features": 2**31, "out_features": 3}, "in_features=2147483648"),
    ],
)
def test_sizes_are_held_against_edges_before_anything_is_allocated(layer, message, tmp_path, little_memory):
    metadata = {"format": FORMAT, "version": "1", "digest": "0", "layers": json.dumps([layer])}
    write_safetensors(tmp_path / "t", {"layer.0.offsets": np.array([0, 1], np.int32)}, metadata)
    with pytest.raises(TopologyFileError, match=message):
        gs.Topology.load(tmp_path / "t")


def test_what_cannot_be_read_back_is_not_written(tmp_path):
    with pytest.raises(TopologyFileError, match=r"out_features=2097152; files hold up to 1048576 for 3 edges"):
        gs.Topology([gs.Rotated([0], in_features=3, out_features=1 << 21)]).save(tmp_path / "t")
