"""Data sets: what they are, where they lie, and how they are read."""

from gossamer.training.data.catalogue import CATALOGUE, load
from gossamer.training.data.dataset import Dataset, Examples
from gossamer.training.data.entry import Entry
from gossamer.training.data.folders import cache_folder, search_folders

__all__ = ["CATALOGUE", "Dataset", "Entry", "Examples", "cache_folder", "load", "search_folders"]
