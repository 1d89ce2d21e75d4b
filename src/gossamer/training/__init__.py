"""Data, loop, checkpoints, callbacks."""
