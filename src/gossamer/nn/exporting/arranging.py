"""Functions and methods that move numbers about, sizes, and attention, as steps."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import nn
from torch.nn import functional

from gossamer.errors import ExportError
from gossamer.nn.dot_product import scaled_dot_product_attention
from gossamer.nn.exporting.plan import Made, numbers


class Value(NamedTuple):
    """A tensor: the step that makes it, or None for the network's input."""

    made: Made | None


@dataclass(frozen=True, eq=False)
class Axis:
    """The size of an axis of a value."""

    of: Value
    axis: int


@dataclass(frozen=True, eq=False)
class Computed:
    """A size that follows from others: `word` is the runtime's name of the arithmetic."""

    word: str
    first: Size
    second: Size


Size: TypeAlias = int | Axis | Computed


class Shape(NamedTuple):
    """All sizes of a value."""

    of: Value


class Chunks(NamedTuple):
    """The parts of a value along an axis."""

    of: Value
    axis: int
    parts: int


class Unread(NamedTuple):
    """What a trace holds and no step needs, such as a device."""


Found: TypeAlias = Value | Axis | Computed | Shape | Chunks | Unread | tuple[Any, ...]

_ARITHMETIC = {
    operator.add: "plus",
    operator.sub: "minus",
    operator.mul: "times",
    operator.floordiv: "over",
}


def of_sizes(target: Any, arguments: Sequence[Any]) -> Found | None:
    """Arithmetic of sizes; None if these are no sizes."""
    sizes = all(isinstance(each, (int, Axis, Computed)) and not isinstance(each, bool) for each in arguments)
    if target not in _ARITHMETIC or not sizes or len(arguments) != 2:
        return None
    return Computed(_ARITHMETIC[target], *arguments)


def arranged(
    target: Any, arguments: Sequence[Any], named: Mapping[str, Any]
) -> Found | tuple[Made, list[Value]] | None:
    """What a call gives, or the step that computes it with the values that it takes; None if it is not known here.

    Raises:
        ExportError: arguments that the runtime lacks.
    """
    known = _KNOWN.get(target)
    if known is None:
        return None
    try:
        found: Found | tuple[Made, list[Value]] = known(*arguments, **named)
    except TypeError as error:
        raise ExportError(f"{_word(target)} has arguments that the runtime lacks: {error}") from error
    return found


def _word(target: Any) -> str:
    return target if isinstance(target, str) else getattr(target, "__name__", repr(target))


def _step(op: str, x: Any, **fields: Any) -> tuple[Made, list[Value]]:
    """A step of a value; sizes among its fields may be of others."""
    operands = [_value(x)]
    written = {name: _written(field, operands) for name, field in fields.items()}
    return Made(op, written), operands


def _value(x: Any) -> Value:
    if not isinstance(x, Value):
        raise TypeError(f"{x!r} stands where a computed tensor is needed")
    return x


def _written(size: Any, operands: list[Value]) -> Any:
    """A size, or a list of them, as JSON; values whose axes are read join the operands."""
    if isinstance(size, (list, tuple)) and not isinstance(size, Value):
        return [_written(each, operands) for each in size]
    if isinstance(size, Axis):
        if not any(each.made is size.of.made for each in operands):
            operands.append(size.of)
        (place,) = (k for k, each in enumerate(operands) if each.made is size.of.made)
        return {"of": place, "axis": size.axis}
    if isinstance(size, Computed):
        return {size.word: [_written(each, operands) for each in (size.first, size.second)]}
    if size is None or type(size) in (int, bool):
        return int(size) if size is not None else None
    raise TypeError(f"{size!r} is no size")


def _sizes(given: tuple[Any, ...]) -> list[Any]:
    """Sizes one by one, in a list, or as another value's shape."""
    (first, *rest) = given
    if rest or not isinstance(first, (list, tuple)) or isinstance(first, Value):
        return list(given)
    if isinstance(first, Shape):
        raise TypeError("the whole shape of another tensor is no list of sizes here")
    return list(first)


def _reshape(x: Any, *shape: Any) -> Any:
    return _step("reshape", x, shape=_sizes(shape))


def _unflatten(x: Any, dim: int, sizes: Sequence[Any]) -> Any:
    if dim != -1:
        raise TypeError("only the last axis can be made several")
    return _step("unflatten", x, shape=list(sizes))


def _unsqueeze(x: Any, dim: int) -> Any:
    return _step("unsqueeze", x, axis=dim)


def _permute(x: Any, *axes: Any) -> Any:
    return _step("permute", x, axes=_sizes(axes))


def _swap(x: Any, dim0: int, dim1: int) -> Any:
    return _step("swap", x, first=dim0, second=dim1)


def _expand(x: Any, *sizes: Any) -> Any:
    return _step("expand", x, shape=_sizes(sizes))


def _size(x: Any, dim: int | None = None) -> Any:
    return Shape(_value(x)) if dim is None else Axis(_value(x), dim)


def _attribute(x: Any, name: str) -> Any:
    if name == "shape":
        return Shape(_value(x))
    if name in ("device", "dtype"):
        return Unread()
    if name in ("T", "mT"):
        return _swap(x, -2, -1) if name == "mT" else _refuse(name)
    return _refuse(name)


def _refuse(name: str) -> Any:
    raise TypeError(f".{name} is not known")


def _chunk(x: Any, chunks: int, dim: int = 0) -> Any:
    return Chunks(_value(x), dim, chunks)


def _item(x: Any, index: Any) -> Any:
    if isinstance(x, Shape):
        if isinstance(index, slice):
            raise TypeError("only single sizes of a shape are known")
        return Axis(x.of, index)
    if isinstance(x, Chunks):
        return _step("chunk", x.of, axis=x.axis, parts=x.parts, number=index % x.parts)
    if isinstance(x, tuple) and not isinstance(x, Value):
        return x[index]
    return _picked(_value(x), index if isinstance(index, tuple) else (index,))


def _picked(x: Value, index: Sequence[Any]) -> Any:
    """The parts that an index names: whole axes, one slice, or one place."""
    picked = [(axis, each) for axis, each in enumerate(index) if each != slice(None)]
    if any(each is Ellipsis for each in index) or len(picked) != 1:
        raise TypeError(f"of indices only one slice or one place among whole axes is known, not {list(index)}")
    ((axis, which),) = picked
    if not isinstance(which, slice):
        return _step("part", x, axis=axis, start=which, stop=None, single=1)
    if which.step not in (None, 1):
        raise TypeError(f"a slice has the step {which.step}")
    return _step("part", x, axis=axis, start=which.start, stop=which.stop)


def _concatenate(tensors: Sequence[Any], dim: int = 0) -> Any:
    return Made("concatenate", {"axis": dim}), [_value(each) for each in tensors]


def _arange(*ends: Any, device: Any = None, dtype: Any = None) -> Any:
    if len(ends) != 1:
        raise TypeError("positions begin with 0")
    operands: list[Value] = []
    count = _written(ends[0], operands)
    return Made("positions", {"count": count}), operands


def _attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    if attn_mask is not None or dropout_p or enable_gqa:
        raise TypeError("masks, dropout and grouped queries are not in the runtime")
    fields = {"causal": int(is_causal), "scale": None if scale is None else float(scale)}
    return Made("attention", fields), [_value(each) for each in (query, key, value)]


def _embedding(input: Any, weight: Any, padding_idx: Any = None) -> Any:
    raise TypeError("call a module torch.nn.Embedding instead")


def _same(x: Any, *_: Any, **__: Any) -> Any:
    return _value(x)


_KNOWN: Mapping[Any, Callable[..., Any]] = {
    **dict.fromkeys(("view", "reshape", torch.reshape), _reshape),
    **dict.fromkeys(("unflatten", torch.unflatten), _unflatten),
    **dict.fromkeys(("unsqueeze", torch.unsqueeze), _unsqueeze),
    **dict.fromkeys(("permute", torch.permute), _permute),
    **dict.fromkeys(("transpose", torch.transpose), _swap),
    **dict.fromkeys(("expand",), _expand),
    **dict.fromkeys(("chunk", torch.chunk), _chunk),
    **dict.fromkeys(("contiguous",), _same),
    "size": _size,
    getattr: _attribute,
    operator.getitem: _item,
    **dict.fromkeys((torch.cat, torch.concat), _concatenate),
    torch.arange: _arange,
    **dict.fromkeys((functional.scaled_dot_product_attention, scaled_dot_product_attention), _attention),
    functional.embedding: _embedding,
}
"""By what a trace calls."""

VIEWS = tuple(
    target
    for target, known in _KNOWN.items()
    if known in (_reshape, _unflatten, _unsqueeze, _permute, _swap, _expand, _chunk, _same, _item)
)
"""Those that may give a view of what they take."""


def constant(name: str, tensor: Any) -> Made:
    """A parameter or a buffer."""
    if isinstance(tensor, nn.Module):
        raise ExportError(f"{name} is a module where a tensor is needed.")
    return Made("constant", arrays={"value": numbers(name, tensor)})
