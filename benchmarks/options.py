"""What the races of layers and steps are asked for alike."""

import argparse

import torch

from gossamer import native


def race_options(description, *, rounds, sizes=()):
    """A parser of densities, batch, rounds, threads, instructions and the file to keep; of sizes, if there are any."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    if sizes:
        parser.add_argument("--sizes", type=int, nargs="+", default=list(sizes))
    parser.add_argument("--densities", type=float, nargs="+", default=[0.2, 0.1, 0.05, 0.01])
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--instructions", help="an instruction set of our kernels, such as avx2; the best if not given")
    parser.add_argument("--json")
    return parser


def hold(options):
    """Threads and instructions as asked for."""
    torch.set_num_threads(options.threads)
    if options.instructions:
        native.extension.use_instruction_set(options.instructions)
