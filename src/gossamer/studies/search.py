"""The search for a topology: Optuna proposes, measures screen, training judges on the examples held out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np

from gossamer.errors import (
    GossamerError,
    StudyError,
    require_fraction,
    require_int,
    require_known,
    without_topology_warnings,
)
from gossamer.studies.engines.local import Engine, InProcess
from gossamer.studies.plan.constructions import DENSE, NARROW
from gossamer.studies.plan.grid import cells, run
from gossamer.studies.plan.study_file import StudyFile
from gossamer.studies.run import Run, dataset
from gossamer.studies.store.locks import held
from gossamer.studies.store.result import measured, sparse_junctions
from gossamer.studies.store.run_folder import RunFolder
from gossamer.studies.study import Study
from gossamer.topology import Topology

if TYPE_CHECKING:
    import optuna

    from gossamer.studies.run import Label


@dataclass(frozen=True, slots=True)
class Prescreen:
    """Which candidates are trained at all: those whose measure is high enough, before any training.

    Args:
        measure: a measure of a topology; that of the junctions that are sparse, of the first seed.
        threshold: the least value.
        quantile: instead of it, the share of the candidates so far that are to lie below, from 0 to 1.

    Raises:
        ValueError: a measure that there is none of, or not exactly one of threshold and quantile.
    """

    measure: str
    threshold: float | None = None
    quantile: float | None = None

    def __post_init__(self) -> None:
        from gossamer.studies.measures import known_measures

        if require_known("measure", self.measure, known_measures([self.measure])).needs_weights:
            raise ValueError(f"measure={self.measure} is not allowed: it needs weights, and there are none yet.")
        if (self.threshold is None) == (self.quantile is None):
            raise ValueError(f"threshold={self.threshold}, quantile={self.quantile}: give exactly one of them.")
        if self.quantile is not None:
            require_fraction("quantile", self.quantile)

    def least(self, before: list[float]) -> float:
        """What a candidate must have, given the values of those before."""
        if self.threshold is not None:
            return self.threshold
        return float(np.quantile(before, self.quantile or 0.0)) if before else -np.inf


@dataclass(frozen=True, slots=True)
class Trial:
    """One candidate.

    Args:
        number: from 0.
        labels: what it is: topology, and degree or density.
        state: `trained`, `screened` (its measure was too low), or `failed`.
        value: mean accuracy over the seeds on the examples held out; None unless trained.
        measure: the value of the pre-screen's measure, or None.
        reason: why it was not trained, or failed.
    """

    number: int
    labels: dict[str, Label]
    state: str
    value: float | None
    measure: float | None
    reason: str


@dataclass(frozen=True)
class Search:
    """A search over constructions and their degree or density.

    It is kept in `folder/search.db` (Optuna's SQLite storage), its runs like those of a study beside it. Called again
    it goes on, and begins a candidate anew that was under way when it was killed.

    Args:
        plan: its topologies are the choices; its degrees or densities span the range; all its seeds judge a candidate.
            "narrow", fully connected with the edges of that degree or density, is a choice like the others. Other axes
            must have one value, and `validation` must be above 0.
        folder: where it is kept.
        trials: candidates in all, with those of earlier calls.
        prescreen: which of them are trained; all if None.
        seed: of the proposals.

    Raises:
        ValueError: an axis with several values, nothing held out, or a pre-screen of fully connected networks.
    """

    plan: StudyFile
    folder: Path
    trials: int
    prescreen: Prescreen | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        require_int("trials", self.trials, low=1)
        require_int("seed", self.seed, low=0)
        axes = {name: len(getattr(self.plan, name)) for name in ("data", "hidden", "rule")}
        axes |= {f"training.{name}": len(value) for name, value in self.plan.training}
        for name, count in axes.items():
            if count > 1:
                raise ValueError(f"{name} has {count} values; a search varies topology and degree or density only.")
        if self.plan.training.validation == (0.0,):
            raise ValueError("validation=0 is not allowed: candidates are judged by the examples held out.")
        if DENSE in self.plan.topology or any(isinstance(size, str) for size in self._sizes):
            raise ValueError("a search needs sparse topologies, and degrees or densities that are numbers.")
        if self.prescreen is not None and NARROW in self.plan.topology:
            raise ValueError(
                f"prescreen by {self.prescreen.measure} is not allowed with the topology {NARROW}: its junctions have "
                "every edge, so that a measure of them tells their sizes alone. Search without one, or without it."
            )

    def execute(self, engine: Engine | None = None, *, on_trial: Callable[[Trial], None] | None = None) -> list[Trial]:
        """Go on until there are enough candidates; returns them all.

        Args:
            engine: where a candidate's seeds are trained; one after the other in this process by default.
            on_trial: told of every candidate.

        Raises:
            StudyError: Optuna is not installed, the folder holds another search, or another process holds it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with held(RunFolder(self.folder)) as mine:
            if not mine:
                raise StudyError(f"another process searches in {self.folder}.")
            proposals = self._storage()
            done = _finished(proposals.trials)
            while len(done) < self.trials:
                done.append(self._try(proposals, engine or InProcess(), done))
                if on_trial is not None:
                    on_trial(done[-1])
        return done

    @property
    def _sizes(self) -> tuple[Any, ...]:
        return self.plan.degree or self.plan.density or ()

    def _storage(self) -> optuna.Study:
        try:
            import optuna
        except ImportError as error:
            raise StudyError("optuna is not installed: pip install 'gossamer[search]'.") from error
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        proposals = optuna.create_study(
            study_name=self.plan.name,
            storage=f"sqlite:///{self.folder / 'search.db'}",
            direction="maximize",
            load_if_exists=True,
        )
        proposals.sampler = optuna.samplers.TPESampler(seed=self.seed + len(proposals.trials))
        for trial in proposals.get_trials(states=[optuna.trial.TrialState.RUNNING]):  # of a process that was killed
            proposals.enqueue_trial(trial.params)
            proposals.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        return proposals

    def _try(self, proposals: optuna.Study, engine: Engine, before: list[Trial]) -> Trial:
        from optuna.trial import TrialState

        trial = proposals.ask()
        candidate = self.candidate(self._proposed(trial))
        trial.set_user_attr("labels", {**candidate[0].labels, "seed": None})
        try:
            reason = self._screened(trial, candidate[0], before)
            value = None if reason else self._value(candidate, before, engine)
            state = TrialState.PRUNED if reason else TrialState.COMPLETE
        except GossamerError as error:
            reason, value, state = f"{type(error).__name__}: {error}", None, TrialState.FAIL
        trial.set_user_attr("reason", reason)
        proposals.tell(trial, value, state)
        return _told(proposals.trials[trial.number])

    def _proposed(self, trial: optuna.Trial) -> dict[str, Any]:
        low, high = min(self._sizes), max(self._sizes)
        topology = trial.suggest_categorical("topology", list(self.plan.topology))
        if self.plan.density is None:
            return {"topology": topology, "size": trial.suggest_int("degree", low, high)}
        return {"topology": topology, "size": trial.suggest_float("density", low, high, log=True)}

    def candidate(self, words: dict[str, Any]) -> list[Run]:
        """The runs of a candidate, one a seed."""
        first = next(cells(self.plan))
        return [run(first._replace(seed=seed, **words), self.plan) for seed in self.plan.seeds]

    def _screened(self, trial: optuna.Trial, candidate: Run, before: list[Trial]) -> str:
        """Why a candidate is not worth training; nothing if it is."""
        if self.prescreen is None:
            return ""
        name, architecture = self.prescreen.measure, candidate.experiment.architecture
        with without_topology_warnings():
            whole = architecture.topology(dataset(candidate.data), seed=candidate.experiment.seed)
            value = measured(Topology(whole.layers[sparse_junctions(architecture)]), None, [name])[name]
        trial.set_user_attr("measure", value)
        least = self.prescreen.least([each.measure for each in before if each.measure is not None])
        return "" if value is not None and value >= least else f"{name} {value} is below {least:.6g}"

    def _value(self, candidate: list[Run], before: list[Trial], engine: Engine) -> float:
        """Train a candidate; the study's folder is then of all candidates so far."""
        size = "degree" if self.plan.density is None else "density"
        trained = [each.labels for each in before if each.state == "trained"]
        earlier = [{"topology": labels["topology"], "size": labels[size]} for labels in trained]
        known = {each.digest: each for words in earlier for each in self.candidate(words)}
        known |= {each.digest: each for each in candidate}
        study = Study(self.plan.name, known.values(), self.folder, measures=self.plan.measures)
        execution = study.execute(engine)
        failed = [execution.failed[each.digest] for each in candidate if each.digest in execution.failed]
        if failed:
            raise StudyError(failed[0])
        return fmean(study.result(each.digest)["validation_accuracy"] for each in candidate)


def _finished(trials: list[optuna.trial.FrozenTrial]) -> list[Trial]:
    """Those that came to an end by themselves: who was killed has no reason."""
    return [_told(trial) for trial in trials if trial.state.is_finished() and "reason" in trial.user_attrs]


def _told(trial: optuna.trial.FrozenTrial) -> Trial:
    state = {"COMPLETE": "trained", "PRUNED": "screened"}.get(trial.state.name, "failed")
    about = trial.user_attrs
    labels = {name: value for name, value in about["labels"].items() if value is not None}
    return Trial(trial.number, labels, state, trial.value, about.get("measure"), about["reason"])
