"""Lottery tickets: prune, go back to early weights, train again."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gossamer.errors import require_fraction, require_int
from gossamer.rewiring.budget import keep_largest_together
from gossamer.rewiring.rewinding import Memory, Rest
from gossamer.rewiring.schedules import When
from gossamer.rewiring.view import Change, Floats, NetworkView, rewired, unmoved


@dataclass(frozen=True, slots=True)
class LotteryTicket:
    """Iterative magnitude pruning with rewinding.

    Notes weights and all other parameters and buffers of the model at step `rewind_to`. When due, it prunes the share
    of smallest |w| of all layers together (each keeps at least one edge), puts back what was noted, and clears the
    optimiser's state. The learning rate's schedule is the caller's to restart.

    Args:
        when: the ends of the rounds.
        fraction: share of the live edges that a round prunes, 0 to 1.
        rewind_to: the step whose weights come back; 0 for those that the `Rewirer` was made with.

    References:
        Frankle, Carbin, "The Lottery Ticket Hypothesis", ICLR 2019; Frankle, Dziugaite, Roy, Carbin, "Linear Mode
        Connectivity and the Lottery Ticket Hypothesis", ICML 2020 (rewinding to a step after the first).
    """

    when: When
    fraction: float = 0.2
    rewind_to: int = 0
    random = False
    window = 0

    def __post_init__(self) -> None:
        require_fraction("fraction", self.fraction)
        require_int("rewind_to", self.rewind_to, low=0)

    def due(self, step: int) -> bool:
        """At the step to note, and at the ends of rounds after it."""
        return step == self.rewind_to or (step > self.rewind_to and self.when(step))

    def plan(self, network: NetworkView, *, rng: np.random.Generator) -> tuple[Change, ...]:
        """Note, or prune and rewind."""
        if network.step == self.rewind_to:
            return tuple(unmoved(view, {"origin": view.weight.copy()}) for view in network.layers)
        edges = sum(view.num_edges for view in network.layers)
        kept = keep_largest_together(network.layers, edges - int(self.fraction * edges))
        return tuple(
            self._rewound(view.memory["origin"], rewired(view, mask, view.keys[:0]))
            for view, mask in zip(network.layers, kept, strict=True)
        )

    def follow(self, step: int, rest: Rest, memory: Memory) -> Memory:
        """Note the rest of the model, or put it back."""
        if step == self.rewind_to:
            return rest.noted()
        rest.restore(memory)
        return memory

    @staticmethod
    def _rewound(origin: Floats, change: Change) -> Change:
        return replace(change, weight=origin[change.source])
