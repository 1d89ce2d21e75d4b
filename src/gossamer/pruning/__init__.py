"""Topologies out of dense models, before any training."""

from gossamer.pruning.balance import node_path_balance
from gossamer.pruning.keep import junctions_of
from gossamer.pruning.phew import phew
from gossamer.pruning.recipes import grasp, magnitude, masks, random, snip, synflow, synflow_masks
from gossamer.pruning.scores import grasp_scores, magnitude_scores, snip_scores, synflow_scores

__all__ = [
    "grasp",
    "grasp_scores",
    "junctions_of",
    "magnitude",
    "magnitude_scores",
    "masks",
    "node_path_balance",
    "phew",
    "random",
    "snip",
    "snip_scores",
    "synflow",
    "synflow_masks",
    "synflow_scores",
]
