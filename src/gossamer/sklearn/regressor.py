"""Numbers told by a sparse network."""

from __future__ import annotations

import os
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted
from torch import nn

from gossamer.nn import export
from gossamer.sklearn.estimator import SparseMLP


class SparseMLPRegressor(RegressorMixin, SparseMLP):  # type: ignore[misc]
    """A regressor: the mean squared error of a sparse multilayer perceptron, for one number or several.

    Targets are brought to mean 0 and deviation 1 for the training, those of the first call of `partial_fit` for all
    later ones. Parameters and attributes are those of `SparseMLPClassifier`, but for `classes_`.

    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(300, 6)).astype(np.float32)
    >>> model = SparseMLPRegressor((64,), density=0.3, random_state=0).fit(X, X[:, 0] - 2 * X[:, 1])
    >>> bool(model.score(X, X[:, 0] - 2 * X[:, 1]) > 0.9)
    True
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from inputs (N, I) and numbers (N,) or (N, K)."""
        rows, numbers = self._numbered(X, y, reset=True)
        return self._fit(rows, self._scaled(numbers, anew=True), numbers.shape[1])

    def partial_fit(self, X: Any, y: Any) -> Self:
        """Pass once over some examples."""
        first = not hasattr(self, "model_")
        rows, numbers = self._numbered(X, y, reset=first)
        if not first and numbers.shape[1] != len(self._mean):
            raise ValueError(f"y has {numbers.shape[1]} numbers an example; the first call had {len(self._mean)}.")
        self._pass(rows, self._scaled(numbers, anew=first), numbers.shape[1])
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """The numbers, (N,) or (N, K) as they were learnt."""
        outputs = self._outputs(X)
        found: NDArray[Any] = outputs * self._deviation + self._mean
        return found[:, 0] if self._flat else found

    def export(self, path: str | os.PathLike[str]) -> None:
        """Write a file whose `gossamer.runtime.load(path)(X)` is `predict` as a matrix (N, K), without PyTorch.

        Raises:
            OSError: the file cannot be written.
        """
        check_is_fitted(self, "model_")
        scaled = nn.BatchNorm1d(len(self._mean), eps=0.0)  # of mean 0 and variance 1 as it is made: a scale and a shift
        with torch.no_grad():
            scaled.weight.copy_(torch.from_numpy(self._deviation))
            scaled.bias.copy_(torch.from_numpy(self._mean))
        export(nn.Sequential(self.model_, scaled), path)

    def _numbered(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, NDArray[Any]]:
        rows, numbers = self._checked(X, y, reset=reset, multi_output=True, y_numeric=True)
        if reset:
            self._flat = numbers.ndim == 1
        return rows, numbers.reshape(len(numbers), -1).astype(np.float64)

    def _scaled(self, numbers: NDArray[Any], *, anew: bool) -> NDArray[Any]:
        if anew:
            deviation = numbers.std(axis=0)
            self._mean, self._deviation = numbers.mean(axis=0), np.where(deviation > 0, deviation, 1.0)
        scaled: NDArray[Any] = ((numbers - self._mean) / self._deviation).astype(np.float32)
        return scaled

    def _criterion(self) -> nn.Module:
        return nn.MSELoss()
