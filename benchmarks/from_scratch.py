"""Dense and sparse networks trained from scratch: what shakespeare.py and resnet.py keep of their runs, in tables.

    python benchmarks/from_scratch.py shakespeare
    python benchmarks/from_scratch.py resnet

Each prints, of the lines in docs/results, sizes and results with mean, standard deviation and n; the difference from
dense, paired by seed, with its 95 % interval (Student's; no correction for the number of rows); the result against the
seconds of training; and what follows. A sparse arm is said to be behind or ahead of dense if its interval leaves out
zero; else the runs do not tell.
"""

import argparse
import json
from pathlib import Path
from statistics import fmean, median, stdev

from gossamer.analysis.intervals import difference
from gossamer.files import write_atomically
from gossamer.nn import SparseLayer
from gossamer.timing.environment import environment_line

RESULTS = Path(__file__).parents[1] / "docs" / "results"


class Ledger:
    """The runs of one file: a line each, written as a run ends.

    Args:
        path: the file; not there is no run.
        settings: what decides a run beside its method and seed. Lines of other settings stay.
    """

    def __init__(self, path, settings):
        self.path, self.settings, self.lines = path, settings, kept(path)

    def missing(self, methods, seeds):
        """(method, seed) of runs that are not kept, a seed of all methods at a time."""
        done = {(each["method"], each["seed"]) for each in self.lines if each["settings"] == self.settings}
        yield from ((method, seed) for seed in seeds for method in methods if (method, seed) not in done)

    def keep(self, method, seed, found):
        """Add a run."""
        name = {"method": method, "seed": seed, "settings": self.settings}
        self.lines.append({**name, **found, "environment": environment_line()})
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path, "".join(json.dumps(each) + "\n" for each in self.lines).encode())


def kept(path):
    """The lines of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def numbers_of(model):
    """Parameters, edges of sparse layers, and bytes.

    To keep: weights and buffers, which hold the places of the edges. To train: also a gradient and two means a weight
    (AdamW's; momentum alone needs one less, here and for dense), and 12 bytes an edge for the kernels: a checked copy
    of its place, and the edges sorted by input. Activations are not counted.
    """
    weights = sum(p.numel() for p in model.parameters())
    edges = sum(layer.topology().num_edges for layer in model.modules() if isinstance(layer, SparseLayer))
    keep = 4 * weights + sum(b.nbytes for b in model.buffers())
    return {
        "parameters": weights,
        "edges": edges,
        "bytes_to_keep": keep,
        "bytes_to_train": keep + 12 * weights + 12 * edges,
    }
