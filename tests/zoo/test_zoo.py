"""Networks that come with the package are what their cards say."""

import shlex
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
import torch

import gossamer as gs
from gossamer.errors import DataUnavailableError, TopologyFileError
from gossamer.training import evaluate
from gossamer.training.data import CATALOGUE
from gossamer.zoo import cards

pytestmark = pytest.mark.usefixtures("one_thread")
ROOT = Path(__file__).parents[2]
NAMES = gs.zoo.names()


def test_there_are_five_small_ones():
    assert len(NAMES) == 5
    assert {gs.zoo.card(name).data for name in NAMES} == {"digits", "mnist", "fashion-mnist", "cifar10-jpeg"}
    assert max(gs.zoo.path(name).stat().st_size for name in NAMES) <= 300_000


@pytest.mark.parametrize("name", NAMES)
def test_a_network_is_what_its_card_says(name):
    model, card = gs.zoo.load(name), gs.zoo.card(name)
    topology = gs.nn.topology_of(model)
    assert not model.training
    assert (topology.widths, topology.num_edges) == (card.widths, card.edges)
    assert topology.density == pytest.approx(card.density)
    entry = CATALOGUE[card.data]
    assert (card.widths[0], card.widths[-1]) == (int(np.prod(entry.shape)), len(entry.classes))
    assert card.data_licence == entry.licence
    words = shlex.split(card.command)
    assert words[:4] == ["gossamer", "train", "--data", card.data]
    assert ("--rewire" in words) == (card.rule != "static")
    assert all(word in str(card) for word in (name, card.command, f"{card.accuracy:.2%}", card.data_licence))


@pytest.mark.parametrize("name", [name for name in NAMES if "jpeg" not in name])  # decoding 60,000 takes too long
def test_its_accuracy_is_that_of_the_card(name, monkeypatch):
    """Other kernels sum in another order, which may tip an example or two."""
    shared = ROOT.parent / "shared" / "data"
    monkeypatch.setenv("GOSSAMER_DATA", str(shared))
    card = gs.zoo.card(name)
    if CATALOGUE[card.data].source.locate() is None:
        pytest.skip(f"{card.data} is not on this machine, nor in {shared}")
    try:
        assert evaluate(gs.zoo.load(name), card.data).accuracy == pytest.approx(card.accuracy, abs=3e-4)
    except DataUnavailableError as error:
        pytest.skip(str(error))


def test_two_loads_share_nothing():
    first, second = gs.zoo.load("fibonacci-digits"), gs.zoo.load("fibonacci-digits")
    with torch.no_grad():
        first[0].weight.zero_()
    assert second[0].weight.abs().sum() > 0


def test_a_wrong_name_lists_the_right_ones():
    with pytest.raises(
        ValueError, match=r"there is no network in the zoo .rigl-mnist.: .*Did you mean rigl-mnist-1pct"
    ):
        gs.zoo.load("rigl-mnist")


@pytest.mark.parametrize("damage", ["weights", "missing", "card"])
def test_a_damaged_package_is_told(damage, tmp_path, monkeypatch):
    for ending in ("json", "safetensors"):
        file = cards.FOLDER / f"fibonacci-digits.{ending}"
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights, card = tmp_path / "fibonacci-digits.safetensors", tmp_path / "fibonacci-digits.json"
    if damage == "weights":
        weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    elif damage == "missing":
        weights.unlink()
    else:
        card.write_text("{}")
    monkeypatch.setattr(cards, "FOLDER", tmp_path)
    with pytest.raises(TopologyFileError, match=r"damaged.*install Gossamer again"):
        gs.zoo.load("fibonacci-digits")


def test_the_script_trains_what_the_cards_say():
    """Every card's command is the one that `docs/zoo.py` runs."""
    spec = spec_from_file_location("docs_zoo", ROOT / "docs" / "zoo.py")
    script = module_from_spec(spec)
    spec.loader.exec_module(script)
    assert sorted(script.RECIPES) == sorted(NAMES)
    for name, (about, words) in script.RECIPES.items():
        card = gs.zoo.card(name)
        assert card.about == about
        assert card.command == f"gossamer train {words} --validation 0 --threads 1"
