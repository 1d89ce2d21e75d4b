import importlib.util
from pathlib import Path

import numpy as np
import pytest
from tests.reports.fabricated import NASTY, grid

from gossamer.reports.study import study_page
from gossamer.studies.store.run_folder import RunFolder


@pytest.fixture(scope="session")
def fabricate():
    """Writes a study of finished runs, real networks and invented accuracies: the one of the benchmark."""
    path = Path(__file__).parents[2] / "benchmarks" / "study_page.py"
    spec = importlib.util.spec_from_file_location("benchmark_study_page", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.fabricate


@pytest.fixture(scope="session")
def study(fabricate, tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    made = fabricate(folder, grid(), rng=np.random.default_rng(0), epochs=5)
    failed, waiting = (RunFolder(folder / "runs" / entry.digest) for entry in made.entries[1:3])
    failed.result.unlink()
    failed.write_failure(ArithmeticError(f"loss is nan {NASTY}"), epoch=2, step=31)
    waiting.result.unlink()
    made.name = NASTY
    return made


@pytest.fixture(scope="session")
def text(study):
    return study_page(study, networks=6)
