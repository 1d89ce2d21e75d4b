"""The experiments on critics in miniature, closed forms, and verdicts on tables whose answer is known."""

import numpy as np
import pandas as pd
import pytest

from gossamer.analysis.claims import Verdict
from gossamer.nn import SparseLinear
from gossamer.papers.neighbours import critics, critics_judged
from gossamer.papers.neighbours.gan import Game, drawn, mixture, play
from gossamer.papers.neighbours.landscapes import Training
from gossamer.papers.neighbours.part import carried_out
from gossamer.probes import wasserstein

pytestmark = pytest.mark.usefixtures("one_thread")
TINY = critics.Settings(steps=20, outputs=40, game=Game(width=8, steps=3, batch=16), perceptrons=Training((8,), 0.3, 2))


def test_a_miniature_is_measured_and_judged(tmp_path):
    plan = critics.Critics((2, 8), (8, 32), games=("dense", "both sparse"), seeds=2, settings=TINY)
    frame = carried_out(critics.PART, plan, tmp_path)
    assert frame["kind"].value_counts().to_dict() == {"trade-off": 8, "pair": 6, "game": 4}
    both = frame.dropna(subset=["critic"])
    assert (both["critic"] <= both["exact"]).all()
    found = critics.PART.conclude(frame)
    verdicts = {claim.key: claim.verdict for claim in found.claims}
    assert verdicts["the critic distance never exceeds W₁"] is Verdict.HOLDS
    assert [len(exhibit.table) for exhibit in found.exhibits] == [16, 6, 2]


def test_the_true_distance_of_the_trade_off_is_what_large_samples_have():
    x, y, _, _ = critics._normals(700, np.random.default_rng(0))
    assert wasserstein(x, y) == pytest.approx(critics.TRUE, abs=0.12)


def test_mixtures_stand_on_the_circle_and_modes_are_counted():
    points = mixture(900, 9, rng=np.random.default_rng(0))
    assert np.linalg.norm(points, axis=1) == pytest.approx(1, abs=0.25)
    assert critics._modes_found(points, 9) == 9
    assert critics._modes_found(points[points[:, 0] > 0.9], 9) == 1
    assert critics._modes_found(np.zeros((9, 2)), 9) == 0


def test_a_game_brings_the_generator_nearer_and_repeats():
    game = Game(width=16, critic_depth=3, steps=60, batch=64)
    rng = np.random.default_rng
    before = play(Game(width=16, steps=0), 4, generator_density=1.0, critic_density=1.0, rng=rng(0))
    after = [play(game, 4, generator_density=0.5, critic_density=0.5, rng=rng(0)) for _ in range(2)]
    real = mixture(200, 4, rng=rng(1))
    far, near, again = (wasserstein(drawn(g, 200, rng=rng(2)), real) for g in (before, *after))
    assert near < 0.9 * far and near == again
    assert [m.weight.numel() for m in after[0].modules() if isinstance(m, SparseLinear)] == [128, 16]


def test_verdicts_follow_the_numbers():
    rows = []
    for seed in range(5):
        w = 0.001 * seed
        for size, off in ((16, 0.3), (256, 0.05)):
            for width, share in ((2, 0.5), (32, 0.9)):
                rows.append(
                    {"kind": "trade-off", "name": "normal", "seed": seed, "size": size, "width": width}
                    | {"critic": share + w, "exact": 1.0, "true": 1.0, "fresh": 1 - off - w}
                )
        for name, exact in (("dense", 0.2), ("both sparse", 0.5)):
            rest = {"size": 4, "floor": 0.1, "modes_found": 4, "edges": 10}
            rows.append({"kind": "game", "name": name, "seed": seed, "exact": exact + w * (name != "dense"), **rest})
        rows.append({"kind": "pair", "name": "dense, dense", "seed": seed, "critic": 0.3 + w, "exact": 1.0})
    verdicts = {
        claim.key: claim.verdict for claim in critics_judged.conclude(pd.DataFrame(rows).assign(seconds=1.0)).claims
    }
    assert verdicts == {
        "the critic distance never exceeds W₁": Verdict.HOLDS,
        "larger critics come nearer to W₁": Verdict.HOLDS,
        "samples limit what a critic learns": Verdict.HOLDS,
        "sparse networks play as well as dense ones": Verdict.FAILS,
        "the critic tells networks apart by their outputs": Verdict.FAILS,
    }
