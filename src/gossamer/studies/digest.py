"""A run's name: a digest of all that decides its numbers."""

from __future__ import annotations

import ast
import dataclasses
import enum
import functools
import hashlib
import inspect
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gossamer.topology import Junction, Topology

_PACKAGE = Path(__file__).parents[1]
_NATIVE = _PACKAGE.parents[1] / "native"
_DECIDING = (
    "topology",
    "generators",
    "nn",
    "rewiring",
    *(f"training/{name}.py" for name in ("config", "evaluation", "feeds", "layout", "loaders", "loop", "losses")),
    *(f"training/{name}.py" for name in ("material", "optimizers", "rewiring", "run", "schedules")),
    "training/data/scaling.py",
    "seeds.py",
    *(f"studies/{name}.py" for name in ("architecture", "experiment")),
)
"""Where the definitions live that decide a run's numbers. Reports, measures and the command line do not.

What is hashed is the definitions, not these places: a function that moves from one of them to another, or a file
that is renamed or split, leaves every digest as it was.
"""
_DEFINITIONS = (ast.FunctionDef, ast.ClassDef)
_NO_KERNELS = ("assignment", "graph", "module", "overlap")
"""Native sources, by how their names begin, that measure and compare; all others compute networks."""


def described(value: Any) -> str:
    """A text that is equal for equal values, in every process: defaults are in it, memory addresses are not.

    Raises:
        ValueError: a function or an object that has no such text.

    >>> from gossamer.training import Adam, Config
    >>> described(Adam(0.1))
    'Adam(lr=0.1, weight_decay=0.0)'
    >>> described(lambda: None)
    Traceback (most recent call last):
        ...
    ValueError: <function <lambda> at ...> cannot name a run: give a function or class that can be imported by its name.
    """
    if isinstance(value, type) or inspect.isroutine(value):
        return _imported(value)
    if isinstance(value, enum.Enum):
        return str(value)
    if isinstance(value, functools.partial):
        return f"partial({described(value.func)}, {described(value.args)}, {described(value.keywords)})"
    if isinstance(value, (tuple, list)):
        return f"({', '.join(map(described, value))})"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key!r}: {described(value[key])}' for key in sorted(value))}}}"
    if isinstance(value, (Topology, Junction)):
        return f"{type(value).__qualname__}({value.digest()})"
    if dataclasses.is_dataclass(value):
        parts = (f"{each.name}={described(getattr(value, each.name))}" for each in dataclasses.fields(value))
        return f"{type(value).__qualname__}({', '.join(parts)})"
    text = repr(value)
    if re.search(r" at 0x[0-9a-f]+", text):
        raise ValueError(f"{text} cannot name a run: its text is another one in every process. Use a frozen dataclass.")
    return text


@functools.cache
def code_version() -> str:
    """16 hexadecimal digits of the code that decides numbers; comments, docstrings and formatting have no part in it.

    Neither have the names of files and packages, nor the order of definitions. PyTorch and NumPy count by their
    versions, and so do the native kernels where their sources are not at hand.
    """
    import numpy as np
    import torch

    state = hashlib.blake2b(f"torch {torch.__version__}, numpy {np.__version__}".encode(), digest_size=8)
    state.update("\n".join(said([path.read_bytes() for path in _sources()])).encode())
    state.update(_kernels())
    return state.hexdigest()


def said(sources: Iterable[bytes]) -> list[str]:
    r"""What modules say, sorted: one text a statement, the same wherever the statement stands.

    Imports from this package say what they bring, not from where, unless two definitions share the name.

    Args:
        sources: Python modules.

    >>> said([b"from gossamer.here import f", b"def g(): return 1"]) == said(
    ...     [b"def g():\n    return 1  # moved", b"from gossamer.there import f"]
    ... )
    True
    >>> said([b"def g(): return 1"]) == said([b"def g(): return 2"])
    False
    """
    statements = [each for source in sources for each in ast.parse(source).body if not _is_text(each)]
    names = Counter(each.name for each in statements if isinstance(each, _DEFINITIONS))
    shared = {name for name, count in names.items() if count > 1}
    return sorted("".join(_essence(each, shared)) for each in statements)


def _sources() -> Iterator[Path]:
    for name in _DECIDING:
        place = _PACKAGE / name
        yield from sorted(place.rglob("*.py")) if place.is_dir() else (place,)


def _kernels() -> bytes:
    if not _NATIVE.is_dir():
        return version("gossamer").encode()
    kernels = (path for path in sorted(_NATIVE.glob("*.[ch]pp")) if not path.name.startswith(_NO_KERNELS))
    return b"".join(path.read_bytes() for path in kernels)


def _essence(node: ast.AST, shared: Set[str]) -> Iterator[str]:
    """What a syntax tree says, the same in every version of Python: no docstrings, no empty fields."""
    if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "gossamer":
        yield from _imports(node, shared)
        return
    yield type(node).__name__
    for name, value in ast.iter_fields(node):
        if name == "body" and isinstance(value, list) and value and _is_text(value[0]):
            value = value[1:]
        if value is None or value == [] or name == "type_comment":
            continue
        yield f" {name}:"
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.AST):
                yield from _essence(each, shared)
            else:
                yield repr(each)
    yield ";"


def _imports(node: ast.ImportFrom, shared: Set[str]) -> Iterator[str]:
    """What an import from this package binds; of names that two definitions share, its package and module too."""
    parts = (node.module or "").split(".")
    home = ".".join((*parts[1:2], parts[-1]))
    for each in sorted(node.names, key=lambda alias: alias.name):
        origin = f"{home}.{each.name}" if each.name in shared else each.name
        yield f"import {origin} as {each.asname or each.name};"


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _imported(value: Any) -> str:
    """The dotted name of a function or class; of one of this package only the package that it is in, not the file."""
    module = value.__module__
    if module.split(".")[0] == "gossamer":
        module = ".".join(module.split(".")[:2])
    name = f"{module}.{value.__qualname__}"
    if "<" in name:
        raise ValueError(f"{value!r} cannot name a run: give a function or class that can be imported by its name.")
    return name
