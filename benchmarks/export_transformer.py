"""Latency of an exported GPT: gossamer.runtime beside onnxruntime and PyTorch.

    python benchmarks/export_transformer.py [--sparsities .8 .9 .95 .99] [--batches 1 8] [--tokens 64] [--threads 2]
        [--json F]

The plain GPT of `plain_gpt.py` (width 256, 4 blocks, 8 heads), its linear layers but the head at each sparsity; a
call answers whole sequences. Every contender gets the same weights and is checked against float64 first. "onnxruntime
dense" is what torch.onnx.export makes of the network with zeros where there is no edge; "torch dense" is the same
under inference_mode; "torch Gossamer" has sparse layers.
"""

import argparse
import logging
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from export import by_torch, session
from plain_gpt import GPT
from report import Report

import gossamer as gs
from gossamer.runtime import load
from gossamer.timing.speed import best_of_blocks

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--sparsities", type=float, nargs="+", default=[0.8, 0.9, 0.95, 0.99])
parser.add_argument("--batches", type=int, nargs="+", default=[1, 8])
parser.add_argument("--tokens", type=int, default=64)
parser.add_argument("--rounds", type=int, default=20)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--json")

VOCABULARY = 256


def contenders(sparsity, folder, options):
    """Name to a function of tokens (B, T), and the dense network."""
    model = GPT(VOCABULARY, options.tokens, width=256, layers=4, heads=8, dropout=0.0).eval()
    sparse = gs.nn.sparsify(model, density=1 - sparsity, exclude="head").eval()
    dense = gs.nn.densify(sparse).eval()
    gs.nn.export(sparse, folder / "gpt.gossamer")
    tokens = torch.zeros(2, options.tokens, dtype=torch.long)
    shapes = {0: torch.export.Dim("batch", min=1)}
    torch.onnx.export(dense, (tokens,), folder / "gpt.onnx", dynamo=True, dynamic_shapes=(shapes,), verbose=False)
    running = session(folder / "gpt.onnx", options.threads)
    given, found = running.get_inputs()[0].name, running.get_outputs()[0].name

    racing = {
        "torch dense": by_torch(dense),
        "onnxruntime dense": lambda tokens: running.run([found], {given: tokens})[0],
        "torch Gossamer": by_torch(sparse),
        "gossamer.runtime": load(folder / "gpt.gossamer", threads=options.threads),
    }
    return racing, dense


def check(racing, dense, tokens):
    """Raise ArithmeticError for a contender whose logits are not those of float64."""
    with torch.no_grad():
        want = dense.double()(torch.from_numpy(tokens)).numpy()
    dense.float()
    for name, run in racing.items():
        error = np.abs(run(tokens) - want).max()
        if not error <= 1e-4 * max(1, np.abs(want).max()):
            raise ArithmeticError(f"{name} is wrong, off by {error:.3g}.")


def main():
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    report = Report(f"latency of an exported GPT, {options.tokens} tokens", options)
    for sparsity in options.sparsities:
        with tempfile.TemporaryDirectory() as place:
            racing, dense = contenders(sparsity, Path(place), options)
            for batch in options.batches:
                tokens = rng.integers(VOCABULARY, size=(batch, options.tokens))
                check(racing, dense, tokens)
                calls = {name: lambda run=run, tokens=tokens: run(tokens) for name, run in racing.items()}
                report.section(
                    f"batch {batch}, {sparsity:.0%}", best_of_blocks(calls, blocks=options.rounds, per_block=3)
                )
    report.close()


if __name__ == "__main__":
    main()
