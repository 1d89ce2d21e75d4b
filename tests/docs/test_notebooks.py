"""The notebooks of the site: executed, as they would be anew, and shown on its pages."""

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))

pytestmark = pytest.mark.usefixtures("one_thread")


def script(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def kinds(notebook):
    """For each cell of code what its outputs are: streams, or the kinds of data of a value."""
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [[sorted(each.get("data", {"stream": 0})) for each in cell["outputs"]] for cell in code]


def test_there_are_two():
    assert len(NOTEBOOKS) == 2


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_executes_and_keeps_what_it_shows(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept = json.loads(path.read_text(encoding="utf-8"))
    made = script(ROOT / "docs" / "notebooks.py").execute(kept, name=path.name)
    assert kinds(made) == kinds(kept)
    assert sum(["image/png", "text/plain"] in outputs for outputs in kinds(kept)) >= 3
    counts = [cell["execution_count"] for cell in kept["cells"] if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert path.stat().st_size < 600_000


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_site_shows_every_cell(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    page = path.with_suffix(".md").read_text(encoding="utf-8")
    shown = script(ROOT / "docs" / "site" / "notebooks.py").on_page_markdown(page)
    for cell in notebook["cells"]:
        assert "".join(cell["source"]) in shown
    pictures = sum(
        "image/png" in each.get("data", {}) for cell in notebook["cells"] for each in cell.get("outputs", ())
    )
    assert shown.count("<img class=") == pictures >= 3


def test_what_a_cell_raises_names_the_cell():
    execute = script(ROOT / "docs" / "notebooks.py").execute
    cells = [{"cell_type": "code", "source": ["1 / 0"], "outputs": [], "execution_count": None}]
    with pytest.raises(ZeroDivisionError) as caught:
        execute({"cells": cells}, name="bad.ipynb")
    assert caught.value.__notes__ == ["in cell 1 of bad.ipynb"]


def test_outputs_are_what_jupyter_keeps():
    run = script(ROOT / "docs" / "notebooks.py").run
    assert run("print('a')\n2 + 3", {}) == [
        {"output_type": "stream", "name": "stdout", "text": ["a\n"]},
        {"output_type": "execute_result", "data": {"text/plain": ["5"]}, "metadata": {}},
    ]
    assert run("x = 1", {}) == []
