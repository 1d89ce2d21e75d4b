"""Rewiring in Lightning: a callback. Needs the extra `lightning`.

>>> import gossamer as gs
>>> from gossamer.lightning import Rewiring
>>> rewiring = Rewiring(gs.rewiring.rigl(every=100, until=10_000), rng=0)  # lightning.Trainer(callbacks=[rewiring])
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gossamer.errors import Rng
from gossamer.rewiring import Recording, Rewirer, Rule
from gossamer.rewiring.parallel import has_fixed_sizes
from gossamer.training.attached import AttachedRewiring

try:
    from lightning.pytorch import Callback, LightningModule, Trainer
except ImportError as error:
    raise ImportError("gossamer.lightning needs Lightning: pip install 'gossamer[lightning]'.") from error

__all__ = ["Rewiring"]


class Rewiring(Callback):  # type: ignore[misc]
    """Applies a rule to the sparse layers of a `LightningModule` after every step of its optimiser.

    Make the layers sparse (`gossamer.nn.sparsify`) in the module's `__init__` or `configure_model`, so that its
    optimiser holds their weights. The rule's state is kept in Lightning's checkpoints: `fit(ckpt_path=...)` goes on as
    if it had not stopped, on the checkpoint's topology.

    Args:
        rule: what happens when; steps are those of the optimiser, counted from 1.
        rng: where random rules draw, a generator or a seed.
        layers: names of the layers to rewire; all sparse layers with an empty place if None.
        recording: where updates are logged.
        measures: names in `gossamer.measures.MEASURES`, such as "algebraic_connectivity", of what to log of each layer.
        log: whether to log "rewiring/edges", "/sparsity", "/moved", "/explored" and the measures, at the first step and
            after each update. λ₂ of a wide layer takes longer than a training step: `measures` is empty unless asked.

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
    ) -> None:
        names = None if layers is None else list(layers)
        self._key = self._generate_state_key(layers=names)
        self._attached = AttachedRewiring(rule, rng=rng, layers=names, recording=recording, measures=measures)
        self._log = log

    @property
    def rewirer(self) -> Rewirer:
        """What applies the rule, once the training has begun; see `AttachedRewiring.rewirer`."""
        return self._attached.rewirer

    @property
    def state_key(self) -> str:
        """Callbacks for different layers have states of their own."""
        return str(self._key)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take hold of model and optimiser; see `AttachedRewiring.begin` for what is raised."""
        whole = trainer.strategy.model
        fixed = whole is not None and has_fixed_sizes(whole, [])
        self._attached.begin(pl_module, trainer.optimizers, fixed_sizes=fixed)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Log what the rewirer has to tell."""
        if self._log and (news := self._attached.news()):
            pl_module.log_dict({f"rewiring/{name}": value for name, value in news.items()})

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Let go of the optimiser."""
        self._attached.end()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Let go of the optimiser."""
        self._attached.end()

    def state_dict(self) -> dict[str, Any]:
        """All that later updates depend on."""
        return self._attached.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from there when the training begins."""
        self._attached.load_state_dict(state_dict)
