"""What a word for a topology stands for: a construction, a file, a function of one's own, or the dense network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gossamer.errors import InvalidTopologyError, TopologyFileError, require_known

if TYPE_CHECKING:
    from gossamer.generators import Family
    from gossamer.topology import Topology

    Construction = Family | Topology | None

DENSE = "dense"
NARROW = "narrow"
"""A fully connected network with as many edges as the sparse ones: a word of studies, which is no construction."""


def construction(word: str) -> Construction:
    """What the word stands for; None for the fully connected network.

    Args:
        word: a construction's name; `module:function`; a network's file, see `gossamer.topology.formats`; or "dense".

    Raises:
        ValueError: there is no construction of this name, or the function takes other arguments.
        ImportedError: the function cannot be imported.
        TopologyFileError: the file is not there, damaged, or holds no network.
    """
    from gossamer.generators import GENERATORS, family_of
    from gossamer.importing import names_a_function

    if is_given(word):
        return _of_file(word)
    if isinstance(word, str) and word not in GENERATORS and names_a_function(word):
        return family_of(word)
    return require_known("topology", word, {DENSE: None, **GENERATORS})


def require_topology(word: str) -> None:
    """Check that a study can vary a word: it stands for a construction, or is "narrow".

    Raises:
        ValueError: it does not; the message lists the words.
    """
    from gossamer.generators import GENERATORS

    if word == NARROW:
        return
    if isinstance(word, str) and not is_given(word) and ":" not in word:
        require_known("topology", word, {DENSE: None, NARROW: None, **GENERATORS})
    construction(word)


def family(word: str) -> Family | None:
    """The same, for where junctions of any size are wanted, which a file does not make.

    Raises:
        ValueError: a file; else as above.
    """
    from gossamer.topology import Topology

    made = construction(word)
    if isinstance(made, Topology):
        raise ValueError(  # noqa: TRY004 (a word of the wrong kind)
            f"{word} is a file of one network; a construction is needed here, such as fibonacci."
        )
    return made


def is_given(word: str) -> bool:
    """Whether a word names a file, which says itself how many edges there are."""
    from gossamer.topology.formats import is_a_file

    return isinstance(word, str) and is_a_file(word)


def hidden_of(made: Topology, outputs: int) -> tuple[int, ...]:
    """Neurons of the hidden layers of a network that was given, for data with so many outputs.

    A single junction leads to a hidden layer, unless it leads to the outputs.

    Raises:
        InvalidTopologyError: a network of several junctions that ends in another number of outputs.
    """
    widths = made.widths
    if widths[-1] == outputs:
        return widths[1:-1]
    if len(made) == 1:
        return widths[1:]
    raise InvalidTopologyError(
        f"the topology {'-'.join(map(str, widths))} has {widths[-1]} outputs; the data need {outputs}: one for each "
        "class or number: make the last layer as wide, or leave it out, and a full one is added."
    )


def edges_of(made: Topology, sizes: tuple[int, ...]) -> tuple[int | None, ...]:
    """Edges of each junction between layers of these `sizes`; None is the last one, if the file leaves it open."""
    counts: tuple[int | None, ...] = tuple(layer.num_edges for layer in made)
    return counts if len(counts) == len(sizes) - 1 else (*counts, None)


def _of_file(word: str) -> Topology:
    from gossamer.topology import Topology

    try:
        return Topology.load(word)
    except OSError as error:
        raise TopologyFileError(f"{word} cannot be read: {error.strerror}.") from error
