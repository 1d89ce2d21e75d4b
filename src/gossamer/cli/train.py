"""`gossamer train`: one network on one data set."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from gossamer.studies import Run


def train(
    data: Annotated[
        str,
        typer.Option(
            help="A data set, as `gossamer data list` names it; a table such as my.csv:price; a folder of images; or "
            "module:function."
        ),
    ],
    topology: Annotated[
        str,
        typer.Option(
            help="A construction, or dense for the fully connected network; a file of a network (.safetensors, .npz, "
            ".mtx, .graphml, .edgelist); or module:function."
        ),
    ],
    hidden: Annotated[str, typer.Option(help="Neurons of each hidden layer, such as 1000,500.")] = "1000",
    degree: Annotated[
        str | None,
        typer.Option(
            help="Edges of each input of a junction (of each output for constant_fan_in). One number leaves the last "
            "junction fully connected; else one for each junction, such as 16,16,dense. 16 if not given."
        ),
    ] = None,
    activation: Annotated[str, typer.Option(help="Of the hidden layers: relu, sigmoid, tanh, ...")] = "relu",
    initialization: Annotated[
        str, typer.Option(help="kaiming, glorot; with _dense by the dense layer's fan.")
    ] = "kaiming",
    input_dropout: Annotated[float, typer.Option(help="Share of the inputs left out, 0 to 1.")] = 0.0,
    dropout: Annotated[float, typer.Option(help="Share of the hidden units left out, 0 to 1.")] = 0.0,
    epochs: Annotated[int, typer.Option(help="The most passes over the training examples.")] = 10,
    batch_size: Annotated[int, typer.Option(help="Examples a step.")] = 128,
    optimizer: Annotated[str, typer.Option(help="adam or sgd (with Nesterov's momentum).")] = "adam",
    lr: Annotated[float | None, typer.Option(help="Learning rate; the optimizer's own if not given.")] = None,
    schedule: Annotated[str, typer.Option(help="Of the learning rate: cosine (down to 0) or constant.")] = "cosine",
    momentum: Annotated[float, typer.Option(help="Of sgd.")] = 0.9,
    weight_decay: Annotated[float, typer.Option(help="Decoupled with adam, in the gradient with sgd.")] = 0.0,
    clip_norm: Annotated[float | None, typer.Option(help="Cut gradients to this norm of all of them.")] = None,
    loss: Annotated[
        str | None,
        typer.Option(
            help="cross_entropy, squared_error of sigmoid outputs, mean_squared_error; that of the data if none."
        ),
    ] = None,
    validation: Annotated[
        float, typer.Option(help="Share of the training examples that judges epochs; 0 for none.")
    ] = 0.1,
    patience: Annotated[int | None, typer.Option(help="Stop after so many epochs without a better one.")] = None,
    rewire: Annotated[
        str, typer.Option(help="How edges move: static, sparse_evolutionary, rigl, mest, cht, chts, srigl, ...")
    ] = "static",
    fraction: Annotated[
        float | None, typer.Option(help="Share of edges that an update moves; the rule's own if none.")
    ] = None,
    every: Annotated[int | None, typer.Option(help="Steps between updates; an epoch if not given.")] = None,
    until: Annotated[int | None, typer.Option(help="Last step of rewiring; 3/4 of the training if not given.")] = None,
    seed: Annotated[int, typer.Option(help="Decides topology, weights, order, dropout and rewiring.")] = 0,
    threads: Annotated[int | None, typer.Option(help="Threads of PyTorch and the kernels.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="A folder for checkpoint, epochs, topology, weights, config and result; a run there goes on."
        ),
    ] = None,
) -> None:
    """Train a network, and judge it on the test examples. With --out a stopped run goes on exactly where it was."""
    from gossamer.cli.outputs import require_folder
    from gossamer.studies import Architecture, Experiment, Run
    from gossamer.studies.plan import names
    from gossamer.studies.plan.constructions import construction, hidden_of
    from gossamer.studies.run import dataset
    from gossamer.topology import Topology
    from gossamer.training import Config

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
    if out is not None:
        _report(_carried_out(run, out, threads, title=f"{data} {topology}"), sizes)
    else:
        with tempfile.TemporaryDirectory() as folder:
            _report(_carried_out(run, Path(folder), threads, title=f"{data} {topology}", kept=False), sizes)


def _carried_out(run: Run, out: Path, threads: int | None, *, title: str, kept: bool = True) -> dict[str, Any]:
    """The result of the run, done now or before."""
    from gossamer.cli.stopping import Stopped, stoppable
    from gossamer.errors import StudyError
    from gossamer.studies.engines.journal import Position
    from gossamer.studies.engines.work import Task, carry_out
    from gossamer.studies.store.result import read_result
    from gossamer.studies.store.run_folder import RunFolder
    from gossamer.training import ProgressBar

    position = Position()

    def stopped() -> Stopped:
        lost = "" if kept else "Nothing is kept of it: with --out FOLDER the same call goes on."
        return Stopped(position.words, lost=lost)

    with stoppable(stopped), ProgressBar(title) as bar:
        report = carry_out(Task(run, out, (), threads), callbacks=[bar, position])
    if report.state == "busy":
        raise StudyError(f"another process is at the run in {out}.")
    if report.state not in ("done", "skipped"):
        raise StudyError(report.cause)
    if report.state == "skipped":
        print(f"done before, in {out}:")
    return read_result(RunFolder(out))


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
