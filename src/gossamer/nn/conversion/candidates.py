"""Which layers of a model could become sparse, where they stand, and why others cannot."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import nn

from gossamer.nn.conversion.attention import PROJECTIONS, SplitAttention
from gossamer.nn.conversion.swaps import Swap, swap_of
from gossamer.nn.layer import SparseLayer
from gossamer.nn.sharded import is_sharded

Filter = Callable[[nn.Module, str], bool]

_RECURRENT = "its weights are read inside PyTorch's recurrent kernels"
_TABLE = "a table that is looked up, not multiplied"
UNSERVED: tuple[tuple[type[nn.Module], str], ...] = (
    (nn.RNNBase, _RECURRENT),
    (nn.RNNCellBase, _RECURRENT),
    (nn.Embedding, _TABLE),
    (nn.EmbeddingBag, _TABLE),
    (nn.Bilinear, "a product of two inputs"),
    (nn.MultiheadAttention, "an attention with a forward of its own"),
)


@dataclass(frozen=True, eq=False)
class Place:
    """Where a module hangs: a child of `parent` by the name `leaf`."""

    parent: nn.Module
    leaf: str

    def put(self, module: nn.Module) -> None:
        """Hang another one there."""
        self.parent._modules[self.leaf] = module

    def following(self) -> str | None:
        """The name behind it, where the parent is a plain `torch.nn.Sequential`."""
        if type(self.parent) is not nn.Sequential:
            return None
        names = list(self.parent._modules)
        place = names.index(self.leaf) + 1
        return names[place] if place < len(names) else None


@dataclass(frozen=True, eq=False)
class Candidate:
    """A layer with a swap.

    Args:
        names: all names it has in the model, the first one first.
        module: itself; of an attention, one of the layers that it is split into.
        places: where it hangs.
        swap: how it becomes sparse.
        split: the attention that it is a part of, and what it was split into.
    """

    names: tuple[str, ...]
    module: nn.Module
    places: tuple[Place, ...]
    swap: Swap
    split: tuple[nn.MultiheadAttention, SplitAttention] | None = None

    @property
    def name(self) -> str:
        """Its first name."""
        return self.names[0]

    @property
    def size(self) -> int:
        """Its weights, edges or not."""
        return self.swap.parameter(self.module).numel()


def candidates(model: nn.Module) -> list[Candidate]:
    """Every layer with a swap, once, in the model's order; those that are refused, too."""
    found: list[Candidate] = []
    for names, module in _modules(model):
        places = tuple(_place(model, name) for name in names if name)
        if type(module) is nn.MultiheadAttention:
            split = SplitAttention(module)
            for leaf in PROJECTIONS:
                swap, layer = swap_of(nn.Linear), getattr(split, leaf)
                assert swap is not None
                named = tuple(f"{name}.{leaf}".lstrip(".") for name in names)
                found.append(Candidate(named, layer, (Place(split, leaf),), swap, (module, split)))
        elif not isinstance(module, SparseLayer):
            swap = swap_of(type(module))
            if swap is not None:
                found.append(Candidate(names, module, places, swap))
    return found


def unserved(model: nn.Module) -> Iterator[tuple[str, nn.Module, str]]:
    """(name, module, reason) of every layer with weights that has no swap."""
    for names, module in _modules(model):
        if isinstance(module, SparseLayer) or swap_of(type(module)) or type(module) is nn.MultiheadAttention:
            continue
        reason = next((why for kind, why in UNSERVED if isinstance(module, kind)), None)
        own = [each for each in module.parameters(recurse=False) if not isinstance(each, nn.UninitializedParameter)]
        if reason is None and any(each.dim() > 1 for each in own):
            kind = type(module).__name__
            reason = f"a {kind} has no sparse twin" if not module._modules else f"{kind}'s own parameters, of no layer"
        if reason is not None:
            yield names[0], module, reason


def matching(
    patterns: Iterable[str] | str,
    all_candidates: list[Candidate],
    *,
    what: str,
    dense: Mapping[str, str] | None = None,
) -> set[int]:
    """Places in the list of the candidates that patterns such as "encoder.*" match.

    Args:
        patterns: one or several.
        all_candidates: the list.
        what: the argument that they came by.
        dense: names of layers that have no sparse twin, and why.

    Raises:
        ValueError: a pattern that matches none.
        TypeError: a pattern that is no text.
    """
    chosen: set[int] = set()
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        if not isinstance(pattern, str):
            raise TypeError(
                f"{what}={pattern!r} is {type(pattern).__name__}; names or patterns such as 'head.*' are needed."
            )
        hits = {
            place
            for place, each in enumerate(all_candidates)
            if any(fnmatch.fnmatchcase(name, pattern) for name in each.names)
        }
        if not hits:
            raise ValueError(f"{what}={pattern!r} {_missed(pattern, all_candidates, dense or {})}")
        chosen |= hits
    return chosen


def _missed(pattern: str, all_candidates: list[Candidate], dense: Mapping[str, str]) -> str:
    for name, reason in dense.items():
        if fnmatch.fnmatchcase(name, pattern):
            return f"matches {name!r}, which cannot be made sparse: {reason}."
    return f"is no linear layer or convolution of the model; {listed(all_candidates)}."


def listed(all_candidates: list[Candidate]) -> str:
    """Names, as errors tell them."""
    names = [repr(each.name) for each in all_candidates]
    return f"it has {', '.join(names[:20])}{', ...' if len(names) > 20 else ''}" if names else "it has none"


def owners(model: nn.Module) -> dict[int, set[int]]:
    """Of each parameter the modules that hold it, all by their ids."""
    holders: dict[int, set[int]] = {}
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            holders.setdefault(id(parameter), set()).add(id(module))
    return holders


def _modules(model: nn.Module) -> Iterator[tuple[tuple[str, ...], nn.Module]]:
    """Every module once with all its names; what is inside of an attention is its own."""
    names: dict[int, list[str]] = {}
    modules: dict[int, nn.Module] = {}
    hidden: list[str] = []
    for name, module in model.named_modules(remove_duplicate=False):
        if any(name.startswith(prefix) for prefix in hidden):
            continue
        if isinstance(module, nn.MultiheadAttention):
            hidden.append(f"{name}." if name else "")
        names.setdefault(id(module), []).append(name)
        modules[id(module)] = module
    for key, module in modules.items():
        yield tuple(names[key]), module


def _place(model: nn.Module, name: str) -> Place:
    path, _, leaf = name.rpartition(".")
    return Place(model.get_submodule(path), leaf)


def require_module(model: nn.Module) -> None:
    """Check that a model can be taken apart.

    Raises:
        TypeError: it is no module, or one that TorchScript has compiled.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model is {type(model).__name__}; a torch.nn.Module is needed.")
    if isinstance(model, torch.jit.ScriptModule):
        raise TypeError("the model is compiled by TorchScript; give the module that it was made of.")


def require_unsharded(model: nn.Module) -> None:
    """Check that all of each parameter is here.

    Raises:
        TypeError: one lies in parts on several processes.
    """
    sharded = next((name for name, each in model.named_parameters() if is_sharded(each)), None)
    if sharded is not None:
        raise TypeError(
            f"parameter {sharded!r} is sharded by fully_shard, which must come last: sparsify or densify the model "
            "before, or load its full state (torch.distributed.checkpoint.state_dict) into one that is not sharded."
        )
