"""One forward pass of one layer, as near to the kernels as Python comes."""

from __future__ import annotations

from collections.abc import Callable

import torch

from gossamer import native
from gossamer.nn.activations import IDENTITY
from gossamer.nn.kernels.native import address
from gossamer.topology import Bipartite


def forward_pass(junction: Bipartite, batch: int, *, blocks: bool, threads: int) -> Callable[[], None]:
    """A call that computes y (B, O) of one x (B, I), both stored feature by feature.

    Args:
        junction: the edges.
        batch: B.
        blocks: whether rows may be walked in blocks, as the limits in force at this moment say.
        threads: of the kernel.
    """
    g, extension = junction, native.extension
    w, x, y = torch.rand(g.num_edges), torch.rand(g.in_features, batch).t(), torch.empty(g.out_features, batch).t()
    arrays = [(array.ctypes.data, array.nbytes) for array in (g.indptr, g.indices)]
    known = extension.Junction(g.in_features, g.out_features, arrays, blocks)
    layers = [(known, *address(w), 0, 0, IDENTITY.kind, 0.0)]
    source, result = (x.data_ptr(), *x.shape, *x.stride()), (y.data_ptr(), y.nbytes, False)
    alive = (g, w, x, y)  # the extension reads and writes their memory

    def run() -> None:
        assert alive
        extension.stack_forward(False, layers, batch, source, result, (0, 0), (0, 0), threads)

    return run
