"""Every measured number of the README and the documents stands beside the command that prints it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
WORDS = ("definition", "What it shows")
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
