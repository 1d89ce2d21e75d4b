"""Triton's kernels as they are launched, compiled for GPUs that need not be here: `make gpu-interpreter`."""

import importlib.util
import os
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import gossamer as gs
from gossamer.nn.activations import Activation, Kind
from gossamer.nn.kernels.cuda import CUDA, launch
from gossamer.nn.structure import Structure

if importlib.util.find_spec("triton") is None:
    pytest.skip("Triton is not installed, as it is a gigabyte: make gpu-interpreter", allow_module_level=True)
if os.environ.get("TRITON_INTERPRET") == "1":
    pytest.skip("the interpreter does not compile: make gpu-interpreter", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("ignore:TRITON_DEFAULT_FP_FUSION")

TYPES = {torch.float32: "*fp32", torch.bfloat16: "*bf16", torch.float16: "*fp16", torch.int32: "*i32"}
JUNCTIONS = {
    "rows": gs.Bipartite.from_mask(np.tri(20, 24)),
    "16 by 16": gs.Grouped(gs.Bipartite.from_mask(np.tri(3, 4)), outputs=16, inputs=16),
    "32 by 1": gs.Grouped(gs.Bipartite.from_mask(np.tri(3, 24)), outputs=32),
    "128 by 128": gs.Grouped(gs.Bipartite.from_mask(np.tri(2, 3)), outputs=128, inputs=128),
}

SHARED = {80: 99 * 1024, 90: 227 * 1024}
"""Shared memory that a program may have: on Ada and small Amperes, for which the code is the same, and on Hopper."""


class Launched(list):
    """Stands for a program: remembers with what it was launched."""

    def __getitem__(self, grid):
        return lambda *arguments, **said: self.append((arguments, said))


def launched(monkeypatch, junction, dtype):
    """Every program of a forward and a backward pass, with its arguments."""
    from gossamer.nn.kernels.cuda import _programs as programs

    names = ("group_sums", "row_sums", "group_gradient", "row_gradient", "share_sums")
    fakes = SimpleNamespace(INTERPRETED=False, **{name: Launched() for name in names})
    monkeypatch.setattr(launch, "_programs", lambda: fakes)
    batch, structure, activation = 2048, Structure.of(junction), Activation(Kind.GELU)
    x, dy = (torch.zeros(size, batch, dtype=dtype).t() for size in (junction.in_features, junction.out_features))
    w, bias = torch.zeros(junction.num_edges, dtype=dtype), torch.zeros(junction.out_features, dtype=dtype)
    _, kept = CUDA.forward(structure, x, w, bias, activation)
    CUDA.backward(structure, dy, x, w, kept, activation, (True, True, True))
    return [(getattr(programs, name), *call) for name in names for call in getattr(fakes, name)]


def compiled(program, arguments, said, capability):
    """As Triton compiles what is launched: numbers that 16 divides are known to be so, and 1 is a constant."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    options = {name: said.pop(name) for name in ("num_warps", "num_stages") if name in said}
    values = dict(zip(program.arg_names, arguments, strict=False)) | said
    signature, constants, divided = {}, {}, {}
    for place, name in enumerate(program.arg_names):
        value = values[name]
        if name in said or (isinstance(value, int) and value == 1):
            signature[name], constants[(place,)] = "constexpr", value
            continue
        tensor = isinstance(value, torch.Tensor)
        signature[name] = TYPES[value.dtype] if tensor else "fp32" if isinstance(value, float) else "i32"
        if tensor or (isinstance(value, int) and value % 16 == 0):
            divided[(place,)] = [["tt.divisibility", 16]]
    source = ASTSource(program, signature, constexprs=constants, attrs=divided)
    return triton.compile(source, target=GPUTarget("cuda", capability, 32), options=options)


@pytest.mark.parametrize("name", JUNCTIONS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("capability", [80, 90])
def test_programs_compile(monkeypatch, tmp_path, name, dtype, capability):
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    found = launched(monkeypatch, JUNCTIONS[name], dtype)
    adding = ["share_sums"] * (len(found) - 3)  # where the batch is shared out
    assert [program.__name__ for program, _, _ in found][3:] == adding  # after forward, and both gradients
    for program, arguments, said in found:
        made = compiled(program, arguments, said, capability)
        code = made.asm["ptx"]
        assert made.asm["cubin"]
        assert made.metadata.shared <= SHARED[capability]
        if program.__name__ == "share_sums":
            continue
        if name != "rows":
            dots = re.findall(r"wgmma\.mma_async\S*|mma\.sync\S*", code)
            assert dots and all("f32.bf16.bf16" in dot if dtype is torch.bfloat16 else "tf32" in dot for dot in dots)
            assert all(dot.startswith("wgmma") for dot in dots) == (capability == 90)
            assert "cp.async" in code  # what is read next is fetched meanwhile
        else:
            assert "fma.rn.f32" in code
