"""Latency and size of an exported network: gossamer.runtime beside onnxruntime, dense and sparse, and PyTorch.

    python benchmarks/export.py [--widths 784 1000 1000 1000 10] [--batches 1 64] [--threads 2] [--json F]

One network with ReLU between its layers, the last one full, all others at each sparsity; every contender gets the same
weights and is checked against float64 first. "onnxruntime dense" is a chain of Gemm and Relu with zeros where there is
no edge. onnxruntime has one sparse product for the CPU, com.microsoft.SparseToDenseMatMul, whose sparse operand must be
fed at every call, since sparse initialisers are made dense when a model is loaded: "onnxruntime sparse". "torch dense"
is nn.Sequential under inference_mode; "torch Gossamer" is the same network in gossamer.nn.
"""

import argparse
import tempfile
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from report import Report
from torch import nn

import gossamer as gs
from gossamer.runtime import load
from gossamer.timing.contenders import junction
from gossamer.timing.speed import best_of_blocks

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--widths", type=int, nargs="+", default=[784, 1000, 1000, 1000, 10])
parser.add_argument("--sparsities", type=float, nargs="+", default=[0.8, 0.9, 0.95, 0.99])
parser.add_argument("--batches", type=int, nargs="+", default=[1, 64])
parser.add_argument("--rounds", type=int, default=30)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--json")


def sparse_network(widths, density, rng):
    layers = [junction(*sizes, density, rng) for sizes in pairwise(widths[:-1])]
    full = gs.Bipartite.from_mask(np.ones((widths[-1], widths[-2]), bool))
    return gs.nn.mlp(gs.Topology([*layers, full])).eval()


def onnx_dense(dense, path):
    """A chain of Gemm and Relu as an onnxruntime session's file."""
    from onnx import TensorProto, helper, numpy_helper, save

    nodes, arrays, value = [], [], "x"
    linears = [module for module in dense if isinstance(module, nn.Linear)]
    for number, layer in enumerate(linears):
        arrays += [numpy_helper.from_array(layer.weight.detach().numpy(), f"w{number}")]
        arrays += [numpy_helper.from_array(layer.bias.detach().numpy(), f"b{number}")]
        nodes.append(helper.make_node("Gemm", [value, f"w{number}", f"b{number}"], [f"z{number}"], transB=1))
        value = f"z{number}"
        if number < len(linears) - 1:
            nodes.append(helper.make_node("Relu", [value], [f"y{number}"]))
            value = f"y{number}"
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", width])
        for name, width in (("x", linears[0].in_features), (value, linears[-1].out_features))
    ]
    graph = helper.make_graph(nodes, "dense", ends[:1], ends[1:], arrays)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), path)


def onnx_sparse(layers, path):
    """Features by batch: W x, bias, Relu; each W is an input, as compressed rows."""
    from onnx import TensorProto, helper, numpy_helper, save

    nodes, arrays, inputs, value = [], [], [], "x"
    for number, (matrix, bias) in enumerate(layers):
        kind = helper.make_sparse_tensor_type_proto(TensorProto.FLOAT, list(matrix.shape))
        inputs.append(helper.make_value_info(f"w{number}", kind))
        arrays.append(numpy_helper.from_array(bias[:, None], f"b{number}"))
        product = helper.make_node("SparseToDenseMatMul", [f"w{number}", value], [f"p{number}"], domain="com.microsoft")
        nodes += [product, helper.make_node("Add", [f"p{number}", f"b{number}"], [f"z{number}"])]
        value = f"z{number}"
        if number < len(layers) - 1:
            nodes.append(helper.make_node("Relu", [value], [f"y{number}"]))
            value = f"y{number}"
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [layers[0][0].shape[1], "batch"])
    y = helper.make_tensor_value_info(value, TensorProto.FLOAT, [layers[-1][0].shape[0], "batch"])
    graph = helper.make_graph(nodes, "sparse", [*inputs, x], [y], arrays)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    save(helper.make_model(graph, opset_imports=opsets, ir_version=10), path)
    return value


def session(path, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def sparse_runner(layers, path, threads):
    """A call of the sparse session; its matrices are made once."""
    import onnxruntime
    from onnxruntime.capi import _pybind_state as c

    last = onnx_sparse(layers, path)
    running = session(path, threads)
    device = c.OrtDevice(c.OrtDevice.cpu(), c.OrtDevice.default_memory(), 0)
    fed = {}
    for number, (matrix, _) in enumerate(layers):
        parts = matrix.data, matrix.indices.astype(np.int64), matrix.indptr.astype(np.int64)
        tensor = onnxruntime.SparseTensor.sparse_csr_from_numpy(
            list(matrix.shape), *parts, onnxruntime.OrtDevice(device)
        )
        fed[f"w{number}"] = onnxruntime.OrtValue.ort_value_from_sparse_tensor(tensor)
    bare = {name: value._ortvalue for name, value in fed.items()}

    def run(x):
        x = onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(x.T))
        (y,) = running._sess.run_with_ort_values({**bare, "x": x._ortvalue}, [last], None)
        return y.numpy().T

    return run


def by_torch(module):
    """A module as a function of arrays, under inference_mode."""

    def run(x):
        with torch.inference_mode():
            return module(torch.from_numpy(x)).numpy()

    return run


def contenders(model, folder, threads):
    """Name to a function of an array (B, I), and the bytes of the file that it came from."""
    dense = gs.nn.densify(model).eval()
    matrices = [
        (layer.topology().to_scipy(layer.weight.detach().numpy()), layer.bias.detach().numpy()) for layer in model
    ]
    gs.nn.export(model, folder / "net.gossamer")
    onnx_dense(dense, folder / "dense.onnx")
    torch.save(dense.state_dict(), folder / "dense.pt")
    running = session(folder / "dense.onnx", threads)
    name = running.get_outputs()[0].name

    found = {
        "torch dense": (by_torch(dense), "dense.pt"),
        "onnxruntime dense": (lambda x: running.run([name], {"x": x})[0], "dense.onnx"),
        "torch Gossamer": (by_torch(model), "net.gossamer"),
        "gossamer.runtime": (load(folder / "net.gossamer", threads=threads), "net.gossamer"),
    }
    try:
        found["onnxruntime sparse"] = (sparse_runner(matrices, folder / "sparse.onnx", threads), "sparse.onnx")
    except Exception as error:  # a peer's failure of any kind ends its race, not ours
        print(f"onnxruntime sparse is left out: {type(error).__name__}: {error}")
    return found, dense


def check(name, run, dense, x):
    with torch.no_grad():
        want = dense.double()(torch.from_numpy(x).double()).numpy()
    dense.float()
    error = np.abs(run(x) - want).max()
    if not error <= 1e-4 * max(1, np.abs(want).max()):
        raise ArithmeticError(f"{name} is wrong, off by {error:.3g}.")


def main():
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(options.threads)
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    report = Report("latency of an exported network", options)
    report.results["bytes"] = {}
    for sparsity in options.sparsities:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            racing, dense = contenders(sparse_network(options.widths, 1 - sparsity, rng), folder, options.threads)
            sizes = {name: (folder / file).stat().st_size for name, (_, file) in racing.items() if "sparse" not in name}
            report.results["bytes"][f"{sparsity:.0%}"] = sizes
            report.console.print(f"{sparsity:.0%}: " + ", ".join(f"{n} {s:,} bytes" for n, s in sizes.items()))
            for batch in options.batches:
                x = rng.standard_normal((batch, options.widths[0])).astype(np.float32)
                for name, (run, _) in racing.items():
                    check(name, run, dense, x)
                calls = {name: lambda run=run, x=x: run(x) for name, (run, _) in racing.items()}
                timings = best_of_blocks(calls, blocks=options.rounds, per_block=20)
                report.section(f"batch {batch}, {sparsity:.0%}", timings)
    report.close()


if __name__ == "__main__":
    main()
