"""NNSTD against the authors' values, closed forms, and its traps."""

from gossamer import native
from gossamer.distances import nnstd


def test_every_value_of_the_authors_is_met_bit_for_bit(authors):
    a, b, expected = authors
    d = nnstd(a, b)
    assert d.per_layer.tolist() == expected.get("per_layer_distance", expected.get("dist"))
    assert d.mean == expected.get("nnstd_mean", expected.get("mean"))
    if "col_ind" in expected:
        assert [match.tolist() for match in d.assignments] == expected["col_ind"]
        back = nnstd(b, a)
        assert back.per_layer.tolist() == expected["per_layer_distance_BA"]
        assert back.mean == expected["nnstd_mean_BA"]


def test_without_the_native_extension_the_values_are_the_same(authors, monkeypatch):
    monkeypatch.setattr(native, "extension", None)
    a, b, expected = authors
    assert nnstd(a, b).per_layer.tolist() == expected.get("per_layer_distance", expected.get("dist"))
