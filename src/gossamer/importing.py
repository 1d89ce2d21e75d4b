"""Functions of one's own, named `module:function` on the command line and in study files."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gossamer.errors import ImportedError


def names_a_function(word: str) -> bool:
    """Whether a word is of the form `module:function`.

    >>> names_a_function("my_module:spiral"), names_a_function("table.csv:y"), names_a_function("fibonacci")
    (True, False, False)
    """
    module, found, function = word.partition(":")
    suffix = module.rpartition(".")[2]
    parts = (*module.split("."), *function.split("."))
    return bool(found) and suffix not in ("csv", "tsv", "gz") and all(part.isidentifier() for part in parts)


def function_named(word: str) -> Callable[..., Any]:
    """Import the function `module:function`; modules in the working folder are found, too.

    Raises:
        ImportedError: there is no such module, it raises when it is imported, or has no such function.

    >>> function_named("math:gcd")(12, 18)
    6
    >>> function_named("math:gdc")
    Traceback (most recent call last):
    gossamer.errors.ImportedError: math:gdc: module math has no function 'gdc'.
    """
    path, _, name = word.partition(":")
    value: Any = _module(path, word)
    for part in name.split("."):
        value = getattr(value, part, None)
    if value is None:
        raise ImportedError(f"{word}: module {path} has no function {name!r}.")
    if not callable(value):
        raise ImportedError(f"{word} is {type(value).__name__}, not a function.")
    found: Callable[..., Any] = value
    return found


def called(word: str, *arguments: Any, **options: Any) -> Any:
    """What the function `module:function` returns.

    Raises:
        ImportedError: it cannot be imported, or raises.
    """
    function = function_named(word)
    try:
        return function(*arguments, **options)
    except Exception as error:
        raise ImportedError(f"{word} raised {type(error).__name__}: {error}{where_raised(error)}") from error


def _module(path: str, word: str) -> Any:
    here = str(Path.cwd())
    if here not in sys.path:  # stays: processes that are started later look there, too
        sys.path.append(here)
    importlib.invalidate_caches()
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name is not None and (path == error.name or path.startswith(f"{error.name}.")):
            raise ImportedError(f"{word}: there is no module {path}; {here} and Python's path were searched.") from None
        raise ImportedError(f"{word}: module {path} cannot be imported: {error}.") from error
    except Exception as error:
        raise ImportedError(
            f"{word}: module {path} raised {type(error).__name__}: {error}{where_raised(error)}"
        ) from error


def where_raised(error: Exception) -> str:
    """File and line where an error was raised, such as " (my_graphs.py, line 7)"; a syntax error says them itself."""
    if isinstance(error, SyntaxError) or error.__traceback__ is None:
        return ""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f" ({Path(frame.filename).name}, line {frame.lineno})"
