"""`gossamer bench graph-challenge`."""

import importlib.util

import numpy as np
import pytest

from gossamer.timing.graph_challenge import generate

WORDS = ["bench", "graph-challenge", "--depth", 3, "--count", 300, "--checked", 300, "--threads", 1, "--rounds", 1]


def test_a_generated_net(run):
    code, out, err = run(*WORDS)
    assert (code, err) == (0, "")
    assert "generated 1024-3: 98,304 connections; 300 images, random" in out
    assert "gossamer, all work done:" in out
    assert "gossamer, dead rows left out:" in out
    assert "scipy agrees on the first 300" in out
    installed = importlib.util.find_spec("graphblas") and importlib.util.find_spec("suitesparse_graphblas")
    assert ("python-graphblas:" in out) == bool(installed)


def test_files_and_an_answer(run, refused, tmp_path):
    rows = np.stack([g.indices.reshape(1024, 32) for g, _ in generate(1024, 3, rng=0).layers])
    np.savez(tmp_path / "net.npz", rows=rows, categories=np.array([1, 2]))
    (tmp_path / "images.tsv").write_text("".join(f"2\t{k}\t1\n" for k in range(1, 1025)))
    words = [*WORDS, "--layers", tmp_path / "net.npz", "--images", tmp_path / "images.tsv"]
    code, out, _ = run(*words, "--answer", tmp_path / "net.npz")
    assert code == 0
    assert "1 images have an entry after the last layer" in out
    assert "the given answer has 2; 1 are the same" in out
    (tmp_path / "images.tsv").write_text("2\t5\n")
    assert "images.tsv" in refused(*words)
    assert "3 layers of 1024 neurons with 32 inputs; 3 of 4096" in refused(*words, "--neurons", 4096)


@pytest.mark.parametrize(("words", "told"), [(["--neurons", 7], "neurons=7"), (["--threads", 10**6], "--threads")])
def test_bad_words(refused, words, told):
    assert told in refused(*WORDS, *words)
