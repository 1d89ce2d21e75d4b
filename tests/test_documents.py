"""What the README and the examples show works."""

import re
import runpy
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_run(path, capsys):
    runpy.run_path(str(path), run_name="__main__")
    out = capsys.readouterr().out
    assert out
    assert "False" not in out


def test_the_readmes_python_defines_trains_and_measures():
    (program,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len([line for line in program.splitlines() if line and not line.startswith(("import", "from"))]) <= 10
    names = {}
    exec(compile(program, "README.md", "exec"), names)
    assert names["accuracy"] > 0.85
    assert 0 < names["connectivity"] < 8
    assert names["topology"].num_edges == 8 * 64 + 64 * 10


def test_the_readmes_links_lead_somewhere():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    missing = [link for link in links if not link.startswith("http") and not (ROOT / link).exists()]
    assert missing == []


def test_the_readme_names_every_construction_of_the_demo():
    from gossamer.cli.demo import CONSTRUCTIONS

    assert all(f"`{name}`" in README for name in CONSTRUCTIONS)


def test_every_dependency_and_extra_is_told_what_it_is_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = [re.match(r"[\w-]+", each)[0] for each in project["dependencies"]]
    text = (ROOT / "docs" / "install.md").read_text()
    first = ", ".join(line.split("|")[1] for line in text.splitlines() if line.startswith("|"))
    assert [name for name in (*needed, *project["optional-dependencies"]) if not re.search(rf"\b{name}\b", first)] == []


def test_the_readme_is_one_screen_of_words():
    """At most 700 outside of code and tables."""
    text = re.sub(r"```.*?```|<!--.*?-->", "", README, flags=re.DOTALL)
    assert len(" ".join(line for line in text.splitlines() if not line.startswith("|")).split()) <= 700


def test_the_readmes_commands_exist():
    from gossamer.cli import COMMANDS

    used = set(re.findall(r"(?:`|^)gossamer ([a-z]+)", README, flags=re.MULTILINE))
    assert used - {"rotated"} <= set(COMMANDS)
