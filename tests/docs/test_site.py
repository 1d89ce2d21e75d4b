"""The documentation site: built strictly, complete, and silent."""

import importlib
import importlib.util
import inspect
import json
import os
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gossamer

ROOT = Path(__file__).parents[2]
NEEDED = ("mkdocs", "material", "mkdocstrings", "mkdocstrings_handlers")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-sync"]
MISSING = [name for name in NEEDED if importlib.util.find_spec(name) is None]


def modules():
    """Every module that is not private, but for the command line, whose page lists commands instead."""
    found = (each.name for each in pkgutil.walk_packages(gossamer.__path__, "gossamer."))
    return [name for name in found if "._" not in name and not name.startswith("gossamer.cli")]


def public(path):
    """The names that a module exports, and the functions and classes that it defines for others."""
    module = importlib.import_module(path)
    own = inspect.getmembers(module, lambda each: inspect.isclass(each) or inspect.isfunction(each))
    names = {name for name, each in own if each.__module__ == path and not name.startswith("_")}
    return names | set(getattr(module, "__all__", ()))


def undocumented(path, anchors):
    """The public names of a module that no page of the reference holds."""
    module = importlib.import_module(path)
    for name in public(path):
        home = getattr(getattr(module, name), "__module__", path)
        parents = [path, home, *(home.rsplit(".", up)[0] for up in range(1, home.count(".")))]
        if not {f"{parent}.{name}" for parent in parents} & anchors:
            yield f"{path}.{name}"


@pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)} not installed: pip install 'gossamer[docs]'")
def test_the_site_builds_without_a_warning_and_holds_every_public_name(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr

    reference = [page.read_text(encoding="utf-8") for page in (tmp_path / "reference").glob("*.html")]
    anchors = {anchor for page in reference for anchor in re.findall(r'id="(gossamer[^"]*)"', page)}
    assert [name for module in modules() for name in undocumented(module, anchors)] == []

    commands = (tmp_path / "reference" / "command-line.html").read_text(encoding="utf-8")
    assert "gossamer train" in commands
    assert "<!-- commands" not in commands
    for page in (tmp_path / "results").glob("*.html"):
        assert "<!-- results:" not in page.read_text(encoding="utf-8")
    assert (tmp_path / "results" / "speed.html").read_text(encoding="utf-8").count("<table") >= 8
    if shutil.which("chromium") is not None and importlib.util.find_spec("playwright") is not None:
        assert "Measures" in found_by_search(tmp_path / "tutorial.html", "ramanujan")


def found_by_search(page, words):
    """The titles that the search of a page, opened as a file, finds; it may ask for nothing but files."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        tab = browser.new_page()
        asked = []
        tab.on("request", lambda request: asked.append(request.url))
        tab.goto(page.as_uri())
        tab.click(".md-search__input")
        tab.keyboard.type(words, delay=20)
        tab.wait_for_function("document.querySelectorAll('.md-search-result__item').length > 0", timeout=120_000)
        titles = tab.eval_on_selector_all(".md-search-result__item h1", "found => found.map(each => each.innerText)")
        browser.close()
    assert all(url.startswith(("file:", "data:", "about:")) for url in asked)
    return titles


def hook(name):
    """A module of docs/site."""
    spec = importlib.util.spec_from_file_location(f"site_{name}", ROOT / "docs" / "site" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)} not installed: pip install 'gossamer[docs]'")
@pytest.mark.parametrize(
    ("tag", "asks"),
    [
        ('<script src="https://example.org/a.js"></script>', True),
        ('<link rel="stylesheet" href="//example.org/a.css">', True),
        ('<img src="http://example.org/a.png">', True),
        ('<a href="https://example.org">a reader may click</a>', False),
        ("<script>const cited = \"<img src='https://example.org/a.png'>\"</script>", False),
        ('<img src="data:image/png;base64,">', False),
        ('<script src="assets/a.js"></script>', False),
    ],
)
def test_a_page_that_asks_the_network_is_found(tag, asks, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(f"<html><body>{tag}</body></html>", encoding="utf-8")
    assert bool(hook("offline").requests_of(page)) == asks


def test_a_table_holds_the_numbers_of_its_file(tmp_path, monkeypatch):
    results = hook("results")
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    section = '{"title": "SGD, density 0.1", "seconds": {"dense": [0.0105, 0.5, 7], "sparse": [0.001, 2.0, 7]}}'
    (tmp_path / "step.json").write_text(f'{{"environment": "here", "sections": [{section}]}}')
    filled = results.on_page_markdown("before\n<!-- results: race step SGD -->\n<!-- results: environment step -->")
    assert "| dense | 10.5 (500) |\n| sparse | 1 (2000) |" in filled
    assert filled.startswith("before\n| ms, minimum (median) | density 0.1 |")
    assert filled.endswith("*n = 7 interleaved rounds in one process; here.*")
    with pytest.raises(ValueError, match="no section that begins with 'Adam'"):
        results.filled("race", "step Adam")


def test_reports_are_linked_once_they_are_there(tmp_path, monkeypatch):
    results = hook("results")
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    assert results.reports() == "None has been committed yet."
    (tmp_path / "insights").mkdir()
    (tmp_path / "insights" / "report.html").write_text("<title>x</title>")
    (tmp_path / "insights.md").write_text("notes")
    (tmp_path / "index.md").write_text("a page of the site")
    links = ["- [insights/report](insights/report.html), 0.0 MB", "- [insights, notes](insights.md)"]
    assert results.reports().splitlines() == links


def test_verdicts_are_those_of_the_committed_results(tmp_path, monkeypatch):
    results = hook("results")
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    estimate = {"what": "slope", "value": 0.12345, "low": None, "high": 1.0, "n": 5, "verdict": "holds"}
    claim = {"words": "a <b> | c", "exhibit": "F3", "estimates": [estimate], "verdict": "inconclusive"}
    found = {"format": "gossamer reproduction", "command": "gossamer reproduce x", "paper": {"title": "On *x*"}}
    found |= {"claims": [claim], "failures": {}, "seconds_of_training": 5400.0, "size": "full"}
    (tmp_path / "x.json").write_text(json.dumps(found))
    (tmp_path / "other.json").write_text("{}")
    shown = results.filled("reproductions")
    assert r"| a \<b\> \| c | F3 | slope: 0.123 [–, 1] | **inconclusive** |" in shown
    assert shown.startswith("### On \\*x\\*\n")
    assert "`gossamer reproduce x`, 1.5 hours of training;" in shown


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ({}, "`gossamer reproduce x --data a`"),
        ({"joined": []}, "`gossamer reproduce x --data a`"),
        (
            {"joined": [{"command": "gossamer reproduce x --only b"}, {"command": "gossamer reproduce x"}]},
            "`gossamer reproduce x --data a`, joined `--only b` and `gossamer reproduce x`",
        ),
    ],
)
def test_commands_of_joined_parts_stand_beside_the_first(more, shown):
    found = {"command": "gossamer reproduce x --data a", "paper": {"name": "x"}}
    assert hook("results").commands(found | more) == shown


def test_the_page_of_verdicts_and_the_table_of_the_readme_are_those_of_the_kept_results(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "site"))
    spec = importlib.util.spec_from_file_location("verdicts", ROOT / "docs" / "verdicts.py")
    verdicts = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(verdicts)
    page = (verdicts.RESULTS / "verdicts.md").read_text(encoding="utf-8")
    assert page == verdicts.page(verdicts.folders())
    assert verdicts.counts(verdicts.folders()) in (ROOT / "README.md").read_text(encoding="utf-8")
    assert "joined `--data fashion-mnist --only observation`" in page
