"""The family of rules: a new one is a function in `gossamer.rewiring.rules` (or `group_rules`) and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from gossamer.rewiring import group_rules, rules
from gossamer.rewiring.rule import Rule

Recipe = Callable[..., Rule]
"""Makes a rule; takes `every` and `until` (steps) by keyword where the rule acts more than once."""

RULES: Mapping[str, Recipe] = MappingProxyType(
    {
        recipe.__name__: recipe
        for recipe in (
            rules.static,
            rules.sparse_evolutionary,
            rules.rigl,
            group_rules.sparse_evolutionary_in_groups,
            group_rules.rigl_in_groups,
            rules.in_time,
            rules.sparse_momentum,
            rules.mest,
            rules.mest_soft,
            rules.granet,
            rules.gradual_magnitude,
            rules.srigl,
            rules.cht,
            rules.chts,
            rules.chtss,
            rules.guided_exploration,
            rules.importance_pruning,
            rules.deep_rewiring,
            rules.diagonals,
            rules.lottery_ticket,
        )
    }
)
"""Every recipe by name. The command line, study files, the conformance suite and the docs read it."""
