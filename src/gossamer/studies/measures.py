"""What a study can measure of its networks: the measures of graphs, and probes that give one number."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gossamer.measures import Measure


def known_measures(names: Iterable[str]) -> dict[str, Measure]:
    """Measures by name, all that could have been meant: those of graphs, and probes if one of the names is no graph's.

    Args:
        names: what is asked for; probes need torch, and are looked up for strangers alone.

    >>> "spectral_gap" in known_measures([]), "log10_regions" in known_measures(["log10_regions"])
    (True, True)
    """
    from gossamer.measures import MEASURES

    if all(name in MEASURES for name in names):
        return dict(MEASURES)
    from gossamer.probes import measures as probes

    return {**MEASURES, **probes.MEASURES}
