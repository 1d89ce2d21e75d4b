"""The Sparse DNN Graph Challenge: edges a second with all work done, with dead rows left out, and python-graphblas.

    python benchmarks/graph_challenge.py [--layers F] [--images mnist] [--answer F] [--threads 2] [--json F]

`gossamer bench graph-challenge` with its result kept. Layers are official where `--layers` names their folder or
archive; images are rebuilt from MNIST, and so near the official ones, not equal. python-graphblas comes with the extra
`bench`.
"""

import argparse
import json
from pathlib import Path

from gossamer.cli.challenge import run
from gossamer.timing.environment import environment_line

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--neurons", type=int, default=1024)
parser.add_argument("--depth", type=int, default=120)
parser.add_argument("--layers", type=Path)
parser.add_argument("--images", default="mnist")
parser.add_argument("--count", type=int, default=60_000)
parser.add_argument("--answer", type=Path)
parser.add_argument("--checked", type=int, default=12_000)
parser.add_argument("--no-peers", action="store_true")
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--json", type=Path)


def main():
    options = parser.parse_args()
    found = run(
        options.neurons,
        options.depth,
        options.layers,
        options.images,
        count=options.count,
        answer=options.answer,
        checked=options.checked,
        peers=not options.no_peers,
        threads=options.threads,
        rounds=options.rounds,
    )
    if options.json:
        kept = {"environment": environment_line(), "threads": options.threads, **found}
        options.json.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
