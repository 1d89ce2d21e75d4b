"""`gossamer bench`: is it really faster here? A short race against dense PyTorch, and the choice for one shape."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gossamer.cli.examples import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.table import Table
    from torch import nn

EXAMPLE = "gossamer bench --threads 1"

bench = typer.Typer(help="Race the sparse layers against dense PyTorch on this machine.", no_args_is_help=False)

Threads = Annotated[int | None, typer.Option(min=1, help="PyTorch threads; all cores if not given.")]


@bench.callback(invoke_without_command=True)
def race(context: typer.Context, threads: Threads = None, rounds: Annotated[int, typer.Option(min=1)] = 10) -> None:
    """Say what runs here and why, then time a junction and a whole training step at four sparsities (half a minute).

    Training steps are those of one native call.
    """
    if context.invoked_subcommand is not None:
        return
    from rich.console import Console

    from gossamer.timing.environment import environment_line
    from gossamer.timing.running import what_runs

    _use(threads)
    console = Console()
    console.print(environment_line(), highlight=False)
    for line in what_runs().lines():
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    console.print(_table("1024 x 1024, batch 128: forward and both gradients", _layers, rounds))
    console.print(_table("a training step of 784-1000-1000-1000-10, batch 128, SGD", _networks, rounds))


@bench.command(epilog=shown("gossamer bench layer --inputs 784 --outputs 300 --density 0.05"))
def layer(
    inputs: Annotated[int, typer.Option(help="Neurons on the input side.")] = 1024,
    outputs: Annotated[int, typer.Option(help="Neurons on the output side.")] = 1024,
    density: Annotated[float, typer.Option(help="Share of the possible edges, 0 to 1.")] = 0.1,
    batch: Annotated[int, typer.Option(help="Examples at once.")] = 128,
    threads: Threads = None,
) -> None:
    """Say which backend `backend="auto"` takes for a shape, the times it measured, and how the kernels walk it."""
    import numpy as np
    import torch

    from gossamer.errors import require_fraction, require_int
    from gossamer.nn import SparseLinear
    from gossamer.timing.contenders import junction
    from gossamer.timing.running import how_it_runs, what_runs

    for name, value in (("inputs", inputs), ("outputs", outputs), ("batch", batch)):
        require_int(name, value, low=1)
    require_fraction("--density", density)
    _use(threads)
    g = junction(inputs, outputs, density, np.random.default_rng(0))
    choice = SparseLinear(g, backend="auto").choice(torch.zeros(batch, inputs))
    print(f"{inputs} x {outputs}, {g.num_edges} edges (density {g.density:.4g}), batch {batch}: {choice}")
    print(f"natively: {how_it_runs(g, batch=batch)}")
    print("\n".join(what_runs().lines()))


@bench.command(epilog=shown("gossamer bench tune"))
def tune(
    threads: Threads = None,
    output: Annotated[
        Path | None, typer.Option(help="Where to; a file of this machine in the user's cache if not given.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Contenders take so many turns.")] = 25,
) -> None:
    """Measure which thresholds of the kernels hold on this machine, and remember them (some seconds, never needed).

    The file is read by every later process on this machine with this version of Gossamer. GOSSAMER_TUNING names another
    one, or says "off". Sums of a layer are added in another order where blocks begin elsewhere, so the last bits of a
    run may change.
    """
    from gossamer.cli.tune import run

    _use(threads)
    run(output, rounds=rounds)


@bench.command("graph-challenge", epilog=shown("gossamer bench graph-challenge --depth 24 --count 6000"))
def graph_challenge(
    neurons: Annotated[int, typer.Option(help="A layer: 1024, 4096, 16384 or 65536.")] = 1024,
    depth: Annotated[int, typer.Option(help="Layers; officially 120, 480 or 1920.")] = 120,
    layers: Annotated[
        Path | None, typer.Option(help="Folder of the official n1024-l1.tsv, ..., or an .npz; generated if not given.")
    ] = None,
    images: Annotated[
        str, typer.Option(help="Official sparse-images-1024.tsv; mnist to rebuild them; random.")
    ] = "random",
    count: Annotated[int, typer.Option(min=1, help="Images.")] = 60_000,
    answer: Annotated[Path | None, typer.Option(help="Official categories to compare with: .tsv or .npz.")] = None,
    checked: Annotated[int, typer.Option(min=0, help="So many images are also inferred by scipy, in float64.")] = 2000,
    peers: Annotated[bool, typer.Option(help="Let python-graphblas take part if it is installed.")] = True,
    threads: Threads = None,
    rounds: Annotated[int, typer.Option(min=1)] = 3,
) -> None:
    """Run the Sparse DNN Graph Challenge: images times connections a second, checked against scipy."""
    from gossamer.cli.challenge import run

    run(
        neurons,
        depth,
        layers,
        images,
        count=count,
        answer=answer,
        checked=checked,
        peers=peers,
        threads=threads,
        rounds=rounds,
    )


def _use(threads: int | None) -> None:
    if threads is not None:
        import torch

        torch.set_num_threads(threads)


def _table(title: str, contenders: Callable[[float], dict[str, Callable[[], None]]], rounds: int) -> Table:
    from rich.table import Table

    from gossamer.timing.speed import best_of_blocks

    table = Table("sparsity", "dense ms", "gossamer ms", "ratio", "rotated ms", "ratio", title=f"{title} (n={rounds})")
    for sparsity in (0.8, 0.9, 0.95, 0.99):
        timings = best_of_blocks(contenders(1 - sparsity), blocks=rounds, per_block=3)
        dense, ours, rotated = (timing.minimum for timing in timings.values())
        cells = (f"{1e3 * ours:.3f}", f"{dense / ours:.2f}", f"{1e3 * rotated:.3f}", f"{dense / rotated:.2f}")
        table.add_row(f"{sparsity:.0%}", f"{1e3 * dense:.3f}", *cells)
    return table


def _layers(density: float) -> dict[str, Callable[[], None]]:
    import numpy as np
    import torch

    from gossamer.nn import SparseLinear
    from gossamer.timing.contenders import junction, layer_step, rotated

    rng, size = np.random.default_rng(0), (1024, 1024)
    modules: dict[str, nn.Module] = {
        "dense": torch.nn.Linear(*size, bias=False),
        "gossamer": SparseLinear(junction(*size, density, rng), bias=False),
        "rotated": SparseLinear(rotated(*size, density, rng), bias=False),
    }
    x, dy = torch.randn(128, 1024), torch.randn(128, 1024)
    return {name: layer_step(module, x, dy) for name, module in modules.items()}


def _networks(density: float) -> dict[str, Callable[[], None]]:
    import numpy as np
    import torch

    from gossamer.timing import contenders

    rng = np.random.default_rng(0)
    x, target = torch.randn(128, contenders.WIDTHS[0]), torch.randint(contenders.WIDTHS[-1], (128,))
    dense = contenders.dense_network(contenders.WIDTHS)
    steps = {"dense": contenders.network_step(dense, contenders.OPTIMIZERS["SGD momentum"](dense), x, target)}
    for name in ("gossamer", "rotated"):
        model = contenders.sparse_network(contenders.WIDTHS, density, rng, rotate=name == "rotated")
        steps[name] = contenders.fused_step(model, contenders.OPTIMIZERS["SGD momentum"](model), x, target)
    return steps
