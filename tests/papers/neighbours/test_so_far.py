"""What is concluded from the parts that are measured by now, and what is missed before hours of measuring."""

import dataclasses

import pytest

from gossamer.errors import DataUnavailableError, StudyError
from gossamer.papers import neighbours
from gossamer.papers.neighbours import gates
from gossamer.papers.neighbours.part import carried_out
from gossamer.training.nodes import NodeConfig

pytestmark = pytest.mark.usefixtures("one_thread")
GRAPHS = gates.Graphs(
    {"planted strangers": gates.Strengths((1e-2,), 2, ("SGAT", "GAT"))}, settings=NodeConfig(epochs=2)
)
PLAN = dataclasses.replace(neighbours.QUICK, gates=GRAPHS)


@pytest.fixture
def unmeasured(monkeypatch):
    """No part measures anything."""

    def refuse(*_):
        raise AssertionError("something was measured")

    parts = tuple(dataclasses.replace(part, measure=refuse) for part in neighbours.PARTS)
    monkeypatch.setattr(neighbours, "PARTS", parts)


def test_claims_are_those_of_the_parts_that_have_any_measurement(tmp_path, unmeasured):
    whole = carried_out(gates.PART, GRAPHS, tmp_path)
    found = neighbours.so_far(PLAN, tmp_path)
    assert [claim.key for claim in found.claims] == ["noise edges close first"]
    assert [exhibit.key for exhibit in found.exhibits] == ["G1", "G2"]
    assert found.seconds == pytest.approx(whole["seconds"].sum())


def test_a_seed_that_is_missing_is_left_out_of_n(tmp_path, unmeasured):
    carried_out(gates.PART, GRAPHS, tmp_path)
    path = tmp_path / "parts" / "gates.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))
    table = neighbours.so_far(PLAN, tmp_path).exhibits[0].table.set_index("net")
    assert (table.loc["SGAT, λ = 0.01", "n"], table.loc["GAT", "n"]) == (2, 1)


def test_nothing_is_concluded_from_nothing(tmp_path, unmeasured):
    with pytest.raises(StudyError, match="holds no measurement of this plan"):
        neighbours.so_far(PLAN, tmp_path)
    carried_out(gates.PART, GRAPHS, tmp_path)
    other = dataclasses.replace(PLAN, gates=dataclasses.replace(GRAPHS, settings=NodeConfig(epochs=3)))
    with pytest.raises(StudyError, match="holds no measurement of this plan"):
        neighbours.so_far(other, tmp_path)


def test_graphs_are_missed_before_anything_is_measured(tmp_path, unmeasured, monkeypatch):
    monkeypatch.setenv("GOSSAMER_DATA", str(tmp_path))
    plan = dataclasses.replace(PLAN, gates=gates.Graphs({"texas": gates.Strengths((1e-2,), 1)}))
    with pytest.raises(DataUnavailableError, match="texas is not in"):
        neighbours.reproduce(plan, None, tmp_path)
