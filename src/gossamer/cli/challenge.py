"""What `gossamer bench graph-challenge` does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import scipy.sparse
    from numpy.typing import NDArray

    from gossamer.timing.graph_challenge import Net


def run(
    neurons: int,
    depth: int,
    layers: Path | None,
    images: str,
    *,
    count: int,
    answer: Path | None,
    checked: int,
    peers: bool,
    threads: int | None,
    rounds: int,
) -> dict[str, object]:
    """Infer, compare, print; what was found."""
    import os

    from gossamer.errors import require_int
    from gossamer.timing import graph_challenge as challenge
    from gossamer.timing.environment import environment_line
    from gossamer.timing.graph_challenge.race import dense_rate, race

    cores = os.cpu_count() or 1
    threads = require_int("--threads", cores if threads is None else threads, low=1, high=cores)
    net = challenge.generate(neurons, depth, rng=0) if layers is None else challenge.read_layers(layers, neurons, depth)
    batch, what = _images(images, neurons, count)
    expected = None if answer is None else _answer(answer, batch.shape[0])
    print(environment_line())
    print(f"{net.name}: {net.edges:,} connections; {batch.shape[0]:,} images, {what}, {batch.nnz:,} entries")
    results, found = race(net, batch, threads=threads, rounds=rounds, peers=peers)
    for result in results:
        print(
            f"{result.name}: {min(result.seconds):.3f} s (median {result.median:.3f}, n={len(result.seconds)}), "
            f"{result.rate / 1e9:.4g} giga-edges/s"
        )
    dense = dense_rate()
    print(
        f"all work done is {2 * results[0].rate / 1e9:.4g} GF/s (2 an edge and image); NumPy's dense product reaches "
        f"{2 * dense / 1e9:.4g}: {results[0].rate / dense:.0%}"
    )
    _check(net, batch[:checked], found)
    told: dict[str, object] = {"net": net.name, "connections": net.edges, "images": batch.shape[0], "of": what}
    told |= {
        "entries": int(batch.nnz),
        "rows": len(found),
        "dense_rate": dense,
        "checked": min(checked, batch.shape[0]),
    }
    print(f"{len(found):,} images have an entry after the last layer; scipy agrees on the first {told['checked']:,}")
    if expected is not None:
        same = len(set(expected.tolist()) & set(found.tolist()))
        told |= {"official_rows": len(expected), "same": same}
        print(f"the given answer has {len(expected):,}; {same:,} are the same")
    return told | {
        "seconds": {each.name: each.seconds for each in results},
        "rates": {each.name: each.rate for each in results},
    }


def _answer(path: Path, count: int) -> NDArray[np.int64]:
    """The part of a given answer that is of the first images."""
    from gossamer.timing.graph_challenge import read_categories

    numbers = read_categories(path, max(count, 60_000))
    return numbers[numbers <= count]


def _images(word: str, neurons: int, count: int) -> tuple[scipy.sparse.csr_array, str]:
    from gossamer.timing.graph_challenge import random_images, read_images
    from gossamer.timing.graph_challenge.images import rebuilt

    if word == "random":
        return random_images(count, neurons, rng=0), "random"
    if word == "mnist":
        from gossamer.training import data

        digits = data.load("mnist").train.inputs
        pixels = digits.reshape(-1, 28, 28)[:count]
        return rebuilt(pixels.astype("uint8"), neurons), "rebuilt from MNIST"
    return read_images(word, neurons, count), "official"


def _check(net: Net, images: scipy.sparse.csr_array, found: object) -> None:
    import numpy as np

    from gossamer.timing.graph_challenge import by_scipy

    want = by_scipy(net, images)
    ours = np.asarray(found)
    ours = ours[ours <= images.shape[0]]
    if not np.array_equal(want, ours):
        raise ArithmeticError(f"of the first {images.shape[0]} images scipy keeps {len(want)}, Gossamer {len(ours)}.")
