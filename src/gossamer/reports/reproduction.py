"""The page of a reproduced paper: each claim with its verdict, the figures, and how it was all made."""

from __future__ import annotations

import importlib.resources
import math
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from gossamer.analysis.claims import Judgement, Verdict, counted, decisive_level
from gossamer.analysis.estimates import Estimate
from gossamer.papers.exhibit import Exhibit
from gossamer.papers.paper import Paper, Reproduction
from gossamer.papers.record import Record
from gossamer.reports import page
from gossamer.reports.drawing import drawn, number
from gossamer.reports.page import Html

_KINDS = {Verdict.HOLDS: "holds", Verdict.FAILS: "fails", Verdict.OPEN: "open", Verdict.UNTRIED: "open"}
_WORDS = {
    Verdict.HOLDS: ("holds", "hold"),
    Verdict.FAILS: ("does not hold", "do not hold"),
    Verdict.OPEN: ("is inconclusive", "are inconclusive"),
    Verdict.UNTRIED: ("is not tested", "are not tested"),
}
_SIZES = {
    "large": " at full size",
    "large cut": " at full size, cut",
    "large followup": " at full size, again",
    "large long": " at full size, longer",
}
_COLUMNS = ("judged", "estimate", "95 % interval", "n", "points to")


def reproduction_page(reproduction: Reproduction) -> str:
    """The page, self-contained.

    Args:
        reproduction: with its claims decided.
    """
    paper, findings, record = reproduction.paper, reproduction.findings, reproduction.record
    found = findings.judgements
    sections = [
        page.section(
            _title(exhibit),
            exhibit.text,
            drawn(exhibit),
            *[_claim(each) for each in found if each.claim.exhibit == exhibit.key],
            Html(f'<p>Numbers: <a href="data/{escape(exhibit.key)}.csv">data/{escape(exhibit.key)}.csv</a></p>'),
        )
        for exhibit in findings.exhibits
    ]
    titles = ["Conclusions", "Verdicts", *[_title(exhibit) for exhibit in findings.exhibits], "How it was made"]
    return page.page(
        title=f"{paper.title}, reproduced{_SIZES.get(record.size, '')}",
        lead=f"Claims tried: {paper.citation}. {_counts(found)}.",
        parts=(
            Html(f"<style>{_style()}</style>"),
            _warning(record),
            page.contents(titles),
            page.section("Conclusions", "", page.statements(_conclusions(found))),
            page.section("Verdicts", _HOW, page.table(_OVERVIEW, [_overview(each) for each in found], stacked=True)),
            *sections,
            _made(paper, record),
            page.footer("; ".join(f"{name}: {value}" for name, value in record.environment.items())),
        ),
    )


_HOW = (
    "Every claim is decided by a rule that was written down before the numbers: where the interval lies. Each data set "
    "has a verdict of its own. p is the smallest error level at which the verdict would be the one that the numbers "
    "point to; the verdicts account by Holm's method for how many there are, so that the probability that any of them "
    "is wrong by chance is at most 5 %. What is exact has no p. Intervals are shown at 95 % each."
)
_OVERVIEW = ("claim", "data", "figure", "verdict", "p", "p, Holm", "the paper's words, shortened", "under")


def _title(exhibit: Exhibit) -> str:
    return f"{exhibit.key} · {exhibit.title}"


def _counts(judgements: Iterable[Judgement]) -> str:
    found = counted(judgement.verdict for judgement in judgements)
    said = [f"{count} {_said(verdict, count)}" for verdict, count in found.items()]
    return f"Of {sum(found.values())} claims, " + ", ".join(said)


def _said(verdict: Verdict, count: int) -> str:
    """Such as "hold", as what follows a number."""
    one, many = _WORDS[verdict]
    return one if count == 1 else many


def _conclusions(judgements: Sequence[Judgement]) -> Iterator[str]:
    """Which claims have each verdict; those that were only not tested come last."""
    for verdict, (one, many) in _WORDS.items():
        named = dict.fromkeys(_named(each) for each in judgements if each.verdict is verdict)
        if named:
            start = f"This claim {one}" if len(named) == 1 else f"These {len(named)} claims {many}"
            yield f"{start}: {'; '.join(named)}."


def _named(judgement: Judgement) -> str:
    claim = judgement.claim
    return f"{claim.key} ({claim.data})" if claim.data else claim.key


def _warning(record: Record) -> Html:
    parts = []
    if record.size == "quick":
        parts.append(
            "This is a quick run: few seeds, short training, few points. It shows that everything works; its verdicts "
            "say little about the paper."
        )
    if record.failures:
        parts.append(
            f"{len(record.failures)} runs have no result and are left out: {next(iter(record.failures.values()))}"
        )
    if record.waiting:
        parts.append(f"{record.waiting} runs of the plan are not carried out yet; these are the numbers so far.")
    return Html("".join(f'<div class="warning">{escape(text)}</div>' for text in parts))


def _overview(judgement: Judgement) -> list[page.Cell]:
    claim = judgement.claim
    texts = (claim.key, claim.data, claim.exhibit, judgement.verdict.value)
    return [*((text, text) for text in texts), *_p_values(judgement), *((t, t) for t in (claim.words, claim.condition))]


def _p_values(judgement: Judgement) -> list[page.Cell]:
    if not judgement.chance:
        return [("", math.nan), ("", math.nan)]
    return [(f"{value:.2g}", value) for value in (judgement.p_value, judgement.p_holm)]


def _claim(judgement: Judgement) -> Html:
    claim, verdict = judgement.claim, judgement.verdict
    rows = [_row(each, "{.value}, p = {:.2g}".format(*decisive_level(claim.rule, each))) for each in claim.estimates]
    context = [_row(each, "not judged") for each in claim.context]
    title = escape(f"{claim.key}, {claim.data}" if claim.data else claim.key)
    notes = [
        f"Measured: {claim.question}",
        f"Rule: {claim.rule}; the claim needs {claim.needs.value}.",
        f"Found with {claim.condition}." if claim.condition else "",
        f"Not tested yet. What it takes: {claim.missing}." if claim.missing else "",
    ]
    return Html(
        f'<div class="claim {_KINDS[verdict]}"><h3>{title}<span class="verdict">{verdict.value}</span></h3>'
        f"<blockquote>{escape(claim.words)}</blockquote>"
        + "".join(f"<p>{escape(note)}</p>" for note in notes if note)
        + (page.table(_COLUMNS, rows, stacked=True) if rows else "")
        + (
            f"<details><summary>Beside it</summary>{page.table(_COLUMNS, context, stacked=True)}</details>"
            if context
            else ""
        )
        + "</div>"
    )


def _row(estimate: Estimate, verdict: str) -> list[page.Cell]:
    exact = estimate.n == 0
    interval = "exact" if exact else f"{number(estimate.low)} to {number(estimate.high)}"
    return [
        (estimate.what, estimate.what),
        (number(estimate.value), estimate.value),
        (interval, estimate.low),
        ("" if exact else str(estimate.n), estimate.n),
        (verdict, verdict),
    ]


def _made(paper: Paper, record: Record) -> Html:
    rows = [[(name, name), (str(value),) * 2] for name, value in record.plan.items()]
    studies: list[list[page.Cell]] = [
        [(name, name), (str(len(runs)), len(runs)), (name.replace(" ", "-"),) * 2]
        for name, runs in record.studies.items()
    ]
    commit = record.environment.get("commit") or "not stored, as they are older than its storing"
    notes = [*paper.remarks, f"Commit of the numbers: {commit}."]
    notes += [
        f"Trained in a folder of its own and joined: {part['command']}, {part['seconds_of_training'] / 60:.0f} of "
        f"these minutes, at commit {part['environment'].get('commit')}."
        for part in record.parts
    ]
    if record.judged is not None:
        notes.append(f"Verdicts were found later than the numbers, at commit {record.judged.get('commit')}.")
    return page.section(
        "How it was made",
        f"{record.command} · {record.seconds / 60:.0f} minutes of training, all runs together.",
        page.statements(notes),
        page.table(("plan", "values"), rows, stacked=True),
        page.table(("study", "runs", "folder under studies/"), studies),
        page.paragraph("results.json holds claims, numbers, the digest of every run and of the data, and versions."),
    )


def _style() -> str:
    return importlib.resources.files("gossamer.reports").joinpath("assets", "reproduction.css").read_text("utf-8")
