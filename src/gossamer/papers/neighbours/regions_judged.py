"""What the measurements in feature space say: where gradients come from, and what a boundary subsample is worth."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gossamer.analysis.claims import Between, Claim
from gossamer.analysis.estimates import Estimate, mean_of
from gossamer.analysis.tables import means, where
from gossamer.papers.exhibit import Exhibit, Lines
from gossamer.papers.paper import Findings

if TYPE_CHECKING:
    import pandas as pd

_ACCURACY = re.compile(r"accuracy_(?P<pick>[a-z ]+)_(?P<share>[\d.]+)")


def conclude(frame: pd.DataFrame) -> Findings:
    """Claims and figures."""
    return Findings(
        (_mass(frame), _direction(frame), _subsample(frame)),
        (_accuracies(frame), _gradients(frame), _sizes(frame)),
        float(frame["seconds"].sum()),
    )


def _nets(frame: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(frame["net"]))


def _mass(frame: pd.DataFrame) -> Claim:
    return Claim(
        "gradient comes from few examples",
        "R2",
        "Gradients vanish away from the decision boundary, so most of the gradient comes from few training examples.",
        "Share of the summed gradient lengths that the tenth of the examples nearest to the boundary holds, after "
        "training on all; the threshold of one half is ours.",
        Between(low=0.5),
        tuple(mean_of(where(frame, net=net)["boundary_mass_0.1"], net) for net in _nets(frame)),
        tuple(mean_of(where(frame, net=net)["mass_0.1"], f"{net}, longest tenth") for net in _nets(frame)),
    )


def _direction(frame: pd.DataFrame) -> Claim:
    return Claim(
        "a boundary subsample points the same way",
        "R2",
        "A subsample near the boundary gives about the gradient of all examples.",
        "Cosine between the gradient of the fifth nearest to the boundary and that of all examples; the threshold .9 "
        "is "
        "ours.",
        Between(low=0.9),
        tuple(mean_of(where(frame, net=net)["boundary_cosine_0.2"], net) for net in _nets(frame)),
    )


def _subsample(frame: pd.DataFrame) -> Claim:
    shares = _shares(frame)
    return Claim(
        "training on the boundary is enough",
        "R1",
        "Training can use the examples near the decision boundary instead of all.",
        "Test accuracy after equally many steps on the examples nearest to a briefly trained network's boundary, less "
        f"that on a random {100 * shares[-1]:g} % of them, in per cent points.",
        Between(low=0.0),
        tuple(_gap(frame, net, f"boundary_{shares[-1]:g}", f"random_{shares[-1]:g}", net) for net in _nets(frame)),
        tuple(
            _gap(frame, net, f"{pick}_{share:g}", other, f"{net}, {pick}, {100 * share:g} % kept, less {words}")
            for net in _nets(frame)
            for pick in ("boundary", "half and half")
            for share in shares
            for other, words in ((f"random_{share:g}", "random"), ("all", "all"))
        ),
    )


def _gap(frame: pd.DataFrame, net: str, one: str, other: str, what: str) -> Estimate:
    rows = where(frame, net=net)
    return mean_of(100 * (rows[f"accuracy_{one}"] - rows[f"accuracy_{other}"]), what)


def _shares(frame: pd.DataFrame) -> list[float]:
    found = (_ACCURACY.fullmatch(column) for column in frame.columns)
    return sorted({float(match["share"]) for match in found if match})


def _long(frame: pd.DataFrame, pattern: str, value: str) -> pd.DataFrame:
    """Columns that match as rows, with the pattern's groups as columns; a share becomes a number."""
    import pandas as pd

    parts = []
    for column in frame.columns:
        match = re.fullmatch(pattern, column)
        if match:
            parts.append(frame[["net", "seed"]].assign(**match.groupdict(), **{value: frame[column]}))
    found = pd.concat(parts)
    return found.assign(share=found["share"].astype(float))


def _accuracies(frame: pd.DataFrame) -> Exhibit:
    """R1: accuracy against the share that is kept."""
    import pandas as pd

    kept = _long(frame, _ACCURACY.pattern, "accuracy")
    whole = frame[["net", "seed"]].assign(pick="all", share=1.0, accuracy=frame["accuracy_all"])
    table = means(pd.concat([kept, whole]), ["net", "pick", "share"])
    return Exhibit(
        "R1",
        "Training on a part of the examples",
        "Test accuracy after equally many steps, whatever is kept; bars are 95 % intervals over seeds. What is near "
        "the "
        "boundary is said by a network trained briefly on all.",
        table,
        (
            Lines(
                "share",
                "accuracy",
                "share kept",
                "test accuracy",
                "pick",
                panel="net",
                low="low",
                high="high",
                log=True,
            ),
        ),
        shown=True,
    )


def _gradients(frame: pd.DataFrame) -> Exhibit:
    """R2: gradient mass and cosine."""
    table = means(
        _long(frame, r"(?P<what>mass|boundary_mass|boundary_cosine)_(?P<share>[\d.]+)", "value"),
        ["net", "what", "share"],
        "value",
    )
    table["what"] = table["what"].replace(
        {
            "mass": "mass of the longest gradients",
            "boundary_mass": "mass of the nearest to the boundary",
            "boundary_cosine": "cosine of the nearest with all",
        }
    )
    return Exhibit(
        "R2",
        "Where the gradient comes from",
        "After training on all examples: of the gradient lengths of single training examples, the part that a share of "
        "them holds, and the direction of the mean gradient of the nearest to the boundary.",
        table,
        (
            Lines(
                "share",
                "value",
                "share of the examples",
                "of all",
                "what",
                panel="net",
                low="low",
                high="high",
                log=True,
            ),
        ),
        shown=True,
    )


def _sizes(frame: pd.DataFrame) -> Exhibit:
    """R3: numbers of regions."""
    import pandas as pd

    words = {
        "log10_regions": "log10 of the first layer's regions, generic weights",
        "slice_regions": "regions met on a plane through three examples",
        "slab_fraction": "share of examples in a unit's slab, were it a sigmoid",
    }
    tables = [
        means(frame, ["net"], column).rename(columns={column: "value"}).assign(what=what)
        for column, what in words.items()
    ]
    return Exhibit(
        "R3",
        "Regions and slabs",
        "Of the networks trained on all examples; means over seeds with 95 % intervals.",
        pd.concat(tables)[["what", "net", "value", "low", "high", "n"]],
        shown=True,
    )
