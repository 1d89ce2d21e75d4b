"""Own data and topologies that cannot be used: one sentence that names column, row or layer, and what to do."""

import pytest
from PIL import Image

import gossamer as gs

pytestmark = pytest.mark.usefixtures("one_thread")
ROWS = [f"{k / 7},{k % 5},{'ab'[k % 2]}" for k in range(40)]
MODULE = """
import numpy as np


def nothing(n, m, degree): return None
def narrow(n, m, degree): return np.ones((3, 3))
def tired(n, m, degree): raise RuntimeError("no yarn")
def odd(a, b): return None
def pair(): return 1, 2, 3
number = 5
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder with files of every kind of mistake."""

    def table(name, *lines, header="area,rooms,kind"):
        (tmp_path / name).write_text("\n".join([header, *lines]) + "\n")

    table("missing.csv", *ROWS[:6], "1.5,,a", *ROWS)
    table("word.csv", *ROWS[:6], "1.5,many,a", *ROWS)
    table("text.csv", *(row.replace(",", ",Rome,", 1) for row in ROWS), header="area,city,rooms,kind")
    table("one.csv", *(row[:-1] + "a" for row in ROWS))
    table("unlabelled.csv", *ROWS[:3], "1,2,", *ROWS)
    table("ragged.csv", *ROWS[:3], "1,2,a,b", *ROWS)
    table("header.csv")
    table("good.csv", *ROWS)
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "own_mistakes.py").write_text(MODULE)
    (tmp_path / "own_failing.py").write_text("x = 1\nx / 0\n")
    for name, width in (("cat", 8), ("dog", 9)):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        Image.new("L", (width, 8)).save(tmp_path / "pictures" / name / "1.png")
    (tmp_path / "alone" / "cat").mkdir(parents=True)
    Image.new("L", (8, 8)).save(tmp_path / "alone" / "cat" / "1.png")
    gs.Topology([gs.generators.fibonacci(13, 8, 2)]).save(tmp_path / "narrow.safetensors")
    gs.Topology([gs.generators.fibonacci(64, 8, 2), gs.generators.dense(8, 7)]).save(tmp_path / "seven.safetensors")
    (tmp_path / "broken.graphml").write_text("<graphml")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("missing.csv:kind", "column 'rooms', line 8, is missing (nan); put a number there"),
        ("word.csv:kind", "column 'rooms', line 8, is 'many', which is no number; mend it, or leave the column"),
        ("text.csv:kind", "column 'city' holds text, 'Rome' in line 2; leave it out (drop=), or make columns"),
        ("one.csv:kind", "all 40 examples are of one class, a; there is nothing to tell apart: give examples of"),
        ("unlabelled.csv:kind", "'kind' of line 5 is missing; put a label there, or leave the row out"),
        ("good.csv:kin", "there is no column in good.csv 'kin': area, rooms, kind are known. Did you mean kind?"),
        ("good.csv", "name the column to tell, such as good.csv:kind (or target= in Python); its columns are area,"),
        ("ragged.csv:kind", "line 5 has 4 fields, and the lines before it 3; quote text that holds commas"),
        ("header.csv:kind", "the table has 0 rows"),
        ("empty.csv:kind", "empty.csv is empty; a table with a header is needed"),
        ("absent.csv:kind", "there is no file absent.csv"),
        ("pictures", "dog/1.png has 8 x 9 pixels, and pictures/cat/1.png has 8 x 8; all need one size: change the"),
        ("alone", "alone has one, cat; one folder of images for each of two or more classes is needed"),
        ("nowhere/", "there is no folder nowhere/; a table ends in .csv"),
        ("own_absent:f", "own_absent:f: there is no module own_absent; "),
        ("own_failing:f", "module own_failing raised ZeroDivisionError: division by zero (own_failing.py, line 2)"),
        ("own_mistakes:f", "module own_mistakes has no function 'f'"),
        ("own_mistakes:number", "own_mistakes:number is int, not a function"),
        ("own_mistakes:pair", "own_mistakes:pair returned tuple; a Dataset or a pair (inputs, labels) is needed"),
    ],
)
def test_data_that_cannot_be_used(refused, data, told):
    assert told in refused("train", "--data", data, "--topology", "dense", "--epochs", 1)


@pytest.mark.parametrize(
    ("topology", "told"),
    [
        ("own_mistakes:nothing", "what own_mistakes:nothing returned is NoneType, which is no junction; gossamer.Bip"),
        ("own_mistakes:narrow", "own_mistakes:narrow returned a 3 x 3 junction; 64 x 16 was asked for"),
        ("own_mistakes:tired", "own_mistakes:tired raised RuntimeError: no yarn (own_mistakes.py, line 7)"),
        ("own_mistakes:odd", "odd(a, b) takes other arguments than (in_features, out_features, size)"),
        ("own_absent:f", "there is no module own_absent"),
        ("narrow.safetensors", "the topology 13-8 has 13 inputs; digits has 64 features: make the first layer as wide"),
        (
            "seven.safetensors",
            "the topology 64-8-7 has 7 outputs; the data need 10: one for each class or number:",
        ),
        ("absent.graphml", "absent.graphml cannot be read: No such file or directory"),
        ("broken.graphml", "broken.graphml"),
    ],
)
def test_topologies_that_cannot_be_used(refused, topology, told):
    words = ["train", "--data", "digits", "--hidden", 16, "--degree", 2, "--epochs", 1]
    assert told in refused(*words, "--topology", topology)


def test_a_study_file_says_it_with_its_line(refused, tmp_path):
    (tmp_path / "study.toml").write_text(
        'data = "good.csv:kin"\ntopology = "own_mistakes:odd"\ndegree = 2\nseeds = [0]\n'
    )
    line = refused("study", "study.toml")
    assert "study.toml, line 2, topology: own_mistakes:odd(a, b) takes other arguments" in line
