"""Errors, warnings, and the argument checks that raise them.

Every message names the thing, its value and what was allowed.
"""

from __future__ import annotations

import contextlib
import difflib
import math
import operator
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias, TypeVar

import numpy as np

T = TypeVar("T")

Rng: TypeAlias = np.random.Generator | int
"""Where random things are drawn: a generator, which moves on, or an int that seeds a new one."""


class GossamerError(Exception):
    """Base of every error that Gossamer raises on purpose."""


class InvalidTopologyError(GossamerError, ValueError):
    """The arrays given do not describe a junction or a topology."""


class InfeasibleTopologyError(GossamerError, ValueError):
    """No topology exists with the parameters asked for."""


class TopologyFileError(GossamerError, ValueError):
    """A file is damaged, truncated, foreign or of another version."""


class ExportError(GossamerError, ValueError):
    """A model has a layer that the runtime lacks, or is no fixed graph."""


class DataUnavailableError(GossamerError, RuntimeError):
    """A data set is neither on this machine nor to be had."""


class DataFileError(GossamerError, ValueError):
    """A file of a data set is damaged, truncated or another one."""


class ImportedError(GossamerError, ValueError):
    """A function of one's own, named `module:function`, is not there, raises, or returns something else."""


class TrainingDivergedError(GossamerError, ArithmeticError):
    """The loss is no longer a finite number."""


class CheckpointError(GossamerError, RuntimeError):
    """A checkpoint cannot be written, read, or does not fit the model."""


class StudyError(GossamerError, RuntimeError):
    """A study cannot be read, or cannot go on."""


class StudyFileError(StudyError, ValueError):
    """A study file has a field that is unknown, contradicts another, or has a value that is not allowed."""


class EngineError(StudyError):
    """An engine is not installed, does not answer, or does not work."""


class RewiringError(GossamerError, RuntimeError):
    """A topology cannot change now: model, optimiser and rule do not fit together, or lack what the rule needs."""


class ConvergenceError(GossamerError, ArithmeticError):
    """An iterative method stopped before it reached its tolerance."""


class CheckpointWarning(UserWarning):
    """A checkpoint is damaged, and an older one is used."""


class StudyWarning(UserWarning):
    """A run's files are damaged, and it is left out of what was asked."""


class SparsifyWarning(UserWarning):
    """A model was to be made sparse, and nothing of it could be."""


class TuningWarning(UserWarning):
    """A file of thresholds, or an instruction set asked for, is ignored: damaged, or of another machine."""


class KernelWarning(UserWarning):
    """Layers on a GPU take slower kernels than they might; the message says why."""


class TopologyWarning(UserWarning):
    """A topology is legal but has a property that its user should know: dead units, several components."""


@contextlib.contextmanager
def without_topology_warnings() -> Iterator[None]:
    """No word of dead units or several components: for those whose tables say so of every topology."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TopologyWarning)
        yield


def require_int(name: str, value: Any, *, low: int, high: int | None = None) -> int:
    """Return `value` as an int within [low, high].

    Raises:
        TypeError: `value` is not an integer (bools and floats are not).
        ValueError: `value` is outside the range.

    >>> require_int("degree", 0, low=1, high=4)
    Traceback (most recent call last):
    ValueError: degree=0 is not allowed: it must be from 1 to 4.
    """
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name}={value!r} is a bool, not an integer.")
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}={value!r} is {type(value).__name__}, not an integer.") from None
    if number < low or (high is not None and number > high):
        allowed = f"at least {low}" if high is None else f"from {low} to {high}"
        raise ValueError(f"{name}={number} is not allowed: it must be {allowed}.")
    return number


def require_fraction(name: str, value: Any, *, low: float = 0.0, high: float = 1.0) -> float:
    """Return `value` as a finite float within [low, high].

    Raises:
        TypeError: `value` is not a real number.
        ValueError: `value` is not finite or outside the range.

    >>> require_fraction("density", 1.5)
    Traceback (most recent call last):
    ValueError: density=1.5 is not allowed: it must be from 0 to 1.
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.floating, np.integer)):
        raise TypeError(f"{name}={value!r} is {type(value).__name__}, not a number.")
    number = float(value)
    if not (math.isfinite(number) and low <= number <= high):
        raise ValueError(f"{name}={number} is not allowed: it must be from {low:g} to {high:g}.")
    return number


def require_rng(rng: Any) -> np.random.Generator:
    """Return `rng` if it is a `numpy.random.Generator`; a whole number is the seed of a new one.

    Raises:
        TypeError: it is anything else: a RandomState, None.
        ValueError: a negative seed.

    >>> require_rng(0).random() == np.random.default_rng(0).random()
    True
    """
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, (bool, np.bool_)) or not isinstance(rng, (int, np.integer)):
        raise TypeError(
            f"rng={rng!r} is {type(rng).__name__}, not a numpy.random.Generator such as np.random.default_rng(0), nor "
            "a whole number, its seed."
        )
    return np.random.default_rng(require_int("rng", rng, low=0))


def require_known(kind: str, name: str, known: Mapping[str, T]) -> T:
    """Return what `name` stands for among the `known` things of this kind.

    Raises:
        TypeError: it is no text.
        ValueError: it is none of them; the message lists them all, and the likely one.

    >>> require_known("colour", "gren", {"red": 1, "green": 2})
    Traceback (most recent call last):
    ValueError: there is no colour 'gren': red, green are known. Did you mean green?
    """
    if not isinstance(name, str):
        raise TypeError(f"the name of a {kind} is text, not {name!r}.")
    if name in known:
        return known[name]
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f" Did you mean {close[0]}?" if close else ""
    raise ValueError(f"there is no {kind} {name!r}: {', '.join(known)} are known.{hint}")
