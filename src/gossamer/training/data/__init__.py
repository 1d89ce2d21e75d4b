"""Data sets: what they are, where they lie, and how they are read."""

from gossamer.training.data.catalogue import CATALOGUE
from gossamer.training.data.dataset import Dataset
from gossamer.training.data.entry import Entry
from gossamer.training.data.examples import Examples
from gossamer.training.data.folders import cache_folder, search_folders
from gossamer.training.data.scaling import Scaling
from gossamer.training.data.words import load, require_data

__all__ = [
    "CATALOGUE",
    "Dataset",
    "Entry",
    "Examples",
    "Scaling",
    "cache_folder",
    "load",
    "require_data",
    "search_folders",
]
