"""No module needs, in the end, itself: neither at its top, nor inside a function, nor for types."""

import ast
from pathlib import Path

import networkx

PACKAGE = Path(__file__).parents[1] / "src" / "gossamer"


def modules():
    """Every module by its dotted name, and its file."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if path.name == "__init__.py" else parts), path


def imported(path, known):
    """The modules of the package that a file imports anywhere in its text; imports are absolute in this package."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield from (name for name in (full if full in known else node.module,) if name in known)


def graph():
    files = dict(modules())
    return networkx.DiGraph((name, each) for name, path in files.items() for each in imported(path, files))


def test_the_graph_sees_all_three_kinds_of_imports():
    found = graph()
    assert found.has_edge("gossamer.topology.bipartite", "gossamer.topology.junction")
    assert found.has_edge("gossamer.studies.plan.names", "gossamer.rewiring")  # inside a function
    assert found.has_edge("gossamer", "gossamer.studies")  # for types


def test_no_module_imports_itself_by_any_way_round():
    circles = [sorted(part) for part in networkx.strongly_connected_components(graph()) if len(part) > 1]
    assert circles == []
