"""A model as one file that runs without PyTorch."""

from gossamer.nn.exporting.export import export

__all__ = ["export"]
