"""Ways to look into a network with weights: which features interact, where its regions lie, how its loss bends.

One file a probe, with one main function: arrays or a model in, a small frozen value out. What a probe needs of data
comes as arrays too. Values that are more than a number are `Finding`s: they print, plot and name their equation.
"""

from gossamer.probes.barrier import Barrier, barrier
from gossamer.probes.critic import CriticDistance, critic_distance, lipschitz_critic
from gossamer.probes.curvature import Curvature, curvature
from gossamer.probes.finding import Finding
from gossamer.probes.gates import Gates, gates
from gossamer.probes.gradients import GradientMass, gradient_mass, margins
from gossamer.probes.graph_gates import GraphGates, graph_gates
from gossamer.probes.hessian import average_hessian
from gossamer.probes.interactions import Interactions
from gossamer.probes.landscape import Landscape, landscape
from gossamer.probes.nid import nid
from gossamer.probes.pid import pid
from gossamer.probes.region_estimate import RegionEstimate, estimate_regions
from gossamer.probes.regions import count_regions
from gossamer.probes.slabs import Slabs, gradient_slabs
from gossamer.probes.slices import Slice, region_slice
from gossamer.probes.transport import wasserstein

__all__ = [
    "Barrier",
    "CriticDistance",
    "Curvature",
    "Finding",
    "Gates",
    "GradientMass",
    "GraphGates",
    "Interactions",
    "Landscape",
    "RegionEstimate",
    "Slabs",
    "Slice",
    "average_hessian",
    "barrier",
    "count_regions",
    "critic_distance",
    "curvature",
    "estimate_regions",
    "gates",
    "gradient_mass",
    "gradient_slabs",
    "graph_gates",
    "landscape",
    "lipschitz_critic",
    "margins",
    "nid",
    "pid",
    "region_slice",
    "wasserstein",
]
