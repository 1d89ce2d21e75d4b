"""`gossamer topology`."""

import numpy as np
import pytest

import gossamer as gs


def arguments(name="fibonacci", inputs=12, outputs=8, degree=3):
    return ["topology", name, "--inputs", inputs, "--outputs", outputs, "--degree", degree]


def test_it_prints_measures_and_saves_the_topology(run, tmp_path):
    path = tmp_path / "t.safetensors"
    code, out, err = run(*arguments(), "--save", path)
    assert (code, err) == (0, "")
    junction = gs.generators.fibonacci(12, 8, 3)
    assert gs.Topology.load(path) == gs.Topology([junction])
    assert f"{gs.measures.algebraic_connectivity(junction):.4g}" in out
    assert "36 of 96 (37.5 %)" in out
    assert junction.digest() in out


def feasible_degree(family, side):
    """The least degree that the construction can have on a square junction, or None."""
    degrees = range(2, side + 1)
    return next((k for k in degrees if family.nearest_edges(side, side, k * side) == (k * side,)), None)


@pytest.mark.parametrize("name", gs.generators.GENERATORS)
def test_every_construction(run, name):
    family = gs.generators.named(name)
    side, degree = next((side, k) for side in (16, 64, 256) if (k := feasible_degree(family, side)) is not None)
    code, out, err = run(*arguments(name, side, side, degree))
    assert code == 0, err
    assert "algebraic connectivity" in out


def test_the_fully_connected_junction(run):
    code, out, _ = run(*arguments("dense")[:-2])
    assert code == 0
    assert "96 of 96 (100 %)" in out


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_it_draws(run, tmp_path, ending):
    path = tmp_path / f"t.{ending}"
    assert run(*arguments(), "--plot", path)[0] == 0
    assert path.read_bytes()[:5] == (b"\x89PNG\r" if ending == "png" else b"<?xml")


def test_a_seed_decides_a_random_topology(run, tmp_path):
    paths = [tmp_path / str(number) for number in range(3)]
    for path, seed in zip(paths, (5, 5, 6), strict=True):
        run(*arguments("erdos_renyi"), "--seed", seed, "--save", path)
    one, same, other = (gs.Topology.load(path) for path in paths)
    assert one == same != other


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (arguments("fibonaci"), "there is no topology 'fibonaci': dense, erdos_renyi, "),
        (arguments(degree=0), "degree of a 12 x 8 junction=0 is not allowed: it must be from 1 to 8"),
        (arguments(degree=-2), "=-2 is not allowed: it must be from 1 to 8"),
        (arguments(degree=9), "=9 is not allowed: it must be from 1 to 8"),
        (arguments("constant_fan_in", degree=13), "=13 is not allowed: it must be from 1 to 12"),
        (arguments(degree=1.5), "Invalid value for '--degree'"),
        (arguments()[:-2], "degree is not given: fibonacci needs one"),
        (arguments("dense"), "degree=3 is not allowed for dense"),
        (arguments(inputs=0), "inputs=0 is not allowed"),
        (arguments(outputs=0), "outputs=0 is not allowed"),
        (arguments(outputs=-3), "outputs=-3 is not allowed"),
        ([*arguments(), "--seed", -1], "seed=-1 is not allowed"),
        ([*arguments(), "--save", "/missing/t"], "folder /missing cannot be written"),
        ([*arguments(), "--save", "/"], "/ is a folder or a device"),
        ([*arguments(), "--plot", "/missing/t.png"], "folder /missing cannot be written"),
        ([*arguments(), "--plot", "t.xyz"], "t.xyz ends in none of .eps"),
        (arguments("regular_random", inputs=100_000, outputs=100_000, degree=100_000), "edges"),
    ],
)
def test_bad_input_is_one_line(refused, call, message):
    assert message in refused(*call)


def test_what_is_too_large_is_skipped_or_refused_at_once(run, refused):
    """Seconds here, minutes and gigabytes for whoever would try."""
    many = 2**31 - 1
    code, out, _ = run(*arguments(inputs=many, outputs=many, degree=1))
    assert code == 0
    assert f"{many} of {many**2}" in out
    assert out.count("skipped, too large") == 9
    assert "edges and neurons are too many: erdos_renyi needs about" in refused(
        *arguments("erdos_renyi", inputs=many, outputs=8, degree=1)
    )
    assert "inputs=2147483648 is not allowed" in refused(*arguments(inputs=many + 1))


def test_one_neuron(run):
    code, out, _ = run(*arguments(inputs=1, outputs=1, degree=1))
    assert code == 0
    assert "1 of 1" in out


def test_unwritable_outputs_are_noticed_before_the_work(refused, monkeypatch):
    monkeypatch.setattr("gossamer.studies.plan.names.junction", None)
    refused(*arguments(), "--save", "/missing/t")


def test_a_density_grid_is_the_mean_over_cells():
    from gossamer.plots import density_grid

    rng = np.random.default_rng(0)
    mask = rng.random((9, 12)) < 0.4
    g = gs.Bipartite.from_mask(mask)
    assert np.array_equal(density_grid(g), mask)
    blocks = mask.reshape(3, 3, 3, 4).mean(axis=(1, 3))
    assert np.allclose(density_grid(g, side=3), blocks)
    assert density_grid(g, side=5).sum() > 0
