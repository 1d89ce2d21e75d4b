"""What a part measured is kept, and only what is missing is measured."""

import json
from dataclasses import dataclass

import pytest

from gossamer.papers.neighbours.part import Part, carried_out, kept


@dataclass(frozen=True)
class Plan:
    seeds: int = 3
    settings: float = 2.0


def counting(calls, version=1):
    def measure(settings, cell):
        calls.append(cell["seed"])
        if cell["seed"] == 99:
            raise KeyboardInterrupt
        return {"value": settings * cell["seed"]}

    return Part("counted", version, lambda plan: [{"seed": s} for s in range(plan.seeds)], measure, conclude=None)


def test_cells_are_measured_once(tmp_path, capsys):
    calls = []
    frame = carried_out(counting(calls), Plan(), tmp_path)
    assert frame["value"].tolist() == [0, 2, 4] and (frame["seconds"] >= 0).all()
    assert "counted: 3 of 3 measured" in capsys.readouterr().err
    again = carried_out(counting(calls), Plan(seeds=4), tmp_path)
    assert calls == [0, 1, 2, 3] and again["value"].tolist() == [0, 2, 4, 6]


@pytest.mark.parametrize(("plan", "version"), [(Plan(settings=3.0), 1), (Plan(), 2)])
def test_other_settings_and_versions_never_mix(tmp_path, plan, version):
    carried_out(counting([]), Plan(), tmp_path)
    calls = []
    carried_out(counting(calls, version), plan, tmp_path)
    assert calls == [0, 1, 2]


def test_a_line_cut_off_is_measured_again(tmp_path):
    carried_out(counting([]), Plan(), tmp_path)
    path = tmp_path / "parts" / "counted.jsonl"
    path.write_text(path.read_text()[:-9])
    calls = []
    frame = carried_out(counting(calls), Plan(), tmp_path)
    assert calls == [2] and frame["value"].tolist() == [0, 2, 4]
    assert len([line for line in path.read_text().splitlines() if _whole(line)]) == 3


def _whole(line):
    try:
        json.loads(line)
    except json.JSONDecodeError:
        return False
    return True


def test_what_is_kept_is_concluded_from_without_measuring(tmp_path):
    carried_out(counting([]), Plan(seeds=2), tmp_path)
    calls = []
    frame = kept(counting(calls), Plan(seeds=4), tmp_path)
    assert calls == [] and frame["value"].tolist() == [0, 2] and "key" not in frame
    assert not len(kept(counting(calls), Plan(settings=5.0), tmp_path))
