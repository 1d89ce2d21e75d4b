"""A run's name: a digest of all that decides its numbers."""

from __future__ import annotations

import ast
import dataclasses
import enum
import functools
import hashlib
import inspect
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).parents[1]
_NATIVE = _PACKAGE.parents[1] / "native"
_DECIDING = (
    "topology",
    "generators",
    "nn",
    "rewiring",
    *(f"training/{name}.py" for name in ("config", "evaluation", "loop", "losses", "optimizers", "rewiring", "run")),
    "training/schedules.py",
    "seeds.py",
    *(f"studies/{name}.py" for name in ("architecture", "experiment")),
)
"""The sources that decide a run's numbers. Reports, measures and the command line do not."""
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

    PyTorch and NumPy count by their versions, and so do the native kernels where their sources are not at hand.
    """
    import numpy as np
    import torch

    state = hashlib.blake2b(f"torch {torch.__version__}, numpy {np.__version__}".encode(), digest_size=8)
    for path in _sources():
        state.update(path.relative_to(_PACKAGE).as_posix().encode())
        state.update("".join(_essence(ast.parse(path.read_bytes()))).encode())
    state.update(_kernels())
    return state.hexdigest()


def _sources() -> Iterator[Path]:
    for name in _DECIDING:
        place = _PACKAGE / name
        yield from sorted(place.rglob("*.py")) if place.is_dir() else (place,)


def _kernels() -> bytes:
    if not _NATIVE.is_dir():
        return version("gossamer").encode()
    kernels = (path for path in sorted(_NATIVE.glob("*.[ch]pp")) if not path.name.startswith(_NO_KERNELS))
    return b"".join(path.read_bytes() for path in kernels)


def _essence(node: ast.AST) -> Iterator[str]:
    """What a syntax tree says, the same in every version of Python: no docstrings, no empty fields."""
    yield type(node).__name__
    for name, value in ast.iter_fields(node):
        if name == "body" and isinstance(value, list) and value and _is_text(value[0]):
            value = value[1:]
        if value is None or value == [] or name == "type_comment":
            continue
        yield f" {name}:"
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.AST):
                yield from _essence(each)
            else:
                yield repr(each)
    yield ";"


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _imported(value: Any) -> str:
    name = f"{value.__module__}.{value.__qualname__}"
    if "<" in name:
        raise ValueError(f"{value!r} cannot name a run: give a function or class that can be imported by its name.")
    return name
