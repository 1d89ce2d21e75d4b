"""Timing that can be trusted on a noisy machine: what is timed, how, and on what."""
