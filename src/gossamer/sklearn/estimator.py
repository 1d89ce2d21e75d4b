"""What the classifier and the regressor have in common."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import nn

from gossamer.errors import require_int
from gossamer.nn import TrainingStep, topology_of
from gossamer.seeds import stream, torch_seed
from gossamer.sklearn.network import hidden_widths, network, rule_of, topology_for
from gossamer.sklearn.rows import dense, loader, parts, whole_blocks
from gossamer.studies.plan import names
from gossamer.topology import Topology
from gossamer.training import Config, EpochLines, fit
from gossamer.training.rewiring import Rewiring


class SparseMLP(BaseEstimator):  # type: ignore[misc]
    """A multilayer perceptron with the edges of a topology, trained with them alone.

    Subclasses say how targets become what the network learns, and what its outputs mean.
    """

    model_: nn.Module
    topology_: Topology
    _optimizer: torch.optim.Optimizer | None = None

    def __init__(
        self,
        hidden_layer_sizes: int | tuple[int, ...] = (100,),
        *,
        density: float = 0.2,
        topology: str | Topology = "erdos_renyi",
        rewire: Any = None,
        activation: str = "relu",
        dropout: float = 0.0,
        optimizer: str = "adam",
        learning_rate: float = 0.01,
        weight_decay: float = 0.0,
        epochs: int = 50,
        batch_size: int = 64,
        validation: float = 0.0,
        patience: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.density = density
        self.topology = topology
        self.rewire = rewire
        self.activation = activation
        self.dropout = dropout
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation = validation
        self.patience = patience
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _checked(self, X: Any, y: Any = "no_validation", *, reset: bool = False, **how: Any) -> Any:
        how |= {"accept_sparse": "csr", "dtype": np.float32, "reset": reset}
        return validate_data(self, X, y, **how)

    def _begin(self, outputs: int) -> int:
        """Make the network; the seed of everything else that is drawn."""
        seed = int(check_random_state(self.random_state).randint(2**31))
        widths = (self.n_features_in_, *hidden_widths(self.hidden_layer_sizes), outputs)
        self.topology_ = topology_for(self.topology, widths, self.density, seed=seed)
        self.model_ = network(self.topology_, self.activation, self.dropout, seed=seed)
        return seed

    def _fit(self, X: Any, targets: NDArray[Any], outputs: int) -> Self:
        seed = self._seed = self._begin(outputs)
        self._optimizer = None
        config = self._config()
        steps = -(-X.shape[0] // config.batch_size)
        rule = rule_of(self.rewire, config.epochs, steps)
        callbacks: list[Any] = [] if rule is None else [Rewiring(rule, rng=stream(seed, "rewiring"))]
        callbacks += [EpochLines()] if self.verbose else []
        examples: Any = (X, targets) if isinstance(X, np.ndarray) else loader(X, targets, config.batch_size)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(torch_seed(seed, "dropout"))
            history = fit(self.model_, examples, config, rng=stream(seed, "order"), callbacks=callbacks)
        self.n_iter_ = len(history.epochs)
        self.loss_curve_ = [epoch.loss for epoch in history.epochs]
        self._noted()
        return self

    def _pass(self, X: Any, targets: NDArray[Any], outputs: int) -> None:
        """One pass over some examples, from where the last one ended."""
        if self.rewire is not None:
            raise ValueError(f"rewire={self.rewire!r} needs fit: partial_fit keeps the topology.")
        if not hasattr(self, "model_"):
            self._seed = self._begin(outputs)
            self.loss_curve_, self.n_iter_ = [], 0
        if self._optimizer is None:  # the first pass, after fit too
            self._order = stream(self._seed, "order")
            self._optimizer = self._config().optimizer.build(self.model_)
        self.model_.train()
        step = TrainingStep(self.model_, self._optimizer, self._criterion())
        order, total = self._order.permutation(X.shape[0]), 0.0
        size = require_int("batch_size", self.batch_size, low=1)
        for start in range(0, len(order), size):
            numbers = order[start : start + size]
            total += step(dense(X[numbers]), torch.from_numpy(targets[numbers]))[0] * len(numbers)
        self.n_iter_ += 1
        self.loss_curve_.append(total / len(order))
        self._noted()

    def _config(self) -> Config:
        recipe = names.optimizer(self.optimizer, self.learning_rate, 0.9, self.weight_decay)
        return Config(
            epochs=self.epochs,
            batch_size=self.batch_size,
            optimizer=recipe,
            validation=self.validation,
            patience=self.patience,
        )

    def _noted(self) -> None:
        self.topology_ = topology_of(self.model_)  # a rule may have changed it

    def _outputs(self, X: Any) -> NDArray[Any]:
        check_is_fitted(self, "model_")
        rows = self._checked(X)
        self.model_.eval()
        with torch.no_grad():
            told = [self.model_(whole_blocks(part))[: len(part)] for part in parts(rows)]
        found: NDArray[Any] = torch.cat(told).double().numpy()
        return found

    def _criterion(self) -> nn.Module:
        raise NotImplementedError
