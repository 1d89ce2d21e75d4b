"""Sparse models out of anybody's dense ones, and back."""

from gossamer.nn.conversion.attention import SplitAttention
from gossamer.nn.conversion.convolutions import ConvolutionSwap
from gossamer.nn.conversion.densify import densify
from gossamer.nn.conversion.report import Report, report
from gossamer.nn.conversion.sparsify import sparsify
from gossamer.nn.conversion.swaps import SWAPS, Swap

__all__ = ["SWAPS", "ConvolutionSwap", "Report", "SplitAttention", "Swap", "densify", "report", "sparsify"]
