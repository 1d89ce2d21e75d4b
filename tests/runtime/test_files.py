"""Files that are damaged, foreign or made up end in words, never in memory that is not theirs."""

import json

import numpy as np
import pytest

import gossamer as gs
from gossamer.errors import TopologyFileError
from gossamer.files import read_safetensors, write_safetensors
from gossamer.runtime import files, load


def test_every_byte_counts(file):
    whole = file.read_bytes()
    rng = np.random.default_rng(0)
    for place in rng.choice(len(whole), 150, replace=False):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << rng.integers(8)
        file.write_bytes(damaged)
        with pytest.raises(TopologyFileError, match=str(file)):
            load(file)


def test_truncated_files(file):
    whole = file.read_bytes()
    for length in (0, 1, 8, 100, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(TopologyFileError, match=str(file)):
            load(file)


def test_foreign_files(tmp_path):
    path = tmp_path / "t.safetensors"
    gs.Topology([gs.Rotated([0], in_features=2, out_features=2)]).save(path)
    with pytest.raises(TopologyFileError, match="no exported network"):
        load(path)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none")


def test_another_version(file):
    tensors, metadata = read_safetensors(file)
    write_safetensors(file, tensors, metadata | {"version": "2"})
    with pytest.raises(TopologyFileError, match="version '2'"):
        load(file)


def at(name, value):
    """Puts a value into the first step, or removes what stands there."""

    def change(plan, tensors):
        plan["steps"][0][name] = value

    return change


def array(name, change):
    def put(plan, tensors):
        tensors[name] = change(tensors[name])

    return put


def without(name):
    def remove(plan, tensors):
        del tensors[name]

    return remove


def junction(**sizes):
    def change(plan, tensors):
        plan["steps"][0]["junction"] |= sizes

    return change


def steps(value):
    def change(plan, tensors):
        plan["steps"] = value

    return change


FORGED = {
    "unknown operation": at("op", "import os"),
    "operation that is no text": at("op", ["linear"]),
    "unknown activation": at("activation", "exec"),
    "slope that is no number": at("slope", "1"),
    "infinite slope": at("slope", 1e999),
    "values made later": at("of", [5]),
    "negative values": at("of", [-1]),
    "too many values": at("of", [0, 0]),
    "no steps": steps([]),
    "steps that are numbers": steps([1, 2]),
    "steps that are text": steps("linear"),
    "junction that is text": at("junction", "full"),
    "junction of another kind": junction(kind="dense"),
    "another width in": junction(in_features=10),
    "another width out": junction(out_features=13),
    "huge": junction(in_features=2**31 - 1),
    "width that is no number": junction(in_features="20"),
    "index beyond the inputs": array("0.indices", lambda a: np.append(a[:-1], 20).astype(np.int32)),
    "negative index": array("0.indices", lambda a: np.append(-1, a[1:]).astype(np.int32)),
    "starts that fall": array("0.indptr", lambda a: a[::-1].copy()),
    "starts that are real": array("0.indptr", lambda a: a.astype(np.float32)),
    "too few weights": array("0.weight", lambda a: a[:-1].copy()),
    "weights of float64": array("0.weight", lambda a: a.astype(np.float64)),
    "bias of another width": array("0.bias", lambda a: a[:-1].copy()),
    "no weights": without("0.weight"),
    "no indices": without("0.indices"),
    "another dense layer": array("1.weight", lambda a: a[:, :-1].copy()),
    "dense layer without inputs": array("1.weight", lambda a: a[:, :0].copy()),
    "offsets beyond the outputs": array("6.offsets", lambda a: (a + 100).astype(np.int32)),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_file_with_the_right_digest_is_not_believed(name, file):
    plan, tensors = files.read(file)
    FORGED[name](plan, tensors)
    files.write(file, plan, tensors)
    with pytest.raises(TopologyFileError, match="damaged"):
        load(file)


def test_plans_that_are_no_objects(file):
    tensors, metadata = read_safetensors(file)
    for text in ("[]", "{", "[" * 10_000):
        digest = files._digest(text, tensors)
        write_safetensors(file, tensors, metadata | {"plan": text, "digest": digest})
        with pytest.raises(TopologyFileError, match="damaged"):
            load(file)


def test_nothing_is_stored_but_arrays_and_json(file):
    plan, tensors = files.read(file)
    assert json.loads(json.dumps(plan)) == plan
    assert all(array.dtype.kind in "fiu" for array in tensors.values())
