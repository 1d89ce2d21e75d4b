"""Damaged files of every kind: read as they were, or refused by name. The benchmark does more of the same."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="module")
def corruptions():
    path = Path(__file__).parents[3] / "benchmarks" / "corruptions.py"
    spec = importlib.util.spec_from_file_location("benchmark_corruptions", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_damage_is_noticed_in_every_kind_of_file(corruptions, tmp_path):
    rng = np.random.default_rng(1)
    kinds = corruptions.readers(corruptions.made_study(tmp_path), tmp_path)
    assert len(kinds) == 11
    for kind, (path, read, promised) in kinds.items():
        content, expected = path.read_bytes(), read(path)
        for bad in [corruptions.damaged(content, rng) for _ in range(8)] + [b"", b"{}", content[:-1]]:
            if bad != content:
                path.write_bytes(bad)
                assert corruptions.finding(path, read, promised, expected) is None, (kind, bad)
        path.write_bytes(content)
