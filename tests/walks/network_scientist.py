"""A network scientist with a graph: from an empty folder to pictures of it before and after it has learned.

A small-world graph of layers becomes a network; what training does to it is measured as on any graph.
"""

import subprocess
import sys
from pathlib import Path

import networkx
import numpy as np


def gossamer(*words):
    """Call the command line, and give what it printed."""
    command = [sys.executable, "-m", "gossamer", *map(str, words)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


# The graph that they have: 64 sensors in a ring, each joined to the near neurons of the next layer, and some far away.
rng = np.random.default_rng(0)
graph = networkx.DiGraph()
graph.add_nodes_from(((0, k), {"layer": 0}) for k in range(64))
graph.add_nodes_from(((1, k), {"layer": 1}) for k in range(64))
for k in range(64):
    for step in (-2, -1, 0, 1, 2):
        far = rng.random() < 0.2
        graph.add_edge((0, k), (1, int(rng.integers(64)) if far else (k + step) % 64))
networkx.write_graphml(networkx.relabel_nodes(graph, str), "ring.graphml")

# Measured as it is, and beside constructions of the same size.
print(
    gossamer("measure", "ring.graphml", "fibonacci:64x64:5", "--only", "num_edges,algebraic_connectivity,spectral_gap")
)

# Trained on the digits; a fully connected layer to the ten classes is added behind it. RigL may move its edges.
words = [
    "--data",
    "digits",
    "--topology",
    "ring.graphml",
    "--epochs",
    5,
    "--lr",
    0.01,
    "--rewire",
    "rigl",
    "--every",
    10,
]
said = gossamer("train", *words, "--out", "learned", "--threads", 1)
print(said, end="")
assert "next: gossamer measure learned" in said

# How far has it gone from the graph that it was?
print(gossamer("compare", "learned", "learned/topology-start.safetensors"))

import gossamer as gs  # noqa: E402 (as one would type it now)

start, end = (gs.Topology.load(Path("learned") / f"topology{name}.safetensors") for name in ("-start", ""))
assert start[0] == gs.Topology.load("ring.graphml")[0] != end[0]
assert start[0].num_edges == end[0].num_edges
start.plot().figure.savefig("before.png")
end.plot().figure.savefig("after.png")
back = end.to_networkx()
print(networkx.number_weakly_connected_components(back), "component;", networkx.density(back))
