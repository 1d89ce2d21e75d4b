"""What a sparse layer or network computes, by dense matrices alone."""

import torch
from torch import nn


def twin_of(layer):
    """A dense layer with a sparse one's numbers, 0 elsewhere; and where its edges are."""
    mask = torch.from_numpy(layer.topology().to_mask())
    weight = torch.zeros(mask.shape, dtype=layer.weight.dtype)
    weight[mask] = layer.weight.detach()
    return weight.requires_grad_(), mask


def gap(model, x):
    """How far outputs and gradients of a sparse network are from those of its dense twin, relative to their size."""
    layers = [module for module in model.modules() if hasattr(module, "adopt")]
    twins = [twin_of(layer) for layer in layers]
    hidden = x.detach()
    biases = [layer.bias.detach().clone().requires_grad_() for layer in layers]
    for layer, (weight, _), bias in zip(layers, twins, biases, strict=True):
        hidden = layer.activation(nn.functional.linear(hidden, weight, bias))
    hidden.square().sum().backward()
    model.zero_grad()
    y = model(x)
    y.square().sum().backward()
    pairs = [(y.detach(), hidden.detach())]
    for layer, (weight, mask), bias in zip(layers, twins, biases, strict=True):
        pairs += [(layer.weight.grad, weight.grad[mask]), (layer.bias.grad, bias.grad)]
    return max(float((a - b).abs().max() / (1 + b.abs().max())) for a, b in pairs if b.numel())
