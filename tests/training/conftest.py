import pytest
import torch


@pytest.fixture(autouse=True, scope="package")
def one_thread():
    """Nets this small are slower with more, and much slower when other tests hold the cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
