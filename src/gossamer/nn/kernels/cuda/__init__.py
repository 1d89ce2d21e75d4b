"""The kernels in Triton: float32, bfloat16 and float16 on NVIDIA GPUs.

Outputs or inputs in groups of 16 and more that share their edges (`gossamer.generators.grouped`; any junction whose
rows or columns repeat) are products of matrices for tensor cores. Arbitrary edges are walked row by row, each edge a
product of a number and a run of samples. Sums are float32, and what is stored is rounded once; float32 groups are
summed by three TF32 products (`torch.set_float32_matmul_precision` other than "highest": by one).

They were tested in Triton's interpreter and on an H200. Each device computes a small layer first, and is not trusted if
that fails or is wrong: layers then take PyTorch's kernels, and a `KernelWarning` says why.
"""

from gossamer.nn.kernels.cuda.backend import CUDA, warn_of, why_not

__all__ = ["CUDA", "warn_of", "why_not"]
