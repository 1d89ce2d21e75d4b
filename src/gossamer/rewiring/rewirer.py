"""Applies a rule to a model in training, and keeps model and optimiser consistent."""

from __future__ import annotations

import json
import weakref
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gossamer.errors import CheckpointError, RewiringError, Rng, require_rng
from gossamer.nn import SparseLayer
from gossamer.rewiring import parallel
from gossamer.rewiring.capture import Capture
from gossamer.rewiring.carry import group_of
from gossamer.rewiring.cold_start import ColdStart
from gossamer.rewiring.commit import Prepared, prepare
from gossamer.rewiring.explored import Explored
from gossamer.rewiring.keys import edge_keys
from gossamer.rewiring.observe import complaint_about, view_of
from gossamer.rewiring.recording import Recording
from gossamer.rewiring.rewinding import Memory, Rest
from gossamer.rewiring.rule import Follows, Rule
from gossamer.rewiring.ties import require_one_topology_each, tied
from gossamer.rewiring.update import Update
from gossamer.rewiring.view import Change, LayerView, NetworkView


class Rewirer:
    """Changes the topology of a model's sparse layers as a rule says.

    Call `step()` after every `optimizer.step()`. After an update every surviving edge has its own weight, gradient and
    entry in each tensor of the optimiser's state that is shaped like the weight; new edges have what the rule gives
    them, gradient 0 and the state that its optimiser begins with. Parameters stay the same objects, so parameter
    groups, schedulers and clipping go on. An update is planned first and committed at once: an error changes nothing.

    Layers that share one weight are rewired as one, under the name of the first; their junctions must be equal.

    In a process group of several ranks rank 0 decides, with the gradients of all, and every rank does the same. Weights
    may be sharded by `fully_shard`; rules must then keep numbers of edges.

    Args:
        model: its sparse layers (`gossamer.nn.SparseLayer`) are rewired.
        optimizer: must hold their weights; any whose state lies in `optimizer.state[parameter]`.
        rule: what happens when.
        rng: where random rules draw; if None, a generator seeded by a draw from torch's global one.
        layers: names of the layers to rewire, as in `model.named_modules()`; all if None.
        recording: where updates are logged.
        fresh_steps: whether new edges take the steps of a fresh optimiser under Adam and AdamW, instead of a first one
            that is 3.2 times the learning rate; see `gossamer.rewiring.cold_start`. Off, as networks were less
            accurate with it where it was tried (`benchmarks/cold_start.py`).
        fixed_sizes: refuse updates that change the number of a layer's edges, as where `model` holds a
            `DistributedDataParallel`; for a model that stands inside of one.
        resume: what `state_dict` returned, of a run that goes on. Unlike `load_state_dict` it keeps rules that are due
            before the first step from changing a model that is already under way.

    Raises:
        RewiringError: no sparse layer, an optimiser that does not hold a weight, or a weight shared with a layer of
            another topology or with a module that is no sparse layer.
        TypeError: arguments of another type.
        ValueError: names that are no sparse layers of the model.
        CheckpointError: `resume` is of another rule or other layers.

    >>> import gossamer as gs
    >>> g = gs.Bipartite.from_mask([[1, 0, 1], [0, 1, 0]])
    >>> layer = gs.nn.SparseLinear(g)
    >>> optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    >>> rewirer = Rewirer(layer, optimizer, gs.rewiring.rigl(fraction=0.5, every=1, until=10))
    >>> layer(torch.ones(4, 3)).sum().backward()
    >>> optimizer.step()
    >>> rewirer.step().edges, layer.weight.shape
    (3, torch.Size([3]))
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        rule: Rule,
        *,
        rng: Rng | None = None,
        layers: Iterable[str] | None = None,
        recording: Recording | None = None,
        fresh_steps: bool = False,
        fixed_sizes: bool = False,
        resume: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(model, nn.Module):
            raise TypeError(f"model is {type(model).__name__}, not a torch.nn.Module.")
        if not hasattr(optimizer, "param_groups"):
            raise TypeError(f"optimizer is {type(optimizer).__name__}, not a torch.optim.Optimizer.")
        if not isinstance(rule, Rule):
            raise TypeError(f"rule={rule!r} is {type(rule).__name__}, not a rule such as gossamer.rewiring.static().")
        self.rule = rule
        self._follows = rule if isinstance(rule, Follows) else None
        self._model = model
        self._optimizer = optimizer
        self._fixed_sizes = fixed_sizes
        self._tied = tied(model, _chosen(model, layers))
        require_one_topology_each(self._tied)
        self._layers = {name: each[0] for name, each in self._tied.items()}
        for name, layer in self._layers.items():
            group_of(layer.weight, optimizer, name)
        self._rng = _generator(rule) if rng is None else require_rng(rng)
        self._step = 0
        self._due_since: int | None = None
        self._capture = Capture(self._tied)
        weakref.finalize(self, self._capture.disarm)
        self._memory: dict[str, dict[str, Tensor]] = {name: {} for name in self._layers}
        self._cold_start = ColdStart(self._layers, optimizer) if fresh_steps else None
        self._rest = Rest(model, optimizer, [layer for each in self._tied.values() for layer in each])
        self._rest_memory: Memory = {}
        self._initial = {name: layer.weight.numel() for name, layer in self._layers.items()}
        self._explored = {
            name: Explored(layer.in_features * layer.out_features, edge_keys(layer.topology()))
            for name, layer in self._layers.items()
        }
        self.recording = recording
        if recording is not None:
            recording.begin({name: layer.topology() for name, layer in self._layers.items()})
        if resume is not None:
            self.load_state_dict(resume)
            return
        if rule.due(0):
            self._update(0, 0)
        self._prepare_next()

    @property
    def steps(self) -> int:
        """Optimiser steps seen."""
        return self._step

    @property
    def optimizer(self) -> torch.optim.Optimizer:
        """What trains the layers."""
        return self._optimizer

    @property
    def layers(self) -> dict[str, SparseLayer]:
        """The rewired layers by name; of those that share a weight the first."""
        return dict(self._layers)

    @property
    def edges(self) -> int:
        """Edges of the rewired layers."""
        return sum(layer.weight.numel() for layer in self._layers.values())

    @property
    def sparsity(self) -> float:
        """Share of empty places in the rewired layers, 0 to 1."""
        places = sum(explored.places for explored in self._explored.values())
        return 1 - self.edges / places

    @property
    def explored(self) -> float:
        """R_s of In-Time Over-Parameterization: share of places that ever held an edge, 0 to 1; NaN if untracked.

        Layers of more than 2**31 places are not tracked.

        References:
            Liu, Yin, Mocanu, Pechenizkiy, "Do We Actually Need Dense Over-Parameterization?", ICML 2021.
        """
        tracked = [explored for explored in self._explored.values() if explored.is_tracked]
        places = sum(explored.places for explored in tracked)
        return sum(explored.count for explored in tracked) / places if places else float("nan")

    def step(self) -> Update | None:
        """Count an optimiser step, and update the topology if the rule is due.

        Returns:
            What was done, or None. An update whose gradients are not finite (a step that a gradient scaler skips)
            waits for the next step.

        Raises:
            RewiringError: frozen or NaN weights, missing gradients, ranks that disagree, a call inside a compiled
                graph. Model and optimiser are as before.
            InfeasibleTopologyError: a layer has no edge, or no empty place.
        """
        if torch.compiler.is_compiling():
            raise RewiringError("rewirer.step() changes the model and cannot be compiled; call it outside the graph.")
        if self._cold_start is not None:
            self._cold_start.correct()
        step = self._step + 1
        due = step if self.rule.due(step) else self._due_since
        update = None
        if due is not None:
            update = self._update(step, due)
            self._due_since = due if update is None else None
        self._step = step
        self._prepare_next()
        return update

    def _prepare_next(self) -> None:
        step, window = self._step + 1, self.rule.window
        self._capture.step = step
        if window and (self._due_since is not None or any(map(self.rule.due, range(step, step + window)))):
            self._capture.arm()
            self._capture.keep_from(step - window + 1)
        else:
            self._capture.disarm()

    def _update(self, step: int, due: int) -> Update | None:
        changes = self._decide(step, due)
        if changes is None:
            return None
        self._check_sizes(changes)
        prepared = [
            prepare(layers, self._optimizer, change, self._memory[name])
            for (name, layers), change in zip(self._tied.items(), changes, strict=True)
        ]
        self._commit(prepared, due)
        if parallel.is_parallel():
            parallel.require_one_topology(self._layers.values(), None)
        if self.recording is not None:
            self.recording.add(step, {name: each.moved for name, each in zip(self._layers, changes, strict=True)})
        places = sum(explored.places for explored in self._explored.values())
        return Update.of(step, places, [each.moved for each in changes], [len(each.source) for each in changes])

    def _check_sizes(self, changes: Sequence[Change]) -> None:
        same = all(
            layer.weight.numel() == len(change.source)
            for layer, change in zip(self._layers.values(), changes, strict=True)
        )
        if not same and (self._fixed_sizes or parallel.has_fixed_sizes(self._model, self._layers.values())):
            parallel.require_same_sizes(self._layers, changes)

    def _decide(self, step: int, due: int) -> tuple[Change, ...] | None:
        require_one_topology_each(self._tied)
        complaint = complaint_about(self._layers, self._optimizer)
        passes = self._capture.passes
        if not parallel.is_parallel():
            if complaint:
                raise RewiringError(complaint)
            return self._plan(due, self._views(step, due, passes))
        parallel.require_one_topology(self._layers.values(), complaint)
        if self.rule.window:
            passes = parallel.gather_passes(passes)
        views = self._views(step, due, passes)  # on every rank, since parts of weights may lie on each
        changes, state = parallel.decided_by_first(lambda: (self._plan(due, views), self._rng.bit_generator.state))
        self._rng.bit_generator.state = state
        return changes

    def _views(self, step: int, due: int, passes: Mapping[str, Any]) -> tuple[LayerView, ...]:
        return tuple(
            view_of(
                name,
                layer,
                self._optimizer,
                step=due,
                passes=[(step - when, x, dz) for when, x, dz in passes[name]],
                initial_edges=self._initial[name],
                memory=self._memory[name],
            )
            for name, layer in self._layers.items()
        )

    def _plan(self, due: int, views: tuple[LayerView, ...]) -> tuple[Change, ...] | None:
        ready = all(view.missing is None or view.missing.is_finite() for view in views)
        return self.rule.plan(NetworkView(due, views), rng=self._rng) if ready else None

    def _commit(self, prepared: Sequence[Prepared], due: int) -> None:
        for name, each in zip(self._layers, prepared, strict=True):
            each.apply(self._optimizer)
            self._memory[name] = each.memory
            self._explored[name].visit(each.change.moved.added)
        if self._follows is not None:
            self._rest_memory = self._follows.follow(due, self._rest, self._rest_memory)
        if self._cold_start is not None:
            for name, each in zip(self._layers, prepared, strict=True):
                self._cold_start.carry(name, torch.from_numpy(each.change.source))

    def state_dict(self) -> dict[str, Any]:
        """Everything that later updates depend on: tensors, numbers, strings, in dicts and lists.

        Save it with the model's and the optimiser's state, after `step()`.
        """
        return {
            "rule": repr(self.rule),
            "step": self._step,
            "due_since": self._due_since,
            "rng": json.dumps(self._rng.bit_generator.state, default=np.ndarray.tolist),
            "initial_edges": dict(self._initial),
            "memory": {name: dict(memory) for name, memory in self._memory.items()},
            "rest": dict(self._rest_memory),
            "cold_start": None if self._cold_start is None else self._cold_start.state_dict(),
            "explored": {name: torch.from_numpy(each.bits.copy()) for name, each in self._explored.items()},
            "passes": {name: [list(each) for each in passes] for name, passes in self._capture.passes.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any], *, strict: bool = True) -> None:
        """Go on where `state_dict` was made. Load the model and the optimiser first.

        Args:
            state: what `state_dict` returned.
            strict: whether the rule must be the same.

        Raises:
            CheckpointError: another rule, other layers, or a random generator of another kind.
        """
        if strict and state["rule"] != repr(self.rule):
            raise CheckpointError(f"the state is of rule {state['rule']}, this rewirer has {self.rule!r}.")
        if set(state["initial_edges"]) != set(self._layers):
            raise CheckpointError(
                f"the state is of layers {sorted(state['initial_edges'])}, this rewirer has {sorted(self._layers)}."
            )
        rng_state = json.loads(state["rng"])
        if rng_state["bit_generator"] != self._rng.bit_generator.state["bit_generator"]:
            raise CheckpointError(
                f"the state is of a {rng_state['bit_generator']} generator, rng is a "
                f"{self._rng.bit_generator.state['bit_generator']}."
            )
        self._rng.bit_generator.state = rng_state
        self._step, self._due_since = int(state["step"]), state["due_since"]
        self._initial = {name: int(count) for name, count in state["initial_edges"].items()}
        self._memory = {name: dict(state["memory"][name]) for name in self._layers}
        self._rest_memory = dict(state["rest"])
        if self._cold_start is not None and state["cold_start"] is not None:
            self._cold_start.load_state_dict(state["cold_start"])
        for name, bits in state["explored"].items():
            self._explored[name].load(bits.cpu().numpy())
        self._capture.disarm()
        self._capture.passes = {name: [tuple(each) for each in state["passes"][name]] for name in self._layers}
        self._prepare_next()


def _chosen(model: nn.Module, names: Iterable[str] | None) -> dict[str, SparseLayer]:
    sparse = {name: module for name, module in model.named_modules() if isinstance(module, SparseLayer)}
    if not sparse:
        raise RewiringError(f"the model, {type(model).__name__}, has no sparse layer, so there is nothing to rewire.")
    if names is None:
        return sparse
    if isinstance(names, str):
        raise TypeError(f"layers={names!r} is one string; a list of names is needed.")
    chosen = list(names)
    unknown = [name for name in chosen if name not in sparse]
    if unknown or not chosen:
        raise ValueError(f"layers={chosen} is not allowed: some of {sorted(sparse)} are.")
    return {name: layer for name, layer in sparse.items() if name in chosen}


def _generator(rule: Rule) -> np.random.Generator:
    seed = int(torch.randint(2**63 - 1, ()).item()) if rule.random else 0
    return np.random.default_rng(seed)
