"""The first hour of three people, each from an empty folder to a picture, by what is public alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PICTURES = {
    "researcher": ("plants.png", "plants.html"),
    "engineer": ("model.png", "model.gossamer"),
    "network_scientist": ("before.png", "after.png"),
}


@pytest.mark.parametrize("role", PICTURES)
def test_the_walk_leads_from_an_empty_folder_to_a_picture(role, tmp_path):
    environment = os.environ | {"OMP_NUM_THREADS": "1", "MPLBACKEND": "agg", "PYTHONWARNINGS": "default"}
    command = [sys.executable, str(HERE / f"{role}.py")]
    walked = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert walked.returncode == 0, walked.stdout + walked.stderr
    for name in PICTURES[role]:
        content = (tmp_path / name).read_bytes()
        assert len(content) > 5_000
        assert content.startswith({"png": b"\x89PNG", "tml": b"<!doctype html>"}.get(name[-3:], b""))
    assert "Warning" not in walked.stderr, walked.stderr
