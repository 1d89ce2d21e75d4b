"""A value as the text of a table's cell."""

from __future__ import annotations


def cell(value: object) -> str:
    """Six digits of a number; empty for missing values: None, NaN, or pandas' NA.

    >>> cell(0.123456789), cell(8.0), cell(None), cell(float("nan")), cell("dense")
    ('0.123457', '8', '', '', 'dense')
    """
    import pandas as pd

    if value is None or pd.isna(value):
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
