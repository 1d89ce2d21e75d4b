"""A topology with weights: layers, initialisations, kernels."""

from gossamer.nn.activations import Activation, AllReLU, fusible
from gossamer.nn.functional import sparse_linear
from gossamer.nn.initialization import Glorot, Initialization, Kaiming, Masked
from gossamer.nn.layer import SparseLayer
from gossamer.nn.linear import SparseLinear
from gossamer.nn.mlp import mlp, topology_of
from gossamer.nn.sequential import Sequential
from gossamer.nn.sparsify import sparsify
from gossamer.nn.structure import Structure
from gossamer.nn.training_step import TrainingStep

__all__ = [
    "Activation",
    "AllReLU",
    "Glorot",
    "Initialization",
    "Kaiming",
    "Masked",
    "Sequential",
    "SparseLayer",
    "SparseLinear",
    "Structure",
    "TrainingStep",
    "fusible",
    "mlp",
    "sparse_linear",
    "sparsify",
    "topology_of",
]
