"""Steps that become part of the one before them: activations that kernels fold in, batch norms."""

from __future__ import annotations

import numpy as np

from gossamer.nn.exporting.plan import Made
from gossamer.runtime.functions import FOLDED

_WEIGHTED = ("linear", "convolution")


def joined(before: Made, step: Made) -> Made | None:
    """One step that computes both, or None if there is none."""
    if before.op not in _WEIGHTED or before.fields.get("activation", "identity") != "identity":
        return None
    if step.op == "affine":
        return _with_norm(before, step)
    if step.op == "function" and before.op == "linear" and step.fields["function"] in FOLDED:
        slope = float(step.fields.get("slope", 0.0))
        return Made("linear", before.fields | {"activation": step.fields["function"], "slope": slope}, before.arrays)
    return None


def _with_norm(before: Made, norm: Made) -> Made | None:
    """The layer with the scale in its weights and the shift in its bias; sums in float64, rounded once."""
    scale, shift = (norm.arrays[name].astype(np.float64) for name in ("scale", "shift"))
    weight = before.arrays["weight"].astype(np.float64)
    outputs = before.fields["junction"]["out_features"] if "junction" in before.fields else len(weight)
    if outputs != len(scale):
        return None  # of another axis; what it computes is said at the call
    if weight.ndim == 2:
        weight *= scale[:, None]
    else:
        weight *= np.repeat(scale, _edges_of_outputs(before))
    bias = before.arrays["bias"].astype(np.float64) if "bias" in before.arrays else 0.0
    changed = {"weight": weight.astype(np.float32), "bias": (bias * scale + shift).astype(np.float32)}
    return Made(before.op, before.fields | {"batched": 1}, before.arrays | changed)


def _edges_of_outputs(step: Made) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    from gossamer.topology.files import described

    prefixed = {f"0.{name}": array for name, array in step.arrays.items()}
    return described(step.fields["junction"], "0", prefixed).fan_in.astype(np.int64)
