"""The experiments on loss landscapes in miniature, and verdicts on tables whose answer is known."""

import pandas as pd
import pytest
import torch

from gossamer.analysis.claims import Verdict
from gossamer.nn import SparseConv2d
from gossamer.papers.neighbours import landscapes, landscapes_judged
from gossamer.papers.neighbours.part import carried_out
from gossamer.papers.neighbours.segmentation import EncoderDecoder, shapes
from gossamer.seeds import stream

pytestmark = pytest.mark.usefixtures("one_thread")
TINY = landscapes.Training(
    hidden=(12,), density=0.2, epochs=2, batch=64, images=4, target=0.9, most=2, points=3, probed=32
)


def test_a_miniature_is_measured_and_judged(tmp_path):
    plan = landscapes.Bends(
        seeds=1, segmenters=("skips, batch 4, 30 % of the taps", "no skips, batch 4"), settings=TINY
    )
    frame = carried_out(landscapes.PART, plan, tmp_path).set_index("net")
    kinds = frame["kind"].value_counts()
    assert (kinds["perceptron"], kinds["line"], kinds["encoder-decoder"]) == (4, 4, 2)
    assert (frame.loc[frame["kind"] == "line", [f"barrier, {how}" for how in landscapes.MATCHINGS]] >= 0).all(axis=None)
    found = landscapes.PART.conclude(frame.reset_index())
    assert len(found.claims) == 6 and len(found.exhibits[0].table) == 6 and len(found.exhibits[1].table) == 12


def test_rewiring_moves_edges_and_its_absence_none():
    for rewired in (False, True):
        early, late = landscapes.trained(TINY, 0, dense=False, rewired=rewired)
        assert (landscapes._distance(early, late) > 0) == rewired
    again = landscapes.trained(TINY, 0, dense=False, rewired=True)[1]
    assert all(torch.equal(a, b) for a, b in zip(late.parameters(), again.parameters(), strict=True))


def test_shapes_are_where_the_labels_say():
    images, labels = shapes(50, noise=0.0, rng=stream(0, "shapes"))
    assert torch.equal(images[:, 0] > 0.5, labels > 0)
    assert set(labels.unique().tolist()) == {0, 1, 2}


def test_skips_add_no_weights_and_sparse_taps_are_counted():
    plain, skipping = EncoderDecoder(skips=False), EncoderDecoder(skips=True)
    assert sum(p.numel() for p in plain.parameters()) == sum(p.numel() for p in skipping.parameters())
    skipping.load_state_dict(plain.state_dict())
    x = torch.randn(2, 1, 16, 16)
    assert plain(x).shape == (2, 3, 16, 16) and not torch.allclose(plain(x), skipping(x))
    sparse = EncoderDecoder(skips=True, density=0.25, rng=stream(0, "taps"))
    assert [m.weight.numel() for m in sparse.modules() if isinstance(m, SparseConv2d)] == [144] * 4


def _row(kind, net, seed, **numbers):
    blank = {"flat_share": 0.1, "hessian_min": -0.1, "hessian_ratio": 0.1, "loss": 0.2, "rise": 1.0, "accuracy": 0.9}
    return {"kind": kind, "net": net, "seed": seed, **blank, "epochs": 1, "nnstd": 0.5, "seconds": 1.0, **numbers}


def test_verdicts_follow_the_numbers():
    rows = []
    for seed in range(5):
        wobble = 1 + 0.01 * seed
        for name, (skips, batch, _) in landscapes.SEGMENTERS.items():
            bend = (10 if skips else 20) * (1 if batch == 4 else 3) * wobble
            rows.append(_row("encoder-decoder", name, seed, hessian_max=bend, flat_share=1 / bend))
        for name, bend in (("dense", 1), ("sparse", 5), ("before rewiring", 5), ("after rewiring", 5)):
            rows.append(_row("perceptron", name, seed, hessian_max=bend * wobble, flat_share=1 / bend))
        for net in ("SET", "static"):
            heights = {"barrier, as they are": 1.0, "barrier, NNSTD": 0.01 * wobble, "barrier, NNSTD, weights": 0.3}
            rows.append(_row("line", net, seed, **heights))
    verdicts = {claim.key: claim.verdict for claim in landscapes_judged.conclude(pd.DataFrame(rows)).claims}
    assert verdicts == {
        "skip connections flatten": Verdict.HOLDS,
        "small batches flatten": Verdict.HOLDS,
        "sparse networks lie in flatter minima": Verdict.FAILS,
        "rewiring flattens": Verdict.FAILS,
        "SET's different topologies are in one basin": Verdict.HOLDS,
        "matching by NNSTD lowers the barrier": Verdict.HOLDS,
    }
