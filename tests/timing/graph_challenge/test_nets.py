"""Nets of the challenge: what is known of the official ones, and answers beside scipy's."""

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from gossamer.errors import DataFileError
from gossamer.timing.graph_challenge import (
    BIASES,
    Engine,
    Net,
    by_scipy,
    generate,
    random_images,
    read_categories,
    read_images,
    read_layers,
)
from gossamer.topology import Bipartite

OFFICIAL = Path(__file__).parents[4].parent / "shared" / "data" / "graphchallenge" / "neuron1024-l120.npz"
official = pytest.mark.skipif(not OFFICIAL.exists(), reason="../shared/data/graphchallenge is not on this machine")


def formula(neurons, number):
    """kron(ones(16, 16), I + roll(I, -2^i, axis=1)), inputs by outputs, as the challenge's generator writes it."""
    eye = np.eye(neurons // 16)
    return np.kron(np.ones((16, 16)), eye + np.roll(eye, -(2**number), axis=1))


def test_the_first_layers_are_the_formula():
    net = generate(1024, 6, rng=0)
    product = np.eye(1024)
    for number, (g, _) in enumerate(net.layers):
        assert np.array_equal(g.to_mask().T, formula(1024, number))
        product = product @ g.to_mask().T
    assert np.all(product == 16**5)


def test_deeper_layers_are_regular_and_differ():
    net = generate(1024, 9, rng=0)
    assert net.edges == 9 * 32 * 1024
    for g, weights in net.layers:
        assert set(g.fan_in) == set(g.fan_out) == {32}
        assert set(weights) == {np.float32(0.0625)}
    assert len({g.digest() for g, _ in net.layers}) == 9


@official
def test_the_official_layers_that_a_formula_has():
    net = read_layers(OFFICIAL, 1024, 8)
    generated = generate(1024, 8, rng=0)
    same = [ours[0] == theirs[0] for ours, theirs in zip(generated.layers, net.layers, strict=True)]
    assert same[:6] == [True] * 6
    assert not any(same[6:])
    assert len(read_categories(OFFICIAL, 60_000)) == 1812


def images(count, neurons):
    """Blocks of ones of all sizes, so that some live and some die."""
    rng = np.random.default_rng(0)
    dense = rng.random((count, neurons)) < rng.uniform(0, 0.8, size=(count, 1)) ** 3
    return scipy.sparse.csr_array(dense.astype(np.float32))


@pytest.mark.parametrize("skip", [(), (1, 2, 5), (1, 100)])
@pytest.mark.parametrize("depth", [1, 20])
def test_the_answer_is_scipys(depth, skip):
    net, batch = generate(1024, depth, rng=0), images(70, 1024)
    want = by_scipy(net, batch)
    assert 0 < len(want) < 70
    assert np.array_equal(Engine(net, threads=1, skip=skip)(batch), want)


def test_weights_of_ones_own():
    rng = np.random.default_rng(0)
    layers = []
    for number in range(3):
        rows = np.sort([rng.choice(40, 1 + number, replace=False) for _ in range(40)], axis=1)
        g = Bipartite(np.arange(41) * (1 + number), rows.ravel(), in_features=40)
        layers.append((g, rng.uniform(0, 1, g.num_edges).astype(np.float32)))
    net = Net(tuple(layers), -0.05, "own")
    batch = images(50, 40)
    want = by_scipy(net, batch)
    assert 0 < len(want) < 50
    assert np.array_equal(Engine(net, threads=1)(batch), want)


def test_no_images_and_images_of_nothing():
    net = generate(1024, 2, rng=0)
    for count in (0, 3):
        assert len(Engine(net, threads=1, skip=(1,))(scipy.sparse.csr_array((count, 1024), dtype=np.float32))) == 0
    with pytest.raises(ValueError, match="1024 features"):
        Engine(net, threads=1)(scipy.sparse.csr_array((2, 1023), dtype=np.float32))


def test_random_images_have_the_official_share():
    batch = random_images(500, 1024, rng=0)
    assert batch.shape == (500, 1024)
    assert batch.nnz / batch.shape[0] == pytest.approx(6.37451e6 / 60_000, rel=0.02)


def test_bad_sizes():
    with pytest.raises(ValueError, match="neurons=1000"):
        generate(1000, 3, rng=0)
    with pytest.raises(ValueError, match="depth=0"):
        generate(1024, 0, rng=0)
    with pytest.raises(ValueError, match="positive"):
        Net(generate(1024, 1, rng=0).layers, 0.1, "own")
    with pytest.raises(ValueError, match="weights of shape"):
        Net(((generate(1024, 1, rng=0).layers[0][0], np.ones(3, np.float32)),), -0.1, "own")


@pytest.fixture
def folder(tmp_path):
    """The first layers and some images, written as the official files are."""
    net = generate(1024, 2, rng=0)
    (tmp_path / "neuron1024").mkdir()
    for number, (g, _) in enumerate(net.layers, 1):
        outputs, inputs = g.to_mask().nonzero()
        order = np.lexsort((outputs, inputs))
        lines = [f"{i + 1}\t{j + 1}\t0.0625\n" for i, j in zip(inputs[order], outputs[order], strict=True)]
        (tmp_path / "neuron1024" / f"n1024-l{number}.tsv").write_text("".join(lines))
    rows, columns = images(20, 1024).nonzero()
    lines = [f"{r + 1}\t{c + 1}\t1\n" for r, c in zip(rows, columns, strict=True)]
    (tmp_path / "images.tsv").write_text("".join(lines))
    (tmp_path / "answer.tsv").write_text("2\n5\n19\n")
    return tmp_path


def test_official_files(folder):
    net, made = read_layers(folder, 1024, 2), generate(1024, 2, rng=0)
    assert net.bias == BIASES[1024]
    for (g, weights), (want, same) in zip(net.layers, made.layers, strict=True):
        assert g == want
        assert np.array_equal(weights, same)
    batch = read_images(folder / "images.tsv", 1024, 20)
    assert np.array_equal(batch.toarray(), images(20, 1024).toarray())
    assert read_categories(folder / "answer.tsv", 60_000).tolist() == [2, 5, 19]


def cut(text, keep):
    return text[: int(len(text) * keep)]


DAMAGED = {
    "cut within a line": lambda text: cut(text, 0.5),
    "cut after a line": lambda text: "".join(text.splitlines(keepends=True)[: 32 * 512]),
    "empty": lambda text: "",
    "of another size": lambda text: text + "1025\t1\t0.0625\n" * 1024,
    "twice": lambda text: text + text,
    "words": lambda text: text.replace("0.0625", "much", 1),
    "fractions": lambda text: text.replace("1\t", "1.5\t", 1),
    "not finite": lambda text: text.replace("0.0625", "nan", 1),
    "another format": lambda text: text.replace("\t", ","),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_layers(name, folder):
    path = folder / "neuron1024" / "n1024-l2.tsv"
    path.write_text(DAMAGED[name](path.read_text()))
    with pytest.raises(DataFileError, match=r"n1024-l2\.tsv"):
        read_layers(folder, 1024, 2)


def test_files_that_are_missing_or_of_another_net(folder):
    with pytest.raises(FileNotFoundError, match="n1024-l3"):
        read_layers(folder, 1024, 3)
    with pytest.raises(ValueError, match="neurons=512"):
        read_layers(folder, 512, 1)
    with pytest.raises(DataFileError, match=r"image \d+; there are 3"):
        read_images(folder / "images.tsv", 1024, 3)
    for text in ("5\n2\n", "0\n", "99\n", "1\t2\n"):
        (folder / "answer.tsv").write_text(text)
        with pytest.raises(DataFileError, match="answer"):
            read_categories(folder / "answer.tsv", 60)


def test_archives(tmp_path):
    path = tmp_path / "net.npz"
    rows = np.stack([g.indices.reshape(1024, 32) for g, _ in generate(1024, 2, rng=0).layers])
    np.savez_compressed(path, rows=rows)
    assert read_layers(path, 1024, 2).layers[1][0] == generate(1024, 2, rng=0).layers[1][0]
    for depth, neurons, words in ((3, 1024, "2 layers"), (1, 4096, "1024 neurons with 32")):
        with pytest.raises(DataFileError, match=words):
            read_layers(path, neurons, depth)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataFileError, match="damaged"):
        read_layers(path, 1024, 2)
    for wrong in (np.full_like(rows, 1024), np.zeros_like(rows), rows.astype(np.float32)):
        np.savez(path, rows=wrong)
        with pytest.raises(DataFileError, match=r"twice|integers"):
            read_layers(path, 1024, 2)
