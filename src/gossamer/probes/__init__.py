"""Ways to look into a network with weights: which features interact, where its regions lie, how its loss bends.

One file a probe, with one main function: arrays or a model in, a small frozen value out. What a probe needs of data
comes as arrays too. Values that are more than a number are `Finding`s: they print, plot and name their equation.
"""

from gossamer.probes.critic import CriticDistance, critic_distance, lipschitz_critic
from gossamer.probes.curvature import Curvature, curvature
from gossamer.probes.finding import Finding
from gossamer.probes.hessian import average_hessian
from gossamer.probes.interactions import Interactions
from gossamer.probes.landscape import Landscape, landscape
from gossamer.probes.nid import nid
from gossamer.probes.pid import pid
from gossamer.probes.transport import wasserstein

__all__ = [
    "CriticDistance",
    "Curvature",
    "Finding",
    "Interactions",
    "Landscape",
    "average_hessian",
    "critic_distance",
    "curvature",
    "landscape",
    "lipschitz_critic",
    "nid",
    "pid",
    "wasserstein",
]
