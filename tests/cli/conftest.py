import warnings

import pytest

from gossamer import cli


@pytest.fixture
def run(capsys):
    """Runs the command line in this process; returns (exit code, stdout, stderr)."""

    def call(*arguments):
        with warnings.catch_warnings(), pytest.raises(SystemExit) as left:
            warnings.simplefilter("default")  # a user's Python shows warnings, it does not raise them
            cli.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return left.value.code, captured.out, captured.err

    return call


@pytest.fixture
def refused(run):
    """Runs a call that must end with one line on stderr and exit code 2; returns that line."""

    def call(*arguments):
        code, out, err = run(*arguments)
        assert (code, out) == (2, "")
        assert err.count("\n") == 1
        assert err.startswith("gossamer: ")
        return err

    return call
