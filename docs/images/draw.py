"""Draws the pictures of the README and the docs: `python docs/images/draw.py`."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

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


def network() -> None:
    """Draw the trained network of the zoo that fits a page."""
    model = gs.zoo.load("fibonacci-digits")
    weights = [layer.weight.detach().numpy() for layer in model if hasattr(layer, "topology")]
    figure = gs.nn.topology_of(model).plot(weights=weights).figure
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=110)
    Image.open(drawn).convert("RGB").quantize(128).save(HERE / "network.png", optimize=True)


def main() -> None:
    """Draw every construction at equal edges, and a network."""
    network()
    rng = np.random.default_rng(0)
    junctions = {name: gs.generators.named(name).with_edges(SIDE, SIDE, DEGREE * SIDE, rng=rng) for name in NAMES}
    draw_gallery(junctions, HERE / "topologies.png")


if __name__ == "__main__":
    main()
