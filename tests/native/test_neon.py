"""The kernels as a processor with NEON runs them: compiled for it, emulated, and compared with plain loops in C++.

`GOSSAMER_OPTIMIZED=1` compiles as releases are, in a minute or two; else it takes seconds. What was compiled is kept in
build/neon until a source changes.
"""

import hashlib
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NATIVE, HERE = ROOT / "native", Path(__file__).parent
COMPILER = shutil.which("aarch64-linux-gnu-g++")
EMULATOR = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")
OPTIMIZED = "GOSSAMER_OPTIMIZED" in os.environ

FLAGS = (
    *("-std=c++20", "-O3" if OPTIMIZED else "-O0", "-fopenmp", "-Wno-psabi"),
    *("-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-fno-tree-slp-vectorize", "-fno-thread-jumps"),
    *("-DGOSSAMER_ISA=portable", "-DGOSSAMER_VECTOR_BYTES=16", f"-I{NATIVE}", f"-I{HERE}"),
)
OF_BOTH = ("kernels", "attention")
OF_ONE = ("convolution", "taps", "scratch", "tables", "junction")


def objects():
    """(source, more flags) of all that is linked."""
    numbers = [(name, number) for name in OF_BOTH for number in ("float", "double")]
    numbers += [(name, "float") for name in OF_ONE]
    return [(NATIVE / f"{name}.cpp", f"-DGOSSAMER_NUMBER={number}") for name, number in numbers] + [
        (HERE / "compare.cpp", "-DGOSSAMER_NUMBER=float")
    ]


def digest():
    """Of everything that the program is made of."""
    found = hashlib.blake2b(repr(FLAGS).encode(), digest_size=8)
    for path in sorted((*NATIVE.glob("*.?pp"), *HERE.glob("*.?pp"))):
        found.update(path.read_bytes())
    return found.hexdigest()


def built(folder):
    """The program in a folder."""

    def compiled(number, source, flag):
        target = folder / f"{number}.o"
        subprocess.run([COMPILER, *FLAGS, flag, "-c", source, "-o", target], check=True)
        return target

    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(lambda each: compiled(each[0], *each[1]), enumerate(objects())))
    linked = [COMPILER, "-static", "-fopenmp", *parts, "-o", folder / "compare"]
    subprocess.run(linked, check=True, stderr=subprocess.DEVNULL)  # a static libgomp warns of dlopen
    return folder / "compare"


@pytest.mark.skipif(
    COMPILER is None or EMULATOR is None,
    reason="needs aarch64-linux-gnu-g++ and qemu-aarch64 (apt install g++-aarch64-linux-gnu qemu-user-static)",
)
def test_kernels_for_neon_are_right(tmp_path):
    kept = ROOT / "build" / "neon" / digest()
    if not kept.exists():
        program = built(tmp_path)
        kept.parent.mkdir(parents=True, exist_ok=True)
        moved = kept.with_suffix(f".{os.getpid()}")
        shutil.copy2(program, moved)
        moved.replace(kept)
    done = subprocess.run([EMULATOR, kept], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    compared, wrong = (int(word) for word in done.stdout.split() if word.isdigit())
    assert compared == 582
    assert wrong == 0
