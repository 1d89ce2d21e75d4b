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
    assert lines[-1].startswith(f"saved to {path}; next: ")
    assert path.read_text().startswith("<!doctype html>")
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_a_demo_that_is_kept_goes_on(run, tmp_path):
    """The numbers of the table are those of the study."""
    from gossamer.studies import Study

    words = ["--out", tmp_path / "report.html", "--keep", tmp_path / "kept", "--degrees", 2, "--hidden", 8]
    outs = [run("demo", *words, "--seeds", seeds, "--epochs", 1)[1] for seeds in (1, 2)]
    frame = Study.open(tmp_path / "kept").frame()
    means = frame.groupby("topology")["accuracy"].agg(["mean", "std"]) * 100
    assert [len(frame), *frame["state"].unique()] == [20, "done"]
    for name, row in means.iterrows():
        assert f"{row['mean']:.2f} ± {row['std']:.2f}" in next(
            line for line in outs[1].splitlines() if line.startswith(name)
        )


@pytest.mark.parametrize("keep", [True, False])
def test_ctrl_c_says_where_it_stopped(run, tmp_path, monkeypatch, keep):
    from gossamer.studies.engines import work

    made = []

    def stopped(task, **_):
        made.append(task)
        if len(made) == 3:
            raise KeyboardInterrupt
        return real(task)

    real = work.carry_out
    monkeypatch.setattr("gossamer.studies.engines.rounds.carry_out", stopped)
    words = ["--out", tmp_path / "report.html", "--degrees", 2, "--hidden", 8, "--seeds", 1, "--epochs", 1]
    words += ["--keep", tmp_path / "kept"] if keep else []
    code, out, _ = run("demo", *words)
    assert code == 130
    said = f"To go on: gossamer demo --out {tmp_path}" if keep else "Nothing is kept of it: with --keep FOLDER"
    assert f"stopped with 2 of 10 networks trained. {said}" in out


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
