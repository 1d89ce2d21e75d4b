"""What follows from a study's numbers, in words, with what speaks against it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from types import MappingProxyType

from gossamer.analysis.contests import best_of, contests, left_out, size_of
from gossamer.analysis.groups import Group, Results
from gossamer.analysis.intervals import Difference, Interval, difference
from gossamer.analysis.outcome import Outcome
from gossamer.reports.study.accuracy import judged
from gossamer.reports.study.connectivity import Densities, measure_associations
from gossamer.reports.study.cost import seconds_per_epoch
from gossamer.reports.study.frontier import front
from gossamer.reports.study.wording import signed

MOST_NAMED = 5
"""Configurations of a frontier that are put into words."""

MOST_PANELS = 6
"""Settings (data, widths) that are put into words; the others are in the figures."""

MARGIN = 0.01
"""Of accuracy or R²: within it a sparse network is called as good as the dense one, in the fewest-edges sentence."""


def conclusions(results: Results, densities: Densities = MappingProxyType({})) -> list[str]:
    """Sentences on all panels; `densities` are held fixed where connectivity is looked at."""
    sentences = [_coverage(results)]
    for panel, groups in list(results.panels.items())[:MOST_PANELS]:
        known = [group for group in groups if not math.isnan(group.mean(results.outcome.column))]
        prefix = f"{panel}: " if panel else ""
        sentences += [prefix + sentence for sentence in _of_panel(known, results.outcome)]
    if len(results.panels) > MOST_PANELS:
        sentences.append(f"{len(results.panels) - MOST_PANELS} more settings are in the figures and the table.")
    return [text.replace(" %", "\u00a0%") for text in (*sentences, *_connectivity(results, densities))]


def _coverage(results: Results) -> str:
    states = results.frame["state"].value_counts()
    rest = [f"{states[name]} {name}" for name in ("failed", "damaged", "waiting") if states.get(name, 0)]
    counts = sorted({len(group.runs) for group in results.groups})
    seeds = f"{counts[0]} to {counts[-1]} runs each" if len(counts) > 1 else _plural(counts[0], "run") + " each"
    text = f"{states.get('done', 0)} of {_plural(len(results.frame), 'run')} are done"
    text += f" ({', '.join(rest)}): " if rest else ": "
    text += f"{_plural(len(results.groups), 'configuration')} with {seeds}, by seed. "
    if counts[-1] < 2:
        return text + "With one seed there are no intervals, and no difference can be told from chance."
    return text + "Intervals are Student's, 95 %, over seeds; they cover seeds only, not other data or training."


def _of_panel(groups: Sequence[Group], outcome: Outcome) -> Iterator[str]:
    best = best_of(groups, outcome.column)
    if best is None:
        return
    yield _best(best, groups, outcome)
    dense = next((group for group in groups if group.dense), None)
    if dense is not None:
        yield _against_dense(best, dense, outcome)
        yield from _fewest_edges(groups, dense, outcome)
        yield from _speed(groups, dense)
    yield from _against_narrow(groups, outcome)
    yield from _frontier(groups, outcome)
    yield from _against_reference(groups, outcome)


def _best(best: Group, groups: Sequence[Group], outcome: Outcome) -> str:
    means = sum(group.sparse for group in groups)
    text = f"The highest mean test {outcome.word} of a sparse network is {_told(best, outcome)}: {best.title}."
    if means > 1:
        text += f" It is the largest of {means} means and thus optimistic."
    honest = left_out(groups, outcome.column)
    if honest is not None:
        text += (
            " Chosen on all seeds but one and judged on the seed left out, the best scores "
            f"{outcome.scale * honest.mean:.2f}{outcome.unit} on average over {honest.n} seeds."
        )
    chosen = best_of(groups, "validation_accuracy")
    if chosen is not None and means > 1:
        same = "the same network" if chosen is best else f"{chosen.title}, {_told(chosen, outcome)} on the test set"
        text += f" Validation accuracy, which never saw the test set, would choose {same}."
    return text


def _against_dense(best: Group, dense: Group, outcome: Outcome) -> str:
    gap = difference(best.by_seed(outcome.column), dense.by_seed(outcome.column))
    share = best.mean("edges") / dense.mean("edges")
    edges = f" with {100 * share:.3g} % of its edges" if math.isfinite(share) else ""
    return (
        f"The fully connected network has {_told(dense, outcome)}. The difference of {best.title}{edges} from it is "
        f"{_gap(gap, outcome)}{_verdict(gap)}; the choice of the best flatters the sparse side."
    )


def _fewest_edges(groups: Sequence[Group], dense: Group, outcome: Outcome) -> Iterator[str]:
    level = dense.mean(outcome.column) - MARGIN
    near = [group for group in groups if group.sparse and group.mean(outcome.column) >= level]
    margin = "1 point" if outcome.gap_unit else f"{MARGIN:g}"
    if near and all(group.mean("edges") > 0 for group in near):
        least = min(near, key=lambda group: group.mean("edges"))
        yield (
            f"The fewest edges whose mean is within {margin} of the dense one: {least.mean('edges'):,.0f} "
            f"({100 * least.mean('edges') / dense.mean('edges'):.2g} %), {least.title}, {_told(least, outcome)}."
        )


def _speed(groups: Sequence[Group], dense: Group) -> Iterator[str]:
    full = seconds_per_epoch(dense).mean
    ratios = {group: seconds_per_epoch(group).mean / full for group in groups if group.sparse and full > 0}
    ratios = {group: ratio for group, ratio in ratios.items() if math.isfinite(ratio)}
    if ratios:
        fast, slow = min(ratios, key=ratios.__getitem__), max(ratios, key=ratios.__getitem__)
        yield (
            f"An epoch of a sparse network takes {ratios[fast]:.2f} ({fast.title}) to {ratios[slow]:.2f} times "
            f"({slow.title}) the dense one's {full:.3g} s, in wall time of runs that may have shared their machine."
        )


def _against_narrow(groups: Sequence[Group], outcome: Outcome) -> Iterator[str]:
    """The best sparse network of each size against the fully connected one of as many edges."""
    for narrow in [group for group in groups if group.narrow]:
        rivals = [group for group in groups if group.sparse and size_of(group) == size_of(narrow)]
        best = best_of(rivals, outcome.column)
        if best is not None:
            gap = difference(best.by_seed(outcome.column), narrow.by_seed(outcome.column))
            yield (
                f"A fully connected network of as many edges ({narrow.mean('edges'):,.0f}, narrower) has "
                f"{_told(narrow, outcome)}. The best sparse one of that size, {best.title}, differs from it by "
                f"{_gap(gap, outcome)}{_verdict(gap)}; the choice of the best flatters the sparse side."
            )


def _frontier(groups: Sequence[Group], outcome: Outcome) -> Iterator[str]:
    """Which configurations none beats at fewer edges."""
    best = front([(group.mean("edges"), group.mean(outcome.column), group) for group in groups])
    if 2 <= len(best) <= MOST_NAMED:
        named = "; ".join(f"{edges:,.0f} edges, {_told(group, outcome)}, {group.title}" for edges, _, group in best)
        yield f"With as few edges, no configuration has a higher mean {outcome.word} than these: {named}."


def _against_reference(groups: Sequence[Group], outcome: Outcome) -> Iterator[str]:
    reference, found = contests(groups, outcome.column)
    if not found:
        return
    clear = sorted((each for each in found if each.p_holm < 0.05), key=lambda each: each.gap.mean)
    paired = "paired by seed" if all(each.gap.paired for each in found) else "by Welch's test where seeds differ"
    text = f"Of {_plural(len(found), 'difference')} from {reference} at equal size, {paired}, {len(clear)} "
    text += f"{'is' if len(clear) == 1 else 'are'} clear of 0 after Holm's correction for all of them."
    if clear:
        shown = [clear[0]] if len(clear) == 1 else [clear[-1], clear[0]]
        text += " At the ends: " if len(clear) > 2 else " "
        text += (
            "; ".join(f"{each.group.title}, {_gap(each.gap, outcome)}, p = {_p(each.p_holm)}" for each in shown) + "."
        )
    yield text


def _connectivity(results: Results, densities: Densities) -> Iterator[str]:
    tested = measure_associations(results, densities)
    for each in tested.found:
        if each.measure == "algebraic_connectivity":
            p, corrected = _p(each.p_value), _p(each.p_holm)
            given = f"{signed(each.partial)} with the densities of all junctions held fixed; " * (not tested.alone)
            yield (
                f"At fixed edges, algebraic connectivity and {results.outcome.word} have a rank correlation of "
                f"{signed(each.spearman)} over {tested.compared} means of {each.families} constructions (p = {p} by "
                f"permuting whole constructions, {corrected} after Holm's correction for "
                f"{_plural(len(tested.found), 'measure')}); {given}held-out R² {signed(each.held_out_all)}, where 0 is "
                "no better than the others' mean at equal edges."
            )


def _told(group: Group, outcome: Outcome) -> str:
    """The mean of a group with its interval."""
    found: Interval = judged(group, outcome)
    ends = "" if math.isnan(found.low) else f" [{found.low:.2f}, {found.high:.2f}]"
    return f"{found.mean:.2f}{outcome.unit}{ends} (n = {found.n})"


def _gap(gap: Difference, outcome: Outcome) -> str:
    how = "paired by seed, " if gap.paired else ""
    mean, low, high = (signed(outcome.scale * value) for value in (gap.mean, gap.low, gap.high))
    ends = "" if math.isnan(gap.low) else f" [{low}, {high}] ({how}n = {gap.n})"
    return f"{mean}{outcome.gap_unit}{ends}"


def _verdict(gap: Difference) -> str:
    if math.isnan(gap.low):
        return ", of too few seeds to judge"
    return ", not to be told from 0" if gap.low <= 0 <= gap.high else ", clear of 0"


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else f"{value:.1g}"


def _plural(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"
