"""Draws the pictures of the README and the docs: `python docs/images/draw.py`."""

from pathlib import Path

import numpy as np

import gossamer as gs
from gossamer.reports.pictures import draw_gallery

HERE = Path(__file__).parent
SIDE, DEGREE = 64, 6
NAMES = (
    "erdos_renyi",
    "regular_random",
    "constant_fan_in",
    "rotating_random",
    "rotating_regular",
    "fibonacci",
    "rotating_contiguous",
    "rotating_even",
)


def main() -> None:
    """Draw every construction at equal edges."""
    rng = np.random.default_rng(0)
    junctions = {name: gs.generators.named(name).with_edges(SIDE, SIDE, DEGREE * SIDE, rng=rng) for name in NAMES}
    draw_gallery(junctions, HERE / "topologies.png")


if __name__ == "__main__":
    main()
