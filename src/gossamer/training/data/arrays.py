"""A data set out of arrays: what is read, how it is split, how it is scaled."""

from __future__ import annotations

from typing import Any, Literal, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from gossamer.errors import require_fraction, require_rng
from gossamer.training.data.answers import Answers, answers_of
from gossamer.training.data.columns import RowName, column_names, inputs_of, row_of_array
from gossamer.training.data.examples import Examples
from gossamer.training.data.scaling import Scaling


class Choices(TypedDict, total=False):
    """What may be chosen of a data set of one's own.

    Args:
        rng: decides which examples are for the test; without it they are taken at even steps, out of each class.
        task: "classification" or "regression", where labels do not tell.
        scale: `Scaling.TOGETHER`, `.EACH` or `.NONE`, or their values as text; pixels are scaled together, and columns
            each by itself, if none is given.
        name: of the data set.
        source: who made it.
        licence: under which terms.
    """

    rng: np.random.Generator | int | None
    task: Literal["classification", "regression"] | None
    scale: Scaling | str | None
    name: str
    source: str
    licence: str


class Options(Choices, total=False):
    """The same, and `test`: the share of the examples that is for the test, or a pair (inputs, labels) of them."""

    test: float | tuple[Any, Any]


def from_arrays(
    inputs: Any, labels: Any, *, row_name: RowName = row_of_array, **options: Unpack[Options]
) -> dict[str, Any]:
    """The arguments of a `Dataset` of these examples.

    Args:
        inputs: see `gossamer.training.data.columns.inputs_of`: tables, images, tensors, sparse matrices.
        labels: see `gossamer.training.data.answers.answers_of`: classes by any names, or numbers to tell.
        row_name: how errors call a row.
        **options: see `Options`.

    Raises:
        ValueError: what cannot be read, in a sentence that names column and row.
    """
    values, shape = inputs_of(inputs, row_name=row_name)
    answers = answers_of(labels, task=options.get("task"), row_name=row_name)
    if len(values) != len(answers.labels):
        raise ValueError(f"{len(values)} inputs and {len(answers.labels)} labels: each input needs one.")
    train, test = _parts(Examples(values, answers.labels), answers, shape, options)
    images = len(shape) > 1
    scale = options.get("scale")
    return {
        "name": options.get("name", "arrays"),
        "train": train,
        "test": test,
        "shape": shape,
        "classes": answers.classes,
        "targets": answers.targets,
        "scale": (Scaling.TOGETHER if images else Scaling.EACH) if scale is None else Scaling(scale),
        "source": options.get("source", "unknown"),
        "licence": options.get("licence", "unknown"),
        "features": column_names(inputs),
    }


def _parts(examples: Examples, answers: Answers, shape: tuple[int, ...], options: Options) -> tuple[Examples, Examples]:
    share = options.get("test", 0.2)
    if isinstance(share, (tuple, list)):
        return examples, _given(share, answers, shape)
    held = _held_out(examples.labels, require_fraction("test", share), options.get("rng"))
    if not 0 < len(held) < len(examples):
        raise ValueError(
            f"test={share} of {len(examples)} examples leaves nothing to {'test' if share < 0.5 else 'learn'}."
        )
    kept = np.delete(np.arange(len(examples)), held)
    return examples.take(kept), examples.take(held)


def _held_out(labels: NDArray[Any], share: float, rng: np.random.Generator | int | None) -> NDArray[np.int64]:
    """Which examples are for the test: of each class its share, at random or at even steps."""
    groups = [np.arange(len(labels))] if labels.ndim == 2 else _of_each_class(labels)
    source = None if rng is None else require_rng(rng)
    held = []
    for group in groups:
        order = group if source is None else source.permutation(group)
        count = round(share * len(group))
        held.append(order[((np.arange(count) + 0.5) * len(group) / max(count, 1)).astype(np.int64)])
    return np.sort(np.concatenate(held))


def _of_each_class(labels: NDArray[Any]) -> list[NDArray[np.int64]]:
    order = np.argsort(labels, kind="stable")
    return np.split(order, np.cumsum(np.bincount(labels))[:-1])


def _given(pair: Any, answers: Answers, shape: tuple[int, ...]) -> Examples:
    """Test examples that were given, with the classes of the training examples."""
    if len(pair) != 2:
        raise ValueError(f"test has {len(pair)} parts; (inputs, labels) is needed.")
    values, found = inputs_of(pair[0])
    if found != shape:
        raise ValueError(f"inputs for the test have shape {found}; those to learn from have {shape}.")
    if answers.targets:
        return Examples(values, answers_of(pair[1], task="regression").labels)
    told = _named(pair[1])
    numbers = {name: number for number, name in enumerate(answers.classes)}
    unknown = [name for name in told if name not in numbers]
    if unknown:
        raise ValueError(f"class {unknown[0]!r} of the test is none to learn from: {', '.join(answers.classes)}.")
    return Examples(values, np.array([numbers[name] for name in told]))


def _named(labels: Any) -> list[str]:
    array = labels.to_numpy() if hasattr(labels, "to_numpy") else np.asarray(labels)
    return [str(name) for name in array.reshape(-1)]
