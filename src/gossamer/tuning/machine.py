"""Which machine this is, as far as thresholds depend on it."""

from __future__ import annotations

import functools
import hashlib
import json
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from gossamer import native


@dataclass(frozen=True, slots=True)
class Machine:
    """What thresholds were measured on.

    Args:
        processor: its name, as the system tells it.
        instructions: the instruction set of the kernels; "none" without them.
        gossamer: the version, whose kernels they are.

    >>> Machine("Zen", "avx2", "1.0").key == Machine("Zen", "avx2", "1.1").key
    False
    """

    processor: str
    instructions: str
    gossamer: str

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits that name it."""
        return hashlib.blake2b(json.dumps(asdict(self), sort_keys=True).encode(), digest_size=6).hexdigest()

    def __str__(self) -> str:
        return f"{self.processor}, {self.instructions}, gossamer {self.gossamer}"


def this_machine() -> Machine:
    """The machine of this process, with the instruction set that is in use."""
    instructions = "none" if native.extension is None else str(native.extension.instruction_set())
    return Machine(processor(), instructions, version("gossamer"))


@functools.cache
def processor() -> str:
    """The processor's name with family, model and stepping, as well as the system tells it."""
    try:
        first = Path("/proc/cpuinfo").read_text().partition("\n\n")[0]
    except OSError:
        first = ""
    told = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in first.splitlines())}
    name = told.get("model name") or platform.processor() or platform.machine()
    numbers = [told[word] for word in ("cpu family", "model", "stepping") if word in told]
    return f"{name} {'/'.join(numbers)}" if numbers else name
