"""Runs that are named by all that decides their numbers, and grids of them."""

from gossamer.studies.architecture import Architecture
from gossamer.studies.experiment import Experiment, Outcome
from gossamer.studies.results import write_result

__all__ = ["Architecture", "Experiment", "Outcome", "write_result"]
