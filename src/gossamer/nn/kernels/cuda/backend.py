"""Forward and backward passes by Triton's programs, and whom they serve."""

from __future__ import annotations

import os
import warnings
from functools import cache
from importlib.util import find_spec

import torch
from torch import Tensor

from gossamer.errors import KernelWarning
from gossamer.nn.activations import IDENTITY, Activation, Kind
from gossamer.nn.kernels.backend import Backend, Gradients, Wanted
from gossamer.nn.kernels.cuda.launch import Sums, sum_along, weight_gradient
from gossamer.nn.kernels.cuda.walks import walk_of
from gossamer.nn.kernels.layout import empty_like
from gossamer.nn.structure import Structure

DTYPES = (torch.float32, torch.bfloat16, torch.float16)

CAPABILITY = (8, 0)
"""The least: older tensor cores know no bfloat16."""


def forward(
    structure: Structure, x_BI: Tensor, w_E: Tensor, bias_O: Tensor | None, activation: Activation
) -> tuple[Tensor, Tensor]:
    """Compute y = activation(x Wᵀ + b), and the argument of the activation or y itself; stored as x is."""
    walk = walk_of(structure.checked(), x_BI.device)
    y_BO = empty_like(x_BI, structure.out_features)
    z_BO = empty_like(x_BI, structure.out_features) if activation.needs_input else None
    bias_O = None if bias_O is None else bias_O.contiguous()
    sum_along(walk, x_BI, w_E.contiguous(), Sums(y_BO, z_BO, bias_O, activation), back=False)
    return y_BO, y_BO if z_BO is None else z_BO


def backward(
    structure: Structure,
    dy_BO: Tensor,
    x_BI: Tensor,
    w_E: Tensor,
    kept_BO: Tensor,
    activation: Activation,
    wanted: Wanted,
) -> Gradients:
    """Gradients of the input (B, I), the weights (E,) and the bias (O,), those that are wanted."""
    walk = walk_of(structure.checked(), x_BI.device)
    dz_BO = dy_BO
    if activation != IDENTITY:
        ends = activation.kind is Kind.CLIPPED  # compared with where it ends, rounded as the value was
        dz_BO = (dy_BO * activation.derivative(kept_BO if ends else kept_BO.float())).to(dy_BO.dtype)
    dx_BI = empty_like(x_BI, structure.in_features) if wanted[0] else None
    if dx_BI is not None:
        sum_along(walk, dz_BO, w_E.contiguous(), Sums(dx_BI, None, None, IDENTITY), back=True)
    return (
        dx_BI,
        weight_gradient(walk, dz_BO, x_BI, structure.num_edges) if wanted[1] else None,
        dz_BO.sum(0) if wanted[2] else None,
    )


def serves(x: Tensor) -> bool:
    """Whether these kernels can work on `x`; see `why_not`."""
    return why_not(x) is None


def why_not(x: Tensor) -> str | None:
    """Why these kernels do not serve `x`, or None if they do.

    On the CPU they serve where Triton's interpreter was asked for (TRITON_INTERPRET=1), for tests: it is very slow.
    """
    if x.is_meta or not (x.is_cuda or os.environ.get("TRITON_INTERPRET") == "1"):
        return f"x is on {x.device}, and Triton's kernels are for CUDA"
    if x.dtype not in DTYPES:
        return f"x is {x.dtype}, and Triton's kernels are for {', '.join(map(str, DTYPES))}"
    return _unfit(x.device) or _failing(x.device, x.dtype)


@cache
def warn_of(reason: str) -> None:
    """Say once that a CUDA tensor takes PyTorch's kernels, and why.

    Warns:
        KernelWarning: with the reason.
    """
    warnings.warn(f"layers on the GPU take PyTorch's slower kernels: {reason}.", KernelWarning, stacklevel=4)


@cache
def _unfit(device: torch.device) -> str | None:
    """What a device or the installation lacks."""
    if find_spec("triton") is None:
        return "Triton is not installed (pip install 'gossamer[gpu]')"
    if device.type == "cuda":
        if torch.version.hip is not None:
            return "this PyTorch is for ROCm, where Triton's kernels were never tried"
        found = torch.cuda.get_device_capability(device)
        if found < CAPABILITY:
            return f"{device} has compute capability {found[0]}.{found[1]}, below {CAPABILITY[0]}.{CAPABILITY[1]}"
    try:
        from gossamer.nn.kernels.cuda import _programs
    except Exception as error:  # a Triton that does not fit this PyTorch or driver fails in many ways
        return f"Triton cannot be imported ({error})"
    if device.type == "cpu" and not _programs.INTERPRETED:
        return "TRITON_INTERPRET=1 was set after Triton's kernels were imported"
    return None


@cache
def _failing(device: torch.device, dtype: torch.dtype) -> str | None:
    """What went wrong when the kernels were first tried on a device."""
    from gossamer.nn.kernels.cuda.trial import trial

    try:
        with torch.inference_mode(False), torch.no_grad():
            return trial(CUDA, device, dtype)
    except Exception as error:  # whatever a compiler or driver may raise: there is another way to compute
        return f"a trial of Triton's kernels on {device} failed ({type(error).__name__}: {error})"


CUDA = Backend("cuda", serves, forward, backward, why_not=why_not)
