"""The papers in miniature, end to end: everything is trained, drawn and decided, and a second call trains nothing."""

import dataclasses
import html
import json
import re

import pandas as pd
import pytest

from gossamer.papers import PAPERS, connectivity, groups, insights, neighbours, paper_named, topologies
from gossamer.papers.insights.plan import Chain, chain_runs
from gossamer.papers.neighbours.critics import Critics, Settings
from gossamer.papers.neighbours.gan import Game
from gossamer.papers.neighbours.gates import Graphs, Strengths
from gossamer.papers.neighbours.interactions import Suite
from gossamer.papers.neighbours.landscapes import Bends
from gossamer.papers.neighbours.landscapes import Training as Bending
from gossamer.papers.neighbours.regions import Space, Training
from gossamer.papers.neighbours.regression import Fit
from gossamer.papers.paper import Reproduction
from gossamer.papers.record import Record
from gossamer.papers.topologies.large_plan import Large, Layer
from gossamer.reports.reproduction import reproduction_page
from gossamer.studies import InProcess, Study
from gossamer.studies.run import dataset
from gossamer.training.nodes import NodeConfig

TOPOLOGIES = dataclasses.replace(
    topologies.QUICK,
    data=("digits",),
    hidden=16,
    epochs=1,
    seeds=1,
    degrees=(1, 8),
    thin=(1 / 8, 1 / 2),
    medium=(8,),
    other_degrees=(8,),
    outer=(1, 2),
    contour=(1,),
    dropped=(1, 8),
    deep_degrees=(8,),
    large=Large(
        (Layer(8, (2, 4), seeds=2),),
        constructions=("regular_random", "rotating_regular", "fibonacci"),
        rates=(0.3, 1.0),
        epochs=2,
        validation=0.2,
    ),
)
INSIGHTS = dataclasses.replace(
    insights.QUICK,
    data=("digits",),
    epochs={"digits": 2},
    chain=Chain("digits", hidden=(24, 24), edges=120, links=3, moved=0.05, epochs=3, moments=(0, 1, 3), lr=0.05),
    widths=(8, 16),
    densities=(2,),
    rates=(0.03, 0.1),
    dropouts=((0.0, 0.0), (0.1, 0.2)),
    seeds=2,
    adaptive=2,
    narrow=True,
)
CRITICS = Settings(steps=2, outputs=12, game=Game(width=4, steps=2, batch=8), perceptrons=Bending((8,), 0.3, epochs=2))
NEIGHBOURS = dataclasses.replace(
    neighbours.QUICK,
    interactions=Suite(
        functions=("F5",),
        nets=("dense", "RigL 90 %"),
        seeds=2,
        settings=Fit(hidden=(8, 6), samples=100, batch=50, epochs=2, rewire_every=2),
    ),
    regions=Space(
        seeds=2,
        settings=Training("digits", hidden=(12,), steps=8, scout_steps=4, shares=(0.1, 0.3), probed=9, grid=9),
    ),
    gates=Graphs({"planted strangers": Strengths((1e-2,), 2, ("SGAT", "GAT"))}, settings=NodeConfig(epochs=3)),
    landscapes=Bends(
        flat=("dense", "sparse"),
        lines=("SET",),
        segmenters=("skips, batch 4", "no skips, batch 4"),
        seeds=2,
        settings=Bending(hidden=(8,), density=0.3, epochs=2, images=4, target=0.9, most=1, points=3, probed=16),
    ),
    critics=Critics((2, 4), (8, 16), games=("dense",), pairs=("dense, sparse",), seeds=2, settings=CRITICS),
)
CONNECTIVITY = dataclasses.replace(
    connectivity.QUICK,
    data=("digits",),
    hidden=((64, 16),),
    deep_hidden=16,
    observed=("digits",),
    witnesses=("erdos_renyi", "fibonacci"),
    observed_degrees=(4,),
    observed_seeds=1,
    observed_permuted=True,
    recipe_degrees=(2,),
    recipe_hidden=16,
    recipe_epochs=1,
    recipe_seeds=2,
)
GROUPS = dataclasses.replace(
    groups.QUICK,
    data=("digits",),
    hidden=16,
    ranks=((75.0,),),
    groups=(1, 4),
    others=(("even", (75.0,)), ("both", (75.0,))),
    every=2,
    seeds=2,
    blocks=1,
    steps=1,
)
PLANS = {
    "groups": GROUPS,
    "connectivity": CONNECTIVITY,
    "topologies-2017": TOPOLOGIES,
    "insights-2020": INSIGHTS,
    "neighbours": NEIGHBOURS,
}


def reproduced(name, folder):
    """The reproduction, and how many runs were trained for it."""
    paper, studies, trained = paper_named(name), [], []

    def train(title, runs):
        study = Study(title, runs, folder / "studies" / title.replace(" ", "-"), measures=())
        execution = study.execute(InProcess())
        assert not execution.failed
        trained.extend(execution.done)
        studies.append(study)
        return study

    findings = paper.reproduce(PLANS[name], train, folder)
    record = Record.of(PLANS[name], studies, size="quick", command=f"gossamer reproduce {name}")
    made = Reproduction(paper, record, findings, tuple(studies))
    made.write(folder)
    return made, len(trained)


@pytest.fixture(scope="module", params=list(PAPERS))
def result(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reproduction")
    made, trained = reproduced(request.param, folder)
    return made, trained, folder


def test_every_run_is_trained_and_every_claim_decided(result):
    made, trained, _ = result
    assert trained == sum(len(study) for study in made.studies) and made.record.failures == {}
    keys = {exhibit.key for exhibit in made.findings.exhibits}
    assert {claim.exhibit for claim in made.findings.claims} <= keys
    assert all(estimate.n >= 0 for claim in made.findings.claims for estimate in claim.estimates)


def test_what_is_done_is_not_done_again(result):
    made, _, folder = result
    again, trained = reproduced(made.paper.name, folder)
    assert trained == 0
    assert [claim.estimates for claim in again.findings.claims] == [claim.estimates for claim in made.findings.claims]


def test_the_folder_holds_every_number(result):
    made, _, folder = result
    results = json.loads((folder / "results.json").read_text())
    assert [claim["verdict"] for claim in results["claims"]] == [
        each.verdict.value for each in made.findings.judgements
    ]
    assert results["data"] == {name: dataset(name).digest for name in made.record.plan["data"]}
    assert sum(len(digests) for digests in results["studies"].values()) == sum(len(study) for study in made.studies)
    for exhibit in made.findings.exhibits:
        table = pd.read_csv(folder / "data" / f"{exhibit.key}.csv")
        assert list(table.columns) == list(exhibit.table.columns) and len(table) == len(exhibit.table)


def test_what_is_kept_is_judged_as_it_was_when_it_was_trained(result):
    made, _, folder = result
    if made.paper.again is None:
        pytest.skip(f"{made.paper.name} judges what it measured before at every call")
    record = Record.read(folder)
    again = Reproduction(made.paper, record.judged_now(), made.paper.again(record.plan, folder))
    first, second = made.findings.judgements, again.findings.judgements
    assert [each.verdict for each in second] == [each.verdict for each in first]
    for one, other in zip(first, second, strict=True):
        for name in ("value", "low", "high", "n"):
            ours, theirs = ([getattr(e, name) for e in each.claim.estimates] for each in (one, other))
            assert theirs == pytest.approx(ours, nan_ok=True), one.claim.key
    assert again.record.data == made.record.data
    assert again.record.judged["commit"] == made.record.environment["commit"]


def test_the_page_shows_every_claim_and_asks_for_nothing(result):
    made, _, _ = result
    text = reproduction_page(made)
    verdicts = re.findall('<span class="verdict">(.*?)</span>', text)
    assert sorted(verdicts) == sorted(each.verdict.value for each in made.findings.judgements)
    assert "This is a quick run" in text
    conclusions = text[text.index('<section id="conclusions">') : text.index('<section id="verdicts">')]
    assert all(html.escape(each.claim.key) in conclusions for each in made.findings.judgements)
    assert not re.search(r"<(script|img|link)[^>]*(src|href)=\"(?!data:)", text)
    full = dataclasses.replace(made, record=dataclasses.replace(made.record, size="full"))
    assert "This is a quick run" not in reproduction_page(full)


def test_words_of_a_claim_are_text_and_not_markup(result):
    made, _, _ = result
    claim = dataclasses.replace(made.findings.claims[0], words="<script>alert(1)</script>")
    findings = dataclasses.replace(made.findings, claims=(claim,))
    assert "<script>alert(1)" not in reproduction_page(dataclasses.replace(made, findings=findings))


def test_links_of_the_chain_differ_by_one_more_change_each():
    chain = Chain("digits", hidden=(30, 30), edges=200, links=4, moved=0.05)
    starts = [
        run.experiment.architecture.topology(dataset("digits"), seed=run.experiment.seed) for run in chain_runs(chain)
    ]
    for k in range(2):
        masks = [topology[k].to_mask() for topology in starts]
        assert [int((masks[i] & ~masks[i + 1]).sum()) for i in range(3)] == [10, 10, 10]
        assert int((masks[0] & ~masks[3]).sum()) > 20


def test_an_unknown_paper_is_refused():
    with pytest.raises(ValueError, match=r"there is no paper 'topologies-2071'.*Did you mean topologies-2017"):
        paper_named("topologies-2071")


@pytest.mark.parametrize(
    ("paper", "plan", "figures", "word"),
    [
        (topologies.PAPER, dataclasses.replace(TOPOLOGIES, seeds=0), ["L1", "L2", "L3", "L4", "L-runs"], "full size"),
        (insights.PAPER, dataclasses.replace(INSIGHTS, chain=None), ["I7", "I8", "I9"], "sparse beats narrow"),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
def test_the_full_size_alone_is_trained_drawn_and_judged_again(paper, plan, figures, word, tmp_path):
    """Without what has a page of its own: networks of the usual size, and the chain."""
    studies = []

    def train(title, runs):
        studies.append(Study(title, runs, tmp_path / "studies" / title.replace(" ", "-"), measures=()))
        assert not studies[-1].execute(InProcess()).failed
        return studies[-1]

    findings = paper.reproduce(plan, train, tmp_path)
    record = Record.of(plan, studies, size="large cut", command=f"gossamer reproduce {paper.name} --large --cut")
    made = Reproduction(paper, record, findings, tuple(studies))
    made.write(tmp_path)
    assert [exhibit.key for exhibit in findings.exhibits] == figures
    assert {claim.exhibit for claim in findings.claims} <= set(figures)
    again = paper.again(Record.read(tmp_path).plan, tmp_path)
    assert [each.verdict for each in again.judgements] == [each.verdict for each in findings.judgements]
    page = reproduction_page(made)
    assert word in page and f"{paper.title}, reproduced at full size, cut" in page
