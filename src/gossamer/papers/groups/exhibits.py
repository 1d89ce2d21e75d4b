"""The frontier and the tables under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gossamer.papers.exhibit import Exhibit, Lines
from gossamer.papers.groups.graphs import READ
from gossamer.papers.groups.plan import RIGL, GroupsPlan
from gossamer.papers.groups.price import PERCENT, free

if TYPE_CHECKING:
    import pandas as pd

    from gossamer.papers.groups.tables import Tables


def exhibits(tables: Tables, plan: GroupsPlan) -> tuple[Exhibit, ...]:
    """All of them."""
    return (_frontier(tables, plan), _free(tables), _lambda(tables), _speed(tables), _graphs(tables))


def _frontier(tables: Tables, plan: GroupsPlan) -> Exhibit:
    table = frontier(tables, plan)
    table["panel"] = [f"{row.data}, {row.kind}, {row.rule}" for row in table.itertuples()]
    table["curve"] = [f"{row.sparsity:g} % sparse" for row in table.itertuples()]
    return Exhibit(
        "G1",
        "The frontier: accuracy against speed",
        "Along a curve groups grow, at equal edges: 1, 2, 4, 8, 16. Across: how many times faster than dense PyTorch a "
        "training step of the network is. Bars are 95 % intervals over seeds. Differences are to the networks without "
        "groups, seed by seed, with intervals for all group sizes of a curve together.",
        table,
        (
            Lines("times dense", PERCENT, "times dense PyTorch", "test accuracy, %", "curve", "panel", "low", "high"),
            Lines("times dense", "difference, points", "times dense PyTorch", "points", "curve", "panel", "from", "to"),
        ),
    )


def frontier(tables: Tables, plan: GroupsPlan) -> pd.DataFrame:
    """Prices with speeds and graphs beside them; the graphs that RigL came to are the first data set's."""
    table = tables.prices.assign(inputs=[plan.widths(data)[0] for data in tables.prices["data"]])
    keys = ["inputs", "kind", "sparsity", "group"]
    graphs = tables.graphs.groupby([*keys, "rule"], as_index=False)[READ].mean()
    table = table.merge(tables.speeds[[*keys, "ms", "times dense"]], on=keys, how="left")
    table = table.merge(graphs, on=[*keys, "rule"], how="left")
    table.loc[(table["rule"] == RIGL) & (table["data"] != plan.data[0]), READ] = float("nan")
    return table.drop(columns="inputs")


def _free(tables: Tables) -> Exhibit:
    return Exhibit(
        "G2",
        "Which group sizes are free",
        "Free: less than half a point of test accuracy is lost, by the lower end of the interval of the difference to "
        "networks without groups (95 % for all sizes of a cell together). Cheap: something is lost, less than half a "
        "point. Costly: more than half a point is. Seeds: the least number in the row.",
        free(tables.prices),
        shown=True,
    )


def _lambda(tables: Tables) -> Exhibit:
    keys = ["inputs", "rule", "kind", "sparsity", "group"]
    table = tables.graphs.groupby(keys, as_index=False, sort=False)[READ].mean()
    table = table.merge(tables.speeds[[*keys[:1], *keys[2:], "times dense"]], on=[*keys[:1], *keys[2:]], how="left")
    table["curve"] = [f"{row.sparsity:g} % sparse" for row in table.itertuples()]
    table["panel"] = [f"{row.inputs} inputs, {row.kind}, {row.rule}" for row in table.itertuples()]
    return Exhibit(
        "G3",
        "λ₂ against speed",
        "Algebraic connectivity of the first junction along the same curves; means over seeds. Of RigL: after "
        "training. λ₂ is 0 where an input is read by nobody; the percentages say how many are read.",
        table,
        (Lines("times dense", "λ₂ first", "times dense PyTorch", "λ₂ of the first junction", "curve", "panel"),),
    )


def _speed(tables: Tables) -> Exhibit:
    return Exhibit(
        "speed",
        "Training steps",
        "A whole step in one call, batch 128, Adam, processor time of one thread: least and median of turns; times "
        "dense PyTorch by minima. All kinds took turns in one process.",
        tables.speeds,
        shown=True,
    )


def _graphs(tables: Tables) -> Exhibit:
    return Exhibit("graphs", "The graphs", "One row a network and seed.", tables.graphs)
