"""One colour and one marker a construction: fixed, distinct, and told apart without red, green or blue."""

import itertools

import numpy as np
import pytest

from gossamer.generators import GENERATORS
from gossamer.plots import style_of, styles_of
from gossamer.plots.style import COLOURS, CONSTRUCTIONS, RULES, dash_of, matplotlib_dash
from gossamer.rewiring import RULES as KNOWN_RULES

# Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color vision deficiency", IEEE TVCG
# 15(6), 2009, table 1 at severity 1.0; on linear RGB.
BLINDNESS = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
NOTICED = 2.3
"""CIE76's just noticeable difference."""


def linear(colour):
    part = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """CIELAB of linear sRGB under D65."""
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    x, y, z = (np.array(to_xyz) @ rgb) / (0.95047, 1.0, 1.08883)
    f = [np.cbrt(v) if v > (6 / 29) ** 3 else v / (3 * (6 / 29) ** 2) + 4 / 29 for v in (x, y, z)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("seen", [np.eye(3), *map(np.array, BLINDNESS.values())], ids=["all", *BLINDNESS])
def test_colours_are_told_apart_by_everybody(seen):
    labs = [lab(np.clip(seen @ linear(colour), 0, 1)) for colour in COLOURS]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(labs, 2)) > 6 * NOTICED


@pytest.mark.parametrize("paper", ["#ffffff", "#181c26"])
def test_colours_are_seen_on_white_and_on_black(paper):
    weights = np.array([0.2126, 0.7152, 0.0722])
    ground = weights @ linear(paper)
    for colour in COLOURS:
        low, high = sorted((ground, weights @ linear(colour)))
        assert (high + 0.05) / (low + 0.05) > 2.2


def test_every_construction_has_its_own_colour_and_marker():
    names = [name for name in GENERATORS if ":" not in name]
    assert set(names) <= set(CONSTRUCTIONS), "a new construction needs its place in gossamer.plots.style"
    assert len({(style_of(name).colour, style_of(name).symbol) for name in CONSTRUCTIONS}) == len(CONSTRUCTIONS)


def test_every_rule_has_its_own_look_on_one_construction():
    assert set(KNOWN_RULES) - {"static"} <= set(RULES)
    styles = [style_of(f"fibonacci, {rule}") for rule in RULES]
    assert len({(style.colour, style.symbol) for style in styles}) == len(RULES)
    assert {style.shape for style in styles} == {style_of("fibonacci").shape}
    assert style_of("fibonacci, static") == style_of("fibonacci")


def test_degrees_and_seeds_do_not_change_a_style():
    for name in ("fibonacci", "dense", "mine", "fibonacci, rigl"):
        assert style_of(f"{name}, degree 4, seed 0") == style_of(f"{name}, seed 1") == style_of(name)
    names = [f"{name}, seed {seed}" for name in ("mine", "fibonacci") for seed in range(3)]
    assert len(set(styles_of(names).values())) == 2


def test_a_style_does_not_depend_on_what_stands_beside_it():
    names = ["dense", *CONSTRUCTIONS, "mine"]
    assert styles_of(names) == styles_of(reversed(names)) == {name: style_of(name) for name in names}


def test_unknown_names_differ_from_all_known_ones_and_from_each_other():
    unknown = [f"mine {number}" for number in range(20)]
    found = styles_of([*CONSTRUCTIONS, *unknown])
    assert len({(style.colour, style.symbol) for style in found.values()}) == len(CONSTRUCTIONS) + 20


def test_matplotlib_knows_every_marker_and_dash():
    from matplotlib.lines import Line2D
    from matplotlib.markers import MarkerStyle

    for name in [*CONSTRUCTIONS, "dense", "narrow", *(f"fibonacci, {rule}" for rule in RULES)]:
        MarkerStyle(style_of(name).marker, fillstyle=style_of(name).fillstyle)
    assert [Line2D([0], [0], linestyle=matplotlib_dash(dash_of(k))).get_linestyle() for k in range(4)] == [
        "-", "--", "-.", ":"
    ]  # fmt: skip
