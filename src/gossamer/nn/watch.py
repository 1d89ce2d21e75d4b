"""Whether objects are as they were, asked before every training step and therefore answered natively."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Any

from gossamer.nn.kernels.native import unchanged


class Check(enum.IntEnum):
    """How `native/bind_watch.cpp` numbers its questions; it exports the same names."""

    EMPTY = 0
    VALUES = 1
    MEMBERS = 2
    ITEM = 3
    ATTRIBUTE = 4
    RESULT = 5
    KIND = 6


class Watch:
    """Remembers how things are; `holds` says whether they still are so. Objects are compared by identity.

    >>> things = {"a": 1}
    >>> watch = Watch()
    >>> watch.values(things)
    >>> watch.holds()
    True
    >>> things["b"] = 2
    >>> watch.holds()
    False
    """

    def __init__(self) -> None:
        self._checks: list[tuple[int, Any, Any, Any]] = []

    def empty(self, *mappings: Mapping[Any, Any]) -> None:
        """Dictionaries that are empty."""
        self._checks += [(Check.EMPTY, mapping, None, None) for mapping in mappings]

    def kind(self, mapping: Mapping[Any, Any], kind: type) -> None:
        """A dictionary whose values are all of one kind, however many there are."""
        self._checks.append((Check.KIND, mapping, None, kind))

    def values(self, mapping: Mapping[Any, Any], *, but: frozenset[str] = frozenset()) -> None:
        """The values of a dictionary, in its order; those of some keys may be any."""
        expected = tuple(... if key in but else value for key, value in mapping.items())
        self._checks.append((Check.VALUES, mapping, None, expected))

    def members(self, members: list[Any]) -> None:
        """The members of a list."""
        self._checks.append((Check.MEMBERS, members, None, tuple(members)))

    def items(self, mapping: Mapping[str, Any], *keys: str) -> None:
        """Some items of a dictionary; those that are not there are like None."""
        self._checks += [(Check.ITEM, mapping, key, mapping.get(key)) for key in keys]

    def attributes(self, thing: object, *names: str) -> None:
        """Some attributes; those that are not there are like None."""
        self._checks += [(Check.ATTRIBUTE, thing, name, getattr(thing, name, None)) for name in names]

    def result(self, method: Callable[[Any], object], thing: object) -> None:
        """What a method of its class returns for a thing; compared by value."""
        self._checks.append((Check.RESULT, thing, method, method(thing)))

    def holds(self) -> bool:
        """Whether nothing has changed."""
        return unchanged(self._checks)
