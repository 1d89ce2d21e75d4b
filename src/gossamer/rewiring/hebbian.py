"""Growth by the CH3-L3 score: places at the ends of many paths of length three within a local community."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from gossamer.rewiring.keys import Keys, Mask, junction_of, random_empty, union
from gossamer.rewiring.local_nodes import ByNodes, Score
from gossamer.rewiring.topk import RunningTopK
from gossamer.rewiring.view import LayerView


@dataclass(frozen=True, slots=True)
class GrowHebbian:
    """The empty places of largest CH3-L3 score on the edges that stay; random ones where too few have any.

    Args:
        score: `ByNodes()` as in the authors' later code [departure from the first paper], or `ByPaths()` as in it.

    References:
        Zhang, Zhao, Wu, Muscoloni, Cannistraci, "Epitopological learning and Cannistraci-Hebb network shape
        intelligence brain-inspired theory for ultra-sparse advantage in deep learning", ICLR 2024.
    """

    score: Score = ByNodes()  # noqa: RUF009 (a frozen value)
    random = True
    window = 0
    returning = False

    def __call__(self, view: LayerView, kept: Mask, count: int, *, rng: np.random.Generator) -> Keys:
        """The places."""
        return _grown(view, kept, count, rng, score=self.score, is_soft=False)


@dataclass(frozen=True, slots=True)
class GrowHebbianSoftly:
    """Empty places drawn without replacement in proportion to their CH3-L3 score; random ones where too few have any.

    Args:
        score: `ByNodes()` as in the paper and its code, or `ByPaths()`.

    References:
        Zhang et al., arXiv 2501.19107, 2025 (CHTs, link regrowth).
    """

    score: Score = ByNodes()  # noqa: RUF009 (a frozen value)
    random = True
    window = 0
    returning = False

    def __call__(self, view: LayerView, kept: Mask, count: int, *, rng: np.random.Generator) -> Keys:
        """The places."""
        return _grown(view, kept, count, rng, score=self.score, is_soft=True)


def _grown(view: LayerView, kept: Mask, count: int, rng: np.random.Generator, *, score: Score, is_soft: bool) -> Keys:
    live = view.keys[kept]
    best = RunningTopK(count, above=0.0)
    for scores, where in score(junction_of(live, view.in_features, view.out_features), live):
        if is_soft:  # exponential clocks: a place rings at a rate of its score, the first to ring are drawn
            rings = torch.from_numpy(rng.standard_exponential(len(scores), dtype=np.float32))
            scores = scores / rings.clamp_(min=1e-30)
        if isinstance(where, int):
            best.offer(scores, first=where)
        else:
            best.offer_at(scores, where)
    grown = best.places()
    if len(grown) < count:
        grown = union(grown, random_empty(count - len(grown), union(live, grown), view.places, rng))
    return grown
