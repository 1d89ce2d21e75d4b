"""Words and numbers as a study's page writes them."""

from __future__ import annotations


def signed(value: float, digits: int = 2) -> str:
    """A number with its sign, a minus as long as a plus."""
    return f"{value:+.{digits}f}".replace("-", "−")


def joined(*parts: str) -> str:
    """The parts that are not empty, in one name."""
    return " · ".join(part for part in parts if part)
