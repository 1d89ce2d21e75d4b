"""What all tests share: the extension they run against."""

import importlib.util
import os
import sys

import pytest


def _preload(path):
    """Use an extension built elsewhere, such as the one of `make sanitize`."""
    spec = importlib.util.spec_from_file_location("gossamer._native", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules["gossamer._native"] = module


os.environ["GOSSAMER_TUNING"] = "off"  # not what was measured on this machine

if "GOSSAMER_NATIVE_MODULE" in os.environ:
    import torch  # noqa: F401  (its OpenMP comes first)

    _preload(os.environ["GOSSAMER_NATIVE_MODULE"])


@pytest.fixture(autouse=True, scope="session")
def native_extension():
    """Without the extension all would pass on the fall-backs, and nothing would tell."""
    if importlib.util.find_spec("gossamer._native") is None and "GOSSAMER_WITHOUT_NATIVE" not in os.environ:
        pytest.exit(
            "gossamer._native is not built; see the output of 'pip install -v --no-deps -e .', "
            "or set GOSSAMER_WITHOUT_NATIVE=1 to test the fall-backs.",
            returncode=1,
        )


@pytest.fixture
def one_thread():
    """Nets this small are slower with more, and much slower when other tests hold the cores."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
