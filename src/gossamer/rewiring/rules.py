"""The published rules, each one expression."""

from __future__ import annotations

from gossamer.errors import require_fraction
from gossamer.rewiring.budget import ClearWeakNeurons, GrowBeyond, ShareByMomentum, ShrinkEach, ShrinkTogether
from gossamer.rewiring.deep import DeepRewire
from gossamer.rewiring.diagonals import ChooseDiagonals
from gossamer.rewiring.drop import (
    DropBeyondInitial,
    DropLeastSalient,
    DropNearestZero,
    DropSmallest,
    DropSoftly,
    KeepAll,
)
from gossamer.rewiring.fan_in import ConstantFanIn
from gossamer.rewiring.grow import Grow, GrowGradient, GrowMomentum, GrowNothing, GrowRandom, Start, Zero
from gossamer.rewiring.guided import ByMagnitude, GrowGuided, Guide
from gossamer.rewiring.hebbian import GrowHebbian, GrowHebbianSoftly
from gossamer.rewiring.local_nodes import ByNodes, Score
from gossamer.rewiring.lottery import LotteryTicket
from gossamer.rewiring.repair import RemoveDead
from gossamer.rewiring.rule import Rewire, Static
from gossamer.rewiring.schedules import Constant, Cosine, Cubic, Every, Linear, Sigmoid


def static() -> Static:
    """The topology never changes: the baseline.

    >>> static().due(1)
    False
    """
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


def in_time(grow: Grow | None = None, *, every: int, until: int, fraction: float = 0.5, final: float = 0.005) -> Rewire:
    """In-Time Over-Parameterization: rare, large updates, so that new edges have time to grow.

    `Rewirer.explored` is the paper's R_s, the share of places that ever held an edge.

    Args:
        grow: `GrowRandom()` (SET-ITOP, the default; published `every`: 1500) or `GrowGradient()` (RigL-ITOP; 4000).
        every: steps between updates.
        until: last step at which to act.
        fraction: share of edges that goes at first, 0 to 1.
        final: what it falls to at `until`, along half a cosine.

    References:
        Liu, Yin, Mocanu, Pechenizkiy, "Do We Actually Need Dense Over-Parameterization? In-Time Over-Parameterization
        in Sparse Training", ICML 2021.

    >>> in_time(every=1500, until=60_000).fraction(60_000)
    0.005
    """
    return Rewire(DropSmallest(), grow or GrowRandom(), Cosine(fraction, until, final), Every(every, until))


def sparse_momentum(fraction: float = 0.5, *, every: int, until: int, grow: GrowMomentum | None = None) -> Rewire:
    """SNFS: layers gain edges in proportion to their mean |momentum|, where the momentum of missing weights is largest.

    The total is kept exactly. The optimiser must keep a momentum (SGD with momentum, or an Adam).

    Args:
        fraction: share of edges that goes at first, 0 to 1; it falls to 0 at `until` along half a cosine.
        every: steps between updates; published: one epoch.
        until: last step at which to act.
        grow: how many steps its running mean spans.

    References:
        Dettmers, Zettlemoyer, "Sparse Networks from Scratch", arXiv 1907.04840, 2019, Algorithm 1.

    >>> sparse_momentum(every=100, until=1000).grow.window
    8
    """
    pieces = DropSmallest(), grow or GrowMomentum(), Cosine(fraction, until), Every(every, until)
    return Rewire(*pieces, share=ShareByMomentum())


def mest(fraction: float = 0.3, *, every: int, until: int, weight_of_gradient: float = 1.0) -> Rewire:
    """MEST with elastic mutation (EM): drop by |w| + lambda |dL/dw|, grow at random, ever less.

    Args:
        fraction: share of edges that goes at first, 0 to 1; it falls to 0 at `until` along a line [departure: the
            authors lower it in a few steps].
        every: steps between updates.
        until: last step at which to act.
        weight_of_gradient: lambda.

    References:
        Yuan et al., "MEST: Accurate and Fast Memory-Economic Sparse Training Framework on the Edge", NeurIPS 2021.

    >>> mest(0.4, every=100, until=1000).fraction(500)
    0.2
    """
    return Rewire(DropLeastSalient(weight_of_gradient), GrowRandom(), Linear(fraction, until), Every(every, until))


def mest_soft(fraction: float = 0.3, *, every: int, until: int, weight_of_gradient: float = 1.0) -> Rewire:
    """MEST with elastic mutation and a soft memory bound (EM&S): grow first, train, then drop the least salient.

    Between updates a layer has int(fraction * initial edges) edges more than it began with; after the last update,
    at the last multiple of `every` up to `until`, exactly as many.

    Args:
        fraction: share of extra edges at first, 0 to 1; it falls to 0 along a line.
        every: steps between updates.
        until: last step at which to act, at least `every`.
        weight_of_gradient: lambda in |w| + lambda |dL/dw|.

    References:
        Yuan et al., "MEST", NeurIPS 2021.

    >>> mest_soft(every=100, until=1050).when(1000), mest_soft(every=100, until=1050).fraction(1000)
    (True, 0.0)
    """
    last = max(every, until - until % every)
    pieces = DropBeyondInitial(weight_of_gradient), GrowRandom(), Linear(fraction, last), Every(every, last)
    return Rewire(*pieces, share=GrowBeyond())


def granet(initial: float = 0.5, final: float = 0.9, *, every: int, until: int, fraction: float = 0.5) -> Rewire:
    """GraNet: the sparsity of all layers together rises along a cubic; at each update RigL repairs the damage.

    An edge that the pruning of an update took and that its growth brings back begins at 0, as in the authors' code; one
    that the exchange dropped and brought back keeps its weight, as in RigL.

    Args:
        initial: sparsity at step 0, 0 to 1; the model should begin with it.
        final: sparsity at `until`.
        every: steps between updates.
        until: last step at which to act.
        fraction: share of edges that goes after the pruning and is regrown, falling to 0 along half a cosine.

    References:
        Liu et al., "Sparse Training via Boosting Pruning Plasticity with Neuroregeneration", NeurIPS 2021.

    >>> granet(0.5, 0.9, every=100, until=1000).shrink.sparsity(1000)
    0.9
    """
    pieces = DropSmallest(), GrowGradient(), Cosine(fraction, until), Every(every, until)
    return Rewire(*pieces, shrink=ShrinkTogether(Cubic(initial, final, until)))


def gradual_magnitude(initial: float = 0.0, final: float = 0.9, *, every: int, until: int, start: int = 0) -> Rewire:
    """GMP: the smallest weights of all layers together go, along a cubic; nothing grows.

    Args:
        initial: sparsity up to step `start`, 0 to 1.
        final: sparsity at `until`.
        every: steps between updates.
        until: last step at which to act.
        start: first step at which to act.

    References:
        Zhu, Gupta, "To prune, or not to prune: exploring the efficacy of pruning for model compression",
        arXiv 1710.01878, 2017, eq. 1.

    >>> gradual_magnitude(0.0, 0.9, every=10, until=100).shrink.sparsity(50)
    0.7875
    """
    sparsity = Cubic(initial, final, until, start)
    return Rewire(KeepAll(), GrowNothing(), Constant(0), Every(every, until, start), shrink=ShrinkTogether(sparsity))


def srigl(fraction: float = 0.3, *, every: int = 100, until: int, gamma: float = 0.3) -> ConstantFanIn:
    """SRigL: RigL with constant fan-in and neuron ablation; see `ConstantFanIn`.

    Args:
        fraction: share of edges that goes at first, 0 to 1; it falls to 0 at `until` along half a cosine.
        every: steps between updates.
        until: last step at which to act.
        gamma: a neuron with fewer than max(1, int(gamma * fan_in)) salient edges is ablated.

    References:
        Lasby, Golubeva, Evci, Nica, Ioannou, "Dynamic Sparse Training with Structured Sparsity", ICLR 2024.

    >>> srigl(until=10_000).fraction(5_000)
    0.15
    """
    return ConstantFanIn(Cosine(fraction, until), Every(every, until), gamma)


def cht(fraction: float = 0.3, *, every: int, until: int | None = None, score: Score | None = None) -> Rewire:
    """CHT: drop the smallest weights and the paths that then lead nowhere, grow by the CH3-L3 score.

    Args:
        fraction: share of edges that goes, 0 to 1.
        every: steps between updates; published: one epoch.
        until: last step at which to act.
        score: `ByNodes()` (the default), the node version of the authors' later code [departure from the paper], or
            `ByPaths()`, the paper's own, which walks every path of length three.

    References:
        Zhang, Zhao, Wu, Muscoloni, Cannistraci, "Epitopological learning and Cannistraci-Hebb network shape
        intelligence brain-inspired theory for ultra-sparse advantage in deep learning", ICLR 2024.

    >>> cht(every=100).grow.score
    ByNodes()
    """
    pieces = DropSmallest(), GrowHebbian(score or ByNodes()), Constant(fraction), Every(every, until)
    return Rewire(*pieces, repair=RemoveDead())


def chts(fraction: float = 0.3, *, every: int, until: int) -> Rewire:
    """CHTs: CHT with soft choices: edges stay with chance ~ |w|^T, T rising from 1 to 3, and grow with chance ~ score.

    Args:
        fraction: share of edges that goes, 0 to 1.
        every: steps between updates; published: one epoch.
        until: last step at which to act, where T is 3.

    References:
        Zhang, Cerretti, Zhao, Wu, Liao, Michieli, Cannistraci, "Brain network science modelling of sparse neural
        networks enables Transformers and LLMs to perform as fully connected", arXiv 2501.19107, 2025.

    >>> chts(every=100, until=1000).drop
    DropSoftly(until=1000)
    """
    pieces = DropSoftly(until), GrowHebbianSoftly(), Constant(fraction), Every(every, until)
    return Rewire(*pieces, repair=RemoveDead())


def chtss(
    initial: float = 0.5, final: float = 0.99, *, every: int, until: int, fraction: float = 0.3, settled: float = 0.8
) -> Rewire:
    """CHTss: CHTs while every layer's density falls along an S.

    Args:
        initial: sparsity that the model begins with, 0 to below 1; published: .5.
        final: sparsity at the end of the S, and from there on.
        every: steps between updates.
        until: last step at which to act.
        settled: where the S ends, as a share of `until`; in the authors' code at step 8,000 of 10,000.
        fraction: share of edges that goes and is regrown, 0 to 1.

    References:
        Zhang et al., arXiv 2501.19107, 2025 (CHTss), and its code.

    >>> round(chtss(0.5, 0.99, every=100, until=10_000).shrink.sparsity(8_000), 6)
    0.99
    """
    require_fraction("settled", settled)
    pieces = DropSoftly(until), GrowHebbianSoftly(), Constant(fraction), Every(every, until)
    sparsity = Sigmoid(initial, final, max(1, round(settled * until)))
    return Rewire(*pieces, shrink=ShrinkEach(sparsity), repair=RemoveDead())


def guided_exploration(
    fraction: float = 0.3, *, every: int = 100, until: int, samples: float = 1.0, guide: Guide | None = None
) -> Rewire:
    """GSE: RigL whose gradients are those of sampled places alone: O(edges + neurons), never a dense gradient.

    Args:
        fraction: share of edges that goes at first, 0 to 1; it falls to 0 at `until` along half a cosine.
        every: steps between updates.
        until: last step at which to act; published: three quarters of the training.
        samples: places sampled for each edge; published: 1.
        guide: `ByMagnitude()` (the default: inputs by sum |x|, outputs by sum |dz|) or `Evenly()`.

    References:
        Heddes, Srinivasa, Givargis, Nicolau, "Always-Sparse Training by Growing Connections with Guided Stochastic
        Exploration", arXiv 2401.06898, 2024, and its code [departure: no sketches as a guide].

    >>> guided_exploration(until=10_000).grow
    GrowGuided(samples=1.0, guide=ByMagnitude())
    """
    grow = GrowGuided(samples, guide or ByMagnitude())
    return Rewire(DropSmallest(), grow, Cosine(fraction, until), Every(every, until))


def importance_pruning(share: float = 0.2, *, every: int, start: int = 1, until: int | None = None) -> Rewire:
    """Importance pruning: weak hidden neurons lose their incoming edges; nothing grows.

    With SET in between: `FirstDue((importance_pruning(every=...), sparse_evolutionary(every=...)))`.

    Args:
        share: the percentile of sum |w_in| up to which neurons are cleared, as a share; published: .2.
        every: steps between updates; published: ten epochs.
        start: first step at which to act; published: after 200 epochs.
        until: last step at which to act.

    References:
        Curci, Mocanu, Pechenizkiy, "Truly Sparse Neural Networks at Scale", arXiv 2102.01732, 2021.

    >>> importance_pruning(every=10, start=200).due(190), importance_pruning(every=10, start=200).due(200)
    (False, True)
    """
    when = Every(every, until, start)
    return Rewire(KeepAll(), GrowNothing(), Constant(0), when, shrink=ClearWeakNeurons(share))


def deep_rewiring(l1: float = 1e-5, noise: float = 1e-5, *, every: int = 1, until: int | None = None) -> DeepRewire:
    """DeepR: weights of fixed sign walk at random; an edge whose weight crosses zero moves to a random place.

    Args:
        l1: what |w| loses at a time: learning rate times the authors' alpha.
        noise: standard deviation of the walk.
        every: steps between updates; published: 1.
        until: last step at which to act.

    References:
        Bellec, Kappel, Maass, Legenstein, "Deep Rewiring: Training very sparse deep networks", ICLR 2018, Algorithm 1.

    >>> deep_rewiring().due(7)
    True
    """
    return DeepRewire(Every(every, until), l1, noise)


def diagonals(fraction: float = 0.3, *, every: int = 100, until: int) -> ChooseDiagonals:
    """Choice of diagonals for `Rotated` junctions, in the manner of DynaDiag; see `ChooseDiagonals`.

    Args:
        fraction: share of the offsets that goes at first, 0 to 1; it falls to 0 at `until` along half a cosine.
        every: steps between updates.
        until: last step at which to act.

    References:
        Tyagi et al., "Dynamic Sparse Training of Diagonally Sparse Networks", ICML 2025.

    >>> diagonals(until=10_000).fraction(10_000)
    0.0
    """
    return ChooseDiagonals(Cosine(fraction, until), Every(every, until))


def lottery_ticket(fraction: float = 0.2, *, every: int, until: int | None = None, rewind_to: int = 0) -> LotteryTicket:
    """Iterative magnitude pruning with rewinding; see `LotteryTicket`.

    Args:
        fraction: share of the live edges that a round prunes, 0 to 1.
        every: steps of a round.
        until: last step at which to prune.
        rewind_to: the step whose weights come back; 0 for the first.

    References:
        Frankle, Carbin, "The Lottery Ticket Hypothesis", ICLR 2019.

    >>> lottery_ticket(every=100, rewind_to=50).due(50)
    True
    """
    return LotteryTicket(Every(every, until), fraction, rewind_to)
