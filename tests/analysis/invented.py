"""Invented runs of a study, whose means and orders are known."""

import itertools

import pandas as pd

from gossamer.analysis.groups import Results

MEANS = {("erdos_renyi", 2): 0.80, ("erdos_renyi", 8): 0.90, ("fibonacci", 2): 0.85, ("fibonacci", 8): 0.91}
NOISE = (0.0, 0.01, 0.03)


def row(name, degree, seed, **more):
    dense = name == "dense"
    accuracy = (0.92 if dense else MEANS[name, degree]) + NOISE[seed] + 0.001 * seed * len(name)
    edges = 1000 if dense else 50 * degree
    values = {"accuracy": accuracy, "edges": edges, "seconds": 1.0 + edges / 500, "epochs": 2, "error": None}
    labels = {"topology": name, "degree": degree, "seed": seed}
    return {"run": f"{name}-{degree}-{seed}", "state": "done", **labels, **values, **more}


def results(rows, labels=("topology", "degree", "seed")):
    return Results(pd.DataFrame(rows), tuple(labels))


def table():
    rows = [row(name, degree, seed) for (name, degree), seed in itertools.product(MEANS, range(3))]
    return results([*rows, *(row("dense", None, seed) for seed in range(3))])
