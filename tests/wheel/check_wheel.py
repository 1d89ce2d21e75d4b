"""Run by `make test-wheel` in a clean environment: the installed wheel computes natively, trains and draws."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

import gossamer as gs
from gossamer.native import extension
from gossamer.nn.kernels import native
from gossamer.training import Config, CrossEntropy, data, evaluate, fit


def main() -> None:
    """Refuse an environment that is not clean, then use what is installed."""
    for tool in ("gcc", "g++", "cc", "c++", "clang"):
        require(shutil.which(tool) is None, f"{tool} is on the path")
    require("site-packages" in gs.__file__, f"gossamer comes from {gs.__file__}")
    require(native.built(), "the extension is missing")
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    topology = gs.generators.layered((64, 64, 10), gs.generators.regular_random, (8, None), rng=rng)
    model = gs.nn.mlp(topology)
    x = torch.randn(5, 64)
    dense = model(x.double().float())
    weights = [torch.from_numpy(layer.topology().to_scipy(layer.weight.detach().numpy()).toarray()) for layer in model]
    hidden = torch.relu(x @ weights[0].T + model[0].bias)
    require(torch.allclose(hidden @ weights[1].T + model[1].bias, dense, atol=1e-4), "the kernels are wrong")
    fit(model, data.load("digits"), Config(epochs=8), rng=rng)
    accuracy = evaluate(model, data.load("digits"), CrossEntropy()).accuracy
    require(accuracy > 0.5, f"accuracy {accuracy}")
    for name in gs.zoo.names():
        card = gs.zoo.card(name)
        require(gs.nn.topology_of(gs.zoo.load(name)).num_edges == card.edges, f"{name} of the zoo is not whole")
    require(len(gs.zoo.names()) == 5, f"the zoo holds {gs.zoo.names()}")
    require(openmp_pools() <= 1, f"{openmp_pools()} OpenMP libraries named libgomp.so.1 are loaded")
    require_export(model, x)
    command = Path(sys.executable).parent / "gossamer"
    told = subprocess.run([command, "--help"], check=True, capture_output=True, text=True).stdout
    require("study" in told, "gossamer --help tells of no study")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([command, "new", "first"], cwd=folder, check=True, capture_output=True)
        require((Path(folder) / "first" / "study.toml").is_file(), "gossamer new has no template")
    print(f"{gs.__file__}: {extension.instruction_set()} kernels, accuracy {accuracy:.3f}")


WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
import numpy as np
import gossamer.runtime
network = gossamer.runtime.load(sys.argv[1])
np.save(sys.argv[2], network(np.load(sys.argv[2])))
print(network.kernels)
"""


def require_export(model: torch.nn.Module, x: torch.Tensor) -> None:
    """Run what is exported where PyTorch cannot be imported."""
    with tempfile.TemporaryDirectory() as folder:
        gs.nn.export(model, f"{folder}/net")
        np.save(f"{folder}/x.npy", x.numpy())
        words = [sys.executable, "-c", WITHOUT_TORCH, f"{folder}/net", f"{folder}/x.npy"]
        told = subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()
        with torch.no_grad():
            require(np.allclose(np.load(f"{folder}/x.npy"), model(x), atol=1e-4), "an exported network is wrong")
    print(f"without PyTorch: {told} kernels")


def openmp_pools() -> int:
    """Different files called libgomp.so.1 in this process: two would be two pools of threads."""
    maps = Path("/proc/self/maps")
    if not maps.exists():
        return 1
    paths = {
        line.split()[-1] for line in maps.read_text().splitlines() if line.endswith(".so.1") and "libgomp.so.1" in line
    }
    return len(paths)


def require(holds: bool, otherwise: str) -> None:
    """Stop with a sentence."""
    if not holds:
        sys.exit(f"the wheel fails: {otherwise}.")


if __name__ == "__main__":
    main()
