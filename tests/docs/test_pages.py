"""The Python of tutorial, architecture, how-to pages and probes runs, each page from top to bottom."""

import re
import socket
import warnings
from pathlib import Path

import pytest

from gossamer.generators import registry

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "docs" / "tutorial.md",
    ROOT / "docs" / "architecture.md",
    *sorted((ROOT / "docs" / "how-to").glob("*.md")),
    *sorted((ROOT / "docs" / "probes").glob("*.md")),
]
LIBRARIES = {
    "data-parallel": ["torch.distributed.fsdp"],
    "use-lightning": ["lightning"],
    "export-to-onnx": ["onnx", "onnxscript", "onnxruntime"],
    "share-a-model": ["transformers"],
    "use-hugging-face": ["transformers", "accelerate"],
}
"""What a page needs of the extras. Its warnings are these libraries' own advice, to which a test does not listen."""

BLOCK = re.compile(
    r"(?P<not_run><!-- not run[^\n]*-->\n)?"
    r"^```python\n(?P<code>.*?)^```$"
    r"(?:\n\n```text\n(?P<printed>.*?)^```$)?",
    re.DOTALL | re.MULTILINE,
)
FILE = re.compile(r"^```\w+ title=\"(?P<name>[\w.-]+)\"\n(?P<content>.*?)^```$", re.DOTALL | re.MULTILINE)


def alone():
    """What torchrun tells a process that is a group by itself."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
    return {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}


def programs(page):
    """(line number, code, what it prints or None) of the page's blocks that run."""
    text = page.read_text(encoding="utf-8")
    blocks = [block for block in BLOCK.finditer(text) if block["not_run"] is None]
    return [(text.count("\n", 0, block.start("code")), block["code"], block["printed"]) for block in blocks]


pytestmark = pytest.mark.usefixtures("one_thread", "known_constructions")


@pytest.fixture
def known_constructions():
    """What a page registers is forgotten after it."""
    before = set(registry.GENERATORS)
    yield
    for name in set(registry.GENERATORS) - before:
        del registry._KNOWN[name]


@pytest.mark.parametrize("page", [page for page in PAGES if programs(page)], ids=lambda page: page.stem)
def test_every_block_of_the_page_runs(page, tmp_path, monkeypatch, capsys):
    if page.stem in LIBRARIES:
        warnings.simplefilter("ignore")
    for library in LIBRARIES.get(page.stem, ()):
        pytest.importorskip(library, reason=f"{library} is not installed")
    for name, value in alone().items() if page.stem == "data-parallel" else ():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for file in FILE.finditer(page.read_text(encoding="utf-8")):
        (tmp_path / file["name"]).write_text(file["content"], encoding="utf-8")
    names = {"__name__": page.stem}
    for line, code, printed in programs(page):
        # Lines are counted as in the page, so that a traceback points there.
        exec(compile("\n" * line + code, str(page), "exec"), names)
        out = capsys.readouterr().out
        assert printed in (None, out)


def test_the_tutorial_leads_from_a_topology_to_a_report():
    text = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    assert "not run" not in text
    assert (
        text.index("generators.fibonacci")
        < text.index("fit(model")
        < text.index("study.execute")
        < text.index("study_page(")
    )
