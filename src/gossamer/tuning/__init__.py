"""What is worth it on this machine: thresholds of the kernels, measured by `gossamer bench tune` and remembered.

Nothing needs them: without a file the numbers hold that were measured on the machines Gossamer was written on.
"""

from gossamer.tuning.files import Found, find, tuning_file, write
from gossamer.tuning.machine import Machine, processor, this_machine
from gossamer.tuning.thresholds import Thresholds
from gossamer.tuning.used import in_use, use

__all__ = [
    "Found",
    "Machine",
    "Thresholds",
    "find",
    "in_use",
    "processor",
    "this_machine",
    "tuning_file",
    "use",
    "write",
]
