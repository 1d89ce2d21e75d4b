"""The page of a comparison."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING

import torch

from gossamer.reports import figures, page
from gossamer.studies.comparison import DENSE, Comparison, Summary, Trial, summarise
from gossamer.timing.environment import processor
from gossamer.topology import Junction

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

COLUMNS = (
    "construction",
    "degree",
    "edges",
    "topology bytes",
    "model bytes",
    "λ₂",
    "dead units",
    "accuracy",
    "±",
    "seconds",
)


def comparison_page(comparison: Comparison, trials: Sequence[Trial]) -> str:
    """The page: accuracy against degree, connectivity against accuracy, the matrices, and all numbers.

    Args:
        comparison: what was asked.
        trials: what came out, of all constructions, degrees and seeds.
    """
    summaries = summarise(trials)
    return page.page(
        title=f"Sparse topologies on {comparison.data.name}",
        lead=_lead(comparison),
        parts=(
            page.facts(_facts(summaries, trials)),
            page.section(
                "Accuracy against degree",
                "Means over seeds; bars reach from the worst seed to the best. All constructions of one degree have as "
                "many edges. The dashed line is the fully connected network.",
                page.figure(accuracy_by_degree(summaries), name="accuracy against degree"),
            ),
            page.section(
                "Connectivity against accuracy",
                "λ₂ is the second smallest Laplacian eigenvalue of the graph that the hidden junctions make: 0 if it "
                f"falls apart. Symbols are degrees. At equal edges {_correlations(summaries)}.",
                page.figure(connectivity_against_accuracy(summaries), name="connectivity and accuracy"),
            ),
            page.section(
                "Matrices",
                f"The first junction at degree {_shown_degree(comparison)}, seed {comparison.seeds[0]}: outputs down, "
                "inputs across.",
                page.pictures(_matrices(comparison)),
            ),
            page.section(
                "All numbers",
                "Means over seeds; ± is the standard deviation of the accuracy, in points. Click a name to sort.",
                page.table(COLUMNS, rows(summaries)),
            ),
            page.footer(_colophon(comparison)),
        ),
    )


def accuracy_by_degree(summaries: Sequence[Summary]) -> Figure:
    """Mean accuracy against degree, one line a construction; bars reach from the worst seed to the best."""
    dense = [("dense", 100 * each.accuracy) for each in summaries if each.first.construction == DENSE]
    series = [
        figures.Series(name, [each.first.degree or 0 for each in group], *_range(group), _remarks(group), number)
        for number, (name, group) in enumerate(_constructions(summaries).items())
    ]
    level = dense[0] if dense else None
    return figures.lines(series, x="edges of an input (degree)", y="test accuracy, %", level=level)


def connectivity_against_accuracy(summaries: Sequence[Summary]) -> Figure:
    """Mean accuracy against mean algebraic connectivity: colours are constructions, symbols are degrees."""
    groups = _constructions(summaries)
    degrees = sorted({each.first.degree or 0 for group in groups.values() for each in group})
    series = [
        figures.Series(
            name,
            [each.connectivity for each in group],
            *_range(group),
            _remarks(group),
            number,
            [degrees.index(each.first.degree or 0) for each in group],
        )
        for number, (name, group) in enumerate(groups.items())
    ]
    x, symbols = "algebraic connectivity λ₂ of the hidden junctions", [f"degree {degree}" for degree in degrees]
    return figures.points(series, x=x, y="test accuracy, %", symbols=symbols)


def rank_correlations(summaries: Sequence[Summary]) -> dict[int, float]:
    """Spearman's correlation of connectivity and accuracy over the constructions, by degree; NaN of a constant."""
    from scipy.stats import rankdata

    found = {}
    for degree in sorted({summary.first.degree for summary in summaries if summary.first.degree is not None}):
        group = [summary for summary in summaries if summary.first.degree == degree]
        ranks = [rankdata([getattr(summary, name) for summary in group]) for name in ("connectivity", "accuracy")]
        centred = [rank - rank.mean() for rank in ranks]
        scale = float((centred[0] @ centred[0]) * (centred[1] @ centred[1])) ** 0.5
        found[degree] = float(centred[0] @ centred[1]) / scale if scale > 0 else float("nan")
    return found


def rows(summaries: Sequence[Summary]) -> list[list[page.Cell]]:
    """The cells of `COLUMNS` for each construction and degree."""
    return [_row(summary) for summary in summaries]


def _constructions(summaries: Sequence[Summary]) -> dict[str, list[Summary]]:
    """The sparse ones by name."""
    groups: dict[str, list[Summary]] = {}
    for summary in summaries:
        if summary.first.degree is not None:
            groups.setdefault(summary.first.construction, []).append(summary)
    return groups


def _range(group: Sequence[Summary]) -> tuple[list[float], list[float], list[float]]:
    """Mean, worst and best accuracy over the seeds of each, in percent."""
    accuracies = [[100 * trial.accuracy for trial in each.trials] for each in group]
    return (
        [100 * each.accuracy for each in group],
        [min(each) for each in accuracies],
        [max(each) for each in accuracies],
    )


def _remarks(group: Sequence[Summary]) -> list[str]:
    return [f"degree {each.first.degree}, {each.first.edges} edges" for each in group]


def _lead(comparison: Comparison) -> str:
    data, config = comparison.data, comparison.config
    widths = "-".join(str(width) for width in (data.num_features, *comparison.hidden, data.num_classes))
    return (
        f"{len(comparison.families)} constructions and the fully connected network, {widths}, "
        f"{len(data.train)} examples to train and {len(data.test)} to test, {config.epochs} epochs of "
        f"{config.optimizer}, {len(comparison.seeds)} seeds. Degree k means k edges for each input of a hidden "
        "junction, however they are placed; the last junction is always fully connected."
    )


def _facts(summaries: Sequence[Summary], trials: Sequence[Trial]) -> dict[str, str]:
    facts = {"networks trained": str(len(trials)), "seconds of training": f"{sum(t.seconds for t in trials):.0f}"}
    dense = [summary for summary in summaries if summary.first.construction == DENSE]
    sparse = [summary for summary in summaries if summary.first.construction != DENSE]
    if dense:
        facts["dense accuracy"] = f"{100 * dense[0].accuracy:.1f} %"
    if sparse:
        best = max(sparse, key=lambda summary: summary.accuracy)
        facts[f"highest of the sparse means: {best.first.construction}, degree {best.first.degree}"] = (
            f"{100 * best.accuracy:.1f} %"
        )
        if dense:
            facts["its share of the dense edges"] = f"{100 * best.first.edges / dense[0].first.edges:.0f} %"
    return facts


def _correlations(summaries: Sequence[Summary]) -> str:
    found = rank_correlations(summaries)
    words = ", ".join(f"{value:+.2f} at degree {degree}" for degree, value in found.items())
    return f"Spearman's rank correlation of the two over the constructions is {words or 'not defined'}"


def _shown_degree(comparison: Comparison) -> int:
    return sorted(comparison.degrees)[len(comparison.degrees) // 2]


def _matrices(comparison: Comparison) -> dict[str, tuple[Junction, str]]:
    degree, seed = _shown_degree(comparison), comparison.seeds[0]
    found = {}
    for name in comparison.families:
        first = comparison.topology(name, degree, seed=seed)[0]
        found[name] = (first, f"{first.num_edges} edges, {first.nbytes} bytes")
    return found


def _row(summary: Summary) -> list[page.Cell]:
    first = summary.first
    return [
        (first.construction, first.construction),
        ("" if first.degree is None else str(first.degree), "" if first.degree is None else first.degree),
        (f"{first.edges}", first.edges),
        (f"{first.topology_bytes}", first.topology_bytes),
        (f"{first.model_bytes}", first.model_bytes),
        (f"{summary.connectivity:.3f}", summary.connectivity),
        (f"{summary.dead:.1f}", summary.dead),
        (f"{100 * summary.accuracy:.2f} %", summary.accuracy),
        (f"{100 * summary.spread:.2f}", summary.spread),
        (f"{summary.seconds:.2f}", summary.seconds),
    ]


def _colophon(comparison: Comparison) -> str:
    data = comparison.data
    return (
        f"Data: {data.name}, {data.source}, {data.licence}. Gossamer {version('gossamer')}, PyTorch "
        f"{torch.__version__}, Python {platform.python_version()}, {processor()}, {torch.get_num_threads()} thread(s)."
    )
