"""Arrays that nobody can write, small and large."""

import numpy as np
import pytest
import torch

import gossamer as gs
from gossamer.topology import memory

NUMBERS = np.arange(5000, dtype=np.int32)


@pytest.fixture(params=["small", "large"])
def size(request, monkeypatch):
    if request.param == "large":
        monkeypatch.setattr(memory, "LARGE", 1)
    return request.param


def test_nobody_can_write(size):
    array = memory.frozen(NUMBERS)
    assert np.array_equal(array, NUMBERS)
    assert not array.flags.writeable
    with pytest.raises(ValueError, match="WRITEABLE"):
        array.setflags(write=True)


def test_a_copy_is_its_owners(size):
    array = memory.frozen(NUMBERS)
    copy, other = memory.writable_copy(array), memory.writable_copy(array)
    copy[7] = -1
    assert array[7] == other[7] == 7
    assert copy[7] == -1


def test_large_arrays_are_frozen_once(size):
    array = memory.frozen(NUMBERS)
    assert (memory.frozen(array) is array) == (size == "large")
    assert np.array_equal(memory.frozen(array[3:]), NUMBERS[3:])


def test_whoever_keeps_the_means_to_write_is_found_out(monkeypatch):
    monkeypatch.setattr(memory, "LARGE", 1)
    kept = []
    with pytest.raises(BufferError):
        memory.filled(5000, kept.append)


def test_where_the_system_has_no_such_memory(monkeypatch):
    monkeypatch.setattr(memory, "LARGE", 1)
    monkeypatch.delattr(memory.os, "memfd_create")
    assert np.array_equal(memory.writable_copy(memory.frozen(NUMBERS)), NUMBERS)


def test_layers_share_the_junctions_memory_and_leave_it_alone(size):
    g, h = (gs.generators.regular_random(30, 20, 5, rng=rng) for rng in (0, 1))
    layer, other = gs.nn.SparseLinear(g), gs.nn.SparseLinear(h)
    other.load_state_dict(layer.state_dict())
    assert other.topology() == g
    with torch.no_grad():
        layer.indices.zero_()
    assert other.topology() == g
    assert g == gs.generators.regular_random(30, 20, 5, rng=0)
    with pytest.raises(gs.errors.InvalidTopologyError):
        layer.topology()
