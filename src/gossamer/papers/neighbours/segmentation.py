"""Shapes in noise, and small fully convolutional encoder-decoders that find them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from gossamer.generators import erdos_renyi
from gossamer.nn import SparseConv2d

SIDE = 16


def shapes(count: int, *, noise: float = 1.0, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Images of a disc and a square in Gaussian noise, and what each pixel shows.

    Args:
        count: images N.
        noise: standard deviation; shapes are 1 brighter than nothing.
        rng: decides all.

    Returns:
        Images (N, 1, 16, 16), and classes (N, 16, 16): 0 nothing, 1 square, 2 disc (in front).
    """
    y, x = np.mgrid[:SIDE, :SIDE]
    labels = np.zeros((count, SIDE, SIDE), dtype=np.int64)
    for image in labels:
        for kind in (1, 2):
            (cy, cx), r = rng.uniform(3, SIDE - 4, 2), rng.uniform(2, 4)
            away = np.maximum(abs(y - cy), abs(x - cx)) if kind == 1 else np.hypot(y - cy, x - cx)
            image[away <= r] = kind
    pixels = (labels > 0) + noise * rng.standard_normal(labels.shape)
    return torch.from_numpy(pixels[:, None]).float(), torch.from_numpy(labels)


class EncoderDecoder(nn.Module):
    """Two halvings and two doublings of resolution, of 3 by 3 convolutions; skip connections add what was encoded.

    With and without skip connections there are as many weights.

    Args:
        skips: whether the decoder gets the encoder's values of its resolution.
        channels: of all but the first and last layer.
        density: share of taps between hidden channels; below 1 they are random, drawn from `rng`.
        rng: of the taps.

    Shapes: (N, 1, H, W) to (N, 3, H, W), H and W multiples of 4.
    """

    def __init__(
        self, *, skips: bool, channels: int = 8, density: float = 1.0, rng: np.random.Generator | None = None
    ) -> None:
        super().__init__()
        self.skips = skips
        self.entry = nn.Conv2d(1, channels, 3, padding=1)
        self.down = nn.ModuleList(_inner(channels, density, rng) for _ in range(2))
        self.up = nn.ModuleList(_inner(channels, density, rng) for _ in range(2))
        self.exit = nn.Conv2d(channels, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of the classes of each pixel."""
        h = torch.relu(self.entry(x))
        kept = []
        for layer in self.down:
            kept.append(h)
            h = torch.relu(layer(nn.functional.avg_pool2d(h, 2)))
        for layer, before in zip(self.up, reversed(kept), strict=True):
            h = nn.functional.interpolate(h, scale_factor=2.0)
            h = torch.relu(layer(h + before if self.skips else h))
        logits: Tensor = self.exit(h)
        return logits


def _inner(channels: int, density: float, rng: np.random.Generator | None) -> nn.Module:
    if density == 1 or rng is None:
        return nn.Conv2d(channels, channels, 3, padding=1)
    taps = erdos_renyi(9 * channels, channels, round(density * 9 * channels**2), rng=rng)
    return SparseConv2d(taps, in_channels=channels, kernel_size=3, padding=1)
