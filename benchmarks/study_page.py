"""How long the report of a large study takes to write, and to open in Chromium: `python benchmarks/study_page.py`.

The study is fabricated: real topologies, invented accuracies. Opening is timed from the request to the first figure
drawn and the table of runs usable, in a fresh tab each time.
"""

import argparse
import itertools
import json
import shutil
import statistics
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import safetensors.numpy

import gossamer as gs
from gossamer.errors import TopologyWarning
from gossamer.reports.study import study_page
from gossamer.rewiring import Recording
from gossamer.rewiring.keys import edge_keys
from gossamer.rewiring.update import Moved
from gossamer.studies import Study
from gossamer.studies.store.json_files import write_json
from gossamer.studies.store.run_folder import RunFolder
from gossamer.studies.store.study_folder import FORMAT, VERSION
from gossamer.timing.environment import environment
from gossamer.training import Epoch

NAMES = ("erdos_renyi", "fibonacci", "regular_random", "rotating_even", "rotating_random")
WIDTHS = (48, 32, 10)


def fabricate(folder, grid, *, rng, epochs=20):
    """Write a study of finished runs, one for each labels in `grid`, and open it."""
    runs = []
    for number, labels in enumerate(grid):
        place = RunFolder(folder / "runs" / f"{number:016x}").make()
        topology = _topology(labels, rng)
        topology.save(place.end)
        topology.save(place.start)
        if labels.get("rule"):
            _rewired(topology, rng).save(place.recording)
        weights = {f"{2 * k}.weight": rng.normal(size=g.num_edges) for k, g in enumerate(topology)}
        place.weights.write_bytes(safetensors.numpy.save(weights))
        accuracy = float(0.98 - 0.3 / (topology.num_edges / 100) + rng.normal(0, 0.005))
        curve = [accuracy * (1 - 0.5**epoch) for epoch in range(1, epochs + 1)]
        rows = [Epoch(k, 1 - a, a, 1 - a, a, 0.1, topology.num_edges) for k, a in enumerate(curve, 1)]
        place.write_epochs(rows)
        write_json(place.config, {"labels": labels, "widths": list(topology.widths), "sparse": True})
        write_json(place.result, _result(topology, accuracy, epochs))
        runs.append({"digest": place.name, "labels": labels})
    content = {"format": FORMAT, "version": VERSION, "name": "Fabricated", "measures": [], "runs": runs}
    (folder / "study.json").write_text(json.dumps(content))
    return Study.open(folder)


def thousand():
    """Labels of 1,000 runs: five constructions, ten degrees, two data sets, ten seeds."""
    grid = itertools.product(NAMES, range(2, 22, 2), ("mnist", "fashion-mnist"), range(10))
    return [dict(zip(("topology", "degree", "data", "seed"), values, strict=True)) for values in grid]


def _topology(labels, rng):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TopologyWarning)
        return gs.Topology(_junctions(labels, rng))


def _junctions(labels, rng):
    name, degree = labels["topology"], labels["degree"]
    family = gs.generators.named(name if name in NAMES else NAMES[0]).with_edges
    degrees = [int(part) for part in str(degree).split(",")] if degree is not None else [0]
    junctions = []
    for k, (n, m) in enumerate(itertools.pairwise(WIDTHS)):
        edges = n * degrees[min(k, len(degrees) - 1)]
        full = name == "dense" or (m == WIDTHS[-1] and k >= len(degrees))
        junctions.append(gs.generators.dense(n, m) if full else family(n, m, edges, rng=rng))
    return junctions


def _rewired(topology, rng, steps=(10, 20, 30)):
    """A recording in which a few edges of the first junction move at each step."""
    log = Recording()
    log.begin({str(k): g for k, g in enumerate(topology)})
    keys, size = edge_keys(topology[0]), topology[0].in_features * topology[0].out_features
    for step in steps:
        removed = np.sort(rng.choice(keys, 5, replace=False))
        added = np.sort(rng.choice(np.setdiff1d(np.arange(size), keys), 5, replace=False))
        keys = np.union1d(np.setdiff1d(keys, removed), added)
        still = {str(k): Moved(removed=keys[:0], added=keys[:0]) for k in range(1, len(topology))}
        log.add(step, {"0": Moved(removed=removed, added=added), **still})
    return log


def _result(topology, accuracy, epochs):
    first = topology[0]
    return {
        "test": {"accuracy": accuracy, "loss": 1 - accuracy},
        "validation_accuracy": accuracy,
        "best_epoch": epochs,
        "edges": topology.num_edges,
        "epochs": epochs,
        "seconds": 2.0 + topology.num_edges / 1000,
        "model_bytes": 4 * topology.num_edges,
        "topology_bytes": topology.nbytes,
        "measures": {"algebraic_connectivity": gs.measures.algebraic_connectivity(first)},
    }


def opening(path, rounds):
    """Seconds from the request to the first figure and to a table that answers, of each of `rounds` fresh tabs."""
    from playwright.sync_api import sync_playwright

    seconds = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for _ in range(rounds):
            tab = browser.new_page(viewport={"width": 1200, "height": 900})
            start = time.perf_counter()
            tab.goto(path.as_uri())
            tab.wait_for_selector(".plot[data-drawn]", timeout=60_000)
            seconds.append(time.perf_counter() - start)
            tab.close()
        browser.close()
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--keep", type=Path, help="write the page here too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        study = fabricate(Path(folder), thousand(), rng=np.random.default_rng(0))
        start = time.perf_counter()
        text = study_page(study)
        writing = time.perf_counter() - start
        path = Path(folder) / "report.html"
        path.write_text(text, encoding="utf-8")
        if options.keep:
            options.keep.write_text(text, encoding="utf-8")
        seconds = opening(path, options.rounds)
    print(environment())
    print(f"1,000 runs: written in {writing:.1f} s, {len(text) / 1e6:.1f} MB; first figure and table after")
    print(f"{statistics.median(seconds):.2f} s (median of {len(seconds)}, {min(seconds):.2f} to {max(seconds):.2f})")


if __name__ == "__main__":
    main()
