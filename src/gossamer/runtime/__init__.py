"""Exported networks, computed with NumPy and the native kernels alone: no PyTorch here, nor anywhere below.

    import gossamer.runtime

    network = gossamer.runtime.load("net.gossamer")
    y = network(x)

`gossamer export` and `gossamer.nn.export` write such files.
"""

from gossamer.runtime.files import FORMAT, VERSION
from gossamer.runtime.network import Network, load

__all__ = ["FORMAT", "VERSION", "Network", "load"]
