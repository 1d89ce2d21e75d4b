"""Calls that show how a command is used, at the end of its help."""

from __future__ import annotations


def shown(*calls: str) -> str:
    r"""The text under a command's help; a blank line keeps lines apart there.

    >>> shown("gossamer demo", "gossamer new my-study")
    'Examples:\n\n  gossamer demo\n\n  gossamer new my-study'
    """
    return "\n\n".join(["Example:" if len(calls) == 1 else "Examples:", *(f"  {call}" for call in calls)])
