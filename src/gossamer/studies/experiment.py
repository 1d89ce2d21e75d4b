"""One training run, named by all that decides its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from gossamer.errors import require_int
from gossamer.rewiring import Recording, Rule
from gossamer.studies.architecture import Architecture
from gossamer.training import Callback, Config, History, Metrics, Rewiring, evaluate, fit, stream, torch_seed
from gossamer.training.data import Dataset


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to.

    Args:
        model: trained, at its best epoch if epochs were judged.
        history: the epochs.
        test: loss and accuracy on the test examples, looked at once, at the end.
    """

    model: nn.Module
    history: History
    test: Metrics


@dataclass(frozen=True, slots=True)
class Experiment:
    """All that decides one run's numbers, beside the data.

    Args:
        architecture: the network.
        config: how it is trained.
        seed: of the streams "topology", "weights", "order" (of the examples), "dropout" and "rewiring"; from 0.
        rule: how the topology changes during training; None for never.

    >>> from gossamer.generators import named
    >>> from gossamer.training.data import load
    >>> sparse = Architecture(named("fibonacci"), hidden=(64,), edges=(512, None))
    >>> outcome = Experiment(sparse, Config(epochs=3), seed=0).run(load("digits"))
    >>> outcome.test.accuracy > 0.5
    True
    """

    architecture: Architecture
    config: Config
    seed: int
    rule: Rule | None = None

    def __post_init__(self) -> None:
        require_int("seed", self.seed, low=0)

    def run(
        self,
        data: Dataset,
        *,
        checkpoint: Path | None = None,
        seconds_between_checkpoints: float = 0.0,
        callbacks: Sequence[Callback] = (),
        recording: Recording | None = None,
    ) -> Outcome:
        """Make the network, train it, and judge it; the global random state of PyTorch is as it was afterwards.

        Args:
            data: what it learns.
            checkpoint: written after every epoch; a run that is there goes on.
            seconds_between_checkpoints: after epochs that follow sooner none is written, but for the last one.
            callbacks: called after every step and epoch.
            recording: where the updates of the rule are logged, if there is one.

        Raises:
            InfeasibleTopologyError: there is no such network.
            TrainingDivergedError: the loss is no longer finite.
            CheckpointError: the checkpoint is damaged, of another run, or cannot be written.
        """
        model = self.architecture.network(data, seed=self.seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(torch_seed(self.seed, "dropout"))
            rng = stream(self.seed, "order")
            if self.rule is not None:
                callbacks = [Rewiring(self.rule, rng=stream(self.seed, "rewiring"), recording=recording), *callbacks]
            history = fit(
                model,
                data,
                self.config,
                rng=rng,
                checkpoint=checkpoint,
                seconds_between_checkpoints=seconds_between_checkpoints,
                callbacks=callbacks,
            )
        return Outcome(model, history, evaluate(model, data, self.config.loss))
