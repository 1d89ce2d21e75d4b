"""A sparse network out of anybody's dense one."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from torch import Tensor, nn

from gossamer.errors import SparsifyWarning, require_rng
from gossamer.nn.conversion import choosing, placing
from gossamer.nn.conversion.candidates import (
    Candidate,
    Filter,
    candidates,
    listed,
    matching,
    require_module,
    require_unsharded,
    unserved,
)
from gossamer.nn.conversion.choosing import Budget, Construction
from gossamer.nn.conversion.orphans import watch_optimizers
from gossamer.topology import Junction, Topology
from gossamer.topology.reading import as_junction

Junctions = Mapping[str, Any] | Topology | Sequence[Any]


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What was asked for, see `sparsify`."""

    density: float | None
    budget: str | Budget | None
    generator: Construction | Mapping[str, Construction] | None
    scores: Mapping[str, Tensor] | None
    keep: Iterable[str] | str
    rng: np.random.Generator | int | None
    include: Iterable[str] | str | None = None
    exclude: Iterable[str] | str = ()
    filter: Filter | None = None
    weights: str = field(default="keep")


def sparsify(
    model: nn.Module,
    *,
    density: float | None = None,
    junctions: Junctions | None = None,
    keep: Iterable[str] | str = (),
    budget: Literal["uniform", "erdos_renyi", "erdos_renyi_kernel", "global"] | Budget | None = None,
    generator: Construction | Mapping[str, Construction] | None = None,
    scores: Mapping[str, Tensor] | None = None,
    include: Iterable[str] | str | None = None,
    exclude: Iterable[str] | str = (),
    filter: Filter | None = None,
    weights: placing.Start = "keep",
    rng: np.random.Generator | int | None = None,
    batch: int | None = None,
    inplace: bool = False,
) -> nn.Module:
    """Replace linear layers and convolutions by sparse ones that keep some of their weights.

    Three ways to say which: a `density` (the largest weights stay, or those of the largest `scores`, or those on the
    edges of a `generator`); the edges themselves (`junctions`); or neither, for a model that is pruned already: the
    masks of `torch.nn.utils.prune` and zero weights are then what is left out.

    Every `torch.nn.Linear`, `Conv1d` and `Conv2d` is swapped, wherever it is, under all its names; GPT-2's `Conv1D`;
    the projections of a `torch.nn.MultiheadAttention`, which becomes a `SplitAttention` (`self_attn.q_proj`,
    `.k_proj`, `.v_proj`, `.out_proj`); and what `SWAPS` knows besides. Frozen layers stay frozen, tied ones tied, hooks
    stay. An activation behind a linear layer in an `nn.Sequential` is folded into it, unless a hook looks at either.
    `gossamer.nn.report(model)` shows what became of every layer, and why some stayed dense.

    Args:
        model: any module.
        density: share of the weights that stay, above 0 to 1. Without `budget` it is each layer's own, rounded to the
            nearest count.
        junctions: for some layers, by their names in `model.named_modules()`, the edges that stay, as junctions or as
            what one can be made of; other layers are left alone. A `Topology` or a list has one for each linear layer.
        keep: names, or patterns such as "head.*", of layers that become full junctions: nothing of them is lost, and
            activations pass without copies from layer to layer.
        budget: how all layers share `density`, exactly: "uniform", "erdos_renyi", "erdos_renyi_kernel", "global" (the
            largest scores of all layers together), or a function of the layers and the density.
        generator: a construction (its name, family, or function) whose edges are kept, or a mapping from patterns to
            them; the counts are the nearest that it can make.
        scores: (O, I) for some layers by name, such as `gossamer.pruning` computes; the other layers are left alone.
        include: patterns of names; only these layers are swapped.
        exclude: patterns of names that are not.
        filter: the same as a function of module and name.
        weights: "keep" those of the model; "rescale" them by the square root of (weights / edges) of their layer, so
            that its outputs vary as much as before where edges are drawn at random, for training from scratch; or
            "reinitialise": draw them by PyTorch's own law for linear layers and convolutions, with the live edges of
            an output for its fan, to the same end; biases begin at 0.
        rng: of constructions and weights that are drawn; these draw from torch's global generator without it.
        batch: rows of a typical input; if given, each layer is timed, and one that is faster dense stays dense.
        inplace: change the model given, not a copy. An optimiser that was made before holds parameters that are no
            longer the model's; its first step raises a `ValueError` that says so.

    Returns:
        The sparse model.

    Raises:
        ValueError: contradicting arguments; names and patterns of no layer; layers that cannot be swapped (lazy,
            parametrised, quantised, tied to something dense), by their names with the reason; shapes that do not fit.
        InfeasibleTopologyError: a density that leaves a layer without edges.
        TypeError: the model is none, is sharded by `fully_shard`, or what should be a junction is none.

    Warns:
        SparsifyWarning: nothing was swapped.

    >>> model = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 2))
    >>> sparsify(model, density=0.25, keep=("2",))
    Sequential(
      (0): SparseLinear(in_features=8, out_features=6, num_edges=12, density=0.25, bias=True, activation=relu)
      (1): Identity()
      (2): SparseLinear(in_features=6, out_features=2, num_edges=12, density=1, bias=True)
    )
    """
    require_module(model)
    require_unsharded(model)
    wishes = _Wishes(density, budget, generator, scores, keep, rng, include, exclude, filter, weights)
    _require_consistent(wishes, junctions)
    if rng is not None:
        wishes = _with_rng(wishes)
    before = list(model.named_parameters())
    result = model if inplace else _copied(model)
    found = candidates(result)
    chosen = _selected(found, wishes, {name: reason for name, _, reason in unserved(result)})
    edges = _given(found, junctions) if junctions is not None else _chosen_edges(found, chosen, wishes)
    placing.require_swappable([each for each in found if each.name in edges], result, found)
    if batch is not None:
        edges = placing.worthwhile(found, edges, batch)
    if not edges:
        _warn_of_nothing(result, found)
        return result
    made = placing.swapped(result, found, edges, start=weights, rng=wishes.rng)
    watch_optimizers(before, made, inplace=inplace)
    return made


def _copied(model: nn.Module) -> nn.Module:
    """A deep copy; what pruning and old parametrisations computed of parameters is copied as a value."""
    memo: dict[int, Any] = {}
    for module in model.modules():
        for value in vars(module).values():
            if isinstance(value, Tensor) and not value.is_leaf:
                memo[id(value)] = value.detach().clone()
    return copy.deepcopy(model, memo)


def _require_consistent(wishes: _Wishes, junctions: Junctions | None) -> None:
    if wishes.density is not None and junctions is not None:
        raise ValueError(f"density={wishes.density} and junctions={junctions}: give one of them.")
    if wishes.weights not in get_args(placing.Start):
        raise ValueError(f"weights={wishes.weights!r} is not known: {', '.join(get_args(placing.Start))} are.")
    if wishes.density is None:
        for name in ("budget", "generator", "scores"):
            if getattr(wishes, name) is not None:
                raise ValueError(f"{name} is given without a density: how many edges shall stay?")
    if wishes.generator is not None and (wishes.scores is not None or wishes.budget == choosing.GLOBAL):
        raise ValueError("generator decides which edges stay; scores and budget='global' contradict it.")


def _with_rng(wishes: _Wishes) -> _Wishes:
    """A seed is one stream for all layers, not the same one for each."""
    return _Wishes(
        **{name: getattr(wishes, name) for name in _Wishes.__slots__ if name != "rng"}, rng=require_rng(wishes.rng)
    )


def _selected(found: list[Candidate], wishes: _Wishes, dense: Mapping[str, str]) -> list[Candidate]:
    """The layers that patterns and filter leave."""
    places = set(range(len(found)))
    if wishes.include is not None:
        places = matching(wishes.include, found, what="include", dense=dense)
    places -= matching(wishes.exclude, found, what="exclude", dense=dense)
    chosen = [found[place] for place in sorted(places)]
    if wishes.filter is not None:
        chosen = [each for each in chosen if any(wishes.filter(each.module, name) for name in each.names)]
    if wishes.scores is not None:
        _by_name(found, wishes.scores)
        chosen = [each for each in chosen if any(name in wishes.scores for name in each.names)]
    return chosen


def _chosen_edges(found: list[Candidate], chosen: list[Candidate], wishes: _Wishes) -> dict[str, Junction]:
    placing.require_swappable(chosen, None, found)
    full = [found[place] for place in matching(wishes.keep, found, what="keep")]
    kept = {each.name: _full(each) for each in full}
    rest = [each for each in placing.one_of_each_tie(chosen) if each.name not in kept]
    edges = kept | (_live(rest) if wishes.density is None else _of_density(rest, wishes))
    if not edges and wishes.density is None:
        raise ValueError(
            "density=None and junctions=None: give one of them; no layer is pruned, so the model does not say itself."
        )
    return placing.with_ties(chosen, edges)


def _of_density(rest: list[Candidate], wishes: _Wishes) -> dict[str, Junction]:
    assert wishes.density is not None
    if wishes.budget == choosing.GLOBAL:
        scores = [choosing.score_of(each, wishes.scores) for each in rest]
        together = choosing.largest_of_all(rest, wishes.density, scores)
        return dict(zip((each.name for each in rest), together, strict=True))
    counts = choosing.counts_of(rest, wishes.density, wishes.budget)
    families = {} if wishes.generator is None else choosing.constructions(rest, wishes.generator)
    edges: dict[str, Junction] = {}
    for each, count in zip(rest, counts, strict=True):
        if each.name in families:
            edges[each.name] = choosing.made(each, families[each.name], count, rng=wishes.rng)
        else:
            edges[each.name] = choosing.largest(each, count, choosing.score_of(each, wishes.scores))
    return edges


def _live(rest: list[Candidate]) -> dict[str, Junction]:
    """The edges that pruning has left."""
    live = {each.name: choosing.live_edges(each) for each in rest}
    return {name: junction for name, junction in live.items() if junction is not None}


def _full(layer: Candidate) -> Junction:
    from gossamer.generators import dense

    O, I = layer.swap.weight(layer.module).shape
    return dense(I, O)


def _given(found: list[Candidate], junctions: Junctions) -> dict[str, Junction]:
    """The junctions by each layer's first name."""
    if not isinstance(junctions, Mapping):
        layers = list(junctions)
        if len(layers) != len(found):
            raise ValueError(
                f"junctions has {len(layers)} entries for a model of {len(found)} linear layers: {listed(found)}; give "
                "them by name: {name: junction}."
            )
        junctions = dict(zip((each.name for each in found), layers, strict=True))
    edges: dict[str, Junction] = {}
    for name, layer in _by_name(found, junctions).items():
        junction = as_junction(junctions[name], what=f"junctions[{name!r}]")
        O, I = layer.swap.weight(layer.module).shape if not layer.swap.refusal(layer.module) else (None, None)
        if O is not None and (junction.in_features, junction.out_features) != (I, O):
            raise ValueError(
                f"junctions[{name!r}] has {junction.in_features} inputs and {junction.out_features} outputs; the layer "
                f"has {I} and {O}."
            )
        edges[layer.name] = junction
    return edges


def _by_name(found: list[Candidate], named: Iterable[str]) -> dict[str, Candidate]:
    known = {name: each for each in found for name in each.names}
    for name in named:
        if name not in known:
            raise ValueError(f"{name!r} is no linear layer or convolution of the model; {listed(found)}.")
    return {name: known[name] for name in named}


def _warn_of_nothing(model: nn.Module, found: list[Candidate]) -> None:
    others = [f"{name or 'the model'}: {reason}" for name, _, reason in unserved(model)]
    why = f"{listed(found)}, and all were left out" if found else "the model has no layer with a sparse twin"
    told = f" ({'; '.join(others[:5])})" if others else ""
    warnings.warn(f"nothing was made sparse: {why}{told}.", SparsifyWarning, stacklevel=3)
