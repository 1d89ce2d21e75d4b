"""Study files: what they ask for, and what is said of wrong ones."""

from pathlib import Path

import pytest

from gossamer.errors import StudyFileError
from gossamer.generators import Size, named
from gossamer.studies import Study
from gossamer.studies.plan import names
from gossamer.training.data import load

EXAMPLE = Path(__file__).parents[3] / "examples" / "digits.toml"


def loaded(tmp_path, *changes):
    text = EXAMPLE.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "study.toml"
    path.write_text(text)
    return Study.load(path, folder=tmp_path / "folder")


def test_lists_are_axes_and_the_dense_network_is_there_once(tmp_path):
    study = loaded(tmp_path)
    assert len(study) == 2 * (1 + 2 * 2 * 2)
    labels = [dict(run.labels) for run in study.runs]
    assert labels[0] == {
        **{"topology": "dense", "degree": None, "rule": "static"},
        **{"data": "digits", "hidden": "64", "seed": 0},
    }
    assert {(each["topology"], each["degree"], each["rule"], each["seed"]) for each in labels} == {
        ("dense", None, "static", seed) for seed in (0, 1)
    } | {
        (topology, degree, rule, seed)
        for topology in ("erdos_renyi", "fibonacci")
        for degree in (2, 8)
        for rule in ("static", "rigl")
        for seed in (0, 1)
    }


def test_settings_of_the_training_may_vary_too(tmp_path):
    study = loaded(tmp_path, ("lr = 0.01", "lr = [0.01, 0.1]"), ('"64"', '[16, "16,8"]'), ("[0, 1]", "[7]"))
    assert len(study) == 2 * 2 * 9
    assert {(run.labels["lr"], run.experiment.config.optimizer.lr) for run in study.runs} == {(0.01, 0.01), (0.1, 0.1)}
    assert {run.experiment.architecture.hidden for run in study.runs} == {(16,), (16, 8)}


def test_rules_go_by_the_course_of_the_training(tmp_path):
    study = loaded(tmp_path, (", fraction = 0.3, every = 10", ""))
    rule = next(run.experiment.rule for run in study.runs if run.experiment.rule is not None)
    steps = -(-round(0.9 * len(load("digits").train)) // 128)
    assert (rule.when.every, rule.when.until) == (steps, 3 * 5 * steps // 4)


def test_a_degree_costs_the_same_for_all_constructions():
    for name in ("fibonacci", "constant_fan_in", "erdos_renyi"):
        assert names.equal_edges(named(name), "4", (64, 32, 10)) == (4 * 64, None)
    assert names.equal_edges(None, "4", (64, 32, 10)) == (None, None)


def test_a_density_is_met_as_nearly_as_the_construction_can():
    for name in ("fibonacci", "constant_fan_in", "erdos_renyi"):
        family = named(name)
        (count, last) = names.edges_of_density(family, "0.11", (64, 32, 10))
        each = {Size.DEGREE: 64, Size.FAN_IN: 32, Size.NUM_EDGES: 1}[family.size]
        assert last is None
        assert count % each == 0
        assert abs(count - 0.11 * 64 * 32) <= each / 2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("epochs = 5", "epoch = 5", "line 13, training.epoch: there is no field 'epoch': epochs, batch_size"),
        ("epochs = 5", "epochs = 0", "line 13, training.epochs=0 is not allowed"),
        ("epochs = 5", 'epochs = "5"', "line 13, training.epochs='5' is not allowed"),
        ("epochs = 5", "epochs = = 5", "is no TOML: Invalid value (at line 13, column 10)"),
        ('"fibonacci"]', '"fibonaci"]', "line 5, topology: there is no topology 'fibonaci'"),
        ("degree =", "density = 0.1\ndegree =", "line 6, density contradicts degree"),
        ("degree = [2, 8]", "", "line 5, topology erdos_renyi needs a degree or a density"),
        ("degree = [2, 8]", "degree = [2, 0]", "line 6, degree=0 is not allowed"),
        ("degree = [2, 8]", "degree = [2, 80]", "line 6, degree of a 64 x 64 junction=80 is not allowed"),
        ("degree = [2, 8]", "degree = [2, 2]", "line 6, degree has 2 twice"),
        ("degree = [2, 8]", 'degree = "2,8,3"', "line 6, degree=2,8,3 has 3 entries for 2 junctions"),
        ("fraction = 0.3", "fractoin = 0.3", "line 8, rule.fractoin: there is no field 'fractoin': rewire, fraction"),
        ('"rigl"', '"rigel"', "line 8, rule: there is no rewire 'rigel'"),
        ('"rigl", f', '"deep_rewiring", f', "line 8, rule: fraction=0.3 is not allowed: deep_rewiring has no"),
        ("seeds = [0, 1]", "seeds = 3", "line 9, seeds: seeds must be a list"),
        ("seeds = [0, 1]", "", "study.toml, seeds is missing"),
        ("seeds = [0, 1]", "seeds = []", "line 9, seeds=[] is not allowed"),
        ('"spectral_gap"', '"spectal_gap"', "line 10, measures: there is no measure 'spectal_gap'"),
        ('"digits"\ntop', '"digitz"\ntop', "line 4, data: there is no data set 'digitz'"),
        ('"64" ', '"64,x" ', "line 7, hidden"),
        ("lr = 0.01", "lr = nan", "line 15, training.lr=nan is not allowed"),
        ("validation = 0.1", "validation = 0\npatience = 2", "line 17, training.patience needs validation above 0"),
        ("epochs = 5", "epochs = [5, 5]", "line 13, training.epochs has 5 twice"),
        ("epochs = 5", "epochs = 5\nepochs = 6", "line 14, epochs is given twice"),
        ("[training]", "[training]\n[training]", "line 13, training is given twice"),
        (
            '"64" ',
            "99999999999 ",
            "line 7, hidden=99999999999 is not allowed: input should be less than or equal to 21",
        ),
        ('"64" ', "2147483647 ", "line 7, hidden=2147483647 is not allowed: 158913789878 edges need"),
        ('"64" ', '[64, "64"] ', "line 7, hidden has 64 twice"),
        ('"64" ', '"64,,32" ', "line 7, hidden: hidden=64,,32 has an empty place"),
        ("degree = [2, 8]", 'degree = [2, "2,dense"]', "line 6, degree has 2 and '2,dense', which make the same run"),
        ('"64" ', "[" * 9999 + "]" * 9999, "is nested too deeply"),
        ('"64" ', "9" * 9999, "is no TOML: Exceeds the limit"),
        ('"rigl", f', '"static", f', "line 8, rule: fraction=0.3 is not allowed for static: no edge moves"),
        ("[training]", "[trainin]", "line 12, trainin: there is no field 'trainin'"),
    ],
)
def test_an_error_names_line_and_field(tmp_path, old, new, message):
    with pytest.raises(StudyFileError) as caught:
        loaded(tmp_path, (old, new))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
