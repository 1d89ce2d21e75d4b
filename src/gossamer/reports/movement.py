"""What follows from distances between networks, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from gossamer.distances import Evolution, Paths


def movement(found: Paths, ways: Mapping[str, Evolution]) -> list[str]:
    """Sentences on how far each run moved, how straight, and how near the runs' ends are.

    Args:
        found: the runs on one map.
        ways: each run's distances along its way, in the same order.
    """
    said = [_way(name, way) for name, way in ways.items()]
    if len(ways) > 1:
        start, end = (_mean_of_pairs(found.between(moment)) for moment in (0, -1))
        nearer = "nearer to each other" if end < start else "farther from each other" if end > start else "as far apart"
        said.append(f"The runs end {nearer} than they begin: {end:.4f} on average, against {start:.4f} at the start.")
        said += pairs_in_words(found.between(-1), list(ways), "at their ends")
    return said


def pairs_in_words(table: NDArray[np.float64], names: Sequence[str], when: str = "") -> Iterator[str]:
    """The nearest and the farthest two, and which are equal by this distance; nothing of fewer than two.

    Args:
        table: distances (N, N), row to column; the smaller of both directions counts.
        names: N of them.
        when: follows "of all pairs", such as "at their ends".
    """
    even = np.minimum(table, table.T)
    pairs = sorted((float(even[i, j]), i, j) for i, j in combinations(range(len(names)), 2))
    if not pairs:
        return
    equal = [(i, j) for value, i, j in pairs if value == 0]
    if equal:
        shown = "; ".join(f"{names[i]} and {names[j]}" for i, j in equal[:3])
        more = f"; and {len(equal) - 3} pairs more" if len(equal) > 3 else ""
        yield f"At distance 0 are {shown}{more}: what differs between them, if anything, this distance does not see."
    if len(pairs) > 1:
        (near, a, b), (far, c, d) = pairs[0], pairs[-1]
        place = f" {when}" if when else ""
        if near > 0:
            yield f"Of all pairs{place}, {names[a]} and {names[b]} are nearest, at {near:.4f}."
        yield f"Farthest apart{place} are {names[c]} and {names[d]}, at {far:.4f}."


def _way(name: str, way: Evolution) -> str:
    if len(way.to_start) < 2 or not way.travelled.any():
        return f"{name} never changed."
    most = int(np.argmax(way.travelled))
    text = f"{name}: junction {most} moved most, {way.travelled[most]:.4f} in {len(way.to_start) - 1} steps, and ended "
    text += f"{way.to_start[-1, most]:.4f} from its start"
    return f"{text}: {100 * way.kept_direction[most]:.0f} % of its way was kept."


def _mean_of_pairs(table: NDArray[np.float64]) -> float:
    return float(table[~np.eye(len(table), dtype=bool)].mean())
