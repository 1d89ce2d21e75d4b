"""`gossamer train`: one network on one data set."""

from __future__ import annotations

import contextlib
import shlex
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from gossamer.cli import completions
from gossamer.cli.endings import Quiet, call, saved

if TYPE_CHECKING:
    from gossamer.studies.engines.work import Task
    from gossamer.training import Callback


EXAMPLE = "gossamer train --data digits --topology fibonacci --hidden 64 --out runs/a"

_NETWORK, _TRAINING, _REWIRING = "The network", "How it is trained", "How its edges move"
"""Under which headings the help has its options."""


def train(
    data: Annotated[
        str,
        typer.Option(
            help="A data set, as `gossamer data list` names it; a table such as my.csv:price; a folder of images; or "
            "module:function.",
            autocompletion=completions.data_sets,
        ),
    ],
    topology: Annotated[
        str,
        typer.Option(
            help="A construction, or dense for the fully connected network; a file of a network (.safetensors, .npz, "
            ".mtx, .graphml, .edgelist); or module:function.",
            autocompletion=completions.topologies,
        ),
    ],
    hidden: Annotated[
        str, typer.Option(help="Neurons of each hidden layer, such as 1000,500.", rich_help_panel=_NETWORK)
    ] = "1000",
    degree: Annotated[
        str | None,
        typer.Option(
            help="Edges of each input of a junction (of each output for constant_fan_in). One number leaves the last "
            "junction fully connected; else one for each junction, such as 16,16,dense. 16 if not given.",
            rich_help_panel=_NETWORK,
        ),
    ] = None,
    activation: Annotated[
        str, typer.Option(help="Of the hidden layers: relu, sigmoid, tanh, ...", rich_help_panel=_NETWORK)
    ] = "relu",
    initialization: Annotated[
        str, typer.Option(help="kaiming, glorot; with _dense by the dense layer's fan.", rich_help_panel=_NETWORK)
    ] = "kaiming",
    input_dropout: Annotated[
        float, typer.Option(help="Share of the inputs left out, 0 to 1.", rich_help_panel=_NETWORK)
    ] = 0.0,
    dropout: Annotated[
        float, typer.Option(help="Share of the hidden units left out, 0 to 1.", rich_help_panel=_NETWORK)
    ] = 0.0,
    epochs: Annotated[
        int, typer.Option(help="The most passes over the training examples.", rich_help_panel=_TRAINING)
    ] = 10,
    batch_size: Annotated[int, typer.Option(help="Examples a step.", rich_help_panel=_TRAINING)] = 128,
    optimizer: Annotated[
        str, typer.Option(help="adam or sgd (with Nesterov's momentum).", rich_help_panel=_TRAINING)
    ] = "adam",
    lr: Annotated[
        float | None, typer.Option(help="Learning rate; the optimizer's own if not given.", rich_help_panel=_TRAINING)
    ] = None,
    schedule: Annotated[
        str, typer.Option(help="Of the learning rate: cosine (down to 0) or constant.", rich_help_panel=_TRAINING)
    ] = "cosine",
    momentum: Annotated[float, typer.Option(help="Of sgd.", rich_help_panel=_TRAINING)] = 0.9,
    weight_decay: Annotated[
        float, typer.Option(help="Decoupled with adam, in the gradient with sgd.", rich_help_panel=_TRAINING)
    ] = 0.0,
    clip_norm: Annotated[
        float | None, typer.Option(help="Cut gradients to this norm of all of them.", rich_help_panel=_TRAINING)
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(
            help="cross_entropy, squared_error of sigmoid outputs, mean_squared_error; that of the data if none.",
            rich_help_panel=_TRAINING,
        ),
    ] = None,
    validation: Annotated[
        float,
        typer.Option(help="Share of the training examples that judges epochs; 0 for none.", rich_help_panel=_TRAINING),
    ] = 0.1,
    patience: Annotated[
        int | None, typer.Option(help="Stop after so many epochs without a better one.", rich_help_panel=_TRAINING)
    ] = None,
    rewire: Annotated[
        str,
        typer.Option(
            help="How edges move: static, sparse_evolutionary, rigl, mest, cht, chts, srigl, ...",
            rich_help_panel=_REWIRING,
        ),
    ] = "static",
    fraction: Annotated[
        float | None,
        typer.Option(help="Share of edges that an update moves; the rule's own if none.", rich_help_panel=_REWIRING),
    ] = None,
    every: Annotated[
        int | None, typer.Option(help="Steps between updates; an epoch if not given.", rich_help_panel=_REWIRING)
    ] = None,
    until: Annotated[
        int | None,
        typer.Option(help="Last step of rewiring; 3/4 of the training if not given.", rich_help_panel=_REWIRING),
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides topology, weights, order, dropout and rewiring.")] = 0,
    threads: Annotated[int | None, typer.Option(help="Threads of PyTorch and the kernels.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="A folder for checkpoint, epochs, topology, weights, config and result; a run there goes on."
        ),
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write TensorBoard's events into OUT/tensorboard.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="One line an epoch instead of the bar.")] = False,
    quiet: Quiet = False,
) -> None:
    """Train a network, and judge it on the test examples. With --out a stopped run goes on exactly where it was."""
    from gossamer.cli.outputs import require_folder
    from gossamer.studies import Architecture, Experiment, Run
    from gossamer.studies.engines.work import Task
    from gossamer.studies.plan import names
    from gossamer.studies.plan.constructions import construction, hidden_of
    from gossamer.studies.run import dataset
    from gossamer.topology import Topology
    from gossamer.training import Config

    if verbose and quiet:
        raise ValueError("--verbose contradicts --quiet: give one of them.")
    if tensorboard and out is None:
        raise ValueError("--tensorboard needs --out FOLDER, which keeps its events.")
    made = construction(topology)
    if made is None and degree is not None:
        warnings.warn(f"degree={degree} has no effect: every edge of a dense network is there.", stacklevel=1)
    layers = names.numbers("hidden", hidden)
    config = Config(
        epochs=epochs,
        batch_size=batch_size,
        optimizer=names.optimizer(optimizer, lr, momentum, weight_decay),
        schedule=names.schedule(schedule),
        loss=names.loss(loss),
        validation=validation,
        patience=patience,
        clip_norm=clip_norm,
    )
    make_activation, begin = names.activation(activation), names.initialization(initialization)
    names.use_threads(threads)
    if out is not None:
        require_folder(out)
    learnt = dataset(data)
    if isinstance(made, Topology):
        layers = hidden_of(made, learnt.num_outputs)
    sizes = (learnt.num_features, *layers, learnt.num_outputs)
    counts = names.edges(made, degree or "16", sizes)
    names.require_room(layers, counts, sizes)
    architecture = Architecture(made, layers, counts, make_activation, begin, dropout=(input_dropout, dropout))
    rule = names.rule(rewire, fraction, names.Course.of(config, learnt), every=every, until=until)
    run = Run(Experiment(architecture, config, seed, rule), data)
    title = f"{data}, {topology}: {'-'.join(map(str, sizes))}"
    show = _Show(title, "lines" if verbose else "nothing" if quiet else "bar")
    if out is None:
        with tempfile.TemporaryDirectory() as folder:
            _report(_carried_out(Task(run, Path(folder), (), threads), show, kept=False), sizes)
        saved(None, "the same call with --out FOLDER keeps the network, and goes on after a stop", quiet=quiet)
        return
    board = out / "tensorboard" if tensorboard else None
    _report(_carried_out(Task(run, out, (), threads, board), show), sizes)
    boards = [] if board is None else [shlex.join(["tensorboard", "--logdir", str(board)])]
    saved(out, call("measure", out), *boards, quiet=quiet)


class _Show(NamedTuple):
    """What a training shows while it goes on: a "bar", "lines" or "nothing"; `title` stands above the bar."""

    title: str
    how: str

    @contextlib.contextmanager
    def callbacks(self) -> Iterator[list[Callback]]:
        from gossamer.training import EpochLines, ProgressBar

        if self.how == "lines":
            yield [EpochLines()]
            return
        with ProgressBar(self.title, disable=self.how == "nothing") as bar:
            yield [bar]


def _carried_out(task: Task, show: _Show, *, kept: bool = True) -> dict[str, Any]:
    """The result of the run, done now or before."""
    from gossamer.cli.progress import say_how_long
    from gossamer.cli.stopping import Stopped, stoppable
    from gossamer.errors import StudyError
    from gossamer.studies.engines.journal import Position
    from gossamer.studies.engines.work import carry_out
    from gossamer.studies.store.result import is_done, read_result
    from gossamer.studies.store.run_folder import RunFolder

    position, folder = Position(), RunFolder(task.folder)

    def stopped() -> Stopped:
        lost = "" if kept else "Nothing is kept of it: with --out FOLDER the same call goes on."
        return Stopped(position.words, lost=lost)

    with stoppable(stopped), show.callbacks() as shown:
        if show.how != "nothing" and not is_done(folder, task.run.digest):
            say_how_long([task.run])
        report = carry_out(task, callbacks=[*shown, position])
    if report.state == "busy":
        raise StudyError(f"another process is at the run in {task.folder}.")
    if report.state not in ("done", "skipped"):
        raise StudyError(report.cause)
    if report.state == "skipped":
        print(f"done before, in {task.folder}:")
    return read_result(folder)


def _report(result: Mapping[str, Any], sizes: tuple[int, ...]) -> None:
    best = f", best {result['best_epoch']}" if result["best_epoch"] else ""
    print(
        f"{'-'.join(map(str, sizes))}, {result['edges']} edges: "
        f"test {_told(result['test'])}, loss {result['test']['loss']:.4f} "
        f"({result['epochs']} epochs{best}, {result['seconds']:.1f} s)"
    )


def _told(test: Mapping[str, Any]) -> str:
    """The accuracy of classes; of numbers the error in their own unit, and the share that is explained."""
    if test["accuracy"] is None:
        return f"error {test['rmse']:.4g} (root of the mean square), R² {test['r2']:.3f}"
    return f"accuracy {100 * test['accuracy']:.2f} %"
