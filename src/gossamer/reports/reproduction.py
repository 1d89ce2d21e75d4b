"""The page of a reproduced paper: each claim with its verdict, the figures, and how it was all made."""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterable
from dataclasses import fields
from html import escape

from gossamer.analysis.claims import Claim, Estimate, Verdict, counted
from gossamer.papers.exhibit import Exhibit
from gossamer.papers.paper import Reproduction
from gossamer.reports import page
from gossamer.reports.drawing import drawn, number
from gossamer.reports.page import Html
from gossamer.timing.environment import environment

_KINDS = {Verdict.HOLDS: "holds", Verdict.FAILS: "fails", Verdict.OPEN: "open"}
_COLUMNS = ("judged", "estimate", "95 % interval", "n", "verdict")


def reproduction_page(reproduction: Reproduction) -> str:
    """The page, self-contained.

    Args:
        reproduction: with its claims decided.
    """
    paper, findings = reproduction.paper, reproduction.findings
    claims = findings.claims
    sections = [
        page.section(
            _title(exhibit),
            exhibit.text,
            drawn(exhibit),
            *[_claim(claim) for claim in claims if claim.exhibit == exhibit.key],
            Html(f'<p>Numbers: <a href="data/{escape(exhibit.key)}.csv">data/{escape(exhibit.key)}.csv</a></p>'),
        )
        for exhibit in findings.exhibits
    ]
    titles = ["Verdicts", *[_title(exhibit) for exhibit in findings.exhibits], "How it was made"]
    return page.page(
        title=f"{paper.title}, reproduced",
        lead=f"{paper.citation}. {_counts(claims)}.",
        parts=(
            Html(f"<style>{_style()}</style>"),
            _warning(reproduction),
            page.contents(titles),
            page.section("Verdicts", _HOW, page.table(_OVERVIEW, [_overview(claim) for claim in claims])),
            *sections,
            _made(reproduction),
            page.footer("; ".join(f"{name}: {value}" for name, value in environment().items() if name != "host")),
        ),
    )


_HOW = (
    "Every claim is decided by a rule that was written down before the numbers: where the 95 % interval lies. A "
    "claim with several estimates, such as one a data set, holds or fails only if all of them do; else it is "
    "inconclusive. Intervals are each at 95 %, not corrected for their number."
)
_OVERVIEW = ("claim", "figure", "verdict", "the paper's words, shortened", "estimates with their intervals")


def _title(exhibit: Exhibit) -> str:
    return f"{exhibit.key} · {exhibit.title}"


def _counts(claims: Iterable[Claim]) -> str:
    found = counted(claim.verdict for claim in claims)
    return "Of the claims tested " + ", ".join(f"{count}: {verdict.value}" for verdict, count in found.items())


def _warning(reproduction: Reproduction) -> Html:
    parts = []
    if reproduction.size == "quick":
        parts.append(
            "This is a quick run: few seeds, short training, few points. It shows that everything works; its verdicts "
            "say little about the paper."
        )
    if reproduction.failures:
        parts.append(
            f"{len(reproduction.failures)} runs have no result and are left out: "
            f"{next(iter(reproduction.failures.values()))}"
        )
    return Html("".join(f'<div class="warning">{escape(text)}</div>' for text in parts))


def _overview(claim: Claim) -> list[page.Cell]:
    estimates = "; ".join(f"{number(each.value)} [{number(each.low)}, {number(each.high)}]" for each in claim.estimates)
    return [(text, text) for text in (claim.key, claim.exhibit, claim.verdict.value, claim.words, estimates)]


def _claim(claim: Claim) -> Html:
    verdict = claim.verdict
    judged = [_row(each, claim.rule(each).value) for each in claim.estimates]
    context = [_row(each, "not judged") for each in claim.context]
    return Html(
        f'<div class="claim {_KINDS[verdict]}"><h3>{escape(claim.key)}<span class="verdict">{verdict.value}</span></h3>'
        f"<blockquote>{escape(claim.words)}</blockquote><p>Measured: {escape(claim.question)}</p>"
        f"<p>Rule: {escape(str(claim.rule))}.</p>{page.table(_COLUMNS, judged)}"
        + (f"<details><summary>Beside it</summary>{page.table(_COLUMNS, context)}</details>" if context else "")
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


def _made(reproduction: Reproduction) -> Html:
    plan = reproduction.plan
    rows = [[(field.name, field.name), (str(getattr(plan, field.name)),) * 2] for field in fields(plan)]
    studies: list[list[page.Cell]] = [
        [(study.name, study.name), (str(len(study)), len(study)), (str(study.folder.name),) * 2]
        for study in reproduction.studies
    ]
    return page.section(
        "How it was made",
        f"{reproduction.command} · {reproduction.seconds / 60:.0f} minutes of training, all runs together.",
        page.statements(reproduction.paper.remarks),
        page.table(("plan", "values"), rows),
        page.table(("study", "runs", "folder under studies/"), studies),
        page.paragraph("results.json holds claims, numbers, the digest of every run and of the data, and versions."),
    )


def _style() -> str:
    return importlib.resources.files("gossamer.reports").joinpath("assets", "reproduction.css").read_text("utf-8")
