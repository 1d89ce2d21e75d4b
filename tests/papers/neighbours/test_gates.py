"""The experiment on graphs in miniature, and its verdicts on tables whose answer is known."""

import numpy as np
import pandas as pd
import pytest

import gossamer as gs
from gossamer.analysis.claims import Verdict
from gossamer.papers.neighbours import gates, gates_judged
from gossamer.papers.neighbours.part import carried_out
from gossamer.training.data.graphs import planted_blocks
from gossamer.training.nodes import NodeConfig


@pytest.mark.usefixtures("one_thread")
def test_a_miniature_is_measured_and_judged(tmp_path):
    plan = gates.Graphs({"planted strangers": gates.Strengths((1e-6, 1e-2), 2)}, settings=NodeConfig(epochs=15))
    frame = carried_out(gates.PART, plan, tmp_path)
    assert len(frame) == 2 * 4
    assert (
        frame.loc[frame["net"] == "MLP", "removed"].eq(1).all()
        and frame.loc[frame["net"] == "GAT", "nnstd"].eq(0).all()
    )
    again = gates.measure(plan.settings, gates.cells(plan)[0])
    assert again["test"] == frame.loc[0, "test"] and again["removed"] == frame.loc[0, "removed"]
    found = gates.PART.conclude(frame)
    assert [len(exhibit.table) for exhibit in found.exhibits] == [5, 4]


def test_edges_closed_are_counted_by_kind():
    graph = planted_blocks(nodes=60, rng=np.random.default_rng(0))
    inputs, outputs = graph.junction.edges()
    kept = ~graph.noise
    left = gs.Bipartite.from_edges(inputs[kept], outputs[kept], in_features=60, out_features=60)
    found = gates.compared(graph, left)
    assert (found["closed_signal"], found["closed_noise"]) == (0, 1)
    assert found["removed"] == pytest.approx(graph.noise.mean())
    assert found["components_after"] > found["components_before"]


def _table(cora, disassortative):
    rows = []
    for seed in range(5):
        jitter = 0.001 * seed
        for graph, (sgat, gat, mlp, removed) in {"cora": cora, "texas": disassortative}.items():
            for net, penalty, test, share in (
                ("SGAT", 1e-6, sgat, removed),
                ("SGAT", 1e-2, sgat - 0.2, 1.0),
                ("GAT", 0.0, gat, 0.0),
                ("GAT, 8 heads of 8", 0.0, gat, 0.0),
                ("MLP", 0.0, mlp, 1.0),
            ):
                numbers = {"test": test + jitter * (net != "GAT"), "validation": test, "removed": share + jitter}
                rest = {"nnstd": 0.1, "components_before": 1, "components_after": 2, "seconds": 1.0}
                closed = {"closed_signal": 0.1, "closed_noise": 0.3}
                rows.append({"graph": graph, "net": net, "penalty": penalty, "seed": seed, **numbers, **closed, **rest})
    return pd.DataFrame(rows)


def test_verdicts_follow_the_numbers():
    found = gates_judged.conclude(_table((0.82, 0.82, 0.57, 0.02), (0.8, 0.6, 0.82, 0.9)))
    verdicts = {(claim.key, claim.data): claim.verdict for claim in found.claims}
    assert verdicts == {
        ("SGAT is as accurate as GAT", "cora"): Verdict.HOLDS,
        ("SGAT removes edges where neighbours agree", "cora"): Verdict.HOLDS,
        ("the edges that SGAT keeps help", "cora"): Verdict.HOLDS,
        ("SGAT is above GAT where neighbours differ", "texas"): Verdict.HOLDS,
        ("SGAT removes most edges where neighbours differ", "texas"): Verdict.HOLDS,
        ("the edges that SGAT keeps help", "texas"): Verdict.FAILS,
    }
    worse = gates_judged.conclude(_table((0.78, 0.82, 0.57, 0.02), (0.5, 0.6, 0.4, 0.1)))
    verdicts = {claim.key: claim.verdict for claim in worse.claims}
    assert verdicts["SGAT is as accurate as GAT"] is Verdict.FAILS
    assert verdicts["SGAT is above GAT where neighbours differ"] is Verdict.FAILS
    assert verdicts["SGAT removes most edges where neighbours differ"] is Verdict.FAILS
