"""Small trained networks to look at: five sparse perceptrons that come with the package, each with a card.

>>> import gossamer as gs
>>> gs.zoo.names()
('fibonacci-digits', 'regular-fashion-mnist', 'rigl-cifar10-jpeg-1pct', 'rigl-mnist-1pct', 'set-mnist-1pct')
>>> gs.nn.topology_of(gs.zoo.load("fibonacci-digits"))
Topology(64-64-64-10, num_edges=1408, density=0.1594)
"""

from __future__ import annotations

from gossamer.zoo.cards import Card, card, names, path
from gossamer.zoo.networks import load

__all__ = ["Card", "card", "load", "names", "path"]
