"""Look at trained sparse networks that come with the package: nothing is trained, no data are needed.

Run it with `python examples/05_zoo.py`.
"""

import gossamer as gs

for name in gs.zoo.names():
    card = gs.zoo.card(name)
    topology = gs.nn.topology_of(gs.zoo.load(name))
    dead = gs.measures.dead_units(topology[0])
    print(
        f"{name:24} {card.accuracy:.1%} of {card.data:13} {topology.num_edges:6} edges, "
        f"first junction: λ₂ {gs.measures.algebraic_connectivity(topology[0]):.3f}, {dead.inputs} inputs unused"
    )

# Two that learned the same with equally many edges, moved by different rules: how far apart are they?
rigl, grown_at_random = (gs.nn.topology_of(gs.zoo.load(name)) for name in ("rigl-mnist-1pct", "set-mnist-1pct"))
print("RigL and SET, distance a junction:", [f"{d:.2f}" for d in gs.distances.nnstd(rigl, grown_at_random).per_layer])
