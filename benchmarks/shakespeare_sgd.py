"""The GPT that sparselab publishes, smaller: dense and sparse at 17.5 % of the parameters, by plain SGD.

    python benchmarks/shakespeare_sgd.py [--method dense static_17.5 faster_17.5] [--seeds 10 11 12] [--text F]
                                         [--threads 1] [--out F] [--work FOLDER]
    python benchmarks/from_scratch.py shakespeare_sgd        # the tables of what is kept

sparselab trains 6 layers of width 384 (10.7 million parameters) for 10,000 steps of SGD at a rate of .003, batch 16 and
context 128, with 30 % of the weights of attention and 10 % of the others; a seed of each takes hours of a core. Here
the width is 128, the batch 8, and there are 500 steps at a rate of .06: steps times rate, which is how far plain SGD
goes, are the same, and so are depth, context, the share of all parameters, and attention being three times as dense as
the rest. Heads are 32 wide. Nothing is chosen for an arm: there is one rate, and all networks are far from the end of
their training.

static_17.5 is sparselab's recipe: edges are drawn and stay, weights begin by PyTorch's law for the live inputs.
faster_17.5 is the same, but a layer of density ρ learns at 1 / ρ times the rate (`by_density=1`): a step then changes
its sums as much as dense ones. That, and leaving edges where they are, was found by pilot runs.
Parts of the text, seconds and files: see shakespeare.py.
"""

import argparse
import functools
from pathlib import Path

import numpy as np
import torch
from checkpointed import add_options, run_all
from shakespeare import Reading, characters, density_of, plain

import gossamer as gs
from gossamer.generators.budgets import share, total_edges

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--method", nargs="+", default=["dense", "static_17.5", "faster_17.5"])
parser.add_argument("--steps", type=int, default=500)
parser.add_argument("--batch", type=int, default=8)
parser.add_argument("--context", type=int, default=128)
parser.add_argument("--width", type=int, default=128)
parser.add_argument("--layers", type=int, default=6)
parser.add_argument("--dropout", type=float, default=0.0)
parser.add_argument("--lr", type=float, default=0.06)
parser.add_argument("--every", type=int, default=50, help="steps between looks at the validation loss")
parser.add_argument("--text", type=Path, help="tiny-shakespeare's input.txt; found in $GOSSAMER_DATA/tiny-shakespeare")
add_options(parser, "shakespeare_sgd", rates=[])


def model_of(method, options, vocabulary, rng):
    """The network of a method."""
    model = plain(options, vocabulary, options.width)
    if method == "dense":
        return model
    density = density_of("share", 17.5, model)
    choice = {"budget": attention_thrice, "generator": "erdos_renyi", "weights": "rescale"}
    return gs.nn.sparsify(model, density=density, exclude="head", rng=rng, **choice)


def attention_thrice(layers, density):
    """Edges of layers, those of attention three times as dense as the others."""
    sizes = [layer.size for layer in layers]
    shares = [size * (3 if ".attention." in layer.name else 1) for size, layer in zip(sizes, layers, strict=True)]
    return share(shares, sizes, total_edges(sizes, density))


def reading(method, seed, lr, steps, *, options, data):
    """The run of a method."""
    torch.manual_seed(seed)
    model = model_of(method, options, data[3], np.random.default_rng(seed))
    groups = gs.nn.decay_groups(model, 0.0, by_density=1.0 if method.startswith("faster") else 0.0, lr=lr)
    optimizer = torch.optim.SGD(groups, lr=lr, fused=True)
    return Reading(model, None, optimizer, lambda step: 1.0, options=options, data=data, seed=seed, steps=steps)


def main():
    """All runs that are not kept yet."""
    options = parser.parse_args()
    if options.pilot:
        parser.error("there is no choice to be made by pilot runs: one rate is everybody's.")
    torch.set_num_threads(options.threads)
    run_of = functools.partial(reading, options=options, data=characters(options.text))
    run_all(options, run_of, dict.fromkeys(options.method, options.lr))


if __name__ == "__main__":
    main()
