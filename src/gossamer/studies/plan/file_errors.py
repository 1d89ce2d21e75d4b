"""What is wrong with a TOML file, in words that name file, line and field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import shorten
from typing import Any

from pydantic import BaseModel, ValidationError

from gossamer.errors import require_known


def told(error: ValidationError, path: Path, text: str, tables: Mapping[str, type[BaseModel]]) -> str:
    """All that `error` complains of, in one sentence.

    Args:
        error: what pydantic found.
        path: of the file.
        text: of the file.
        tables: the model of each table by the first field on the way to it; "" for the whole file.
    """
    said: dict[str, str] = {}
    ours_first = sorted(error.errors(), key=lambda each: each["type"] != "value_error")  # which say why
    for each in sorted(ours_first, key=lambda each: str(each["loc"][:1])):
        fields = _fields(each["loc"])
        said.setdefault(f"{where(path, text, fields)}, {'.'.join(fields)}", _complaint(dict(each), fields, tables))
    return "; ".join(f"{place}{complaint}" for place, complaint in said.items()) + "."


def no_toml(error: ValueError, path: Path, text: str) -> str:
    r"""What the reader of TOML complains of, with line and field.

    >>> no_toml(ValueError("Cannot overwrite a value (at line 2, column 8)"), Path("a.toml"), "seeds=1\nseeds=2")
    'a.toml, line 2, seeds is given twice.'
    """
    found = re.fullmatch(r"(.*) \(at line (\d+), column \d+\)", str(error), re.DOTALL)
    if found is None:
        return f"{path} is no TOML: {str(error)[:200]}."
    complaint, number = found[1], int(found[2])
    line = text.split("\n")[number - 1] if number <= text.count("\n") + 1 else ""
    field = re.match(r"[\s\[]*([\w.-]+)", line)
    if field is not None and complaint.startswith(("Cannot overwrite", "Cannot declare", "Cannot mutate")):
        return f"{path}, line {number}, {field[1]} is given twice."
    return f"{path} is no TOML: {error}."


def refused(error: ValueError, path: Path) -> str:
    """The same of an error that the grid raised; its first word is the field."""
    field = str(error).partition(" ")[0].partition("=")[0]
    return f"{where(path, path.read_text(), [field])}, {error}"


def where(path: Path, text: str, fields: Sequence[str]) -> str:
    r"""File and line of a field, such as `study.toml, line 3`; of the deepest that the text names.

    >>> where(Path("study.toml"), "seeds = [0]\n[training]\nepochs = 3", ["training", "epochs"])
    'study.toml, line 3'
    """
    place, line = 0, None
    for number, field in enumerate(fields):
        key = re.escape(field)
        inner = rf"|[{{,.]\s*{key}\s*=" if number else ""
        found = re.search(rf"^[ \t]*\[*[ \t]*{key}[ \t]*[\].=]{inner}", text[place:], re.MULTILINE)
        if found is None:
            break
        place += found.end() - 1
        line = text.count("\n", 0, place) + 1
    return f"{path}, line {line}" if line else str(path)


def _fields(places: Sequence[Any]) -> list[str]:
    """The names on the way to a value; pydantic adds those of types where several are allowed."""
    names = [part for part in places if isinstance(part, str) and re.fullmatch(r"\w+", part)]
    return [name for name in names if name not in ("int", "str", "float", "none")]


def _complaint(error: dict[str, Any], fields: Sequence[str], tables: Mapping[str, type[BaseModel]]) -> str:
    message = str(error["msg"]).removeprefix("Value error, ").rstrip(".")
    if error["type"] == "missing":
        return " is missing"
    if error["type"] == "extra_forbidden":
        return f": {_unknown(fields, tables)}"
    if error["type"] == "value_error":
        return f": {message}"
    return f"={shorten(repr(error['input']), 120)} is not allowed: {message[0].lower()}{message[1:]}"


def _unknown(fields: Sequence[str], tables: Mapping[str, type[BaseModel]]) -> str:
    """Which fields are known where the unknown one stands."""
    known = tables.get(fields[0], tables[""]) if len(fields) > 1 else tables[""]
    try:
        require_known("field", fields[-1], dict.fromkeys(known.model_fields))
    except ValueError as error:
        return str(error).rstrip(".")
    return "it is not allowed here."
