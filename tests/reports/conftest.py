import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def fabricate():
    """Writes a study of finished runs, real networks and invented accuracies: the one of the benchmark."""
    path = Path(__file__).parents[2] / "benchmarks" / "study_page.py"
    spec = importlib.util.spec_from_file_location("benchmark_study_page", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.fabricate
