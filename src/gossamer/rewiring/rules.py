"""The published rules, each one expression."""

from __future__ import annotations

from gossamer.rewiring.drop import DropNearestZero, DropSmallest
from gossamer.rewiring.grow import GrowGradient, GrowRandom, Start, Zero
from gossamer.rewiring.rule import Rewire, Static
from gossamer.rewiring.schedules import Constant, Cosine, Every


def static() -> Static:
    """The topology never changes: the baseline."""
    return Static()


def sparse_evolutionary(
    fraction: float = 0.3, *, every: int, until: int | None = None, start: Start | None = None
) -> Rewire:
    """SET: drop the weights nearest 0 of either sign, grow as many at random.

    Args:
        fraction: share of the positive and of the negative weights that goes, 0 to 1; published: .3.
        every: steps between updates; published: one epoch.
        until: last step at which to act; published: before the last epoch.
        start: weights of new edges: `Zero()` as in the authors' Keras code (the default), or `Normal(.1)` as in
            their SciPy code.

    References:
        Mocanu, Mocanu, Stone, Nguyen, Gibescu, Liotta, "Scalable training of artificial neural networks with adaptive
        sparse connectivity inspired by network science", Nature Communications 9, 2018, Algorithm 1.

    >>> sparse_evolutionary(every=100).due(200)
    True
    """
    return Rewire(DropNearestZero(), GrowRandom(), Constant(fraction), Every(every, until), start=start or Zero())


def rigl(fraction: float = 0.3, *, every: int = 100, until: int) -> Rewire:
    """RigL: drop the smallest weights, grow where the gradient of the missing weight is largest.

    Args:
        fraction: share of edges that goes at first, 0 to 1; it falls to 0 at `until` along half a cosine.
        every: steps between updates.
        until: last step at which to act; published: three quarters of the training.

    References:
        Evci, Gale, Menick, Castro, Elsen, "Rigging the Lottery: Making All Tickets Winners", ICML 2020, Algorithm 1.
        Departure: the authors replace the optimiser's step by the update; here the update follows the step, with the
        gradient that the step used.

    >>> rule = rigl(fraction=0.3, every=100, until=10_000)
    >>> rule.fraction(5_000)
    0.15
    """
    return Rewire(DropSmallest(), GrowGradient(), Cosine(fraction, until), Every(every, until))
