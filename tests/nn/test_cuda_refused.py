"""What Triton's kernels do not serve, and what is said of it: no GPU and no Triton is needed here."""

import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

import gossamer as gs
from gossamer.errors import KernelWarning
from gossamer.nn.kernels import BACKENDS, best_for
from gossamer.nn.kernels.cuda import CUDA, backend, why_not
from gossamer.timing.running import what_runs

GPU = torch.device("cuda", 0)


@pytest.fixture(autouse=True)
def afresh(monkeypatch):
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    cached = (backend._unfit, backend._failing, backend.warn_of)
    for function in cached:
        function.cache_clear()
    yield
    for function in cached:
        function.cache_clear()


def on_gpu(dtype=torch.float32):
    with FakeTensorMode():
        return torch.empty(3, 4, device=GPU, dtype=dtype)


@pytest.fixture
def with_triton(monkeypatch):
    monkeypatch.setattr(backend, "find_spec", lambda name: "found")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))


def test_it_is_a_backend():
    assert BACKENDS["cuda"] is CUDA
    assert CUDA.stacks is None and CUDA.steps is None


@pytest.mark.parametrize("x", [torch.ones(2), torch.ones(2, dtype=torch.float64), torch.ones(2, device="meta")])
def test_other_devices(x):
    assert why_not(x) == f"x is on {x.device}, and Triton's kernels are for CUDA"
    assert not CUDA.serves(x)


def test_other_dtypes():
    found = why_not(on_gpu(torch.float64))
    assert found == "x is torch.float64, and Triton's kernels are for torch.float32, torch.bfloat16, torch.float16"


def test_no_triton(monkeypatch):
    monkeypatch.setattr(backend, "find_spec", lambda name: None)
    assert why_not(on_gpu()) == "Triton is not installed (pip install 'gossamer[gpu]')"


def test_old_gpus(monkeypatch, with_triton):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
    assert why_not(on_gpu()) == "cuda:0 has compute capability 7.5, below 8.0"


def test_other_makers(monkeypatch, with_triton):
    monkeypatch.setattr(torch.version, "hip", "6.2")
    assert "ROCm" in why_not(on_gpu())


def test_a_triton_that_cannot_be_imported(monkeypatch, with_triton):
    monkeypatch.setitem(sys.modules, "gossamer.nn.kernels.cuda._programs", None)
    monkeypatch.delattr("gossamer.nn.kernels.cuda._programs", raising=False)
    assert why_not(on_gpu()).startswith("Triton cannot be imported (")


def test_a_trial_that_fails(monkeypatch):
    monkeypatch.setattr(backend, "_unfit", lambda device: None)

    def broken(*arguments):
        raise RuntimeError("no compiler")

    monkeypatch.setattr("gossamer.nn.kernels.cuda.trial.trial", broken)
    assert why_not(on_gpu()) == "a trial of Triton's kernels on cuda:0 failed (RuntimeError: no compiler)"


def test_layers_on_a_gpu_then_take_pytorchs_and_it_is_said_once(monkeypatch):
    monkeypatch.setattr(backend, "find_spec", lambda name: None)
    with pytest.warns(KernelWarning, match=r"take PyTorch's slower kernels: Triton is not installed \(pip"):
        assert best_for(on_gpu()) is BACKENDS["pytorch"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert best_for(on_gpu()) is BACKENDS["pytorch"]


def test_layers_on_a_gpu_take_them(monkeypatch):
    monkeypatch.setattr(backend, "_unfit", lambda device: None)
    monkeypatch.setattr(backend, "_failing", lambda device, dtype: None)
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        assert best_for(on_gpu(dtype)) is CUDA


def test_a_layer_that_asked_for_them_says_why_not():
    layer = gs.nn.SparseLinear(gs.Bipartite.from_mask([[1, 1]]), backend="cuda")
    with pytest.raises(TypeError, match=r"'cuda' does not serve x of dtype .* on cpu: x is on cpu, and Triton's"):
        layer(torch.ones(1, 2))


def test_what_runs_says_so(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert what_runs().gpu == "none that PyTorch can use"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(backend, "find_spec", lambda name: None)
    with FakeTensorMode():
        assert what_runs().gpu == "PyTorch's operations: Triton is not installed (pip install 'gossamer[gpu]')"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_the_benchmark_says_that_there_is_no_gpu():
    script = Path(__file__).parents[2] / "benchmarks" / "gpu.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "nothing was measured" in done.stderr and not done.stdout
