"""What static sparse networks reach with the defaults of `gossamer train`: the first table of docs/results/accuracy.md.

    python benchmarks/static.py [--seeds 0 1 2]

Each command runs once a seed, with one thread. Every finished run is a line of docs/results/static.jsonl and is not
done again, so that a call that was stopped goes on.
"""

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

COMMANDS = (
    "gossamer train --data mnist --topology regular_random --hidden 300 --degree 32",
    "gossamer train --data mnist --topology dense --hidden 300",
    "gossamer train --data fashion-mnist --topology regular_random --hidden 300 --degree 32",
    "gossamer train --data cifar10-jpeg --topology regular_random --hidden 1000,500 --degree 32",
)
DEFAULT = Path(__file__).parents[1] / "docs" / "results" / "static.jsonl"

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
parser.add_argument("--out", type=Path, default=DEFAULT)


def trained(command, seed):
    """The line of one run."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "run"
        words = [*shlex.split(command)[1:], "--seed", str(seed), "--threads", "1", "--out", str(place)]
        subprocess.run([sys.executable, "-m", "gossamer", *words], check=True, capture_output=True)
        found = json.loads((place / "result.json").read_text())
        asked = json.loads((place / "config.json").read_text())
    environment = {name: value for name, value in found["environment"].items() if name != "host"}
    return {
        "command": command,
        "seed": seed,
        "edges": found["edges"],
        "test_accuracy": round(100 * found["test"]["accuracy"], 2),
        "seconds": round(found["seconds"], 1),
        "config": asked["config"],
        "environment": environment,
    }


def main(options):
    """All runs that are not there yet."""
    lines = [json.loads(line) for line in options.out.read_text().splitlines()] if options.out.exists() else []
    there = {(line["command"], line["seed"]) for line in lines}
    for seed in options.seeds:
        for command in COMMANDS:
            if (command, seed) not in there:
                line = trained(command, seed)
                with options.out.open("a") as file:
                    file.write(json.dumps(line) + "\n")
                print(f"{command} --seed {seed}: {line['test_accuracy']} %", flush=True)


if __name__ == "__main__":
    main(parser.parse_args())
