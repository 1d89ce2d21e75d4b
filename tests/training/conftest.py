import pytest


@pytest.fixture(autouse=True)
def always_one_thread(one_thread):
    """For every test here."""
