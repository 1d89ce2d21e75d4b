"""Ways to look into a network with weights: which features interact, where its regions lie, how its loss bends.

One file a probe, with one main function: arrays or a model in, a small frozen value out. What a probe needs of data
comes as arrays too. Values that are more than a number are `Finding`s: they print, plot and name their equation.
"""

from gossamer.probes.finding import Finding
from gossamer.probes.interactions import Interactions
from gossamer.probes.nid import nid
from gossamer.probes.pid import pid

__all__ = ["Finding", "Interactions", "nid", "pid"]
