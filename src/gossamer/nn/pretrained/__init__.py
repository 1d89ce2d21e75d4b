"""Whole models in a folder: tensors and words, no pickle, and nothing that is executed when they are read."""

from gossamer.nn.pretrained.loading import from_pretrained
from gossamer.nn.pretrained.saving import save_pretrained

__all__ = ["from_pretrained", "save_pretrained"]
