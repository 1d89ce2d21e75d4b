"""What loss landscapes say: the paper's two trends, and our questions on sparse and rewired networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gossamer.analysis.claims import Between, Claim
from gossamer.analysis.estimates import Estimate, mean_of
from gossamer.analysis.tables import by_seed, difference_by_seed, means, where
from gossamer.papers.exhibit import Exhibit, Lines
from gossamer.papers.paper import Findings

if TYPE_CHECKING:
    import pandas as pd

FLATNESS = {"flat": "−log₁₀ λ_max", "flat_share": "share of the plane under twice the loss"}
"""Two numbers for flatness; more is flatter."""

NUMBERS = (
    *("hessian_max", "hessian_min", "hessian_ratio", "flat_share", "loss", "rise", "accuracy", "epochs", "nnstd"),
    *("barrier, as they are", "barrier, NNSTD", "barrier, NNSTD, weights"),
)
"""What cells measure, of one kind or another."""

ONE_BASIN = 0.05
"""A barrier below this, in nats, is none: our threshold."""

SHARED = "as they are"
MATCHED = "NNSTD"


def conclude(frame: pd.DataFrame) -> Findings:
    """Whether skip connections, small batches, sparsity and rewiring flatten, and whether there are barriers."""
    frame = frame.reindex(columns=list(dict.fromkeys([*frame.columns, *NUMBERS])))  # some kinds may not be measured yet
    frame = frame.assign(flat=-np.log10(frame["hessian_max"].clip(lower=1e-12)))
    claims = (_skips(frame), _batches(frame), _sparse(frame), _rewired(frame), _basin(frame), _matched(frame))
    return Findings(claims, (_flatness(frame), _barriers(frame)), float(frame["seconds"].sum()))


def _flatter(frame: pd.DataFrame, kind: str, one: str, other: str) -> tuple[Estimate, ...]:
    rows = where(frame, kind=kind)
    ours, theirs = (where(rows, net=net) for net in (one, other))
    if ours.empty or theirs.empty:
        return ()
    return tuple(
        difference_by_seed(ours, theirs, f"{one} less {other}: {name}", column=column)
        for column, name in FLATNESS.items()
    )


def _skips(frame: pd.DataFrame) -> Claim:
    return Claim(
        "skip connections flatten",
        "L1",
        "Fully convolutional networks with skip connections have flatter minima.",
        "Small encoder-decoders with additive skip connections less those without, trained to the same loss with "
        "equal batches; flatness is −log₁₀ of the Hessian's largest eigenvalue, and the share of the filter-normalised "
        "plane under twice the centre's loss.",
        Between(low=0.0),
        tuple(
            each
            for batch in ("batch 4", "batch 32")
            for each in _flatter(frame, "encoder-decoder", f"skips, {batch}", f"no skips, {batch}")
        ),
    )


def _batches(frame: pd.DataFrame) -> Claim:
    return Claim(
        "small batches flatten",
        "L1",
        "Training with small batches leads to flatter minima.",
        "The same numbers for batches of 4 less those for batches of 32, at the same rate, trained to the same loss.",
        Between(low=0.0),
        tuple(
            each
            for skips in ("skips", "no skips")
            for each in _flatter(frame, "encoder-decoder", f"{skips}, batch 4", f"{skips}, batch 32")
        ),
    )


def _sparse(frame: pd.DataFrame) -> Claim:
    return Claim(
        "sparse networks lie in flatter minima",
        "L1",
        "Our question: are minima of sparse networks flatter than those of dense ones, each on its live edges?",
        "Perceptrons of a tenth of the edges less dense ones, trained alike on 8 by 8 digits.",
        Between(low=0.0),
        _flatter(frame, "perceptron", "sparse", "dense"),
        _flatter(frame, "encoder-decoder", "skips, batch 4, 30 % of the taps", "skips, batch 4"),
    )


def _rewired(frame: pd.DataFrame) -> Claim:
    return Claim(
        "rewiring flattens",
        "L1",
        "Our question: are minima flatter after rewiring?",
        "The second half of training with SET less the same half without, from the same network.",
        Between(low=0.0),
        _flatter(frame, "perceptron", "after rewiring", "sparse"),
        (
            *_flatter(frame, "perceptron", "after rewiring", "before rewiring"),
            *_flatter(frame, "perceptron", "sparse", "before rewiring"),
        ),
    )


def _height(frame: pd.DataFrame, net: str, how: str) -> tuple[Estimate, ...]:
    rows = where(frame, kind="line", net=net)
    return () if rows.empty else (mean_of(by_seed(rows, f"barrier, {how}"), f"{net}, {how}"),)


def _basin(frame: pd.DataFrame) -> Claim:
    return Claim(
        "SET's different topologies are in one basin",
        "L2",
        "Our question: with neurons matched by NNSTD, is there a barrier between networks that SET found from "
        "different starts?",
        "Height of the training loss over the chord on the line between two networks; one basin is a height below "
        f"{ONE_BASIN} nats, our threshold. Context: other pairs and matchings.",
        Between(high=ONE_BASIN),
        _height(frame, "SET", MATCHED),
        tuple(
            each
            for net in ("SET, before to after", "static", "dense")
            for how in (SHARED, MATCHED)
            for each in _height(frame, net, how)
        ),
    )


def _matched(frame: pd.DataFrame) -> Claim:
    estimates = []
    for net in ("SET", "static"):
        rows = where(frame, kind="line", net=net)
        for how in (MATCHED, "NNSTD, weights"):
            if not rows.empty:
                gap = by_seed(rows, f"barrier, {how}") - by_seed(rows, f"barrier, {SHARED}")
                estimates.append(mean_of(gap, f"{net}: {how} less {SHARED}"))
    return Claim(
        "matching by NNSTD lowers the barrier",
        "L2",
        "Our question: does matching neurons by NNSTD bring two networks nearer in loss?",
        "Height of the barrier with matched neurons less that without.",
        Between(high=0.0),
        tuple(estimates),
    )


def _flatness(frame: pd.DataFrame) -> Exhibit:
    """L1: numbers for flatness."""
    rows = where(frame, kind=["perceptron", "encoder-decoder"])
    table = means(rows, ["kind", "net"], "hessian_max")
    extra = rows.groupby(["kind", "net"], sort=False)[
        ["flat_share", "hessian_min", "hessian_ratio", "loss", "rise", "accuracy", "epochs", "nnstd"]
    ].mean()
    return Exhibit(
        "L1",
        "Flatness of minima",
        "Largest eigenvalue of the Hessian on live weights, mean with 95 % interval over seeds; share of the plane "
        "under twice the centre's loss; smallest eigenvalue and its ratio to the largest; training loss at the centre; "
        "median rise of the loss over the plane; test accuracy; epochs taken (encoder-decoders); NNSTD from halfway to "
        "the end.",
        table.merge(extra.reset_index(), on=["kind", "net"]),
        (
            Lines(
                "net",
                "hessian_max",
                "network",
                "largest eigenvalue",
                "kind",
                panel="kind",
                low="low",
                high="high",
                joined=False,
            ),
        ),
        shown=True,
    )


def _barriers(frame: pd.DataFrame) -> Exhibit:
    """L2: heights of barriers."""
    import pandas as pd

    rows = where(frame, kind="line")
    columns = [column for column in rows.columns if column.startswith("barrier, ")]
    tables = [
        means(rows, ["net"], column)
        .rename(columns={column: "height"})
        .assign(matching=column.removeprefix("barrier, "))
        for column in columns
    ]
    table = pd.concat(tables) if tables else pd.DataFrame(columns=["net", "matching", "height", "low", "high", "n"])
    distance = rows.groupby("net", sort=False)["nnstd"].mean().rename("nnstd").reset_index()
    return Exhibit(
        "L2",
        "Barriers between networks",
        "By how much the training loss exceeds the chord on the line between two networks, in nats; bars are 95 % "
        "intervals over pairs. NNSTD of the pair.",
        table.merge(distance, on="net")[["net", "matching", "height", "low", "high", "n", "nnstd"]],
        (Lines("net", "height", "pair", "barrier, nats", "matching", low="low", high="high", joined=False),),
        shown=True,
    )
