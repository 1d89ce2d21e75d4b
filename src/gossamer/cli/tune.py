"""What `gossamer bench tune` does."""

from __future__ import annotations

from pathlib import Path


def run(output: Path | None, *, rounds: int) -> None:
    """Measure, write, and say what holds now."""
    from gossamer import tuning
    from gossamer.timing.running import what_runs
    from gossamer.timing.tune import tune

    machine = tuning.this_machine()
    path = tuning.tuning_file(machine) if output is None else output
    print(f"measuring on {machine}; let nothing else run meanwhile")
    tuning.use(tuning.Found(tuning.Thresholds(), None, "built in, while others are measured"))
    tuned = tune(rounds)
    tuning.write(path, machine, tuned.thresholds, tuned.evidence)
    print(f"{path} holds what was found in {tuned.evidence['seconds']} s:")
    tuning.use(tuning.Found(tuned.thresholds, path, "measured here"))
    print("\n".join(what_runs().lines()))
