"""Junctions of equal fan-in whose neurons come in groups: of outputs, of inputs, of both, twisted, or even."""

from __future__ import annotations

from dataclasses import dataclass

from gossamer.errors import Rng
from gossamer.generators import Family, Size, constant_fan_in, grouped, near_biregular
from gossamer.topology import Junction

KINDS = ("outputs", "inputs", "both", "twisted", "even")
"""Groups of outputs share their inputs, groups of inputs their outputs; twisted: a permutation in each block; even:
groups of outputs to which inputs are dealt out, so that as many as can be are read."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Constant fan-in between groups.

    Args:
        kind: one of `KINDS`.
        size: neurons of a group; 1 is constant fan-in, whatever the kind.
    """

    kind: str
    size: int

    @property
    def inputs(self) -> int:
        """Inputs of a group that all have the same outputs."""
        return self.size if self.kind in ("inputs", "both") else 1

    def __call__(self, in_features: int, out_features: int, fan_in: int, *, rng: Rng) -> Junction:
        """The junction."""
        if self.size == 1:
            return constant_fan_in(in_features, out_features, fan_in, rng=rng)
        return grouped(
            near_biregular if self.kind == "even" else constant_fan_in,
            in_features,
            out_features,
            fan_in // self.inputs,
            group=1 if self.kind == "inputs" else self.size,
            input_group=self.inputs,
            twist=self.kind == "twisted",
            rng=rng,
        )

    def sizes(self, in_features: int, out_features: int) -> range:
        """Fan-ins that there are: none if a side does not come in whole groups."""
        outputs, inputs = (out_features,), (in_features,)
        sides = {"outputs": outputs, "even": outputs, "inputs": inputs}.get(self.kind, inputs + outputs)
        if any(side % self.size for side in sides):
            return range(0)
        if self.kind == "twisted":
            return range(1, in_features // self.size + 1)
        return range(self.inputs, in_features + 1, self.inputs)


def family(kind: str, size: int) -> Family:
    """The groups, as studies take them.

    >>> import numpy as np
    >>> family("outputs", 4).with_edges(6, 8, 16, rng=np.random.default_rng(0)).group
    (4, 1)
    >>> family("both", 4).nearest_edges(8, 8, 20)
    (32,)
    """
    groups = Groups(kind, size)
    return Family(f"{kind} in {size}", groups, Size.FAN_IN, groups.sizes, random=True)
