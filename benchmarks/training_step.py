"""A whole training step of 784-1000-1000-1000-10, batch 128: SGD with momentum, and Adam.

    python benchmarks/training_step.py [--densities .2 .1 .05 .01] [--rounds 30] [--only WORD ...] [--json F]

The last layer is full for all. Contenders take turns of 20 steps (`--steps`) in one
process; optimisers are PyTorch's fused ones.
"gossamer + torch head" keeps a plain torch.nn.Linear as last layer: what a user gets who swaps some layers only.
"One call" is `gossamer.nn.TrainingStep`, which `gossamer.training.fit` takes; the others are plain PyTorch loops.
`--only "one call"` leaves out all but dense and the contenders whose names hold one of the words. `--instructions avx2`
holds Gossamer's kernels to an older instruction set; ATEN_CPU_CAPABILITY=avx2 MKL_ENABLE_INSTRUCTIONS=AVX2 ask the same
of PyTorch's. With `--cpu` and one thread, processor time is counted: what a busy machine can still tell.
"""

import copy
import importlib.util
import itertools
import time
import warnings

import numpy as np
import torch
from contenders import MaskedLinear
from options import hold, race_options
from report import Report
from torch import nn

import gossamer as gs
from gossamer.timing.contenders import (
    OPTIMIZERS,
    WIDTHS,
    dense_network,
    fused_step,
    grouped,
    junction,
    network_step,
    rotated,
)
from gossamer.timing.speed import best_of_blocks

parser = race_options(__doc__, rounds=30)
parser.add_argument("--only", nargs="+", default=[""], help="words of the contenders to time, beside dense")
parser.add_argument("--cpu", action="store_true", help="count processor time; with --threads 1")
parser.add_argument("--steps", type=int, default=20, help="steps of a block")

HIDDEN = tuple(itertools.pairwise(WIDTHS[:-1]))
FULL = gs.Bipartite.from_mask(np.ones((WIDTHS[-1], WIDTHS[-2])))


def stack(layer):
    """Hidden layers made by `layer(inputs, outputs)` with ReLU behind them, and a dense head."""
    modules = [module for sizes in HIDDEN for module in (layer(*sizes), nn.ReLU())]
    return nn.Sequential(*modules, nn.Linear(*WIDTHS[-2:]))


def networks(density, rng):
    """All contenders, dense first."""
    junctions = [junction(*sizes, density, rng) for sizes in HIDDEN]
    together = [grouped(*sizes, density, rng) for sizes in HIDDEN]
    turned = [rotated(*sizes, density, rng) for sizes in HIDDEN]
    found = {"dense": dense_network(WIDTHS)}
    masks = {sizes: torch.from_numpy(g.to_mask()) for sizes, g in zip(HIDDEN, junctions, strict=True)}
    found["mask times dense"] = stack(lambda *sizes: MaskedLinear(masks[sizes]))
    if importlib.util.find_spec("sparselab"):
        import sparselab

        found["sparselab"] = stack(lambda *sizes: sparselab.SparseLinear(*sizes, sparsity=1 - density))
    if importlib.util.find_spec("sparseprop"):
        from sparseprop.modules import SparseLinear

        found["sparseprop"] = stack(
            lambda *sizes: SparseLinear(masks[sizes] * torch.randn(sizes[::-1]), nn.Parameter(torch.zeros(sizes[1])))
        )
    hidden = gs.nn.mlp(gs.Topology(junctions), output_activation=nn.ReLU)
    found["gossamer + torch head"] = nn.Sequential(*hidden, nn.Linear(*WIDTHS[-2:]))
    found["gossamer"] = gs.nn.mlp(gs.Topology([*junctions, FULL]))
    found["gossamer rotated"] = gs.nn.mlp(gs.Topology([*turned, FULL]))
    found["gossamer grouped"] = gs.nn.mlp(gs.Topology([*together, FULL]))
    return found


def main():
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    hold(options)
    clock = time.process_time if options.cpu else time.perf_counter
    rng = np.random.default_rng(0)
    x, target = torch.randn(options.batch, WIDTHS[0]), torch.randint(WIDTHS[-1], (options.batch,))
    report = Report(f"a training step of {'-'.join(map(str, WIDTHS))}", options)
    alive = []  # sparselab caches by id(): a new layer at the address of a dead one would meet its cache
    for name, optimizer in OPTIMIZERS.items():
        for density in options.densities:
            models = networks(density, rng)
            alive.append(models)
            steps = {key: network_step(model, optimizer(model), x, target) for key, model in models.items()}
            for key in ("gossamer", "gossamer rotated", "gossamer grouped"):
                model = copy.deepcopy(models[key])
                steps[f"{key}, one call"] = fused_step(model, optimizer(model), x, target)
            steps = {key: step for key, step in steps.items() if key == "dense" or any(w in key for w in options.only)}
            timings = best_of_blocks(steps, blocks=options.rounds, per_block=options.steps, clock=clock)
            report.section(f"{name}, batch {options.batch}, density {density:g}", timings)
    report.close()


if __name__ == "__main__":
    main()
