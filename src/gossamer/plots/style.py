"""One colour and one marker for each construction, the same in every picture and on every page.

The colours are told apart with any of the three colour blindnesses, on white and on black paper; the tests simulate
them. A rewired network has the marker of its construction, open, in the colour of its rule.

References:
    M. Okabe and K. Ito, "Color Universal Design", 2008: the first six colours. Violet and brown were added where the
    least difference from those six, under Machado's simulations, is greatest.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import final

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#9d4eff", "#9d4e27")
GREY = "#8a93a6"
INK = "#3b5bdb"
"""The colour of a matrix's cells and of whatever has no name."""

_SHAPES = ("circle", "square", "diamond", "triangle-up", "cross", "star", "hexagon", "triangle-down")
_MATPLOTLIB = dict(zip((*_SHAPES, "x"), ("o", "s", "D", "^", "P", "*", "h", "v", "X"), strict=True))
_FILLS = ("", "-open", "-open-dot", "-dot")
_MATPLOTLIB_FILLS = dict(zip(_FILLS, ("full", "none", "left", "bottom"), strict=True))
_DASHES = ("solid", "dash", "dashdot", "dot")
_MATPLOTLIB_DASHES = {"solid": "-", "dash": "--", "dashdot": "-.", "dot": ":"}

# fmt: off
CONSTRUCTIONS = (
    "erdos_renyi", "regular_random", "constant_fan_in", "rotating_random",
    "rotating_regular", "fibonacci", "rotating_contiguous", "rotating_even",
    "bernoulli", "biregular", "small_world", "scale_free", "ramanujan", "butterfly", "receptive_field", "n_of_m",
    "rolled_permutations", "block_random", "rotating_bernoulli", "relational", "optimised", "correlated",
    "lognormal_fan_in", "power_law_fan_in", "grouped_2", "grouped_4", "grouped_8", "grouped_16",
    "twisted_2", "twisted_4", "twisted_8", "twisted_16",
    "near_biregular", "grouped_even_2", "grouped_even_4", "grouped_even_8", "grouped_even_16", "planar_field",
)
# fmt: on
"""Constructions in the order of their styles: the eight of the demo have a colour and a marker of their own each."""

# fmt: off
RULES = (
    "sparse_evolutionary", "rigl", "granet", "deep_rewiring", "sparse_momentum", "mest", "srigl", "cht",
    "gradual_magnitude", "chts", "chtss", "guided_exploration", "in_time", "importance_pruning", "diagonals",
    "mest_soft", "lottery_ticket", "sparse_evolutionary_in_groups", "rigl_in_groups",
)
# fmt: on
"""Rules of rewiring in the order of their styles."""

_UNCHANGED = ("none", "static")
_ALIASES = {"set": "sparse_evolutionary"}


@final
@dataclass(frozen=True, slots=True)
class Style:
    """How whatever has one name is drawn.

    Attributes:
        colour: as #rrggbb.
        shape: of its marker, in Plotly's words.
        fill: what Plotly appends to the shape: nothing, "-open", "-open-dot" or "-dot".
    """

    colour: str
    shape: str
    fill: str = ""

    @property
    def symbol(self) -> str:
        """The marker as Plotly calls it."""
        return self.shape + self.fill

    @property
    def marker(self) -> str:
        """The marker as Matplotlib calls it."""
        return _MATPLOTLIB[self.shape]

    @property
    def fillstyle(self) -> str:
        """How Matplotlib fills the marker."""
        return _MATPLOTLIB_FILLS[self.fill]


DENSE = Style(GREY, "star")
"""The fully connected network, which is a level more often than a line."""

NARROW = Style(GREY, "x")
"""The fully connected network of as many edges."""

_FIXED = {"dense": DENSE, "narrow": NARROW}


def style_of(name: str) -> Style:
    """The style of a construction, of "construction, rule", or of either with its degree and seed after it.

    A name that is in no table has one of the pairs that no construction has, always the same one.

    >>> style_of("fibonacci").symbol, style_of("fibonacci, rigl, degree 4, seed 0").symbol
    ('star', 'star-open')
    """
    return styles_of([name])[name]


def styles_of(names: Iterable[str]) -> dict[str, Style]:
    """The styles of what stands in one picture: those of `style_of`, moved on where two unknown names would look alike.

    >>> len({(style.colour, style.symbol) for style in styles_of("abcdefgh").values()})
    8
    """
    found: dict[str, Style] = {}
    by_key: dict[tuple[str, str], Style] = {}
    for name in names:
        key = _key(name)
        if key not in by_key:
            by_key[key] = _free(*key, set(by_key.values()))
        found[name] = by_key[key]
    return found


def _key(name: str) -> tuple[str, str]:
    """The construction and the rule of a name; what has a space in it, such as "degree 4", is neither."""
    construction, *others = (part.strip() for part in name.split(","))
    rules = [part for part in others if part and " " not in part and part.lower() not in _UNCHANGED]
    return construction, rules[0] if rules else ""


def dash_of(number: int) -> str:
    """The dash of a degree by its rank, largest first: solid, dash, dashdot, dot, and again; in Plotly's words."""
    return _DASHES[number % len(_DASHES)]


def matplotlib_dash(dash: str) -> str:
    """A dash as Matplotlib writes it."""
    return _MATPLOTLIB_DASHES[dash]


def _free(construction: str, rule: str, taken: set[Style]) -> Style:
    style = _construction(construction, 0)
    if rule:
        return _rewired(style, rule)
    for step in range(1, _SPARE):
        if style not in taken:
            break
        style = _construction(construction, step)
    return style


def _construction(name: str, step: int) -> Style:
    if name in _FIXED:
        return _FIXED[name]
    if name in CONSTRUCTIONS:
        return _pair(CONSTRUCTIONS.index(name))
    return _pair(len(CONSTRUCTIONS) + (zlib.crc32(name.encode()) + step) % _SPARE)


def _pair(number: int) -> Style:
    """The colours again and again, with other markers each time: 64 different pairs."""
    row, column = divmod(number, len(COLOURS))
    return Style(COLOURS[column], _SHAPES[(column + row) % len(_SHAPES)])


def _rewired(style: Style, rule: str) -> Style:
    known = _ALIASES.get(rule, rule)
    number = RULES.index(known) if known in RULES else len(RULES) + zlib.crc32(known.encode()) % 5
    row, column = divmod(number, len(COLOURS))
    return Style(COLOURS[(column + 1) % len(COLOURS)], style.shape, _FILLS[1 + row])


_SPARE = len(COLOURS) * len(_SHAPES) - len(CONSTRUCTIONS)
