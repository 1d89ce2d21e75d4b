"""What is connected to what: immutable values, no weights, no torch."""

from gossamer.topology.bipartite import Bipartite
from gossamer.topology.grouped import Grouped, compact
from gossamer.topology.junction import Junction
from gossamer.topology.order import in_near_order, near_orders, relabelled
from gossamer.topology.rotated import Rotated
from gossamer.topology.rows import MAX_EDGES
from gossamer.topology.topology import Topology

__all__ = [
    "MAX_EDGES",
    "Bipartite",
    "Grouped",
    "Junction",
    "Rotated",
    "Topology",
    "compact",
    "in_near_order",
    "near_orders",
    "relabelled",
]
