"""Traces a model's `forward` with `torch.fx`, down to the modules that the runtime has and to functions."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from typing import Any

import torch
from torch import fx, nn

from gossamer.errors import ExportError
from gossamer.nn.conversion.attention import SplitAttention
from gossamer.nn.dot_product import scaled_dot_product_attention
from gossamer.nn.exporting.modules import MAKERS


class Tracer(fx.Tracer):
    """Goes into containers, transformers and what people wrote, and stops at other modules of PyTorch and at ours."""

    proxy_buffer_attributes = True

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether a module is one node."""
        return type(m) in MAKERS or type(m).__module__.startswith(("torch.nn", "torch.ao", "gossamer."))

    def call_module(self, m: nn.Module, forward: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call of a module, its own calls in its place where these are known."""
        if isinstance(m, nn.Sequential) and type(m).__module__.startswith(("torch.nn", "gossamer.")) and not kwargs:
            (x,) = args
            for each in m:
                x = each(x)
            return x
        written_out = _WRITTEN_OUT.get(type(m))
        if written_out is not None:
            return written_out(m, *args, **kwargs)
        return super().call_module(m, forward, args, kwargs)

    def iter(self, obj: fx.Proxy) -> Iterator[Any]:
        """The parts of a chunk, whose number is fixed."""
        if obj.node.target in ("chunk", torch.chunk):
            count = obj.node.kwargs.get("chunks", obj.node.args[1] if len(obj.node.args) > 1 else None)
            if isinstance(count, int):
                return (obj[k] for k in range(count))  # type: ignore[index]
        return super().iter(obj)


class Whole(nn.Module):
    """Calls a model with one input, whatever else its `forward` could take."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Any) -> Any:
        """See the class."""
        return self.model(x)


def traced(model: nn.Module) -> tuple[Whole, fx.Graph]:
    """A model in evaluation and its graph; packed attention comes with its projections split.

    Raises:
        ExportError: a `forward` that is no fixed graph of one input.
    """
    whole = Whole(_with_split_attention(model)).eval()
    try:
        with _positions():
            return whole, Tracer().trace(whole)
    except ExportError:
        raise
    except Exception as error:  # a tracer runs what people wrote
        raise ExportError(
            f"{type(model).__name__}.forward is no fixed graph of one input: {type(error).__name__}: {error}"
        ) from error


def _with_split_attention(model: nn.Module) -> nn.Module:
    if type(model) is nn.MultiheadAttention or not any(type(m) is nn.MultiheadAttention for m in model.modules()):
        return model
    found = copy.deepcopy(model)
    for parent in list(found.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.MultiheadAttention:
                setattr(parent, name, SplitAttention(child))
    return found


@contextlib.contextmanager
def _positions() -> Iterator[None]:
    """`torch.arange` of a traced size is a node, too: it takes no proxies by itself."""
    plain = torch.arange

    def arange(*ends: Any, **named: Any) -> Any:
        for each in ends:
            if isinstance(each, fx.Proxy):
                return each.tracer.create_proxy("call_function", plain, ends, named)
        return plain(*ends, **named)

    torch.arange = arange
    try:
        yield
    finally:
        torch.arange = plain


def _attention(m: SplitAttention, query: Any, key: Any, value: Any, *masks: Any, **options: Any) -> tuple[Any, None]:
    causal = options.pop("is_causal", False)
    options.pop("need_weights", None), options.pop("average_attn_weights", None)
    if any(each is not None and not isinstance(each, bool) for each in (*masks, *options.values())):
        raise ExportError("attention is called with a mask, which is not in the runtime.")
    if not m.batch_first or m.bias_k is not None or m.add_zero_attn:
        raise ExportError("attention with batch_first=False, bias_k or add_zero_attn is not in the runtime.")
    shape = (m.num_heads, m.head_dim)
    q, k, v = (
        layer(x).unflatten(-1, shape).transpose(1, 2)
        for layer, x in ((m.q_proj, query), (m.k_proj, key), (m.v_proj, value))
    )
    mixed = q.tracer.create_proxy(
        "call_function", scaled_dot_product_attention, (q, k, v), {"is_causal": causal} if causal else {}
    )
    return m.out_proj(mixed.transpose(1, 2).flatten(2)), None


def _encoder_layer(m: nn.TransformerEncoderLayer, x: Any, *masks: Any, **named: Any) -> Any:
    _require_no_masks(masks, named)

    def attended(x: Any) -> Any:
        return m.dropout1(m.self_attn(x, x, x, need_weights=False)[0])

    def perceptron(x: Any) -> Any:
        return m.dropout2(m.linear2(m.dropout(m.activation(m.linear1(x)))))

    if m.norm_first:
        x = x + attended(m.norm1(x))
        return x + perceptron(m.norm2(x))
    x = m.norm1(x + attended(x))
    return m.norm2(x + perceptron(x))


def _encoder(m: nn.TransformerEncoder, x: Any, *masks: Any, **named: Any) -> Any:
    _require_no_masks(masks, named)
    for layer in m.layers:
        x = layer(x)
    return x if m.norm is None else m.norm(x)


def _require_no_masks(masks: tuple[Any, ...], named: dict[str, Any]) -> None:
    if any(each is not None and each is not False for each in (*masks, *named.values())):
        raise ExportError("a transformer is called with a mask, which is not in the runtime.")


_WRITTEN_OUT: dict[type[nn.Module], Any] = {
    SplitAttention: _attention,
    nn.TransformerEncoderLayer: _encoder_layer,
    nn.TransformerEncoder: _encoder,
}
"""Modules that are traced as what they compute without masks."""
