"""What the shell offers behind Tab; only what is known without loading PyTorch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def topologies(incomplete: str) -> Iterator[str]:
    """Constructions by name."""
    from gossamer.generators import GENERATORS

    return _beginning(incomplete, ["dense", *GENERATORS])


def data_sets(incomplete: str) -> Iterator[str]:
    """Data sets by name."""
    from gossamer.training.data import CATALOGUE

    return _beginning(incomplete, CATALOGUE)


def distances(incomplete: str) -> Iterator[str]:
    """Distances by name."""
    from gossamer.distances import DISTANCES

    return _beginning(incomplete, [distance.name for distance in DISTANCES])


def measures(incomplete: str) -> Iterator[str]:
    """The last of several measures, separated by commas."""
    from gossamer.measures import MEASURES

    before, comma, last = incomplete.rpartition(",")
    return (before + comma + name for name in _beginning(last, MEASURES))


def papers(incomplete: str) -> Iterator[str]:
    """Papers by name."""
    from gossamer.papers import PAPERS

    return _beginning(incomplete, PAPERS)


def zoo_networks(incomplete: str) -> Iterator[str]:
    """Networks that come with the package."""
    from gossamer.zoo import names

    return _beginning(incomplete, names())


def _beginning(incomplete: str, names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if name.startswith(incomplete))
