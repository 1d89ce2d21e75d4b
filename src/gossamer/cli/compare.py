"""`gossamer compare`: how far apart networks are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gossamer.cli import completions
from gossamer.cli.endings import Quiet, saved

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gossamer.distances import Distance
    from gossamer.topology import Topology


EXAMPLE = "gossamer compare fibonacci:64x64:8 erdos_renyi:64x64:8"


def compare(
    networks: Annotated[
        list[str],
        typer.Argument(
            help="Two or more topology files, checkpoints, run folders, zoo:NAME, or constructions like "
            "fibonacci:784x300:8."
        ),
    ],
    distance: Annotated[
        str, typer.Option(help="Which distance; a wrong name lists them all.", autocompletion=completions.distances)
    ] = "nnstd",
    plot: Annotated[Path | None, typer.Option(help="Write a page with heat map and map to this HTML file.")] = None,
    pad: Annotated[
        bool, typer.Option("--pad", help="Compare layers of unequal width: neurons without edges are added.")
    ] = False,
    ties: Annotated[bool, typer.Option("--ties", help="Of two networks: bound how far ties can move nnstd.")] = False,
    seed: Annotated[int, typer.Option(help="Of random constructions.")] = 0,
    workers: Annotated[int | None, typer.Option(help="Threads; as many as there are processors by default.")] = None,
    store: Annotated[
        Path | None, typer.Option(help="Keep values here; a stopped comparison goes on from them.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Print the distance of two networks layer by layer, or the matrix of the distances of many."""
    from gossamer.cli.labels import labels_of
    from gossamer.cli.networks import load
    from gossamer.cli.outputs import require_writable
    from gossamer.distances import console_bar, distance_named, pairwise

    measure = distance_named(distance)
    if len(networks) < 2:
        raise ValueError(f"{len(networks)} network is given; two or more can be compared.")
    if ties and len(networks) != 2:
        raise ValueError(f"--ties is for two networks; {len(networks)} are given.")
    for path in (plot, store):
        if path is not None:
            require_writable(path)
    topologies = _fitted([load(word, seed=seed).topology for word in networks], pad=pad)
    names = labels_of(networks, seed=seed)
    if len(networks) == 2:
        _print_pair(topologies, names, measure)
    if ties:
        _print_ties(topologies)
    if len(networks) == 2 and plot is None and store is None:
        return
    with console_bar(measure.name, disable=quiet) as bar:
        table = pairwise(topologies, measure, workers=workers, progress=bar, store=store)
    if len(networks) > 2:
        _print_table(table, names, measure)
    if plot is not None:
        from gossamer.distances import DistanceTable
        from gossamer.files import write_atomically
        from gossamer.reports.evolution import distance_page

        write_atomically(plot, distance_page(DistanceTable(tuple(names), table, measure)).encode())
        saved(plot, "open it in a browser", quiet=quiet)


def _fitted(topologies: list[Topology], *, pad: bool) -> list[Topology]:
    """Networks of equal widths, by empty neurons if `pad`."""
    if not pad:
        return topologies
    from gossamer.distances import padded

    widest = topologies[0]
    for topology in topologies[1:]:
        widest = padded(widest, topology)[0]
    return [padded(topology, widest)[0] for topology in topologies]


def _print_pair(topologies: list[Topology], names: list[str], measure: Distance) -> None:
    from gossamer.distances import labelled_layers, nnstd, symmetric_nnstd

    a, b = topologies
    if measure.name == "nnstd":
        layers, mean = nnstd(a, b).per_layer, nnstd(a, b).mean
    elif measure.name == "symmetric-nnstd":
        found = symmetric_nnstd(a, b)
        layers, mean = found.per_layer, found.mean
    else:
        layers, mean = labelled_layers(measure)(a, b), measure(a, b)
    print(f"{measure.name} from {names[0]} to {names[1]}: {mean:.6f}")
    for k, value in enumerate(layers):
        g, h = a[k], b[k]
        print(
            f"  junction {k} ({g.in_features} x {g.out_features}, {g.num_edges} and {h.num_edges} edges): {value:.6f}"
        )
    print(f"Blind to: {measure.blind_to}.")


def _print_table(values: NDArray[np.float64], names: list[str], measure: Distance) -> None:
    print(f"{measure.name}, row to column")
    width = max(len(name) for name in names)
    print(" " * width, *(f"{number:>8}" for number in range(len(names))))
    for name, row in zip(names, values.tolist(), strict=True):
        print(f"{name:<{width}}", *(f"{value:8.5f}" for value in row))
    print(f"Blind to: {measure.blind_to}.")


def _print_ties(topologies: list[Topology]) -> None:
    from gossamer.distances import tie_bounds

    bounds = tie_bounds(*topologies)
    print(f"Whatever optimal matches are chosen, nnstd lies from {bounds.mean[0]:.6f} to {bounds.mean[1]:.6f}.")
    for k, (low, high) in enumerate(zip(bounds.lower, bounds.upper, strict=True)):
        print(f"  junction {k}: {low:.6f} to {high:.6f}, {bounds.undetermined[k]} neurons undetermined")
