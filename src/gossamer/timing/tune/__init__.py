"""Measures the thresholds of `gossamer.tuning` on this machine, in some seconds."""

from gossamer.timing.tune.run import Tuned, tune

__all__ = ["Tuned", "tune"]
