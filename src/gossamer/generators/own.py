"""Constructions of one's own: any function that makes a junction, as it is, by a name, or as `module:function`."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gossamer.errors import require_known
from gossamer.generators import registry
from gossamer.generators.family import Family, Size
from gossamer.importing import function_named, names_a_function

_SIZES = {"num_edges": Size.NUM_EDGES, "edges": Size.NUM_EDGES, "fan_in": Size.FAN_IN}
_LEAST = 3


def family_of(construction: Family | str | Callable[..., Any]) -> Family:
    """The family of a construction, given in any way.

    A function of one's own is called as `function(in_features, out_features, size)`, with `rng=` if it has that
    argument. Its third argument is an edge count if it is called `num_edges`, the edges of each output if `fan_in`, and
    those of each input under any other name. It returns a junction, or what one can be made of: a mask (O, I), a scipy
    matrix, a networkx graph.

    Args:
        construction: a family, a registered name, `module:function`, a generator of this package, or a function.

    Raises:
        ValueError: there is no construction of this name, or the function takes other arguments.
        ImportedError: the function cannot be imported.
        TypeError: it is something else.

    >>> import gossamer as gs
    >>> def ring(in_features, out_features, degree):
    ...     return gs.Rotated(range(degree), in_features=in_features, out_features=out_features)
    >>> family_of(ring).with_edges(10, 10, 30, rng=0).num_edges
    30
    >>> family_of(gs.generators.fibonacci) is family_of("fibonacci")
    True
    """
    if isinstance(construction, Family):
        return construction
    if isinstance(construction, str):
        if construction not in registry.GENERATORS and names_a_function(construction):
            return _of_function(construction, function_named(construction))
        return require_known("topology", construction, registry.GENERATORS)
    known = next((family for family in registry.GENERATORS.values() if family.make is construction), None)
    if known is not None:
        return known
    if not callable(construction):
        raise TypeError(
            f"a construction is {type(construction).__name__}; give a name, a Family, or a function "
            "(in_features, out_features, size) that returns a junction."
        )
    return _of_function(getattr(construction, "__name__", type(construction).__name__), construction)


def register(name: str, construction: Family | Callable[..., Any]) -> Family:
    """Give a construction of one's own a name, for this process: studies, `layered` and the command line find it there.

    Other processes know it if they import the module that registers it; a study file names `module:function` instead.

    Args:
        name: not yet taken.
        construction: see `family_of`.

    Raises:
        ValueError: the name is taken by another construction, or is none.

    >>> from gossamer.generators import fibonacci
    >>> register("fibonacci", fibonacci).name  # known already, and the same
    'fibonacci'
    """
    if not isinstance(name, str) or not name.replace("-", "_").isidentifier():
        raise ValueError(f"name={name!r} is not allowed: letters, digits, - and _ are.")
    family = _renamed(family_of(construction), name)
    if registry.GENERATORS.get(name, family) != family:
        raise ValueError(f"there is a construction {name!r} already; choose another name.")
    registry.add(family)
    return family


def _of_function(name: str, function: Callable[..., Any]) -> Family:
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        raise ValueError(f"{name} does not say which arguments it takes.") from None
    positional = [
        each.name for each in parameters.values() if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)
    ]
    needed = [
        each.name for each in parameters.values() if each.default is each.empty and each.kind is not each.VAR_KEYWORD
    ]
    surplus = [each for each in needed if each not in (*positional[:_LEAST], "rng")]
    if len(positional) < _LEAST or surplus:
        raise ValueError(
            f"{name}({', '.join(parameters)}) takes other arguments than (in_features, out_features, size), and rng= "
            "where it draws."
        )
    size = _SIZES.get(positional[2], Size.DEGREE)
    return Family(
        name, function, size, registry.SIZES_OF[size], random="rng" in parameters, source=_digest_of_source(function)
    )


def _renamed(family: Family, name: str) -> Family:
    return Family(name, family.make, family.size, family.sizes, family.random, family.rotated, family.source)


def _digest_of_source(function: Callable[..., Any]) -> str:
    """16 digits of the file that defines a function: an edited construction is another one."""
    try:
        path = inspect.getsourcefile(inspect.unwrap(function))
        return "" if path is None else hashlib.blake2b(Path(path).read_bytes(), digest_size=8).hexdigest()
    except (TypeError, OSError):
        return ""
