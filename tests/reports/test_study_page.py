"""The page of a study: what is on it, that it is safe, and that it works in a browser."""

import html
import json
import re

import numpy as np
import pandas as pd
import pytest
from tests.reports.fabricated import NASTY

from gossamer.errors import StudyError, StudyWarning
from gossamer.plots import style_of
from gossamer.reports.study import study_page
from gossamer.reports.study.material import Material
from gossamer.studies import Study
from gossamer.studies.store.run_folder import RunFolder


def figures(text):
    found = re.findall(r'<div class="plot" data-name="([^"]*)".*?<script type="application/json">(.*?)</script>', text)
    return {name: json.loads(data) for name, data in found}


def explored(text):
    """What the figure of any two numbers holds."""
    part = text[text.index('<div class="explore">') :]
    return json.loads(re.findall(r'<script type="application/json">(.*?)</script>', part)[1])


def test_every_section_is_there(text):
    titles = re.findall("<h2>(.*?)</h2>", text)
    assert titles == [
        "Conclusions",
        "Accuracy",
        "Frontier",
        "Two degrees",
        "Connectivity",
        "Any two numbers",
        "Speed and memory",
        "Topologies",
        "Distances",
        "Rewiring",
        "Weights",
        "Learning curves",
        "All numbers",
        "Runs",
        "Failures",
        "Not in this study",  # the probes: weights are invented, and no network's
    ]
    assert len(re.findall('<a href="#', text)) == len(titles) - 1


def test_lines_are_means_over_seeds_with_students_intervals(study, text):
    from scipy.stats import t

    frame = study.frame()
    chosen = frame[(frame["topology"] == "fibonacci") & (frame["degree"] == 8)]["accuracy"] * 100
    traces = figures(text)["accuracy-degree"]["data"]
    named = [each for each in traces if each.get("name") == "fibonacci"]
    line = next(each for each in named if "meta" not in each)
    dots = next(each for each in named if each.get("meta") == "dots")
    reach = t.ppf(0.975, 2) * chosen.std(ddof=1) / np.sqrt(3)
    assert line["y"][2] == pytest.approx(chosen.mean())
    assert sorted(dots["y"][-3:]) == pytest.approx(sorted(chosen))
    intervals = [each for each in traces if each.get("meta") == "intervals"]
    bars = next(each["error_y"] for each in intervals if each["y"] == line["y"])
    assert bars["array"][2] == pytest.approx(reach)
    assert bars["arrayminus"][2] == pytest.approx(reach)
    assert {each["visible"] for each in intervals} == {"legendonly"}, "of three seeds they would swamp the dots"
    assert sum(each["showlegend"] for each in intervals) == 1


def test_the_axis_spans_the_dots_and_not_the_intervals(study, text):
    low, high = figures(text)["accuracy-degree"]["layout"]["yaxis"]["range"]
    done = study.frame().query("state == 'done'")
    level = done[done["topology"] == "dense"]["accuracy"].mean()
    seeds = done[done["degree"].astype(str).str.isdigit()]["accuracy"]
    values = 100 * np.array([level, *seeds])
    assert low < values.min() < values.max() < high
    assert high - low < 1.15 * np.ptp(values)


def test_a_construction_looks_the_same_in_every_figure(text):
    for name in ("fibonacci", "erdos_renyi", "regular_random"):
        found = set()
        for figure in figures(text).values():
            for trace in figure["data"]:
                if trace.get("name") in (name, f"{name}, degree 8") and "marker" in trace:
                    found.add((trace["marker"].get("color"), trace["marker"]["symbol"]))
        assert found == {(style_of(name).colour, style_of(name).symbol)}
        stored = next(each for each in explored(text)["groups"] if each["name"] == name)
        assert (stored["colour"], stored["symbol"]) in found


def test_the_frontier_is_what_none_beats_at_as_few_edges(study, text):
    (stairs,) = [each for each in figures(text)["frontier-edges"]["data"] if each.get("meta") == "frontier"]
    done = study.frame().query("state == 'done'").astype({"degree": str})
    means = done.groupby(["topology", "rule", "degree"], dropna=False)[["edges", "accuracy"]].mean()
    best = [
        each for each in means.to_numpy() if not any((o[0] <= each[0]) & (o[1] > each[1]) for o in means.to_numpy())
    ]
    expected = sorted({(edges, 100 * accuracy) for edges, accuracy in best})
    assert sorted(zip(stairs["x"], stairs["y"], strict=True)) == [pytest.approx(each) for each in expected]
    assert figures(text)["frontier-edges"]["layout"]["xaxis"]["type"] == "log"
    assert "frontier-seconds" in figures(text)


def test_connectivity_stands_on_a_symmetric_logarithm(text):
    figure = figures(text)["algebraic-connectivity"]
    assert figure["layout"]["meta"]["x"] == "symlog"
    c = figure["layout"]["meta"]["threshold"]
    cloud = next(each for each in figure["data"] if each.get("name") == "fibonacci" and "meta" not in each)
    told = [float(value) for _, value in cloud["customdata"]]
    assert cloud["x"] == pytest.approx(np.log10(1 + np.array(told) / c), rel=1e-3)
    assert "0" in figure["layout"]["xaxis"]["ticktext"]


def test_epochs_are_whole(text):
    axis = figures(text)["validation-accuracy-degree-8"]["layout"]["xaxis"]
    assert (axis["dtick"], axis["tickformat"]) == (1, ",d")


def test_learning_curves_tell_degrees_by_dashes(text):
    dashes = {
        degree: {each["line"]["dash"] for each in figures(text)[name]["data"] if each.get("name", "").endswith(degree)}
        for degree in ("degree 2", "degree 4", "degree 8")
        for name in [f"validation-accuracy-{degree.replace(' ', '-')}"]
    }
    assert dashes == {"degree 8": {"solid"}, "degree 4": {"dash"}, "degree 2": {"dashdot"}}


def test_every_number_of_the_runs_can_be_drawn(study, text):
    stored, frame = explored(text), study.frame()
    expected = {"accuracy", "loss", "edges", "seconds", "model_bytes", "topology_bytes", "algebraic_connectivity"}
    assert expected <= set(stored["columns"])
    group = next(each for each in stored["groups"] if each["title"] == "fibonacci, degree 8")
    runs = frame.query("topology == 'fibonacci' and degree == 8").sort_values("seed")
    assert group["values"]["accuracy"] == pytest.approx((100 * runs["accuracy"]).tolist(), rel=1e-5)
    assert stored["columns"]["algebraic_connectivity"]["kind"] == "symlog"


def test_all_numbers_are_means_over_seeds(study, text):
    section = text[text.index('<section id="all-numbers">') :]
    heads = re.findall("<th.*?<button.*?>(.*?)</button>", section[: section.index("</thead>")])
    found = next(row for row in section.split("<tr>") if "fibonacci, degree 8" in row)
    cells = zip(heads, re.findall("<td[^>]*>(.*?)</td>", found), strict=True)
    row = {head: cell for head, cell in [*cells][1:] if cell}
    assert row.pop("95 % interval").count(" to ") == 1
    row = {head: float(cell.replace(",", "")) for head, cell in row.items()}
    runs = study.frame().query("topology == 'fibonacci' and degree == 8")
    assert row["accuracy, %"] == pytest.approx(100 * runs["accuracy"].mean(), abs=0.005)
    assert row["±"] == pytest.approx(100 * runs["accuracy"].std(), abs=0.005)
    assert (row["runs"], row["edges"], row["model bytes"]) == (3, runs["edges"].mean(), runs["model_bytes"].mean())
    assert row["λ₂"] == pytest.approx(runs["algebraic_connectivity"].mean(), abs=0.0005)


def test_a_run_whose_result_is_damaged_is_named_and_left_out(fabricate, tmp_path):
    labels = [{"topology": "fibonacci", "degree": degree, "seed": 0} for degree in (2, 4)]
    made = fabricate(tmp_path, labels, rng=np.random.default_rng(0), epochs=1)
    place = RunFolder(tmp_path / "runs" / made.entries[0].digest)
    place.result.write_text("{}")
    with pytest.warns(StudyWarning, match=f"run {place.name} is left out"):
        text = study_page(made)
    assert "1 of 2 runs are done (1 damaged)" in text
    assert f"{place.name} ({place.result} is damaged: it has no test or no measures.)" in text


def test_the_surface_holds_the_means(study, text):
    frame = study.frame()
    surface = figures(text)["contour-regular-random"]["data"][0]
    for i, second in enumerate((3, 6)):
        for j, first in enumerate((2, 8)):
            mean = frame[frame["degree"] == f"{first},{second}"]["accuracy"].mean()
            assert surface["z"][i][j] == pytest.approx(100 * mean)


def test_failed_and_waiting_runs_are_told_apart(text):
    assert "47 of 49 runs are done (1 failed, 1 waiting)" in text
    assert "ArithmeticError: loss is nan &lt;/script&gt;" in text


def test_no_name_becomes_markup(text):
    assert "<img src=http" not in text
    assert html.escape(NASTY) in text
    for figure in figures(text).values():
        shown = json.dumps(figure).replace("<extra></extra>", "")
        assert "<" not in shown, "Plotly takes tags in texts for markup"
        templates = re.findall('template": "(.*?)"', shown)
        assert not any("onerror" in template for template in templates), "names in templates would be interpreted"


def test_nothing_is_asked_for(text):
    from plotly.offline import get_plotlyjs

    assert text.count(get_plotlyjs()) == 1
    assert not re.search(
        r"""<(script|link|img|iframe)[^>]+(src|href)=["'](?!data:)""", text.replace(get_plotlyjs(), "")
    )


def test_distances_are_kept_and_renewed(fabricate, tmp_path):
    labels = [{"topology": "erdos_renyi", "degree": degree, "seed": 0} for degree in (2, 4, 6, 8)]
    small, store = fabricate(tmp_path / "study", labels, rng=np.random.default_rng(0), epochs=1), tmp_path / "store"
    store.mkdir()
    first = study_page(small, networks=3, store=store)
    (kept,) = store.iterdir()
    before = kept.read_bytes()
    assert study_page(small, networks=3, store=store) == first
    assert kept.read_bytes() == before
    kept.write_bytes(before[:99])  # as after a damage: distances are computed again
    assert study_page(small, networks=3, store=store) == first
    other = figures(study_page(small, networks=4, store=store))
    assert len(other["nnstd-48-32-10"]["data"][0]["z"]) == 4


def test_what_is_missing_is_said(fabricate, tmp_path):
    made = fabricate(tmp_path, [{"topology": "fibonacci", "degree": 4}], rng=np.random.default_rng(0))
    place = RunFolder(tmp_path / "runs" / made.entries[0].digest)
    place.end.write_bytes(b"damaged")
    place.epochs.write_bytes(b"damaged")
    place.recording.write_bytes(b"damaged")
    place.weights.unlink()
    place.config.unlink()
    with pytest.warns(StudyWarning, match=f"run {place.name} is left out: .*epochs.parquet is damaged"):
        text = study_page(made)
    missing = text[text.index("Not in this study") :]
    for title in ("Two degrees", "Connectivity", "Topologies", "Distances", "Rewiring", "Weights", "Learning curves"):
        assert f"{title}: " in missing
    assert "With one seed there are no intervals" in text
    assert "is no safetensors file, or damaged" in text
    assert f"topology of {place.name} (TopologyFileError" in text


def test_a_study_without_results_is_refused(fabricate, tmp_path):
    made = fabricate(tmp_path, [{"topology": "fibonacci", "degree": 4, "seed": 0}], rng=np.random.default_rng(0))
    place = RunFolder(tmp_path / "runs" / made.entries[0].digest)
    place.result.unlink()
    with pytest.raises(StudyError, match="has 1 runs, 0 failed and none done"):
        study_page(made)
    place.write_failure(ValueError("too narrow"))
    with pytest.raises(StudyError, match=r"1 failed and none done.*the first failure: ValueError: too narrow"):
        study_page(made)


def test_material_remembers_what_it_could_not_read(study):
    material = Material(study)
    digest = study.entries[0].digest
    assert material.topology(digest) is not None
    assert material.gaps == {}
    assert material.weights("nonesuch") is None
    assert list(material.gaps) == ["weights of nonesuch"]


def test_a_study_that_is_opened_again_gives_the_same_page(study, text):
    again = Study.open(study.folder)
    again.name = NASTY
    assert study_page(again, networks=6) == text
    assert isinstance(again.frame(), pd.DataFrame)
