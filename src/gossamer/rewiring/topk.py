"""The k largest of a stream of scores, exactly, in memory O(k)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gossamer.rewiring.keys import Keys


class RunningTopK:
    """Keeps the places of the `count` largest scores offered; of equal scores the ones offered first.

    Scores not greater than `above`, and NaN, are never kept. A score that cannot be among the largest any more costs
    one comparison.

    >>> best = RunningTopK(2)
    >>> best.offer(torch.tensor([3.0, 1.0, 3.0]), first=0)
    >>> best.offer(torch.tensor([2.0, 5.0]), first=3)
    >>> best.places()
    array([0, 4])
    """

    def __init__(self, count: int, above: float = float("-inf")) -> None:
        self._count = count
        self._threshold = self._floor = above
        self._scores: list[Tensor] = []
        self._places: list[Tensor] = []
        self._held = 0

    def offer(self, scores: Tensor, first: int) -> None:
        """Consider `scores` (n,), which belong to the places `first` to `first + n - 1`; offer in ascending order."""
        hits = self._hits(scores)
        self._hold(scores[hits], hits + first)

    def offer_at(self, scores: Tensor, places: Tensor) -> None:
        """Consider `scores` (n,) of any `places` (n,); offer in ascending order."""
        hits = self._hits(scores)
        self._hold(scores[hits], places[hits])

    def _hits(self, scores: Tensor) -> Tensor:
        """Which scores may be among the largest.

        Of a long first offer, every 61st score tells where the threshold will lie; if at least `count` scores exceed
        that, the others are out for certain, and selecting among the few is many times faster than among all.
        """
        if self._threshold == self._floor and len(scores) > 8 * self._count + 8192:
            likely = _kth_largest(scores[::61], self._count // 48 + 64).clamp(min=self._floor)
            hits = _where(scores > likely)
            if len(hits) >= self._count:
                return hits
        return _where(scores > self._threshold)

    def _hold(self, hits: Tensor, places: Tensor) -> None:
        if not len(hits) or not self._count:
            return
        self._scores.append(hits)
        self._places.append(places)
        self._held += len(hits)
        if self._held > 2 * self._count + 65536:
            self._trim()

    def places(self) -> Keys:
        """The places of the largest scores, ascending; fewer than `count` if not as many were offered."""
        if not self._places:
            return np.empty(0, dtype=np.int64)
        self._trim()
        return self._places[0].cpu().numpy()

    def _trim(self) -> None:
        scores, places = torch.cat(self._scores), torch.cat(self._places)
        if len(scores) > self._count:
            lowest = _kth_largest(scores, self._count)
            chosen = scores > lowest
            ties = _where(scores == lowest)
            chosen[ties[: self._count - int(chosen.sum())]] = True
            scores, places, self._threshold = scores[chosen], places[chosen], float(lowest)
        self._scores, self._places, self._held = [scores], [places], len(scores)


def _kth_largest(scores: Tensor, k: int) -> Tensor:
    return torch.kthvalue(scores, len(scores) - k + 1).values


def _where(mask: Tensor) -> Tensor:
    """The numbers of what is true; NumPy finds the few among many several times faster than PyTorch."""
    return torch.from_numpy(np.flatnonzero(mask.numpy())) if mask.is_cpu else torch.nonzero(mask).squeeze(1)
