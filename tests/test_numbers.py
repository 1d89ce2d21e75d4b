"""Every measured number of the README and the documents stands beside its command, and is what was kept of it."""

import importlib.util
import json
import re
from pathlib import Path

import numpy as np
import pytest

from gossamer.errors import without_topology_warnings
from gossamer.generators import named
from gossamer.measures import algebraic_connectivity

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results"
README = (ROOT / "README.md").read_text(encoding="utf-8")
HEAD_OF_VERDICTS = "Written by `python docs/verdicts.py` from kept results."
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
WORDS = ("definition", "What it shows", "departures", "| then |")
"""Heads of tables whose numbers define something, and measure nothing."""

COMMAND = re.compile(r"`[^`\n]*(?:gossamer|python|benchmarks/|make) ?[^`\n]*`|^(?:gossamer|python) ", re.MULTILINE)
MEASURED = re.compile(r"(?<![\w.])\d*\.\d+(?![\w.]*\))|\d ?(?:%|ms|s|GB|MB|times)(?![\w])")


def tables(text):
    """(section, table): every table with the text of the section that it stands in."""
    for section in re.split(r"(?m)^(?=#{1,6} )", text):
        for found in re.finditer(r"(?m)(?:^\|.*\n)+", section):
            yield section, found[0]


def measured(table):
    """The cells right of the first column that hold a decimal number, a share or a time, outside code."""
    rows = [line.strip().strip("|").split("|")[1:] for line in table.splitlines()[2:]]
    cells = [re.sub(r"`[^`]*`|\[[^\]]*\]\([^)]*\)", "", cell) for row in rows for cell in row]
    return [cell for cell in cells if MEASURED.search(cell)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_table_of_measured_numbers_names_its_command(page):
    text = page.read_text(encoding="utf-8")
    numbers = [(section, table) for section, table in tables(text) if measured(table)]
    heads = [table.splitlines()[0] for section, table in numbers if not COMMAND.search(section)]
    assert [head for head in heads if not any(word in head for word in WORDS)] == []


KEPT = re.compile(r"(?:docs/)?results/([\w./-]+\.(?:jsonl?|csv|txt))|<!-- (?:results|speed|verdicts): ")
"""What says where a section's numbers are kept: a file, or a mark that a generator fills from files."""

NOTHING_TRAINED = {("docs/topologies.md", "## Eight constructions side by side"), ("docs/gallery.md", "# Gallery")}
"""Sections whose numbers follow from definitions alone, and which a test or the gallery's script computes again."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_measured_numbers_are_kept(page):
    """Each table of them stands in a section that names its result file, which is there, or that is made of one."""
    text = page.read_text(encoding="utf-8")
    without = []
    for section, table in tables(text):
        heading, place = section.splitlines()[0], str(page.relative_to(ROOT))
        known = any(word in table.splitlines()[0] for word in WORDS) or (place, heading) in NOTHING_TRAINED
        if not measured(table) or known or HEAD_OF_VERDICTS in text:
            continue
        found = list(KEPT.finditer(section))
        missing = [each[1] for each in found if each[1] and not (RESULTS / each[1]).exists()]
        without += [(heading, missing)] if missing or not found else []
    assert without == []


def loaded(path):
    """A script as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readmes_speed_is_that_of_the_kept_results():
    speed = loaded(ROOT / "docs" / "speed.py")
    _, steps = speed.sections("training_step")
    assert speed.rows([each for each in steps if each[0].startswith("SGD")]) in README
    assert "\n\n".join(speed.by_instructions()) in README


def test_the_verdicts_are_those_of_the_kept_results():
    verdicts = loaded(ROOT / "docs" / "verdicts.py")
    folders = verdicts.folders()
    assert verdicts.page(folders) == (RESULTS / "verdicts.md").read_text(encoding="utf-8")
    assert verdicts.counts(folders) in README


def cells(text, first):
    """The cells of the table row that begins so."""
    (row,) = re.findall(rf"(?m)^\| {re.escape(first)} \|.*$", text)
    return [cell.strip() for cell in row.strip("|").split("|")][1:]


@pytest.mark.parametrize(
    ("page", "heading", "kept"),
    [
        ("docs/distances.md", "## Solvers, speed and size", "nnstd.txt"),
        ("docs/topologies.md", "## Optimised junctions", "generators.txt"),
    ],
)
def test_what_a_benchmark_printed_is_what_the_table_says(page, heading, kept):
    printed = {float(each) for each in re.findall(r"\d+\.\d+(?:e-\d+)?", (RESULTS / kept).read_text(encoding="utf-8"))}
    text = (ROOT / page).read_text(encoding="utf-8")
    shown = [
        float(each)
        for section, table in tables(text)
        if section.startswith(heading)
        for cell in measured(table)
        for each in re.findall(r"\d*\.\d+(?:e-\d+)?", cell)
    ]
    assert len(shown) > 9
    assert [each for each in shown if each not in printed] == []


def test_the_eight_constructions_are_what_their_table_says():
    section = (ROOT / "docs" / "topologies.md").read_text(encoding="utf-8").split("## Eight constructions")[1]
    for name in re.findall(r"(?m)^\| `(\w+)` \|", section.split("Columns three and four")[0]):
        *_, size, connectivity = cells(section, f"`{name}`")
        with without_topology_warnings():
            g = named(name).with_edges(784, 448, 12_544, rng=np.random.default_rng(0))
        assert g.nbytes == int(size.replace(",", ""))
        if not named(name).random:
            assert algebraic_connectivity(g) == pytest.approx(float(connectivity), rel=5e-3, abs=1e-9)


def test_thresholds_of_kept_machines_are_those_told():
    """docs/kernels.md: from which density blocks won with 1024 and 4096 inputs."""

    def least(instructions, inputs):
        kept = json.loads((RESULTS / f"tuning_{instructions}.json").read_text(encoding="utf-8"))
        return next(density for most, density in kept["thresholds"]["blocks"] if inputs <= most)

    text = " ".join((ROOT / "docs" / "kernels.md").read_text(encoding="utf-8").split())
    for instructions in ("avx512", "avx2"):
        few, many = (least(instructions, inputs) for inputs in (1024, 4096))
        assert f"from a density of {few:g} with 1024 inputs and from {many:g} with 4096".replace("0.", ".") in text
