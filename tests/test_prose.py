"""Measured numbers in the sentences of README and documents are those of the kept results."""

import csv
import importlib.util
import json
import math
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results"
CONNECTIVITY = RESULTS / "connectivity"


def text_of(page):
    """The page on one line."""
    return " ".join((ROOT / page).read_text(encoding="utf-8").split())


def rows(key):
    """The numbers under a figure of the study of connectivity."""
    with (CONNECTIVITY / "data" / f"{key}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def claims(key):
    """Its claims of this name, by data set."""
    found = json.loads((CONNECTIVITY / "results.json").read_text(encoding="utf-8"))["claims"]
    return {claim["data"]: claim for claim in found if claim["key"] == key}


def largest_effect(panel):
    """Points beyond which no interval of a difference to random junctions reaches, rounded up to hundredths."""
    ends = [abs(float(row[end])) for row in rows("C2") if row["panel"] == panel for end in ("low", "high")]
    return f"{math.ceil(1e4 * max(ends)) / 100:.2f}".lstrip("0")


@pytest.mark.parametrize("page", ["README.md", "docs/science.md", "docs/results/connectivity.md"])
def test_what_connectivity_decides(page):
    said = text_of(page)
    assert float(largest_effect("mnist, 1 hidden")) < 0.2
    assert largest_effect("mnist, 3 hidden") in said
    lost = claims("decides whether a deep network trains")["mnist, 16 hidden"]["estimates"][0]
    assert f"{100 * lost['value']:.0f} points" in said
    wanted = {"data": "mnist", "pixels": "natural", "measure": "algebraic_connectivity"}
    (along,) = [row for row in rows("C5") if wanted.items() <= row.items()]
    assert f"ρ = −{-float(along['ρ']):.2f}, p = {float(along['p']):.2f}".replace("0.", ".") in said


def test_the_page_of_connectivity_says_nothing_that_was_not_kept():
    """Every decimal number of its prose is a kept one, or a hundred times that, rounded to the digits shown."""
    found = json.loads((CONNECTIVITY / "results.json").read_text(encoding="utf-8"))["claims"]
    kept = [claim[name] for claim in found for name in ("p", "p_holm")]
    for claim in found:
        kept += [each[name] for each in claim["estimates"] + claim["context"] for name in ("value", "low", "high")]
    cells = [cell for key in ("C2", "C4", "C4-rivals", "C5", "C6") for row in rows(key) for cell in row.values()]
    kept += [float(cell) for cell in cells if re.fullmatch(r"-?[\d.]+(e-\d+)?", cell)]
    prose = re.sub(r"(?s)```.*?```|`[^`]*`|<!--.*?-->", "", (RESULTS / "connectivity.md").read_text(encoding="utf-8"))
    shown = re.findall(r"(?<![\w.])\d*\.\d+(?![\w.]*\))", prose)
    assert len(shown) > 30
    assert [each for each in shown if not any(rounds_to(value, each) for value in kept if value is not None)] == []


def rounds_to(value, shown):
    """Whether a number, or a hundred times it, is this one at its digits, signs aside."""
    half = 0.5 * 10.0 ** -len(shown.partition(".")[2])
    return any(abs(abs(value) * scale - float(shown)) <= half + 1e-9 for scale in (1, 100))


def test_random_junctions_that_miss_the_bound():
    (line,) = re.findall(r"(?m)^.*random ones miss the bound.*$", (RESULTS / "generators.txt").read_text())
    missed, of, met, ms = re.search(r"(\d+) of (\d+) random .* in (\d+) of these, (\d+) ms", line).groups()
    said = text_of("docs/topologies.md")
    assert f"Of {of} random 200 × 200 junctions of degree 3, {missed} miss the bound" in said
    assert f"`ramanujan` met it in all {met}, in {ms} ms" in said


def test_the_readmes_frontier_is_what_the_command_prints():
    spec = importlib.util.spec_from_file_location("frontier_page", ROOT / "benchmarks" / "frontier_page.py")
    page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(page)
    assert page.spans(page.kept()) in (ROOT / "README.md").read_text(encoding="utf-8")


def accuracies(**wanted):
    """Test accuracies in per cent of CIFAR-10 JPEG's second round, of the settings that have these values."""
    lines = map(json.loads, (RESULTS / "accuracy.jsonl").read_text(encoding="utf-8").splitlines())
    runs = [line for line in lines if line["data"] == "cifar10-jpeg" and line["epochs"] == 30 and "test" in line]
    return [100 * line["test"] for line in runs if wanted.items() <= line["setting"].items()]


def test_what_a_start_is_worth():
    starts = ("erdos_renyi", "receptive_field", "planar_field")
    found = [accuracies(start=start, rule="static", rate=0.003) for start in starts]
    assert [len(each) for each in found] == [5, 5, 5]
    means = [f"{sum(each) / len(each):.1f}" for each in (*found, accuracies(rule="dense"))]
    said = "random {} %, near on a line {}, in the plane (`planar_field`) {}; all edges {}.".format(*means)
    assert said in text_of("README.md")
