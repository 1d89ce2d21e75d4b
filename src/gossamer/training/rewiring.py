"""Rewiring as something that happens between the steps of a run."""

from __future__ import annotations

from typing import Any

from torch import nn

from gossamer.errors import InfeasibleTopologyError, Rng, require_rng
from gossamer.nn import SparseLayer
from gossamer.rewiring import Recording, Rewirer, Rule
from gossamer.training.run import TrainingRun


class Rewiring:
    """Applies a rule to all sparse layers of a run that have an empty place; its state is kept in checkpoints.

    Args:
        rule: what happens when; steps are those of the optimiser, counted from 1.
        rng: where random rules draw. To resume, give it in the state that it had at the first call.
        recording: where updates are logged.
        fresh_steps: see `gossamer.rewiring.Rewirer`.
    """

    def __init__(self, rule: Rule, *, rng: Rng, recording: Recording | None = None, fresh_steps: bool = False) -> None:
        self._rule = rule
        self._rng = require_rng(rng)
        self._recording = recording
        self._fresh_steps = fresh_steps
        self._rewirer: Rewirer | None = None
        self._moved = 0

    @property
    def rewirer(self) -> Rewirer:
        """What applies the rule; exists once the training has begun."""
        if self._rewirer is None:
            raise RuntimeError("the training has not begun, so there is no rewirer yet.")
        return self._rewirer

    def before_training(self, run: TrainingRun) -> None:
        """Take hold of the model and its optimiser.

        Raises:
            InfeasibleTopologyError: no sparse layer with an empty place.
        """
        names = layers_with_room(run.model)
        self._rewirer = Rewirer(
            run.model,
            run.optimizer,
            self._rule,
            rng=self._rng,
            layers=names,
            recording=self._recording,
            fresh_steps=self._fresh_steps,
        )

    def after_step(self, run: TrainingRun) -> None:
        """Update the topology if the rule is due."""
        update = self.rewirer.step()
        self._moved += sum(update.added) if update else 0

    def after_epoch(self, run: TrainingRun) -> None:
        """Say what became of the topology."""
        rewirer = self.rewirer
        run.notes["rewiring"] = (
            f"sparsity {100 * rewirer.sparsity:.2f} %, {self._moved} edges moved, R_s {rewirer.explored:.3f}"
        )

    def state_dict(self) -> dict[str, Any]:
        """All that later updates depend on."""
        return {"rewirer": self.rewirer.state_dict(), "moved": self._moved}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self._moved = state["moved"]
        self.rewirer.load_state_dict(state["rewirer"])
        if self._recording is not None:
            self._recording.forget_after(self.rewirer.steps)


def layers_with_room(model: nn.Module) -> list[str]:
    """Names of the sparse layers that have an empty place.

    Raises:
        InfeasibleTopologyError: there is none.
    """
    sparse = {name: layer for name, layer in model.named_modules() if isinstance(layer, SparseLayer)}
    names = [name for name, layer in sparse.items() if layer.weight.numel() < layer.places]
    if not names:
        raise InfeasibleTopologyError("no layer of the model is sparse, so no edge can move.")
    return names
