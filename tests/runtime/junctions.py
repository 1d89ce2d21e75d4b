"""A junction of every kind, 20 inputs to 12 outputs."""

import numpy as np

import gossamer as gs


def junctions():
    """One of every way in which a junction is stored."""
    er = gs.generators.erdos_renyi
    return {
        "arbitrary": er(20, 12, 70, rng=0),
        "without edges": gs.Bipartite([0] * 13, [], in_features=20),
        "full": gs.Bipartite.from_mask(np.ones((12, 20), bool)),
        "rotated": gs.Rotated([0, 3, 7], in_features=20, out_features=12),
        "grouped": gs.Grouped(er(10, 3, 14, rng=0), outputs=4, inputs=2),
    }
