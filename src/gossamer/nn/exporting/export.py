"""`gossamer.nn.export`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import nn

from gossamer.errors import ExportError
from gossamer.nn.exporting.graph import steps_of_model
from gossamer.nn.exporting.plan import Made, packed
from gossamer.runtime import files


def export(
    model: nn.Module,
    path: str | os.PathLike[str],
    *,
    softmax: bool = False,
    labels: Sequence[Any] | None = None,
) -> None:
    """Write one file that `gossamer.runtime.load` computes with NumPy and the native kernels, without PyTorch.

    What is exported is the model in evaluation: dropout is left out, batch norms become part of the layer before them
    or a scale and a shift. `forward` is traced (`torch.fx`): it may be any fixed graph of one input and the modules
    that the runtime has, with residual sums and products, attention, and views whose sizes follow from the input's.
    Weights are stored as float32. Packed attention is exported from a copy of the model.

    Args:
        model: a module; it is not changed.
        path: the file; written whole or not at all.
        softmax: make shares of the outputs, along their last axis.
        labels: what the outputs stand for: texts or numbers; `Network.labels` gives them back.

    Raises:
        ExportError: a layer that the runtime lacks, by name; a `forward` that is no fixed graph; numbers that float32
            cannot hold; labels that are neither texts nor numbers.
        TypeError: `model` is no module.
        OSError: the file cannot be written.

    >>> import tempfile, torch, gossamer as gs, gossamer.runtime
    >>> model = gs.nn.mlp(gs.Topology([gs.Bipartite.from_mask([[1, 0, 1], [0, 1, 0]])]))
    >>> x = torch.ones(4, 3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export(model, f"{folder}/net.gossamer")
    ...     y = gossamer.runtime.load(f"{folder}/net.gossamer")(x.numpy())
    >>> bool(np.allclose(y, model(x).detach()))
    True
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model is {type(model).__name__}, not a torch.nn.Module.")
    modes = [(module, module.training) for module in model.modules()]
    try:
        steps = steps_of_model(model)
    finally:
        for module, training in modes:
            module.training = training
    if softmax:
        steps.append(Made("softmax", {"axis": -1, "logarithm": 0}, of=(steps[-1],)))
    files.write(path, *packed(steps, None if labels is None else [_label(each) for each in labels]))


def _label(label: Any) -> str | int | float | bool:
    plain = label.item() if isinstance(label, np.generic) else label
    if not isinstance(plain, (str, int, float)):
        raise ExportError(f"the label {label!r} is {type(label).__name__}; texts and numbers are written.")
    return plain
