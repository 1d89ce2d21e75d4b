"""The command line: one file a command, imported when it is called."""


def main() -> None:
    """Run the command line."""
