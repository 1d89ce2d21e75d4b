"""What the README and the examples show works."""

import re
import runpy
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


def test_the_readmes_commands_exist():
    from gossamer.cli import COMMANDS

    used = set(re.findall(r"(?:`|^)gossamer ([a-z]+)", README, flags=re.MULTILINE))
    assert used - {"rotated"} <= set(COMMANDS)
