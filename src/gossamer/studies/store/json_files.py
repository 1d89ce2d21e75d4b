"""JSON files that say whether they are whole: written atomically, with a check of their content as the last entry."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gossamer.errors import StudyError
from gossamer.files import write_atomically

_CHECK = "check"


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write an object atomically; NaN becomes null, which every reader of JSON knows.

    Raises:
        OSError: the file cannot be written.
    """
    plain = _plain(content)
    text = json.dumps({**plain, _CHECK: _check(plain)}, indent=2, allow_nan=False)
    write_atomically(path, text.encode() + b"\n")


def read_json(path: Path) -> dict[str, Any]:
    """The object that `write_json` wrote, without its check; one that has none is taken as it is.

    Raises:
        StudyError: the file is damaged.
        OSError: it cannot be read.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.json")
    ...     write_json(path, {"accuracy": 0.5})
    ...     print(read_json(path))
    ...     _ = path.write_text(path.read_text().replace("0.5", "0.9"))
    ...     read_json(path)
    Traceback (most recent call last):
    gossamer.errors.StudyError: ...a.json is damaged: its content does not fit its check.
    """
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise StudyError(f"{path} is damaged: {error}.") from error
    if not isinstance(content, dict):
        raise StudyError(f"{path} is damaged: it holds no object.")
    check = content.pop(_CHECK, None)
    if check is not None and check != _check(content):
        raise StudyError(f"{path} is damaged: its content does not fit its check.")
    return content


def _check(content: Mapping[str, Any]) -> str:
    """16 hexadecimal digits of the content, whatever the order of its entries."""
    return hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=8).hexdigest()


def _plain(value: Any) -> Any:
    """The value as JSON gives it back: texts as names, lists, and null for what is not finite."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and value - value != 0 else value  # inf - inf and nan - nan are nan
