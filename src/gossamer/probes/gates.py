"""Which edges of a trained network it needs, asked by gates that close what the loss does not miss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

import numpy as np
import torch
from torch import Tensor, nn

from gossamer.distances import MatchedDistance, nnstd
from gossamer.errors import require_int, require_rng
from gossamer.nn import gated_layers, l0_penalty, with_gates, without_gates
from gossamer.plots.canvas import axes_or_new
from gossamer.probes.curvature import Loss
from gossamer.probes.finding import Finding, Number
from gossamer.probes.models import finite_loss
from gossamer.topology import Topology

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@final
@dataclass(frozen=True, eq=False)
class Gates(Finding):
    """What gates left open.

    Attributes:
        before: the network's edges.
        after: those whose gates stayed open.
        loss_before: of the network on all the data.
        loss_after: of the network of the open edges.
        network: that network, truly sparse.
        distance: NNSTD of the two topologies.
    """

    before: Topology
    after: Topology
    loss_before: float
    loss_after: float
    network: nn.Module
    distance: MatchedDistance

    equation: ClassVar[str] = "min over log α of loss(z ⊙ w) + λ Σ_e P(z_e > 0) / E, z hard-concrete, w as trained"

    @property
    def closed(self) -> tuple[float, ...]:
        """Share of each layer's edges that were closed, 0 to 1."""
        return tuple(
            1 - new.num_edges / old.num_edges if old.num_edges else 0.0
            for old, new in zip(self.before.layers, self.after.layers, strict=True)
        )

    @property
    def closed_share(self) -> float:
        """Share of all edges that were closed, 0 to 1."""
        edges = self.before.num_edges
        return 1 - self.after.num_edges / edges if edges else 0.0

    def record(self) -> Mapping[str, Number]:
        """Edges, the share closed, losses and the distance."""
        return {
            "gates_edges": self.before.num_edges,
            "gates_closed": self.closed_share,
            "gates_loss_before": self.loss_before,
            "gates_loss_after": self.loss_after,
            "gates_nnstd": self.distance.mean,
        }

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the share of each layer's edges that stayed open, and say of how many."""
        ax = axes_or_new(ax)
        places, layers = np.arange(len(self.before.layers)), self.before.layers
        ax.bar(places, np.ones(len(layers)), color="lightgray", label="closed")
        ax.bar(places, [1 - share for share in self.closed], label="open")
        ax.set_xticks(places, [f"{g.in_features}–{g.out_features}\n{g.num_edges:,} edges" for g in layers])
        title = f"{100 * self.closed_share:.3g} % of the edges closed by gates"
        ax.set(xlabel="layer", ylabel="share of the edges", ylim=(0, 1), title=title)
        ax.legend(loc="lower right")
        return ax


def gates(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    *,
    rng: np.random.Generator,
    loss: Loss = nn.functional.cross_entropy,
    penalty: float = 0.5,
    steps: int = 300,
    rate: float = 0.1,
    batch: int = 256,
) -> Gates:
    """Put a gate on every edge of a trained network, and learn which can close; the weights stay as they are.

    Args:
        model: a multilayer perceptron of linear layers, sparse or dense; it is not changed.
        inputs: (N, I).
        targets: what `loss` takes.
        rng: decides batches and gates.
        loss: the mean over a batch.
        penalty: λ: what the loss may rise by if it lets all edges close.
        steps: of Adam on the gates.
        rate: of Adam.
        batch: examples a step.

    Raises:
        ValueError: no linear layer, no examples, targets that do not fit, a loss that is not finite, a penalty below 0.
        TypeError: no torch module.

    References:
        C. Louizos, M. Welling, D. Kingma, ICLR 2018, for the gates; learning them alone on trained weights is ours.

    >>> import gossamer as gs
    >>> rng = np.random.default_rng(0)
    >>> model = gs.nn.mlp(gs.Topology([gs.generators.erdos_renyi(8, 3, 12, rng=rng)]))
    >>> found = gates(model, torch.randn(64, 8), torch.arange(64) % 3, rng=rng, steps=5)
    >>> found.before.num_edges, found.after.num_edges <= 12
    (12, True)
    """
    if not (np.isfinite(penalty) and penalty >= 0):
        raise ValueError(f"penalty={penalty} is not allowed: it must be finite and at least 0.")
    for name, value in (("steps", steps), ("batch", batch)):
        require_int(name, value, low=1)
    seed = int(require_rng(rng).integers(2**63))
    loss_before = finite_loss(model, inputs, targets, loss)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        gated = with_gates(model)
        layers = list(gated_layers(gated).values())
        before = Topology(layer.candidates() for layer in layers)
        _learn(gated, inputs, targets, loss=loss, penalty=penalty / before.num_edges, plan=(steps, rate, batch))
        network = without_gates(gated).eval()
    after = Topology(layer.topology() for layer in layers)
    return Gates(before, after, loss_before, finite_loss(network, inputs, targets, loss), network, nnstd(before, after))


def _learn(
    gated: nn.Module, inputs: Tensor, targets: Tensor, *, loss: Loss, penalty: float, plan: tuple[int, float, int]
) -> None:
    """Train the gates alone; everything else of the network behaves as at test."""
    steps, rate, batch = plan
    layers = list(gated_layers(gated).values())
    gated.eval()
    for layer in layers:
        layer.training = True  # gates are drawn; dropout and running statistics stay out
    adam = torch.optim.Adam([layer.logits for layer in layers], lr=rate)
    for _ in range(steps):
        chosen = torch.randint(len(inputs), (min(batch, len(inputs)),))
        value = loss(gated(inputs[chosen]), targets[chosen]) + penalty * l0_penalty(gated)
        adam.zero_grad()
        value.backward()
        adam.step()
    gated.eval()
