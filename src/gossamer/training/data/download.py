"""Downloads into the user's cache, each checked against its md5."""

from __future__ import annotations

from pathlib import Path

from gossamer.errors import DataFileError, DataUnavailableError

_TIMEOUT_S = 15


def retrieve(url: str, md5: str, target: Path) -> Path:
    """Download `url` to `target` unless a file with this md5 is there already.

    Raises:
        DataUnavailableError: the network or the server does not answer.
        DataFileError: what came has another md5; nothing is kept.
    """
    import pooch

    downloader = pooch.HTTPDownloader(timeout=_TIMEOUT_S)
    pooch.get_logger().setLevel("WARNING")
    try:
        pooch.retrieve(url, f"md5:{md5}", fname=target.name, path=target.parent, downloader=downloader)
    except OSError as error:  # requests' errors are OSErrors
        raise DataUnavailableError(f"{url} cannot be downloaded ({type(error).__name__}).") from error
    except ValueError as error:
        raise DataFileError(f"{url} came with another md5 than {md5}; nothing was kept.") from error
    return target
