"""F1 to F5: accuracy against degrees, against the fully connected network, with dropout, deeper."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gossamer.analysis.claims import Between, Claim, Needs
from gossamer.analysis.estimates import Estimate, combined, mean_of, summarised
from gossamer.analysis.intervals import Interval
from gossamer.analysis.tables import by_seed, difference_by_seed, where
from gossamer.papers.topologies.plan import DENSE, FURTHER, RANDOM, STRUCTURED, TopologiesPlan
from gossamer.papers.topologies.tables import one_hidden

if TYPE_CHECKING:
    import pandas as pd

STEEP = 5
"""How many times the fall per halving of the degree at the sparse end exceeds that at the dense end in a "drop"."""

AS_GOOD = Between(low=-0.001)
"""At least as accurate: at most a tenth of a point below."""

EQUAL = Between(-0.002, 0.002)
"""As accurate: within a fifth of a point either way."""

MORE = Between(low=0.0)

SMALL = "hidden layers of 100 units"


def claims(frame: pd.DataFrame, plan: TopologiesPlan) -> Iterator[Claim]:
    """Those that compare with the fully connected network, or one degree with another."""
    runs = one_hidden(frame, plan)
    yield from (stays(where(runs, data=data), plan, data) for data in plan.data)
    yield drop(runs, plan)
    yield drop_of_inputs(runs, plan)
    yield outer_drop(frame, plan)
    yield from (as_good_as_dense(where(runs, data=data), plan, data) for data in plan.data)
    yield dropout_apart(frame, plan)
    yield with_dropout(frame, plan)
    yield deeper(frame, plan)


def stays(runs: pd.DataFrame, plan: TopologiesPlan, data: str) -> Claim:
    """F1: first of all, accuracy stays."""
    medium = plan.medium
    return Claim(
        "accuracy stays",
        "F1",
        "Accuracy stays as the degree falls from that of the fully connected network to a medium one.",
        f"Accuracy of {', '.join(STRUCTURED)} at degree {_listed(medium)} less that of the fully connected network; it "
        "stays if no more than a fifth of a point is lost (our margin), by every one of them.",
        Between(low=-0.002),
        tuple(_less_dense(runs, name, degree) for degree in medium for name in STRUCTURED),
        data=data,
        condition=SMALL,
    )


def drop(runs: pd.DataFrame, plan: TopologiesPlan) -> Claim:
    """F1: accuracy falls steeply once the degree is small, with every input still connected."""
    data = plan.data[0]
    random = where(runs, data=data, topology=RANDOM)
    ends = (plan.sparse[0], plan.sparse[-1]), (plan.sparse[-1], plan.degrees[-1])
    return _drop(
        random,
        ends,
        key="drop in d₁",
        words="Accuracy drops precipitously once the degree d₁ is small.",
        data=data,
        condition=f"degrees of 1 and more; {SMALL}",
    )


def drop_of_inputs(runs: pd.DataFrame, plan: TopologiesPlan) -> Claim:
    """F1: the same where inputs are cut off."""
    data = plan.data[0]
    random = where(runs, data=data, topology=RANDOM)
    ends = (plan.thin[0], plan.thin[-1]), (plan.sparse[-1], plan.degrees[-1])
    return _drop(
        random,
        ends,
        key="drop where inputs are cut off",
        words="Accuracy drops precipitously once the degree d₁ is small (reading: so small that inputs have no edge).",
        data=data,
        condition=f"less than one edge an input; {SMALL}",
    )


def _drop(
    random: pd.DataFrame,
    ends: tuple[tuple[float, float], tuple[float, float]],
    *,
    key: str,
    words: str,
    data: str,
    condition: str,
) -> Claim:
    falls = [_fall(random, "degree", *end) for end in ends]
    return Claim(
        key,
        "F1",
        words,
        f"Random edges: the mean fall of accuracy for each halving of d₁ between {_span(ends[0])} edges an input, less "
        f"{STEEP} times that between {_span(ends[1])}. The factor is our choice.",
        MORE,
        (mean_of(falls[0] - STEEP * falls[1], f"sparse end less {STEEP} × dense end"),),
        (mean_of(falls[0], "fall a halving, sparse end"), mean_of(falls[1], "fall a halving, dense end")),
        data=data,
        condition=condition,
    )


def outer_drop(frame: pd.DataFrame, plan: TopologiesPlan) -> Claim:
    """F2: the degree of the hidden units matters too."""
    data = plan.data[0]
    crossed = where(frame, data=data, topology="regular_random", dropout=0.0, depth=1, degree=plan.contour)
    last = int(crossed["outer"].max())
    ends = (plan.outer[0], plan.outer[1]), (plan.outer[-1], last)
    falls = [_fall(crossed, "outer", *end) for end in ends]
    return Claim(
        "drop in d₂",
        "F2",
        "Accuracy over both degrees falls off where either is small (the figure is a contour; reading).",
        f"The fall of accuracy for each halving of d₂ between {_span(ends[0])} edges a hidden unit, less that between "
        f"{_span(ends[1])}; mean over d₁ = {_listed(plan.contour)}.",
        MORE,
        (mean_of(falls[0] - falls[1], "small d₂ less large d₂"),),
        (mean_of(falls[0], "fall a halving, small d₂"), mean_of(falls[1], "fall a halving, large d₂")),
        data=data,
        condition=SMALL,
    )


def as_good_as_dense(runs: pd.DataFrame, plan: TopologiesPlan, data: str) -> Claim:
    """F3: structured constructions match the fully connected network at medium density."""
    return Claim(
        "structured ≥ dense",
        "F3",
        "At medium density structured sparse topologies are at least as accurate as the fully connected network.",
        f"Accuracy of {_listed(STRUCTURED)}, the constructions without chance, at degrees {_listed(plan.medium)} less "
        "that of the fully connected network of the same seed; one that is as good is enough (reading). A tenth of a "
        "point less still counts as equal (our margin).",
        AS_GOOD,
        tuple(_less_dense(runs, name, degree) for degree in plan.medium for name in STRUCTURED),
        tuple(_less_dense(runs, name, degree) for degree in plan.medium for name in ("regular_random",)),
        data=data,
        needs=Needs.ANY,
        condition=f"{SMALL}, where degree {plan.medium[-1]} of 100 is no small share",
    )


def dropout_apart(frame: pd.DataFrame, plan: TopologiesPlan) -> Claim:
    """F4: what dropout does has nothing to do with the topology."""
    data, degree = plan.data[0], plan.dropped[-1]
    with_, without = (
        where(frame, data=data, dropout=plan.dropout[1], depth=1),
        where(one_hidden(frame, plan), data=data),
    )

    def effect(**wanted: object) -> pd.Series[float]:
        return by_seed(where(with_, **wanted)) - by_seed(where(without, **wanted))

    dense = effect(topology=DENSE)
    judged = tuple(mean_of(effect(topology=name, degree=degree) - dense, name) for name in FURTHER)
    return Claim(
        "dropout apart from topology",
        "F4",
        "What dropout does is independent of the topology.",
        f"What dropout adds to the accuracy of {_listed(FURTHER)} at degree {degree}, less what it adds to that of the "
        "fully connected network; within a fifth of a point it is the same (our margin), for every one of them. "
        "Dropout rates are our choice.",
        EQUAL,
        judged,
        (mean_of(dense, "added to the fully connected network"),),
        data=data,
        condition=SMALL,
    )


def with_dropout(frame: pd.DataFrame, plan: TopologiesPlan) -> Claim:
    """F4: the same with dropout."""
    data = plan.data[0]
    runs = where(frame, data=data, dropout=plan.dropout[1])
    medium = [degree for degree in plan.dropped if degree in plan.medium]
    sparse = [degree for degree in plan.dropped if degree not in plan.medium]
    names = [name for name in FURTHER if name in STRUCTURED]
    return Claim(
        "structured ≥ dense, dropout",
        "F4",
        "The same holds with dropout.",
        f"As without, at degree {_listed(medium)}, {_listed(names)}; dropout rates are our choice.",
        AS_GOOD,
        tuple(_less_dense(runs, name, degree) for degree in medium for name in names),
        tuple(_less_dense(runs, name, degree) for degree in sparse for name in names),
        data=data,
        needs=Needs.ANY,
        condition=SMALL,
    )


def deeper(frame: pd.DataFrame, plan: TopologiesPlan) -> Claim:
    """F5: deeper networks."""
    data = plan.data[0]
    runs = where(frame, data=data, depth=plan.deep)
    names = [name for name in FURTHER if name in STRUCTURED]
    return Claim(
        "deeper networks",
        "F5",
        "Deeper networks, their degrees varied together, behave alike (only the figure's subject is known; reading).",
        f"Test accuracy of {_listed(names)} with {plan.deep} hidden layers at degree {plan.deep_degrees[-1]}, less "
        "that of the fully connected network as deep; one that is as good is enough.",
        AS_GOOD,
        tuple(_less_dense(runs, name, plan.deep_degrees[-1]) for name in names),
        tuple(_less_dense(runs, name, plan.deep_degrees[0]) for name in names),
        data=data,
        needs=Needs.ANY,
        condition=SMALL,
    )


def gained_with_epochs(curves: pd.DataFrame, plan: TopologiesPlan) -> Claim:
    """F5: training goes on paying."""
    first, last = int(curves["epoch"].min()), int(curves["epoch"].max())

    def at(name: str, epoch: int) -> Estimate:
        (row,) = where(curves, network=name, epoch=epoch).itertuples()
        return summarised(Interval(row.accuracy, row.low, row.high, int(row.n)), name)

    judged = [
        combined({"last": (1.0, at(name, last)), "middle": (-1.0, at(name, (first + last) // 2))}, name)
        for name in curves["network"].unique()
    ]
    return Claim(
        "gained with epochs",
        "F5",
        "Accuracy grows with the epochs (the figure draws it against them; reading).",
        f"Training accuracy in epoch {last} less that in epoch {(first + last) // 2}, every network with "
        f"{plan.deep} hidden layers; their intervals are taken for independent.",
        MORE,
        tuple(judged),
        data=plan.data[0],
        condition=SMALL,
    )


def _fall(frame: pd.DataFrame, column: str, low: float, high: float) -> pd.Series[float]:
    """Accuracy lost for each halving of a degree from high to low, by seed."""
    ends = [by_seed(where(frame, **{column: value})) for value in (high, low)]
    return (ends[0] - ends[1]) / math.log2(high / low)


def _less_dense(frame: pd.DataFrame, name: str, degree: float) -> Estimate:
    dense = where(frame, topology=DENSE)
    return difference_by_seed(where(frame, topology=name, degree=degree), dense, f"{name}, degree {degree:g}")


def _span(ends: tuple[float, float]) -> str:
    return f"{ends[0]:g} and {ends[1]:g}"


def _listed(names: Iterable[object]) -> str:
    return ", ".join(str(name) for name in names)
