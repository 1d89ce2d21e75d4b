"""Writes docs/results/verdicts.md, and how many claims hold into the README, from docs/results/*/results.json.

    python docs/verdicts.py

The results are made by `gossamer reproduce PAPER --out docs/results/PAPER`; what `studies` and `distances` hold is too
large to be kept. After a change of rules or claims `gossamer reproduce PAPER --out docs/results/PAPER --judge` judges
the kept numbers anew, without training.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(Path(__file__).parent / "site"))

from results import commands, digits, line, sized, table  # noqa: E402

RESULTS = ROOT / "docs" / "results"
VERDICTS = ("holds", "does not hold", "inconclusive", "not tested")
HEAD = (
    "Written by `python docs/verdicts.py` from kept results. How they were found: [reproductions](reproductions.md). "
    "What is called joined was trained in a folder of its own by the same command with these options, and joined by "
    "`--judge --join`; hours are of all parts."
)
SECTION = re.compile(r"(<!-- verdicts: begin -->\n).*?(<!-- verdicts: end -->)", re.DOTALL)


def part(folder):
    """What became of one paper's claims."""
    found = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    rows = [
        [
            line(claim["words"]),
            line(claim.get("data", "")),
            line(_measured(claim)),
            f"**{claim['verdict']}**",
            line(claim.get("condition") or claim.get("missing") or ""),
        ]
        for claim in found["claims"]
    ]
    seeds, hours = found["plan"].get("seeds"), found["seconds_of_training"] / 3600
    many = f"{seeds} seeds, " if seeds and isinstance(seeds, int) else ""
    shown = "report.html" if (folder / "report.html").exists() else "results.json"
    made = (
        f"{commands(found)}, {many}{hours:.1f} hours of training, one thread a run, on "
        f"{_machine(found['environment'])}; figures, numbers and rules are in "
        f"[{folder.name}]({folder.name}/{shown})."
    )
    head = [found["paper"]["name"] + sized(found), "data", "ours, with 95 % intervals", "verdict", "under"]
    return f"{table(head, rows, texts=5)}\n\n{made}"


def _machine(environment):
    return ", ".join(f"{environment[key]}" for key in ("processor", "kernels") if key in environment)


def _measured(claim):
    return "; ".join(map(_estimated, claim["estimates"]))


def _estimated(estimate):
    interval = f" ({digits(estimate['low'])} to {digits(estimate['high'])})" if estimate["n"] else ""
    return f"{estimate['what']}: {digits(estimate['value'])}{interval}"


def counted(folder):
    """How many of a paper's claims hold."""
    found = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    verdicts = [claim["verdict"] for claim in found["claims"]]
    return [commands(found), *(verdicts.count(verdict) for verdict in VERDICTS)]


def folders():
    """Where reproductions are kept."""
    return sorted((path.parent for path in RESULTS.glob("*/results.json")), reverse=True)


def page(found):
    """The page of all verdicts."""
    return "\n\n".join(["# Verdicts", HEAD, *map(part, found)]) + "\n"


def counts(found):
    """The README's table."""
    return table(["verdicts", *VERDICTS], map(counted, found), texts=1)


def main():
    """Write both."""
    (RESULTS / "verdicts.md").write_text(page(folders()), encoding="utf-8")
    readme = ROOT / "README.md"
    shown = counts(folders())
    text = SECTION.sub(lambda found: f"{found[1]}{shown}\n{found[2]}", readme.read_text(encoding="utf-8"))
    readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
