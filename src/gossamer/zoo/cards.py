"""What is known of each network: a card beside its weights."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path

from gossamer.errors import TopologyFileError, require_known

FOLDER = Path(__file__).parent / "files"
"""Holds `NAME.safetensors`, a `state_dict`, and `NAME.json`, its card."""


@dataclass(frozen=True, slots=True)
class Card:
    """How a network was made, and what it can do.

    Args:
        name: what `gossamer.zoo.load` calls it.
        about: what it is good to look at for, a sentence.
        widths: neurons of each layer, input first.
        edges: live weights.
        construction: where the edges were before training.
        rule: how they moved during training, or "static".
        activation: of the hidden layers, a class of `torch.nn`.
        data: the data set that it learned, as `gossamer data list` calls it.
        data_licence: under which terms those data are; the weights are under the package's.
        accuracy: share of the test examples that it tells right.
        command: what trained it, with these `versions`; other machines come near to it, not to the same bits.
        versions: of what it was trained with.
        digest: of the file of weights, see `gossamer.files.file_digest`.
    """

    name: str
    about: str
    widths: tuple[int, ...]
    edges: int
    construction: str
    rule: str
    activation: str
    data: str
    data_licence: str
    accuracy: float
    command: str
    versions: str
    digest: str

    @property
    def density(self) -> float:
        """Share of the possible edges that are there, 0 to 1."""
        return self.edges / sum(n * m for n, m in zip(self.widths, self.widths[1:], strict=False))

    def __str__(self) -> str:
        lines = {
            "about": self.about,
            "network": f"{'-'.join(map(str, self.widths))}, {self.activation}, {self.edges} edges ({self.density:.2%})",
            "topology": f"{self.construction} at the start; {self.rule}",
            "trained by": self.command,
            "with": self.versions,
            "data": f"{self.data}, licence {self.data_licence}",
            "accuracy": f"{self.accuracy:.2%} of the test examples: gossamer zoo test {self.name}",
            "in Python": f'gossamer.zoo.load("{self.name}")',
        }
        return "\n".join([self.name, *(f"  {name:10}  {value}" for name, value in lines.items())])


def names() -> tuple[str, ...]:
    """The networks that there are, sorted.

    >>> "rigl-mnist-1pct" in names()
    True
    """
    return tuple(sorted(file.stem for file in FOLDER.glob("*.json")))


def card(name: str) -> Card:
    """What is known of a network.

    Raises:
        ValueError: there is none of this name; the message lists them.
        TopologyFileError: the card is damaged.

    >>> card("fibonacci-digits").data
    'digits'
    """
    file = path(name).with_suffix(".json")
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return Card(**{each.name: found[each.name] for each in fields(Card)} | {"widths": tuple(found["widths"])})
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise TopologyFileError(f"{file} is damaged ({error}); install Gossamer again.") from error


def path(name: str) -> Path:
    """The file of a network's weights, a `state_dict` as safetensors.

    Raises:
        ValueError: there is none of this name; the message lists them.

    >>> path("rigl-mnist-1pct").name
    'rigl-mnist-1pct.safetensors'
    """
    require_known("network in the zoo", name, dict.fromkeys(names()))
    return FOLDER / f"{name}.safetensors"
