import pytest


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A machine without data sets and without a network; returns the folder that GOSSAMER_DATA names."""
    import pooch
    import requests

    from gossamer.training.data import folders

    def unplugged(*_, **__):
        raise requests.ConnectionError("no network in tests")

    data = tmp_path / "data"
    data.mkdir()
    monkeypatch.setenv(folders.VARIABLE, str(data))
    monkeypatch.setattr(folders, "SYSTEM_FOLDERS", ())
    monkeypatch.setattr(folders, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", unplugged)
    return data
