"""`gossamer topology`: make one junction, measure it, save it, draw it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gossamer.cli import completions
from gossamer.cli.endings import Quiet, call, saved

if TYPE_CHECKING:
    from gossamer.topology import Junction


EXAMPLE = "gossamer topology fibonacci --inputs 784 --outputs 300 --degree 16"

_COUNTS = ("edges of an input", "edges of an output", "dead units", "components", "digest")
_SPECTRA = ("algebraic connectivity", "spectral gap", "largest singular values", "Ramanujan margin")


def topology(
    name: Annotated[
        str,
        typer.Argument(
            help="A construction, such as fibonacci; a wrong one lists them all.", autocompletion=completions.topologies
        ),
    ],
    inputs: Annotated[int, typer.Option(help="Neurons on the input side.")],
    outputs: Annotated[int, typer.Option(help="Neurons on the output side.")],
    degree: Annotated[
        int | None, typer.Option(help="Edges of each input; of each output for constant_fan_in. Not for dense.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides the random constructions.")] = 0,
    save: Annotated[Path | None, typer.Option(help="Write the topology to this safetensors file.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write a picture to this file (PNG, SVG or PDF).")] = None,
    quiet: Quiet = False,
) -> None:
    """Make a junction, print its measures, and save it or draw it."""
    from gossamer.cli.outputs import require_writable
    from gossamer.measures.registry import LINEAR
    from gossamer.reports.pictures import draw_junction, require_format
    from gossamer.seeds import stream
    from gossamer.studies.plan import names
    from gossamer.topology import Topology

    if save is not None:
        require_writable(save)
    if plot is not None:
        require_format(require_writable(plot))
    g = names.junction(name, inputs, outputs, degree, rng=stream(seed, "topology"))
    if save is not None:
        Topology([g]).save(save)
    title = name if degree is None else f"{name}, degree {degree}"
    if plot is not None and (excess := LINEAR.excess(g)) is not None:
        raise ValueError(f"plot={plot} is not allowed: {excess}.")
    if plot is not None:
        draw_junction(g, plot, title=title)
    _print_measures(g, title=f"{title}: {inputs} inputs, {outputs} outputs")
    if plot is not None:
        saved(plot)
    if save is not None:
        saved(save, call("train", "--data", "DATA", "--topology", save), call("measure", save), quiet=quiet)


def _print_measures(g: Junction, *, title: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, box=None, show_header=False, title_justify="left")
    for name, value in _measured(g).items():
        table.add_row(name, value)
    Console().print(table, highlight=False)


def _measured(g: Junction) -> dict[str, str]:
    """Each line of the table; what would take too long is skipped, as `gossamer measure` skips it."""
    from gossamer.measures.registry import ITERATIVE, LINEAR

    pairs = g.in_features * g.out_features
    lines = {
        "edges": f"{g.num_edges} of {pairs} ({100 * g.num_edges / pairs:.3g} %)",
        "bytes of the topology": str(g.nbytes),
    }
    for cost, names, take in ((LINEAR, _COUNTS, _counts), (ITERATIVE, _SPECTRA, _spectra)):
        excess = cost.excess(g)
        lines |= take(g) if excess is None else dict.fromkeys(names, f"skipped, too large: {excess}")
    return lines


def _counts(g: Junction) -> dict[str, str]:
    from gossamer import measures

    dead = measures.dead_units(g)
    fan_in, fan_out = measures.fan_in_statistics(g), measures.fan_out_statistics(g)
    values = (
        f"{fan_out.least:g} to {fan_out.most:g}, mean {fan_out.mean:.4g}",
        f"{fan_in.least:g} to {fan_in.most:g}, mean {fan_in.mean:.4g}",
        f"{dead.inputs} inputs, {dead.outputs} outputs",
        str(measures.components(g)),
        g.digest(),
    )
    return dict(zip(_COUNTS, values, strict=True))


def _spectra(g: Junction) -> dict[str, str]:
    from gossamer import measures

    largest = measures.singular_values(g, count=min(2, g.in_features, g.out_features))
    values = (
        f"{measures.algebraic_connectivity(g):.4g}",
        f"{measures.spectral_gap(g):.4g}",
        ", ".join(f"{value:.4g}" for value in largest),
        f"{measures.ramanujan_margin(g):.4g}",
    )
    return dict(zip(_SPECTRA, values, strict=True))
