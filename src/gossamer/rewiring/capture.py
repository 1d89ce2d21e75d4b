"""Records what passes through layers, at the steps whose gradients of missing edges a rule asks for."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from gossamer.nn import SparseLayer
from gossamer.nn.observers import PassObserver, remove_forward_hook

Pass = tuple[int, Tensor, Tensor]
"""The step of a pass through a layer, its input x (B, I), and the gradient dz (B, O) before the activation."""


class Capture:
    """Collects the passes through each layer, and through those that share its weight.

    Hooks exist only between `arm` and `disarm`. Several backward passes before an update (gradient accumulation,
    a layer used twice) give several entries. While armed, compiled models run eagerly, since a compiled graph does
    not call hooks that were added after it was made.
    """

    def __init__(self, layers: Mapping[str, Sequence[SparseLayer]]) -> None:
        self._layers = layers
        self._handles: list[RemovableHandle] = []
        self.step = 1
        self.passes: dict[str, list[Pass]] = {name: [] for name in layers}

    def arm(self) -> None:
        """Record from now on."""
        if not self._handles:
            for name, layers in self._layers.items():
                observer = _Observer(self, name)
                self._handles += [
                    layer.register_forward_hook(observer, with_kwargs=True, prepend=True)  # weights are whole still
                    for layer in layers
                ]
            _EAGER.enter(self)

    def disarm(self) -> None:
        """Record no more, and forget what was recorded."""
        if self._handles:
            for handle in self._handles:
                handle.remove()
            self._handles.clear()
            _EAGER.leave(self)
        self.keep_from(self.step + 1)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_handles": bool(self._handles)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _handles=[])
        if state["_handles"]:  # a rewirer was copied with its model: the copy looks at the copied layers
            self.arm()

    def keep_from(self, step: int) -> None:
        """Forget the passes of earlier steps."""
        for name, passes in self.passes.items():
            if passes:
                self.passes[name] = [each for each in passes if each[0] >= step]


class _Observer(PassObserver):
    """A forward hook that waits for the gradient of the layer's output. A copy of the layer is not looked at."""

    def __init__(self, capture: Capture, name: str) -> None:
        self._capture = capture
        self._name = name

    def __call__(self, layer: SparseLayer, args: Any, kwargs: Any, output: Tensor) -> None:
        if not output.requires_grad:
            return
        with torch.no_grad():
            x, activation = (args[0] if args else kwargs["x"]).detach(), layer.activation
            kept = layer.output_rows(layer.sums(x) if activation.needs_input else output.detach())
            rows = layer.input_rows(x)

        output.register_hook(lambda dy: self.saw(rows, layer.output_rows(dy.detach()) * activation.derivative(kept)))

    def saw(self, x: Tensor, dz: Tensor) -> None:
        self._capture.passes[self._name].append((self._capture.step, x, dz))

    def __reduce__(self) -> tuple[Any, ...]:
        return _SelfRemoving, ()


class _SelfRemoving:
    """What an observer leaves in a copy of a model: a hook that removes itself."""

    def __call__(self, layer: SparseLayer, args: Any, kwargs: Any, output: Tensor) -> None:
        remove_forward_hook(layer, self)


class _Eager:
    """Keeps compiled functions running eagerly while any capture is armed, then restores what was before."""

    def __init__(self) -> None:
        self._armed: set[int] = set()
        self._stance: Any = None

    def enter(self, capture: Capture) -> None:
        set_stance = getattr(torch.compiler, "set_stance", None)  # PyTorch 2.6
        if not self._armed and set_stance is not None and "torch._dynamo" in sys.modules:
            self._stance = set_stance("force_eager")
        self._armed.add(id(capture))

    def leave(self, capture: Capture) -> None:
        self._armed.discard(id(capture))
        if not self._armed and self._stance is not None:
            self._stance.__exit__(None, None, None)
            self._stance = None


_EAGER = _Eager()
