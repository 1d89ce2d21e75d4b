"""A study: many runs in a folder, carried out once each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from gossamer.errors import StudyError, StudyFileError, require_known
from gossamer.studies.engines.local import Engine, Loky
from gossamer.studies.engines.work import Report, Task
from gossamer.studies.run import Run
from gossamer.studies.store import frames, study_folder
from gossamer.studies.store.result import DEFAULT_MEASURES, is_done, read_result
from gossamer.studies.store.run_folder import RunFolder
from gossamer.studies.store.study_folder import ListedRun

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray
    from torch import nn

    from gossamer.rewiring import Recording
    from gossamer.topology import Topology


@dataclass(frozen=True, slots=True)
class Execution:
    """What a call of `Study.execute` came to.

    Args:
        done: digests of the runs that it finished.
        skipped: those that were done before.
        failed: those that failed, with the cause.
        busy: those that another process is at.
    """

    done: tuple[str, ...]
    skipped: tuple[str, ...]
    failed: dict[str, str]
    busy: tuple[str, ...] = ()


class Study:
    """Runs that belong together, and the folder that holds what came of them.

    Args:
        name: what the study is called.
        runs: what is to be done; each has its own digest.
        folder: where it is kept; made by `execute`.
        measures: names of what is measured of every final topology, see `gossamer.studies.measures.known_measures`.

    Raises:
        ValueError: no run, or a measure that there is none of.

    >>> import tempfile
    >>> from gossamer.studies import Architecture, Experiment, Run, InProcess
    >>> from gossamer.training import Config
    >>> net = Architecture(None, (16,), (None, None))
    >>> runs = [Run(Experiment(net, Config(epochs=2), seed), "digits", labels={"seed": seed}) for seed in (0, 1)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     study = Study("two seeds", runs, folder)
    ...     execution = study.execute(InProcess())
    ...     frame = study.frame()
    >>> len(execution.done), [*frame["state"]], bool(frame["accuracy"].min() > 0.3)
    (2, ['done', 'done'], True)
    """

    def __init__(
        self,
        name: str,
        runs: Iterable[Run],
        folder: str | Path,
        *,
        measures: Sequence[str] = DEFAULT_MEASURES,
    ) -> None:
        from gossamer.studies.measures import known_measures

        self.name = name
        self.runs = tuple(runs)
        self.folder = Path(folder)
        self.measures = tuple(measures)
        if not self.runs:
            raise ValueError(f"study {name!r} has no runs; at least one is needed.")
        for measure in self.measures:
            require_known("measure", measure, known_measures([measure]))
        self._entries: tuple[ListedRun, ...] | None = None

    @classmethod
    def load(cls, path: str | Path, *, folder: str | Path) -> Self:
        """The study that a TOML file describes.

        Raises:
            StudyFileError: the file is no such description; the message names line and field.
            DataUnavailableError: data that are not on this machine.
            OSError: the file cannot be read.
        """
        from gossamer.studies.plan.file_errors import refused
        from gossamer.studies.plan.grid import require_distinct, runs
        from gossamer.studies.plan.study_file import read

        plan = read(Path(path))
        try:
            made = runs(plan)
            require_distinct(plan, made)
            return cls(plan.name, made, folder, measures=plan.measures)
        except ValueError as error:
            raise StudyFileError(refused(error, Path(path))) from error

    @classmethod
    def open(cls, folder: str | Path) -> Self:
        """The study in a folder, to look at: its runs are as they were, whatever the code is now.

        Raises:
            StudyError: the folder holds no study, a damaged one, or one of another version.
        """
        place = Path(folder)
        study = cls.__new__(cls)
        study.folder, study.runs = place, ()
        study.name, study.measures, study._entries = study_folder.read(place)
        return study

    @property
    def entries(self) -> tuple[ListedRun, ...]:
        """Digest and labels of every run.

        Raises:
            DataUnavailableError: data that are not on this machine.
            ValueError: two runs are the same.
        """
        if self._entries is None:
            self._entries = study_folder.listed_runs(self.runs)
        return self._entries

    def execute(
        self,
        engine: Engine | None = None,
        *,
        tensorboard: bool = False,
        on_round: Callable[[Sequence[Task]], None] | None = None,
    ) -> Execution:
        """Carry out what is not done yet. A run that was stopped goes on from its checkpoint; failed ones are retried.

        Args:
            engine: where; `Loky()` by default.
            tensorboard: whether to write events under `folder/tensorboard`.
            on_round: told of the tasks before they start.

        Raises:
            DataUnavailableError: data that are not on this machine; nothing was begun.
            StudyError: the folder holds another study, the engine does not work, the disk is full, or TensorBoard is
                wanted and not installed.
            OSError: the folder cannot be written.
        """
        from gossamer.studies.engines.rounds import carry_out_all
        from gossamer.studies.engines.tensorboard import require_tensorboard

        if not self.runs:
            raise StudyError(f"the study in {self.folder} was opened to look at; load its file to go on with it.")
        if tensorboard:
            require_tensorboard()
        chosen = Loky() if engine is None else engine
        study_folder.write(self.folder, self.name, self.measures, self.entries)
        waiting = [run for run in self.runs if not is_done(self._place(run.digest), run.digest)]
        tasks = [self._task(run, chosen.threads, tensorboard) for run in waiting]
        if on_round is not None:
            on_round(tasks)
        reports = carry_out_all(tasks, chosen)
        skipped = [run.digest for run in self.runs if run not in waiting]
        return _execution(skipped, reports)

    def count_done(self) -> int:
        """How many runs have their result."""
        return sum(self._place(entry.digest).state == "done" for entry in self.entries)

    def frame(self) -> pd.DataFrame:
        """One row a run: digest, state, labels, results, measures."""
        return frames.frame(self.folder, self.entries)

    def epochs(self) -> pd.DataFrame:
        """One row an epoch of every run that has begun."""
        return frames.epochs(self.folder, self.entries)

    def query(self, sql: str) -> pd.DataFrame:
        """The answer to a query in SQL over the tables `runs` and `epochs`.

        Raises:
            StudyError: the query is not SQL, or names a table or column that does not exist.
        """
        return frames.query(self.folder, self.entries, sql)

    def plot(
        self, ax: Axes | None = None, *, x: str | None = None, y: str | None = None, where: str | None = None
    ) -> Axes:
        """Draw the finished runs: every seed a dot, a line through the means of each construction; return the axes.

        Args:
            ax: where to draw; a new figure if None.
            x: a column of `frame` that holds numbers, or "degree"; if None degree, density or edges, whichever varies.
            y: a column of `frame` that holds numbers, such as "seconds" or "algebraic_connectivity"; if None what the
                runs are judged by: "accuracy", or "r2" where numbers are told.
            where: which setting, such as a data set's name, if there are several; the first if None.

        Raises:
            StudyError: no run is done, or none has both numbers.
            ValueError: a column or a setting that is not there.
        """
        from gossamer.studies.drawing import draw_runs

        return draw_runs(frames.frame(self.folder, self.entries), self._labels(), ax, x=x, y=y, where=where)

    def _repr_html_(self) -> str:
        from gossamer.studies.drawing import runs_html

        return runs_html(self.name, frames.frame(self.folder, self.entries), self._labels())

    def _labels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for entry in self.entries for name in entry.labels))

    def others(self) -> dict[str, str]:
        """Finished runs in the folder that are not of this study, and what they are of: other code, or settings."""
        return study_folder.others(self.folder, self.entries)

    def result(self, digest: str) -> dict[str, Any]:
        """What is in a run's `result.json`.

        Raises:
            StudyError: the run is not done, or its result is damaged.
            ValueError: the study has no such run.
        """
        return read_result(self._known(digest))

    def topology(self, digest: str, when: str = "end") -> Topology:
        """All junctions of a run's network at the "start" or the "end" of its training.

        Raises:
            StudyError: the run has not come so far.
            ValueError: the study has no such run.
        """
        return self._known(digest).read_topology(when)

    def recording(self, digest: str) -> Recording | None:
        """The updates of a run's topology; None if it never changed.

        Raises:
            ValueError: the study has no such run.
        """
        from gossamer.rewiring import Recording

        path = self._known(digest).recording
        return Recording.load(path) if path.exists() else None

    def network(self, digest: str) -> nn.Sequential:
        """A run's network after training, in evaluation mode.

        Raises:
            StudyError: the run is not done, or its files are damaged.
            ValueError: the study has no such run.
        """
        from gossamer.studies.store.trained import trained_network

        return trained_network(self._known(digest))

    def weights(self, digest: str) -> dict[str, NDArray[np.generic]]:
        """The `state_dict` of a run's network after training, as arrays.

        Raises:
            StudyError: the run is not done, or the file is damaged.
            ValueError: the study has no such run.
        """
        return self._known(digest).read_weights()

    def __len__(self) -> int:
        return len(self.runs or self.entries)

    def __repr__(self) -> str:
        return f"Study({self.name!r}, {len(self)} runs in {self.folder})"

    def _place(self, digest: str) -> RunFolder:
        return RunFolder(study_folder.runs_folder(self.folder) / digest)

    def _known(self, digest: str) -> RunFolder:
        require_known("run", digest, {entry.digest: entry for entry in self.entries})
        return self._place(digest)

    def _task(self, run: Run, threads: int | None, tensorboard: bool) -> Task:
        place = self._place(run.digest).path.resolve()
        board = self.folder.resolve() / "tensorboard" / run.digest if tensorboard else None
        return Task(run, place, self.measures, threads, board)


def _execution(skipped: Sequence[str], reports: Sequence[Report]) -> Execution:
    def of(state: str) -> tuple[str, ...]:
        return tuple(report.digest for report in reports if report.state == state)

    failed = {report.digest: f"{report.error}: {report.cause}" for report in reports if report.state == "failed"}
    return Execution(of("done"), (*skipped, *of("skipped")), failed, of("busy"))
