"""The page of a study: one self-contained file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

from gossamer.analysis.contests import best_of
from gossamer.analysis.groups import Results
from gossamer.distances.pairs import Progress
from gossamer.errors import StudyError, require_int
from gossamer.reports import page
from gossamer.reports.page import Html
from gossamer.reports.study.accuracy import accuracy_part, contour_part, learning_part
from gossamer.reports.study.conclusions import conclusions
from gossamer.reports.study.connectivity import connectivity_part, densities_of
from gossamer.reports.study.cost import cost_part
from gossamer.reports.study.explore import explore_part
from gossamer.reports.study.frontier import frontier_part
from gossamer.reports.study.material import Material, StudyLike
from gossamer.reports.study.means import means_part
from gossamer.reports.study.origin import lead, source
from gossamer.reports.study.part import Absent, Part
from gossamer.reports.study.probes import MOST_RUNS, probes_part
from gossamer.reports.study.runs import failures_part, runs_part
from gossamer.reports.study.topologies import distance_part, evolution_part, networks_of, topology_part
from gossamer.reports.study.weights import weights_part

__all__ = ["study_page"]

OUTCOME = {"accuracy": "Accuracy", "r2": "R²"}
"""The section of what runs are judged by."""


def study_page(
    study: StudyLike,
    *,
    networks: int = 16,
    checkpoints: int = MOST_RUNS,
    store: Path | None = None,
    progress: Progress | None = None,
) -> str:
    """The report of a study, as far as it has come.

    Args:
        study: what was run.
        networks: how many are compared in one heat map, at least 2; the work grows with the square.
        checkpoints: how many trained networks are probed, at least 1; a second or more each.
        store: a folder that keeps distances between calls; none are kept without one.
        progress: told how many pairs are compared; see `gossamer.distances.pairwise`.

    Returns:
        HTML that asks nothing of the network, with everything in it: about 5 MB and more.

    Raises:
        StudyError: the study has no run that is done.
    """
    require_int("networks", networks, low=2)
    require_int("checkpoints", checkpoints, low=1)
    labels = tuple(dict.fromkeys(name for entry in study.entries for name in entry.labels))
    material = Material(study)
    results = Results(material.frame(), labels)
    _require_done(study.name, results)
    found = networks_of(results, material)
    densities = densities_of(results, material)
    parts: dict[str, Part | Absent] = {
        "Conclusions": Part("", page.statements(conclusions(results, densities))),
        OUTCOME[results.outcome.column]: accuracy_part(results),
        "Frontier": frontier_part(results),
        "Two degrees": contour_part(results),
        "Connectivity": connectivity_part(results, densities),
        "Any two numbers": explore_part(results),
        "Speed and memory": cost_part(results),
        "Topologies": topology_part(found),
        "Distances": distance_part(found, most=networks, store=store, progress=progress),
        "Rewiring": evolution_part(results, material),
        "Weights": weights_part(results, material),
        "Probes": probes_part(results, material, most=checkpoints),
        "Learning curves": learning_part(results, material.epochs()),
        "All numbers": means_part(results),
        "Runs": runs_part(results, material),
        "Failures": failures_part(results),
    }
    top = page.facts(_facts(results))
    return page.page(study.name, lead(results, material), (top, *_sections(parts), *_footers(results, material)))


def _sections(parts: Mapping[str, Part | Absent]) -> Iterator[Html]:
    """The sections under a bar of links; and a note on each that is missing."""
    present = {title: part for title, part in parts.items() if isinstance(part, Part)}
    yield page.contents(present)
    for title, part in present.items():
        yield page.section(title, part.words, part.body)
    missing = [f"{title}: {part.why}" for title, part in parts.items() if isinstance(part, Absent)]
    if missing:
        yield page.section("Not in this study", "", page.statements(missing))


def _require_done(name: str, results: Results) -> None:
    if not len(results.frame):
        raise StudyError(f"study {name!r} has no runs; a report needs at least one that is done.")
    if len(results.done):
        return
    failed = len(results.failed)
    cause = f"; the first failure: {results.failed['error'].iloc[0]}" if failed else ""
    raise StudyError(
        f"study {name!r} has {len(results.frame)} runs, {failed} failed and none done; a report needs one{cause}."
    )


def _facts(results: Results) -> dict[str, str]:
    done, frame, outcome = len(results.done), results.frame, results.outcome
    facts = {"runs done": f"{done:,}" if done == len(frame) else f"{done:,} of {len(frame):,}"}
    if "seconds" in frame:
        facts["of training"] = _duration(float(results.done["seconds"].sum()))
    if len(results.panels) == 1:
        dense = next((group for group in results.groups if group.dense), None)
        if dense is not None:
            facts[f"dense {outcome.word}"] = f"{outcome.scale * dense.mean(outcome.column):.2f}{outcome.unit}"
        best = best_of(results.groups, outcome.column)
        if best is not None:
            shown = f"{outcome.scale * best.mean(outcome.column):.2f}{outcome.unit}"
            facts[f"highest sparse mean: {best.title}"] = shown
    else:
        facts["settings side by side"] = str(len(results.panels))
    return facts


def _duration(seconds: float) -> str:
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def _footers(results: Results, material: Material) -> list[Html]:
    made = page.footer(
        f"{source(results, material)} Made by Gossamer {version('gossamer')}. Everything is in this file; it asks for "
        "nothing."
    )
    if not material.gaps:
        return [made]
    first = "; ".join(f"{what} ({why})" for what, why in list(material.gaps.items())[:5])
    return [page.footer(f"{len(material.gaps)} files could not be read, and are missing above: {first}."), made]
