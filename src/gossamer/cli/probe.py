"""`gossamer probe`: looking into trained networks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gossamer.cli.examples import shown

if TYPE_CHECKING:
    import numpy as np

    from gossamer.cli.models import Model
    from gossamer.probes import Finding
    from gossamer.probes.finding import Number

EXAMPLE = "gossamer probe interactions zoo:fibonacci-digits"

probe = typer.Typer(help="Look into a trained network: interactions, gates, regions, the loss around it, its outputs.")

Networks = Annotated[
    list[str], typer.Argument(help="Run folders, checkpoints, state_dicts as safetensors, or zoo:NAME.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Plot = Annotated[Path | None, typer.Option(help="Draw into this file; its ending says the format.")]
Data = Annotated[str, typer.Option(help="A data set; that of the run if not given.")]
Examples = Annotated[int, typer.Option(min=2, help="Test examples that are looked at.")]
Activation = Annotated[str, typer.Option(help="Of hidden layers, where no run's folder says it.")]
Seed = Annotated[int, typer.Option(help="Decides what is drawn at random.")]


@probe.command(epilog=shown("gossamer probe interactions zoo:fibonacci-digits --top 5"))
def interactions(
    networks: Networks,
    method: Annotated[str, typer.Option(help="nid (published), pid (our reading), or hessian (on data).")] = "nid",
    order: Annotated[str, typer.Option(help="Features in a set, or any.")] = "2",
    output: Annotated[int | None, typer.Option(help="Look at this output alone, from 0.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Sets that are listed.")] = 10,
    data: Data = "",
    examples: Examples = 500,
    activation: Activation = "relu",
    as_json: Json = False,
    plot: Plot = None,
) -> None:
    """List the sets of features that a network combines most strongly, read from its weights, or from its slopes."""
    from gossamer.cli.findings import Shown, show, working
    from gossamer.cli.models import examples_of, load_model
    from gossamer.errors import require_known
    from gossamer.probes import average_hessian, nid, pid

    size = None if order == "any" else _whole("order", order)
    require_known("method", method, dict.fromkeys(("nid", "pid", "hessian")))
    if method == "hessian" and size != 2:
        raise ValueError(f"order={order} is not allowed with method=hessian: second derivatives are of pairs.")
    found: list[Shown] = []
    with working("interactions", len(networks), plot) as done:
        for word in networks:
            model = load_model(word, activation=activation)
            if method == "hessian":
                sets = average_hessian(model.network, examples_of(model, data or None, examples)[0], output=output)
            else:
                sets = (nid if method == "nid" else pid)(model.network, size, output=output)
            ranked = [{"features": list(features), "strength": strength} for features, strength in sets.top(top)]
            lines = [f"{' '.join(map(str, features)):>20}  {strength:.6g}" for features, strength in sets.top(top)]
            silent = f"no path joins features {_listed(sets.disconnected)} to the output: strength 0"
            lines += [silent] if sets.disconnected else []
            found.append(Shown(word, sets, {"top": ranked, "disconnected": list(sets.disconnected)}, tuple(lines)))
            done()
    show("interactions", found, as_json=as_json, plot=plot)


@probe.command(epilog=shown("gossamer probe regions zoo:fibonacci-digits --data digits"))
def regions(
    networks: Networks,
    data: Data = "",
    examples: Examples = 500,
    samples: Annotated[int, typer.Option(min=2, help="Orders of rows that the estimate draws.")] = 100,
    activation: Activation = "relu",
    seed: Seed = 0,
    as_json: Json = False,
    plot: Plot = None,
) -> None:
    """Estimate the first layer's regions; on data, count those of a plane through three examples; gradient mass."""
    import numpy as np

    from gossamer.cli.findings import Shown, show, working
    from gossamer.cli.models import examples_of, load_model
    from gossamer.probes import estimate_regions, gradient_mass, region_slice
    from gossamer.probes.finding import shown
    from gossamer.probes.weights import layers_of

    rng = np.random.default_rng(seed)
    found: list[Shown] = []
    with working("regions", len(networks), plot) as done:
        for word in networks:
            model = load_model(word, activation=activation)
            about = estimate_regions(abs(layers_of(model.network)[0]) > 0, samples=samples, rng=rng)
            if not (data or model.knows_its_data):
                found.append(Shown(word, about, {}, ("no data set is known, so no plane and no gradients: --data",)))
            else:
                x, y = examples_of(model, data or None, examples)
                plane = region_slice(model.network, x[rng.choice(len(x), size=3, replace=False)])
                extra = _prefixed("layer", about) | _prefixed("gradient", gradient_mass(model.network, x, y))
                lines = tuple(f"  {name}: {shown(value)}" for name, value in extra.items())
                found.append(Shown(word, plane, extra, lines))
            done()
    show("regions", found, as_json=as_json, plot=plot)


@probe.command(epilog=shown("gossamer probe gates zoo:fibonacci-digits --data digits --steps 100"))
def gates(
    networks: Annotated[
        list[str], typer.Argument(help="Run folders, checkpoints, or graphs: cora, cornell, texas, actor.")
    ],
    data: Data = "",
    examples: Examples = 500,
    penalty: Annotated[
        float | None, typer.Option(min=0, help="λ: of a network what all its edges cost, of a graph each edge.")
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Of learning a network's gates, or epochs on a graph.")] = 300,
    activation: Activation = "relu",
    seed: Seed = 0,
    as_json: Json = False,
    plot: Plot = None,
) -> None:
    """Say which edges can close: of a trained network, by gates learned on them; of a graph, by sparse attention."""
    import numpy as np

    from gossamer.cli.findings import Shown, show, working
    from gossamer.cli.models import examples_of, load_model
    from gossamer.probes import gates as closed
    from gossamer.probes import graph_gates
    from gossamer.training.data.graphs import GRAPHS
    from gossamer.training.nodes import NodeConfig

    found: list[Shown] = []
    with working("gates", len(networks), plot) as done:
        for word in networks:
            rng = np.random.default_rng(seed)
            told: Finding
            if word in GRAPHS and not Path(word).exists():
                config = NodeConfig(epochs=steps)
                told = graph_gates(
                    GRAPHS[word].load(), rng=rng, penalty=1e-6 if penalty is None else penalty, config=config
                )
            else:
                model = load_model(word, activation=activation)
                x, y = examples_of(model, data or None, examples)
                cost = 0.5 if penalty is None else penalty
                told = closed(model.network, x, y, rng=rng, penalty=cost, steps=steps)
            found.append(Shown(word, told, {}, ()))
            done()
    show("gates", found, as_json=as_json, plot=plot)


@probe.command(epilog=shown("gossamer probe landscape zoo:fibonacci-digits --data digits --points 9"))
def landscape(
    networks: Networks,
    data: Data = "",
    examples: Examples = 500,
    points: Annotated[int, typer.Option(min=2, help="Of the grid along each direction.")] = 15,
    radius: Annotated[float, typer.Option(help="How far the grid reaches, in the weights' norms.")] = 1.0,
    activation: Activation = "relu",
    seed: Seed = 0,
    as_json: Json = False,
    plot: Plot = None,
) -> None:
    """Draw the loss on a plane through the live weights, and say how flat and how bent it is."""
    import numpy as np

    from gossamer.cli.findings import Shown, show, working
    from gossamer.cli.models import examples_of, load_model
    from gossamer.probes import landscape as around

    found: list[Shown] = []
    with working("landscape", len(networks), plot) as done:
        for word in networks:
            model = load_model(word, activation=activation)
            x, y = examples_of(model, data or None, examples)
            plane = around(model.network, x, y, rng=np.random.default_rng(seed), points=points, radius=radius)
            found.append(Shown(word, plane, {}, ()))
            done()
    show("landscape", found, as_json=as_json, plot=plot)


@probe.command(epilog=shown("gossamer probe critic runs/a runs/b --data digits"))
def critic(
    first: Annotated[str, typer.Argument(help="A network, or a table of points (.npy, .csv).")],
    second: Annotated[str, typer.Argument(help="Another one.")],
    data: Data = "",
    examples: Examples = 500,
    steps: Annotated[int, typer.Option(min=1, help="Of training the critic.")] = 300,
    activation: Activation = "relu",
    as_json: Json = False,
    plot: Plot = None,
) -> None:
    """Say how far apart the outputs of two networks are, or two tables: a trained critic's bound, and the exact W1."""
    from gossamer.cli.findings import Shown, show, working
    from gossamer.probes import lipschitz_critic, wasserstein

    with working("critic", 1, plot):
        x, y = (_points(word, data, examples, activation) for word in (first, second))
        told = lipschitz_critic(x, y, steps=steps)
        exact: dict[str, Number] = {"wasserstein": wasserstein(x, y)}
    lines = tuple(f"  {name}: {value:.6g}" for name, value in exact.items())
    show("critic", [Shown(f"{first}, {second}", told, exact, lines)], as_json=as_json, plot=plot)


def _prefixed(prefix: str, finding: Finding) -> dict[str, Number]:
    return {f"{prefix}_{name}": value for name, value in finding.record().items()}


def _points(word: str, data: str, examples: int, activation: str) -> np.ndarray:
    """The table in a file, or the outputs of a network on test examples."""
    import numpy as np
    import torch

    from gossamer.cli.models import examples_of, load_model

    path = Path(word)
    if path.suffix == ".npy":
        return np.asarray(np.load(path, allow_pickle=False), dtype=np.float64)
    if path.suffix in (".csv", ".txt"):
        return np.loadtxt(path, delimiter="," if path.suffix == ".csv" else None, ndmin=2)
    model: Model = load_model(word, activation=activation)
    with torch.no_grad():
        outputs: np.ndarray = model.network(examples_of(model, data or None, examples)[0]).double().numpy()
    return outputs


def _whole(name: str, text: str) -> int:
    if not text.isdigit():
        raise ValueError(f"{name}={text} is no number of features, and not 'any'.")
    return int(text)


def _listed(features: tuple[int, ...]) -> str:
    return ", ".join(map(str, features[:20])) + (f" and {len(features) - 20} more" if len(features) > 20 else "")
