"""Classes told by a sparse network."""

from __future__ import annotations

import os
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import check_is_fitted, column_or_1d
from torch import nn

from gossamer.nn import export
from gossamer.sklearn.estimator import SparseMLP


class SparseMLPClassifier(ClassifierMixin, SparseMLP):  # type: ignore[misc]
    """A classifier: cross-entropy of a sparse multilayer perceptron.

    Inputs are taken as they are: scale them, for instance by a `StandardScaler` in a `Pipeline`. CSR matrices stay
    sparse in memory; a batch at a time is written out.

    Args:
        hidden_layer_sizes: neurons of the hidden layers; () for none.
        density: edges over those of the dense network, above 0 to 1; small layers get a larger share.
        topology: the name of a construction in `gossamer.generators.GENERATORS`, "dense", or a `Topology`.
        rewire: the name of a rule in `gossamer.rewiring.RULES`, or a rule; None keeps the topology.
        activation: "relu", "sigmoid", "tanh", "gelu" or "leaky_relu".
        dropout: the probability that a hidden neuron is left out in training, 0 to 1.
        optimizer: "adam" or "sgd" (with momentum .9).
        learning_rate: above 0.
        weight_decay: from 0.
        epochs: the most passes over the examples.
        batch_size: examples a step.
        validation: the share of the examples held out; the best epoch on them is kept. 0 trains on all.
        patience: stop after so many epochs without a better one; it needs `validation`.
        random_state: a seed, a `numpy.random.RandomState` or None, as everywhere in scikit-learn.
        verbose: 1 prints a line an epoch.

    Attributes:
        classes_: the labels, ascending.
        model_: the trained network, a `torch.nn.Module`.
        topology_: its topology at the end.
        n_iter_: passes over the examples.
        loss_curve_: the training loss of each.
        n_features_in_: inputs.

    Raises:
        ValueError: data that are none, or a parameter out of its range, at `fit`.

    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32)
    >>> y = np.where(X[:, 0] * X[:, 1] > 0, "alike", "apart")
    >>> model = SparseMLPClassifier((64,), density=0.5, random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.9), model.topology_.widths
    (True, (8, 64, 2))
    """

    classes_: NDArray[Any]

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from inputs (N, I) and labels (N,)."""
        rows, labels = self._labelled(X, y, reset=True)
        self.classes_, targets = np.unique(labels, return_inverse=True)
        return self._fit(rows, targets.astype(np.int64), len(self.classes_))

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Self:
        """Pass once over some examples; the first call must name all classes."""
        first = not hasattr(self, "model_")
        rows, labels = self._labelled(X, y, reset=first)
        if first and classes is None:
            raise ValueError("classes=None at the first call of partial_fit; give all the labels that will come.")
        if first:
            self.classes_ = unique_labels(classes)
        elif classes is not None and not np.array_equal(self.classes_, unique_labels(classes)):
            raise ValueError(f"classes={classes} is not the same as at the first call: {self.classes_}.")
        unknown = np.setdiff1d(labels, self.classes_)
        if len(unknown):
            raise ValueError(f"y has labels {unknown} that are not among classes={self.classes_}.")
        self._pass(rows, np.searchsorted(self.classes_, labels).astype(np.int64), len(self.classes_))
        return self

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """The softmax of the outputs, (N, classes)."""
        outputs = self._outputs(X)
        powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        shares: NDArray[Any] = powers / powers.sum(axis=1, keepdims=True)
        return shares

    def predict(self, X: Any) -> NDArray[Any]:
        """The label of the largest output, (N,)."""
        best = self._outputs(X).argmax(axis=1)
        found: NDArray[Any] = self.classes_[best]
        return found

    def export(self, path: str | os.PathLike[str]) -> None:
        """Write a file whose `gossamer.runtime.load(path)(X)` is `predict_proba`; its `labels` are the classes.

        Raises:
            ExportError: labels that are neither texts nor numbers.
            OSError: the file cannot be written.
        """
        check_is_fitted(self, "model_")
        export(self.model_, path, softmax=True, labels=list(self.classes_))

    def _labelled(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, NDArray[Any]]:
        rows, labels = self._checked(X, y, reset=reset)
        check_classification_targets(labels)
        return rows, column_or_1d(labels, warn=True)

    def _criterion(self) -> nn.Module:
        return nn.CrossEntropyLoss()
