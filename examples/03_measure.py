"""Measure topologies and what training makes of them, and compare two.

Run it with `python examples/03_measure.py`.
"""

import numpy as np
import torch

import gossamer as gs
from gossamer.training import Adam, Config, data, fit

rng = np.random.default_rng(0)
junctions = {
    "regular_random": gs.generators.regular_random(64, 64, 6, rng=rng),
    "fibonacci": gs.generators.fibonacci(64, 64, 6),
    "rotating_contiguous": gs.generators.rotating_contiguous(64, 64, 6),
}
print(f"{'':20}  λ₂     σ₂     Ramanujan margin  components")
for name, junction in junctions.items():
    connectivity = gs.measures.algebraic_connectivity(junction)
    second = gs.measures.singular_values(junction)[1]
    margin, components = gs.measures.ramanujan_margin(junction), gs.measures.components(junction)
    print(f"{name:20}  {connectivity:.3f}  {second:.3f}  {margin:16.3f}  {components:10}")

# A whole network: how many paths lead from its inputs to its outputs?
topology = gs.Topology([junctions["fibonacci"], gs.generators.dense(64, 10)])
print("paths:", gs.measures.effective_paths(topology))

# The same measures take weights: here of a trained network.
torch.manual_seed(0)
model = gs.nn.mlp(topology)
before = [layer.weight.detach().abs().numpy().copy() for layer in model]
fit(model, data.load("digits"), Config(epochs=10, optimizer=Adam(0.01)), rng=rng)
after = [layer.weight.detach().abs().numpy() for layer in model]
for name, weights in (("before", before), ("after", after)):
    print(f"weighted λ₂ {name} training: {gs.measures.algebraic_connectivity(topology, weights):.3f}")

# How far apart are two networks, once their hidden neurons are matched?
other = gs.Topology([junctions["regular_random"], gs.generators.dense(64, 10)])
print(f"distance: {gs.distances.nnstd(topology, other).mean:.3f}")
