"""Features in another order."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from gossamer.nn.observers import traced, transformed


class Reordered(nn.Module):
    """y[..., p] = x[..., order[p]], where `order` is a permutation that travels in `state_dict`.

    Args:
        features: how many there are; they begin in the order that they have.

    Attributes:
        order: shape (features,), int32.

    Shapes: input and output (..., features), stored alike.

    >>> swap = Reordered(3)
    >>> swap.take_on(torch.tensor([2, 0, 1]))
    >>> swap(torch.tensor([[10., 11., 12.]]))
    tensor([[12., 10., 11.]])
    """

    order: Tensor
    inverse: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features
        self.register_buffer("order", torch.arange(features, dtype=torch.int32))
        self.register_buffer("inverse", torch.arange(features, dtype=torch.int32), persistent=False)

    def take_on(self, order: Tensor) -> None:
        """Another order, in place.

        Raises:
            ValueError: it is no permutation of the features.
        """
        places = torch.arange(self.features, device=order.device)
        if order.shape != (self.features,) or not torch.equal(order.sort().values, places.to(order.dtype)):
            raise ValueError(f"order, of shape {tuple(order.shape)}, is no permutation of {self.features} features.")
        self.order.copy_(order)
        self.inverse[order.to(self.inverse.device).long()] = places.to(self.inverse)

    def forward(self, x: Tensor) -> Tensor:
        """(..., features) to (..., features).

        Raises:
            ValueError: x has another number of features.
        """
        if x.shape[-1] != self.features:
            raise ValueError(f"x has shape {tuple(x.shape)}; (..., {self.features}) is needed.")
        if traced(x) or transformed():
            return _selected(x, self.order)
        return _Selected.apply(x, self.order, self.inverse)  # type: ignore[no-any-return, no-untyped-call]

    def extra_repr(self) -> str:
        """How many features there are."""
        return f"features={self.features}"

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        if prefix + "order" in state_dict:
            self.take_on(state_dict[prefix + "order"])
        super()._load_from_state_dict(state_dict, prefix, *rest)


def _selected(x: Tensor, order: Tensor) -> Tensor:
    if x.dim() == 2 and x.stride(0) == 1:  # stored feature by feature, and so is the result
        return x.t().index_select(0, order).t()
    return x.index_select(-1, order)


class _Selected(torch.autograd.Function):
    """A selection whose gradient is one, too: that of `index_select` adds up number by number."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, order: Tensor, inverse: Tensor) -> Tensor:
        ctx.save_for_backward(order, inverse)
        return _selected(x, order)

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor, None, None]:
        order, inverse = ctx.saved_tensors
        return _Selected.apply(dy, inverse, order), None, None  # type: ignore[no-untyped-call]
