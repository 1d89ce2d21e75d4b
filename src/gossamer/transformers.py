"""Rewiring in Hugging Face's Trainer: a callback. Needs the extra `transformers`.

>>> import gossamer as gs
>>> from gossamer.transformers import RewiringCallback
>>> callback = RewiringCallback(gs.rewiring.rigl(every=100, until=10_000), rng=0)  # Trainer(callbacks=[callback], ...)
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from gossamer.errors import CheckpointError, Rng
from gossamer.rewiring import Recording, Rewirer, Rule
from gossamer.training import checkpoints
from gossamer.training.attached import AttachedRewiring

try:
    from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
except ImportError as error:
    raise ImportError(
        "gossamer.transformers needs Transformers and Accelerate: pip install 'gossamer[transformers]'."
    ) from error

__all__ = ["FILE", "RewiringCallback"]

FILE = "rewirer.checkpoint"
"""What a callback keeps in each checkpoint's folder, written as `gossamer.training.checkpoints` are."""


class RewiringCallback(TrainerCallback):  # type: ignore[misc]
    """Applies a rule to the sparse layers of a model after every step of the Trainer's optimiser.

    Make the layers sparse (`gossamer.nn.sparsify`) before the model goes to the `Trainer`, or in `model_init`. The
    rule's state is kept beside the Trainer's checkpoints: `train(resume_from_checkpoint=...)` goes on as if it had not
    stopped, on the checkpoint's topology.

    Args:
        rule: what happens when; steps are those of the optimiser, counted from 1.
        rng: where random rules draw, a generator or a seed.
        layers: names of the layers to rewire; all sparse layers with an empty place if None.
        recording: where updates are logged.
        measures: names in `gossamer.measures.MEASURES`, such as "algebraic_connectivity", of what to log of each layer.
        log: whether "rewiring/edges", "/sparsity", "/moved", "/explored" and the measures go with the Trainer's next
            logs after each update: into `trainer.state.log_history`, and to the callbacks that stand behind this one.
        checkpoint: the checkpoint that a training goes on from, if it lies elsewhere than `output_dir/checkpoint-STEP`.

    Raises:
        TypeError: no rule, no generator.
        ValueError: a measure that is not known.
    """

    def __init__(
        self,
        rule: Rule,
        *,
        rng: Rng,
        layers: Iterable[str] | None = None,
        recording: Recording | None = None,
        measures: Iterable[str] = (),
        log: bool = True,
        checkpoint: str | os.PathLike[str] | None = None,
    ) -> None:
        self._attached = AttachedRewiring(rule, rng=rng, layers=layers, recording=recording, measures=measures)
        self._log = log
        self._checkpoint = checkpoint

    @property
    def rewirer(self) -> Rewirer:
        """What applies the rule, once the training has begun; see `AttachedRewiring.rewirer`."""
        return self._attached.rewirer

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any
    ) -> None:
        """Take hold of model and optimiser; go on from a checkpoint if the Trainer does.

        Raises:
            CheckpointError: the checkpoint's folder lacks the rewirer's state, or it is damaged or of another rule.
        """
        if state.global_step:
            folder = self._checkpoint or Path(args.output_dir, f"checkpoint-{state.global_step}")
            self._attached.load_state_dict(_read(Path(folder, FILE), state.global_step))
        parallel = dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1
        self._attached.begin(given["model"], [_plain(given["optimizer"])], fixed_sizes=parallel)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Add what the rewirer has to tell to what is logged."""
        if self._log and logs is not None:
            news = {f"rewiring/{name}": value for name, value in self._attached.news().items()}
            logs.update(news)
            if news and state.log_history:
                state.log_history[-1].update(news)

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Keep the state beside the checkpoint."""
        folder = Path(args.output_dir, f"checkpoint-{state.global_step}")
        if state.is_world_process_zero and folder.is_dir():
            checkpoints.write(self._attached.state_dict(), folder / FILE)

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Let go of the optimiser."""
        self._attached.end()


def _plain(optimizer: Any) -> torch.optim.Optimizer:
    """PyTorch's optimiser inside of Accelerate's."""
    while not isinstance(optimizer, torch.optim.Optimizer) or hasattr(optimizer, "optimizer"):
        optimizer = optimizer.optimizer
    return optimizer


def _read(path: Path, step: int) -> dict[str, Any]:
    if not path.exists():
        raise CheckpointError(
            f"the training goes on at step {step}, but {path} is missing: the checkpoint was written without this "
            "callback, or it lies elsewhere; RewiringCallback(checkpoint=FOLDER) says where."
        )
    state = checkpoints.read(path)
    if not {"rewirer", "moved"} <= state.keys():
        raise CheckpointError(f"{path} is a checkpoint of Gossamer, but no state of a rewirer.")
    return state
