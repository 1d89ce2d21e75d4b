"""Fixtures computed with the authors' published functions; they lie outside the repository."""

import json
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[3] / "shared" / "fixtures" / "nnstd"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))


def load_pair(name):
    """The two lists of masks (O, I), and the expected values. The files hold (I, O)."""
    arrays = np.load(FOLDER / f"{name}.npz")
    expected = json.loads((FOLDER / f"{name}.json").read_text())
    depth = len(arrays.files) // 2
    return *([arrays[f"{net}{k}"].T for k in range(depth)] for net in "AB"), expected


@pytest.fixture(params=NAMES or [pytest.param("", marks=pytest.mark.skip(reason=f"no fixtures in {FOLDER}"))])
def authors(request):
    return load_pair(request.param)
