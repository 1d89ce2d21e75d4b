"""`gossamer demo`, made small."""

import pytest

pytestmark = pytest.mark.usefixtures("one_thread")


def test_it_prints_a_table_and_writes_a_report(run, tmp_path):
    from gossamer.cli.demo import CONSTRUCTIONS

    path = tmp_path / "report.html"
    small = ["--degrees", "2,4", "--hidden", "16,16", "--seeds", 2, "--epochs", 1]
    code, out, err = run("demo", "--out", path, *small)
    assert code == 0, err
    lines = out.splitlines()
    assert len([line for line in lines if "±" in line]) == 1 + 2 * len(CONSTRUCTIONS)
    assert all(name in out for name in (*CONSTRUCTIONS, "dense"))
    assert lines[-1] == f"report: {path}"
    assert path.read_text().startswith("<!doctype html>")
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--out", "/missing/report.html"], "folder /missing cannot be written"),
        (["--degrees", "0"], "degrees=0 is not allowed"),
        (["--degrees", "two"], "degrees=two is no whole number"),
        (["--degrees", ""], "degrees is empty"),
        (["--seeds", "0"], "seeds is empty"),
        (["--epochs", "0"], "epochs=0 is not allowed"),
        (["--hidden", "0"], "hidden=0 is not allowed"),
    ],
)
def test_bad_input_is_one_line(refused, tmp_path, more, message):
    assert message in refused("demo", "--out", tmp_path / "report.html", *more)


def test_an_impossible_degree_ends_in_one_line(run, tmp_path):
    code, _, err = run("demo", "--out", tmp_path / "r.html", "--degrees", "17", "--hidden", "16", "--epochs", 1)
    assert code == 2
    assert "num_edges=1088 " in err.splitlines()[-1]
    assert not (tmp_path / "r.html").exists()
