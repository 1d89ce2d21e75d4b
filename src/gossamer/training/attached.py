"""Rewiring in a loop of somebody else's: a rewirer that hangs on an optimiser, and what it has to tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.utils.hooks import RemovableHandle

from gossamer.errors import RewiringError, Rng, require_known, require_rng
from gossamer.measures import MEASURES, Measure
from gossamer.nn import SparseLayer
from gossamer.rewiring import Recording, Rewirer, Rule
from gossamer.training.rewiring import layers_with_room


class AttachedRewiring:
    """Applies a rule after every step of an optimiser, whoever calls that step.

    Steps that a gradient scaler skips are not counted, and steps of gradient accumulation count once. The callbacks of
    `gossamer.lightning` and `gossamer.transformers` are made of it; another trainer's is as short.

    Args:
        rule: what happens when; steps are those of the optimiser, counted from 1.
        rng: where random rules draw.
        layers: names of the layers to rewire; all sparse layers with an empty place if None.
        recording: where updates are logged.
        measures: names in `gossamer.measures.MEASURES` of what to tell of each layer's junction after an update.

    Raises:
        ValueError: a measure that is not known.

    >>> import gossamer as gs
    >>> layer = gs.nn.SparseLinear(gs.Bipartite.from_mask([[1, 0, 1], [0, 1, 0]]))
    >>> optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    >>> rewiring = AttachedRewiring(gs.rewiring.sparse_evolutionary(every=1), rng=0, measures=["components"])
    >>> rewiring.begin(layer, [optimizer])
    >>> layer(torch.ones(4, 3)).sum().backward()
    >>> optimizer.step()
    >>> sorted(rewiring.news())
    ['components/(model)', 'edges', 'explored', 'moved', 'sparsity']
    >>> rewiring.end()
    """

    def __init__(
        self,
        rule: Rule,
        *,
        rng: Rng,
        layers: Iterable[str] | None = None,
        recording: Recording | None = None,
        measures: Iterable[str] = (),
    ) -> None:
        self.rule = rule
        self._rng = require_rng(rng)
        self._layers = None if layers is None else list(layers)
        self._recording = recording
        self._measures: list[Measure] = [require_known("measure", name, MEASURES) for name in measures]
        self._model: nn.Module | None = None
        self._rewirer: Rewirer | None = None
        self._handle: RemovableHandle | None = None
        self._kept: Mapping[str, Any] | None = None
        self._moved = 0
        self._is_told = True

    @property
    def rewirer(self) -> Rewirer:
        """What applies the rule.

        Raises:
            RewiringError: the training has not begun.
        """
        if self._rewirer is None:
            raise RewiringError("the training has not begun, so there is no rewirer yet.")
        return self._rewirer

    def begin(
        self, model: nn.Module, optimizers: Sequence[torch.optim.Optimizer], *, fixed_sizes: bool = False
    ) -> None:
        """Take hold of the model and of the optimiser that holds its sparse layers; go on from a state that was loaded.

        Args:
            model: without wrappers, so that layers have the names that they have everywhere.
            optimizers: PyTorch's own, without wrappers.
            fixed_sizes: whether the model stands inside of a wrapper that cannot follow other numbers of edges.

        Raises:
            RewiringError: no sparse layer, or an optimiser that does not hold one: it was made before `sparsify`.
            InfeasibleTopologyError: no sparse layer has an empty place.
            CheckpointError: the state is of another rule or other layers.
        """
        self.end()
        names = layers_with_room(model) if self._layers is None else self._layers
        self._model = model
        self._rewirer = Rewirer(
            model,
            _holding(model, names, optimizers),
            self.rule,
            rng=self._rng,
            layers=names,
            recording=self._recording,
            fixed_sizes=fixed_sizes,
            resume=self._kept,
        )
        if self._kept is not None and self._recording is not None:
            self._recording.forget_after(self._rewirer.steps)
        self._kept = None
        self._handle = self._rewirer.optimizer.register_step_post_hook(self._after_step)
        self._is_told = False

    def end(self) -> None:
        """Let go of the optimiser; the state stays."""
        if self._handle is not None:
            self._handle.remove()
            self._handle = None

    def news(self) -> dict[str, float]:
        """Edges, sparsity and so on, if they were not told yet; {} if they were.

        Names: "edges", "sparsity" (0 to 1), "moved" (new edges since the beginning), "explored" (see
        `Rewirer.explored`), and "MEASURE/LAYER".
        """
        if self._is_told:
            return {}
        self._is_told = True
        rewirer = self.rewirer
        numbers: dict[str, float] = {"edges": rewirer.edges, "sparsity": rewirer.sparsity, "moved": self._moved}
        numbers["explored"] = rewirer.explored
        for name, layer in rewirer.layers.items():
            for measure in self._measures:
                weights = layer.weight.detach().double().cpu().numpy() if measure.needs_weights else None
                numbers[f"{measure.name}/{name or '(model)'}"] = float(measure(layer.topology(), weights))
        return numbers

    def state_dict(self) -> dict[str, Any]:
        """All that later updates depend on; {} before the training begins."""
        if self._rewirer is None or self._kept is not None:
            return {} if self._kept is None else {"rewirer": dict(self._kept), "moved": self._moved}
        return {"rewirer": self._rewirer.state_dict(), "moved": self._moved}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from there when the training begins."""
        if state:
            self._kept, self._moved = state["rewirer"], int(state["moved"])

    def _after_step(self, *_: Any) -> None:
        update = self.rewirer.step()
        if update is not None:
            self._moved += sum(update.added)
            self._is_told = False


def _holding(
    model: nn.Module, names: Sequence[str], optimizers: Sequence[torch.optim.Optimizer]
) -> torch.optim.Optimizer:
    """The optimiser that holds the weights of most of the layers; the rewirer tells which it lacks."""
    if not optimizers:
        raise RewiringError("the training has no optimiser, so nothing says when to rewire.")
    layers = dict(model.named_modules())
    weights = {id(layers[name].weight) for name in names if isinstance(layers.get(name), SparseLayer)}

    def held(optimizer: torch.optim.Optimizer) -> int:
        return sum(id(each) in weights for group in optimizer.param_groups for each in group["params"])

    return max(optimizers, key=held)
