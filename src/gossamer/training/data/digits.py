"""The 1,797 real digits of 8x8 pixels that come with scikit-learn."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gossamer.training.data.idx import Arrays

_TEST = 360


@dataclass(frozen=True)
class DigitsSource:
    """Always there. The last 360 digits in its order, a fifth, are for the test."""

    def locate(self) -> Path | None:
        """Where scikit-learn keeps them."""
        found = importlib.util.find_spec("sklearn")  # importing it would cost seconds
        return Path(str(found.origin)).parent / "datasets" / "data" / "digits.csv.gz" if found else None

    def fetch(self) -> Path | None:
        """There is nothing to download."""
        return None

    def read(self, place: Path) -> Arrays:
        """Pixels 0 to 16 and labels, in scikit-learn's order."""
        from sklearn.datasets import load_digits

        images, labels = load_digits(return_X_y=True)
        pixels = images.astype(np.uint8)
        return pixels[:-_TEST], labels[:-_TEST], pixels[-_TEST:], labels[-_TEST:]
