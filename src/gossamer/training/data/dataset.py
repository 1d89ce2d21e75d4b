"""A data set as a value: inputs as stored, labels, and what one needs to know to cite it."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self, Unpack

import numpy as np

from gossamer.training.data.arrays import Choices, Options, from_arrays
from gossamer.training.data.examples import Examples
from gossamer.training.data.scaling import Moments, Scaling, moments, of_each


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Training and test examples of one task.

    A classification has `classes`; a regression has `targets` instead, and labels that are numbers. Data of one's own
    come in by `from_arrays`, `from_csv`, `from_torch` and `from_folder`.

    Args:
        name: what it is called on the command line.
        train: examples to learn from.
        test: examples to judge by, of as many features.
        shape: of one input before it was flattened, channels first, such as (1, 28, 28).
        classes: the name of each label; none of a regression.
        source: who made it.
        licence: under which terms.
        targets: the name of each number to tell; none of a classification.
        scale: what inputs are scaled by. Unless it is `Scaling.NONE`, the numbers of a regression are scaled, too, each
            by itself: losses are in those units, metrics and predictions in the data's own.

    Raises:
        ValueError: features, shape, classes and targets that do not fit each other.

    >>> examples = Examples(np.array([[0.0, 2.0]]), np.array([1]))
    >>> Dataset("two", examples, examples, shape=(2,), classes=("no", "yes"), source="us", licence="MIT")
    Dataset('two', 1 to train, 1 to test, 2 features, 2 classes)
    """

    name: str
    train: Examples
    test: Examples
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    source: str
    licence: str
    targets: tuple[str, ...] = ()
    scale: Scaling = Scaling.TOGETHER
    features: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if bool(self.classes) == bool(self.targets):
            raise ValueError(f"classes={self.classes} and targets={self.targets}: one of them is needed.")
        if self.features and len(self.features) != self.num_features:
            raise ValueError(f"{len(self.features)} names of features; shape={self.shape} has {self.num_features}.")
        for part in ("train", "test"):
            examples: Examples = getattr(self, part)
            if examples.inputs.shape[1] != self.num_features:
                raise ValueError(
                    f"{part} has {examples.inputs.shape[1]} features; shape={self.shape} has {self.num_features}."
                )
            self._check_labels(part, examples)

    def _check_labels(self, part: str, examples: Examples) -> None:
        if examples.numeric != self.numeric:
            found, needed = ("numbers", "targets") if examples.numeric else ("classes", "classes")
            raise ValueError(f"the labels of {part} are {found}, so the data set needs {needed}=.")
        if self.numeric and examples.labels.shape[1] != len(self.targets):
            raise ValueError(
                f"{part} has {examples.labels.shape[1]} numbers for each input; {len(self.targets)} targets."
            )
        if not self.numeric and examples.labels.max() >= len(self.classes):
            raise ValueError(f"{part} has label {examples.labels.max()}; there are {len(self.classes)} classes.")

    @classmethod
    def from_arrays(cls, inputs: Any, labels: Any, **options: Unpack[Options]) -> Self:
        """Make a data set of arrays; `gossamer.training.data.arrays` says of which, and what may be chosen.

        >>> X, y = np.random.default_rng(0).normal(size=(50, 4)), ["cat", "dog"] * 25
        >>> Dataset.from_arrays(X, y)
        Dataset('arrays', 40 to train, 10 to test, 4 features, 2 classes)
        >>> Dataset.from_arrays(X, X.sum(axis=1), test=0.3)
        Dataset('arrays', 35 to train, 15 to test, 4 features, 1 number to tell)
        """
        return cls(**from_arrays(inputs, labels, **options))

    @classmethod
    def from_csv(
        cls,
        path: str | os.PathLike[str],
        target: str | Sequence[str] | None = None,
        *,
        drop: Sequence[str] = (),
        **options: Unpack[Options],
    ) -> Self:
        """Read a table with a header; `gossamer.training.data.table.from_csv` says how."""
        from gossamer.training.data.table import from_csv

        return cls(**from_csv(path, target, drop=drop, **options))

    @classmethod
    def from_torch(cls, train: Any, test: Any = 0.2, **options: Unpack[Choices]) -> Self:
        """Read a PyTorch data set or loader whole; `gossamer.training.data.items.from_torch` says how."""
        from gossamer.training.data.items import from_torch

        return cls(**from_torch(train, test, **options))

    @classmethod
    def from_folder(cls, path: str | os.PathLike[str], **options: Unpack[Options]) -> Self:
        """Read images in one folder a class; `gossamer.training.data.images.from_folder` says how."""
        from gossamer.training.data.images import from_folder

        return cls(**from_folder(path, **options))

    @property
    def numeric(self) -> bool:
        """Whether numbers are to be told (a regression), not classes."""
        return bool(self.targets)

    @property
    def num_features(self) -> int:
        """Inputs of a network for it."""
        return math.prod(self.shape)

    @property
    def num_classes(self) -> int:
        """Classes; 0 of a regression."""
        return len(self.classes)

    @property
    def num_outputs(self) -> int:
        """Outputs of a network for it: one for each class, or for each number to tell."""
        return len(self.targets) or len(self.classes)

    @cached_property
    def scaling(self) -> Moments:
        """Mean and deviation that inputs are brought to 0 and 1 with, taken over the training inputs."""
        return moments(self.train.inputs, self.scale)

    @cached_property
    def target_scaling(self) -> Moments:
        """The same of each number of a regression; 0 and 1 if they are not scaled."""
        scaled = self.numeric and self.scale is not Scaling.NONE
        return of_each(self.train.labels) if scaled else Moments(0.0, 1.0)

    @cached_property
    def digest(self) -> str:
        """Name of the contents: 32 hexadecimal digits (BLAKE2b over all examples)."""
        state = hashlib.blake2b(f"{self.shape} {self.classes}{self._unusual()}".encode(), digest_size=16)
        for part in (self.train, self.test):
            for array in (part.inputs, part.labels):
                state.update(f"{array.dtype.str} {array.shape}".encode())
                state.update(np.ascontiguousarray(array).data)
        return state.hexdigest()

    def _unusual(self) -> str:
        scale = "" if self.scale is Scaling.TOGETHER else f" scaled {self.scale.value}"
        return f"{scale} {self.targets}" if self.numeric else scale

    def __repr__(self) -> str:
        count = self.num_outputs
        told = f"{count} number{'s' * (count > 1)} to tell" if self.numeric else f"{count} classes"
        return (
            f"Dataset({self.name!r}, {len(self.train)} to train, {len(self.test)} to test, "
            f"{self.num_features} features, {told})"
        )
