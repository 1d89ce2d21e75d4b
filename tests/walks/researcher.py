"""A researcher with a table of measurements: from an empty folder to a picture and a report.

Which plants are sick, by four measurements of their leaves? `python tests/walks/researcher.py` works in this folder.
"""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np


def gossamer(*words):
    """Call the command line, and give what it printed."""
    command = [sys.executable, "-m", "gossamer", *map(str, words)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


# The table that the researcher has.
rng = np.random.default_rng(0)
sick = rng.integers(2, size=240)
leaves = rng.normal(size=(240, 4)) + 1.5 * sick[:, None] * [1, -1, 0, 0]
with Path("leaves.csv").open("w", newline="") as file:
    table = csv.writer(file)
    table.writerow(["length", "width", "veins", "spots", "state"])
    table.writerows([*row.round(3), "sick" if ill else "well"] for row, ill in zip(leaves, sick, strict=True))

# A study of their own, made small enough for a test.
print(gossamer("new", "plants", "--data", "leaves.csv:state"), end="")
study = Path("plants/study.toml")
text = study.read_text()
for word, smaller in (
    ("[0, 1, 2]", "[0, 1]"),
    ("[2, 8]", "[16, 48]"),
    ('["static", "rigl"]', '"static"'),
    ("= 10", "= 6"),
):
    assert word in text, word
    text = text.replace(word, smaller)
study.write_text(text)

said = gossamer("study", study, "--out", "plants/runs", "--engine", "sequential", "--quiet")
assert "14 done of 14 runs" in said
print(gossamer("query", "plants/runs", "select topology, avg(accuracy) as accuracy from runs group by all order by 2"))
print(gossamer("report", "plants/runs", "-o", "plants.html", "--networks", 2), end="")

# The picture for the talk, and the best network at work on new plants.
from gossamer.studies import Study  # noqa: E402 (as one would type it now)
from gossamer.training import predict  # noqa: E402
from gossamer.training.data import load  # noqa: E402

found = Study.open("plants/runs")
best = found.frame().sort_values("accuracy").iloc[-1]
assert best["accuracy"] > 0.8
found.plot().figure.savefig("plants.png")
data = load("leaves.csv:state")
answers = predict(found.network(best["run"]), [[1.5, -1.5, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]], data)
print([data.classes[k] for k in answers])
