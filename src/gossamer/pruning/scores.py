"""What a weight is worth before any training: one score (O, I) a layer, the largest of which stay.

The functions work on a copy: gradients, buffers and mode of the model given are untouched.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from gossamer.pruning.layers import dense_layers, weights_of

Loss = Callable[[Tensor, Tensor], Tensor]
Scores = dict[str, Tensor]


def magnitude_scores(model: nn.Module) -> Scores:
    """|w|."""
    return {name: weight.detach().abs() for name, weight in weights_of(model).items()}


def snip_scores(model: nn.Module, inputs: Tensor, targets: Tensor, loss: Loss) -> Scores:
    """|w dL/dw|: how much the loss changes, to first order, when a connection goes.

    References:
        Lee, Ajanthan, Torr, "SNIP: Single-shot Network Pruning based on Connection Sensitivity", ICLR 2019, eq. 5.
    """
    own = copy.deepcopy(model)
    weights = weights_of(own)
    gradients = torch.autograd.grad(loss(own(inputs), targets), list(weights.values()))
    return {name: (w * g).detach().abs() for (name, w), g in zip(weights.items(), gradients, strict=True)}


def grasp_scores(model: nn.Module, inputs: Tensor, targets: Tensor, loss: Loss, *, temperature: float) -> Scores:
    """W Hg: the gradient's squared norm changes by -w Hg, to first order, when a connection goes.

    The authors call -w Hg the score and drop the largest; here the largest stay.

    References:
        Wang, Zhang, Grosse, "Picking Winning Tickets Before Training by Preserving Gradient Flow", ICLR 2020, eq. 8;
        outputs are divided by a temperature as in their code (200).
    """
    own = copy.deepcopy(model)
    weights = weights_of(own)
    values = list(weights.values())
    gradients = torch.autograd.grad(loss(own(inputs) / temperature, targets), values, create_graph=True)
    flow = torch.stack([(g * g.detach()).sum() for g in gradients]).sum()
    products = torch.autograd.grad(flow, values)
    return {name: (w * h).detach() for name, w, h in zip(weights, values, products, strict=True)}


def synflow_scores(model: nn.Module, example: Tensor, masks: Mapping[str, Tensor]) -> Scores:
    """W dR/dw for R = 1ᵀ (product of |W|) 1, the sum of outputs of the model with |parameters| for an input of ones.

    Computed in float64: R is a sum over all paths, which under- and overflows float32 in deep networks.

    Args:
        model: pruned by `masks`.
        example: one input, (1, ...); only its shape matters.
        masks: the places still alive, by name; all if a layer is missing.

    References:
        Tanaka, Kunin, Yamins, Ganguli, "Pruning neural networks without any data by iteratively conserving synaptic
        flow", NeurIPS 2020, eq. 1 and 4.
    """
    own = copy.deepcopy(model).double().eval()
    with torch.no_grad():
        for tensor in (*own.parameters(), *own.buffers()):
            tensor.abs_()
        for name, layer in dense_layers(own).items():
            layer.weight.mul_(masks.get(name, torch.ones(())).to(layer.weight))
            if layer.bias is not None:  # R has none; in the authors' networks they begin at 0
                layer.bias.zero_()
    weights = weights_of(own)
    total = own(torch.ones_like(example, dtype=torch.float64)).sum()
    gradients = torch.autograd.grad(total, list(weights.values()))
    return {name: (w * g).detach() for (name, w), g in zip(weights.items(), gradients, strict=True)}
