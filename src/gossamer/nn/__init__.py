"""A topology with weights: layers, initialisations, kernels."""

from gossamer.nn.activations import Activation, AllReLU, fusible
from gossamer.nn.conversion import SWAPS, Report, SplitAttention, Swap, densify, report, sparsify
from gossamer.nn.convolution import SparseConv1d, SparseConv2d, sparse_conv2d
from gossamer.nn.criteria import LogisticSquaredError
from gossamer.nn.decay import decay_groups
from gossamer.nn.dot_product import scaled_dot_product_attention
from gossamer.nn.exporting import export
from gossamer.nn.functional import sparse_linear
from gossamer.nn.gating import gated_layers, l0_penalty, with_gates, without_gates
from gossamer.nn.graphs import from_networkx, to_networkx
from gossamer.nn.hard_concrete import HardConcrete
from gossamer.nn.initialization import Glorot, Initialization, Kaiming, Masked
from gossamer.nn.l0 import L0Linear
from gossamer.nn.layer import SparseLayer
from gossamer.nn.linear import SparseLinear
from gossamer.nn.lipschitz import BjorckLinear, GroupSort, bjorck, group_sort, lipschitz_bound
from gossamer.nn.mlp import mlp, topology_of
from gossamer.nn.near_order import in_near_order, in_original_order
from gossamer.nn.pretrained import from_pretrained, save_pretrained
from gossamer.nn.reordered import Reordered
from gossamer.nn.restored import restored
from gossamer.nn.sequential import Sequential
from gossamer.nn.structure import Structure
from gossamer.nn.training_step import TrainingStep

__all__ = [
    "SWAPS",
    "Activation",
    "AllReLU",
    "BjorckLinear",
    "Glorot",
    "GroupSort",
    "HardConcrete",
    "Initialization",
    "Kaiming",
    "L0Linear",
    "LogisticSquaredError",
    "Masked",
    "Reordered",
    "Report",
    "Sequential",
    "SparseConv1d",
    "SparseConv2d",
    "SparseLayer",
    "SparseLinear",
    "SplitAttention",
    "Structure",
    "Swap",
    "TrainingStep",
    "bjorck",
    "decay_groups",
    "densify",
    "export",
    "from_networkx",
    "from_pretrained",
    "fusible",
    "gated_layers",
    "group_sort",
    "in_near_order",
    "in_original_order",
    "l0_penalty",
    "lipschitz_bound",
    "mlp",
    "report",
    "restored",
    "save_pretrained",
    "scaled_dot_product_attention",
    "sparse_conv2d",
    "sparse_linear",
    "sparsify",
    "to_networkx",
    "topology_of",
    "with_gates",
    "without_gates",
]
