"""The arithmetic of a junction, one file a backend, the same functions in each."""
