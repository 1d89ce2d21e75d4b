"""Make topologies, look at them as graphs, and keep one in a file.

Run it with `python examples/01_topology.py`.
"""

import tempfile
from pathlib import Path

import numpy as np

import gossamer as gs

rng = np.random.default_rng(0)

# One junction: 784 inputs, 448 outputs, 16 edges out of every input.
expander = gs.generators.regular_random(784, 448, 16, rng=rng)
print(expander)
print("edges into an output:", expander.fan_in.min(), "to", expander.fan_in.max())

# A rotated junction is described by its offsets: 64 bytes, whatever the width.
fibonacci = gs.generators.fibonacci(784, 448, 16)
print(fibonacci)
print("bytes:", fibonacci.nbytes, "instead of", expander.nbytes)

# Topologies are values: equal if their edges are, wherever they come from.
assert gs.Bipartite.from_mask(fibonacci.to_mask()) == fibonacci

# A whole network, its budget of edges spent exactly, and a file that names it by its digest.
widths = (784, 300, 100, 10)
edges = gs.generators.budgets.erdos_renyi(widths, 0.05)
network = gs.generators.layered(widths, gs.generators.erdos_renyi, edges, rng=rng)
print(network, "with", [layer.num_edges for layer in network])
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "network.safetensors"
    network.save(path)
    assert gs.Topology.load(path) == network
