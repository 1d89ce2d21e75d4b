"""What Lipschitz critics say: the theory's trade-off, and games of dense and sparse networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gossamer.analysis.claims import Between, Claim
from gossamer.analysis.estimates import Estimate, exactly, mean_of
from gossamer.analysis.tables import by_seed, difference_by_seed, means, where
from gossamer.papers.exhibit import Exhibit, Lines
from gossamer.papers.paper import Findings

if TYPE_CHECKING:
    import pandas as pd

NUMBERS = ("critic", "exact", "true", "fresh", "bound", "floor", "modes_found", "edges")
"""What cells measure, of one kind or another."""

PLAYABLE = 0.05
"""A sparse game within this of the dense one, in W₁ (modes on a circle of radius 1), is as good: our threshold."""


def conclude(frame: pd.DataFrame) -> Findings:
    """Whether critics stay below W₁, larger ones come nearer, samples limit them, and sparse games work."""
    frame = frame.reindex(columns=list(dict.fromkeys([*frame.columns, *NUMBERS])))  # some kinds may not be measured yet
    claims = (_below(frame), _nearer(frame), _limited(frame), _games(frame), _critics(frame))
    return Findings(claims, (_trade_off(frame), _distances(frame), _played(frame)), float(frame["seconds"].sum()))


def _below(frame: pd.DataFrame) -> Claim:
    rows = frame.dropna(subset=["critic"])
    share = float((rows["critic"] <= rows["exact"]).mean()) if len(rows) else float("nan")
    worst = float((rows["critic"] - rows["exact"]).max()) if len(rows) else float("nan")
    return Claim(
        "the critic distance never exceeds W₁",
        "C1",
        "The neural distance is at most W₁ (Kantorovich's dual over fewer functions).",
        "Share of all measured pairs of samples at which the critic distance is at most the exact W₁; exact, without "
        "interval.",
        Between(low=0.999),
        (exactly(share, f"share of {len(rows)} pairs"),) if len(rows) else (),
        (exactly(worst, "largest excess"),) if len(rows) else (),
    )


def _error(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(share=rows["critic"] / rows["exact"], off=(rows["fresh"] - rows["true"]).abs())


def _sizes(frame: pd.DataFrame) -> pd.DataFrame:
    return _error(where(frame, kind="trade-off"))


def _nearer(frame: pd.DataFrame) -> Claim:
    rows = _sizes(frame)
    small, large = (where(rows, width=rows["width"].agg(end)) for end in ("min", "max"))
    estimates = [
        difference_by_seed(where(large, size=size), where(small, size=size), f"n = {size:g}", column="share")
        for size in sorted(rows["size"].unique())
    ]
    return Claim(
        "larger critics come nearer to W₁",
        "C1",
        "The larger the class of critics, the nearer is the neural distance to W₁.",
        "Critic distance over exact W₁ of the same samples: widest critic less narrowest, at each sample size.",
        Between(low=0.0),
        tuple(estimates),
    )


def _limited(frame: pd.DataFrame) -> Claim:
    rows = _sizes(frame)
    estimates: list[Estimate] = []
    for width in sorted(rows["width"].unique()):
        ends = (where(rows, width=width, size=rows["size"].agg(end)) for end in ("max", "min"))
        estimates.append(difference_by_seed(*ends, f"width {width:g}", column="off"))  # type: ignore[misc]
    return Claim(
        "samples limit what a critic learns",
        "C1",
        "With few samples a large critic fits the samples, not their laws; the error falls as n grows.",
        "What the trained critic says of 20,000 fresh points, its distance from the true W₁ (known in closed form): "
        "largest samples less smallest, for each width.",
        Between(high=0.0),
        tuple(estimates),
    )


def _games(frame: pd.DataFrame) -> Claim:
    rows = where(frame, kind="game")
    there = [name for name in ("sparse critic", "both sparse") if (rows["name"] == name).any()]
    return Claim(
        "sparse networks play as well as dense ones",
        "C3",
        "Our question: do a generator and a critic with three tenths of the hidden edges learn a mixture as well?",
        "Exact W₁ of what the generator makes to fresh points of the mixture, sparse less dense, mean over the "
        f"mixtures; as well is within {PLAYABLE}, our threshold.",
        Between(high=PLAYABLE),
        tuple(difference_by_seed(where(rows, name=n), where(rows, name="dense"), n, column="exact") for n in there),
        tuple(mean_of(by_seed(where(rows, name=n), "exact"), f"W₁, {n}") for n in rows["name"].unique()),
    )


def _critics(frame: pd.DataFrame) -> Claim:
    rows = _error(where(frame, kind="pair"))
    return Claim(
        "the critic tells networks apart by their outputs",
        "C2",
        "Our use: the distance between the outputs of two networks, without pairs of examples.",
        "Critic distance over exact W₁ between softmax outputs on test digits; half is our threshold.",
        Between(low=0.5),
        tuple(mean_of(by_seed(where(rows, name=name), "share"), str(name)) for name in rows["name"].unique()),
        tuple(mean_of(by_seed(where(rows, name=name), "exact"), f"W₁, {name}") for name in rows["name"].unique()),
    )


def _trade_off(frame: pd.DataFrame) -> Exhibit:
    """C1: critic size against error as samples grow."""
    import pandas as pd

    rows = _sizes(frame)
    kinds = {
        "critic": "critic on its samples",
        "fresh": "critic on fresh points",
        "exact": "exact W₁ of the samples",
        "off": "error on fresh points",
    }
    tables = [
        means(rows, ["size", "width"], column).rename(columns={column: "value"}).assign(what=name)
        for column, name in kinds.items()
    ]
    table = pd.concat(tables)[["what", "size", "width", "value", "low", "high", "n"]]
    return Exhibit(
        "C1",
        "Critic size against error, as samples grow",
        "Two normals in the plane, one twice as wide; their W₁ is √(π/2) = 1.2533. Small samples lie further apart "
        "than their laws; a wide critic sees that, a narrow one less; on fresh points the trained critic is a lower "
        "bound of the true distance in the mean.",
        table,
        (Lines("width", "value", "critic width", "W₁", "what", panel="size", low="low", high="high", log=True),),
        shown=True,
    )


def _distances(frame: pd.DataFrame) -> Exhibit:
    """C2: outputs of two networks."""
    import pandas as pd

    rows = where(frame, kind="pair")
    kinds = {"critic": "critic", "exact": "exact W₁"}
    tables = [
        means(rows, ["name"], column).rename(columns={column: "distance"}).assign(what=title)
        for column, title in kinds.items()
    ]
    return Exhibit(
        "C2",
        "Outputs of two networks",
        "Distances between softmax outputs on test digits; bars are 95 % intervals over pairs of networks.",
        pd.concat(tables)[["name", "what", "distance", "low", "high", "n"]],
        (Lines("name", "distance", "networks", "distance", "what", low="low", high="high", joined=False),),
        shown=True,
    )


def _played(frame: pd.DataFrame) -> Exhibit:
    """C3: games."""
    rows = where(frame, kind="game").rename(columns={"size": "modes"})
    table = means(rows, ["modes", "name"], "exact")
    extra = rows.groupby(["modes", "name"], sort=False)[["floor", "modes_found", "edges"]].mean().reset_index()
    return Exhibit(
        "C3",
        "Wasserstein GANs on mixtures, dense and sparse",
        "Exact W₁ of generated to fresh real points; floor is that of two real samples of the size; modes found of "
        "those on the circle; parameters of the generator.",
        table.merge(extra, on=["modes", "name"]),
        (Lines("name", "exact", "networks", "W₁", "modes", low="low", high="high", joined=False),),
        shown=True,
    )
