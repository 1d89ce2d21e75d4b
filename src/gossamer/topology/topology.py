"""A whole network's topology: a tuple of junctions whose widths fit."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, final

from numpy.typing import ArrayLike

from gossamer.errors import InvalidTopologyError, TopologyFileError
from gossamer.topology import files
from gossamer.topology.junction import Junction

if TYPE_CHECKING:
    import networkx
    from matplotlib.axes import Axes


@final
class Topology:
    """Junctions in order from the network's input to its output.

    Args:
        layers: at least one junction; each one's outputs are the next one's inputs.

    Raises:
        InvalidTopologyError: no junction, or widths that do not fit.
        TypeError: something that is not a junction.

    >>> from gossamer import Bipartite
    >>> t = Topology([Bipartite([0, 1, 2], [0, 1], in_features=2), Bipartite([0, 2], [0, 1], in_features=2)])
    >>> t.widths, t.num_edges, t.density
    ((2, 2, 1), 4, 0.6666666666666666)
    """

    __slots__ = ("_layers",)

    def __init__(self, layers: Iterable[Junction]) -> None:
        if not isinstance(layers, Iterable) or hasattr(layers, "shape"):
            raise TypeError(
                f"layers is {type(layers).__name__}; give a list of junctions, such as [Bipartite.from_mask(m)]."
            )
        self._layers = tuple(layers)
        if not self._layers:
            raise InvalidTopologyError("layers is empty; a topology has at least one junction.")
        for number, layer in enumerate(self._layers):
            if not isinstance(layer, Junction):
                raise TypeError(f"layers[{number}] is {type(layer).__name__}, not a junction.")
        for number, (before, after) in enumerate(zip(self._layers, self._layers[1:], strict=False)):
            if before.out_features != after.in_features:
                raise InvalidTopologyError(
                    f"layers[{number}] has {before.out_features} outputs but layers[{number + 1}] has "
                    f"{after.in_features} inputs; they must be equal."
                )

    @property
    def layers(self) -> tuple[Junction, ...]:
        """The junctions."""
        return self._layers

    @property
    def widths(self) -> tuple[int, ...]:
        """Neurons of each layer, input first: one more than there are junctions."""
        return (self._layers[0].in_features, *(layer.out_features for layer in self._layers))

    @property
    def num_edges(self) -> int:
        """Edges of all junctions."""
        return sum(layer.num_edges for layer in self._layers)

    @property
    def density(self) -> float:
        """Edges over the edges of the fully connected network, from 0 to 1."""
        return self.num_edges / sum(layer.in_features * layer.out_features for layer in self._layers)

    @property
    def nbytes(self) -> int:
        """Bytes that store the topology."""
        return sum(layer.nbytes for layer in self._layers)

    def digest(self) -> str:
        """Name of this topology: 32 hexadecimal digits made of its junctions' digests."""
        names = " ".join(layer.digest() for layer in self._layers)
        return hashlib.blake2b(names.encode(), digest_size=16).hexdigest()

    def save(self, path: str | os.PathLike[str], weights: Iterable[ArrayLike] | None = None) -> None:
        """Write a file, under a temporary name first.

        One of `gossamer.topology.formats` if it ends like these (.npz, .mtx, .graphml, .edgelist), else safetensors
        (`gossamer.topology.files`). What is written loads as an equal topology; only safetensors keep that a junction
        is rotated or grouped.

        Args:
            path: the file.
            weights: one array (E,) a junction, in edge order, for the formats of others;
                `gossamer.topology.formats.read` reads them.

        Raises:
            TopologyFileError: a rotated junction of more than 2**20 outputs and 64 for each edge.
            InvalidTopologyError: weights that do not fit.
            ValueError: several junctions for a .mtx file, or weights for safetensors, where
                `gossamer.nn.save_pretrained` keeps them.
            OSError: the file cannot be written.

        >>> import tempfile
        >>> from gossamer import Bipartite
        >>> t = Topology([Bipartite.from_mask([[1, 0], [1, 1]])])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     t.save(f"{folder}/net.edgelist", weights=[[0.5, 1, 2]])
        ...     print(Path(folder, "net.edgelist").read_text(), Topology.load(f"{folder}/net.edgelist") == t)
        # widths: 2 2
        # edges: 3
        0 2 0.5
        0 3 1.0
        1 3 2.0
        True
        """
        from gossamer.topology import formats

        if Path(path).suffix.lower() in formats.WRITERS:
            formats.write(self._layers, path, weights)
            return
        if weights is not None:
            raise ValueError(
                f"{os.fspath(path)} would be a file of a topology alone: gossamer.nn.save_pretrained writes models, "
                f"and files that end in {', '.join(formats.WRITERS)} hold weights."
            )
        files.save(self._layers, self.digest(), path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a file that `save` wrote, or anybody: .npz, .mtx, .graphml and .edgelist are told by their endings.

        See `gossamer.topology.formats`, which reads weights, too.

        Raises:
            TopologyFileError: the file is damaged, truncated, foreign or of another version.
            OSError: there is no such file, or it cannot be read.
        """
        from gossamer.topology import formats

        if Path(path).suffix.lower() in formats.READERS:
            return cls._of_foreign(formats.read(path).layers, path)
        layers, named = files.load(path)
        try:
            topology = cls(layers)
        except InvalidTopologyError as error:
            raise TopologyFileError(f"{os.fspath(path)} is damaged: {error}") from error
        if topology.digest() != named:
            raise TopologyFileError(
                f"{os.fspath(path)} is damaged: its edges have digest {topology.digest()}, it says {named}."
            )
        return topology

    def to_networkx(self, weights: Iterable[ArrayLike] | None = None) -> networkx.DiGraph:
        """The whole network as a directed graph, from inputs to outputs.

        Args:
            weights: one array (E,) a junction, in edge order, for the edges' attribute "weight"; such as the parameters
                of a model's layers.

        Returns:
            Nodes 0, 1, ... layer by layer, with the attribute "layer" from 0.

        Raises:
            InvalidTopologyError: weights that do not fit.

        >>> from gossamer import Bipartite
        >>> G = Topology([Bipartite.from_mask([[1, 0], [1, 1]])]).to_networkx(weights=[[0.5, 1, 2]])
        >>> list(G.edges(data="weight"))
        [(0, 2, 0.5), (0, 3, 1.0), (1, 3, 2.0)]
        """
        from gossamer.topology import graphs

        return graphs.to_networkx(self._layers, weights)

    @classmethod
    def from_networkx(cls, graph: networkx.Graph) -> Self:
        """Read a whole network: nodes carry "layer", 0 for inputs; edges lead from each layer to the next.

        Neurons are numbered in node order. `gossamer.topology.graphs.from_networkx` reads the weights, too.

        Raises:
            InvalidTopologyError: a node without its layer, a gap, an edge that skips a layer.
            TypeError: it is no networkx graph.

        >>> from gossamer import Bipartite
        >>> t = Topology([Bipartite.from_mask([[1, 0], [1, 1]]), Bipartite.from_mask([[0, 1]])])
        >>> Topology.from_networkx(t.to_networkx()) == t
        True
        """
        from gossamer.topology import graphs

        return cls(graphs.from_networkx(graph)[0])

    def plot(self, ax: Axes | None = None, *, weights: Sequence[ArrayLike] | None = None) -> Axes:
        """Draw the network into `ax` or a new figure, and return the axes; `.figure.savefig(path)` writes it.

        Layers stand from left to right, edges run in bundles, neurons on no way from an input to an output are open.
        `gossamer.plots.draw_network` has more to choose.

        Args:
            ax: where to draw.
            weights: one array (E,) a junction, in edge order: blue edges are positive, red ones negative.

        Raises:
            InvalidTopologyError: weights that do not fit.
        """
        from gossamer.plots.network import draw_network

        return draw_network(self._layers, ax, weights=weights)

    def _repr_html_(self) -> str:
        from gossamer.plots.summary import topology_html

        return topology_html(self._layers)

    @classmethod
    def _of_foreign(cls, layers: Iterable[Junction], path: str | os.PathLike[str]) -> Self:
        try:
            return cls(layers)
        except InvalidTopologyError as error:
            raise TopologyFileError(f"{os.fspath(path)} holds no network: {error}") from error

    def __len__(self) -> int:
        return len(self._layers)

    def __iter__(self) -> Iterator[Junction]:
        return iter(self._layers)

    def __getitem__(self, number: int) -> Junction:
        return self._layers[number]

    def __eq__(self, other: object) -> bool:
        return self._layers == other._layers if isinstance(other, Topology) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._layers)

    def __reduce__(self) -> tuple[Any, ...]:
        return Topology, (self._layers,)

    def __repr__(self) -> str:
        widths = "-".join(str(width) for width in self.widths)
        return f"Topology({widths}, num_edges={self.num_edges}, density={self.density:.4g})"
