"""Conformance of the junction classes: one interface, whatever stores the edges."""

import copy
import itertools
import pickle

import networkx
import numpy as np
import pytest
import scipy.sparse
import torch
from hypothesis import given
from hypothesis import strategies as st

import gossamer as gs
from gossamer.errors import InvalidTopologyError


@st.composite
def masks(draw):
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    bits = draw(st.lists(st.booleans(), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]))
    return np.array(bits).reshape(shape)


@st.composite
def rotated(draw):
    outputs = draw(st.integers(1, 9))
    offsets = draw(st.lists(st.integers(0, outputs - 1), min_size=1, max_size=outputs, unique=True))
    return gs.Rotated(offsets, in_features=draw(st.integers(1, 25)), out_features=outputs)


def check_interface(g, mask):
    """Everything a junction says agrees with the dense mask (O, I)."""
    rows, columns = np.nonzero(mask)
    assert (g.out_features, g.in_features) == mask.shape
    assert g.num_edges == mask.sum()
    assert g.density == mask.mean()
    assert g.indptr.dtype == g.indices.dtype == np.int32
    assert g.indices.tolist() == columns.tolist()
    assert g.indptr.tolist() == [0, *np.cumsum(mask.sum(1)).tolist()]
    assert g.fan_in.tolist() == mask.sum(1).tolist()
    assert g.fan_out.tolist() == mask.sum(0).tolist()
    assert [end.tolist() for end in g.edges()] == [columns.tolist(), rows.tolist()]
    assert np.array_equal(g.to_mask(), mask)
    assert np.array_equal(g.to_scipy().toarray(), mask)
    weights = np.arange(g.num_edges) + 1.0
    assert np.array_equal(g.to_scipy(weights).toarray()[rows, columns], weights)
    for start in range(g.out_features + 1):
        assert g.row_indices(start, g.out_features).tolist() == columns[rows >= start].tolist()


@given(masks())
def test_bipartite_agrees_with_its_mask(mask):
    g = gs.Bipartite.from_mask(mask)
    check_interface(g, mask)
    for twin in (
        gs.Bipartite.from_mask(mask.astype(np.float32)),
        gs.Bipartite.from_scipy(scipy.sparse.csc_matrix(mask)),
        gs.Bipartite.from_networkx(g.to_networkx()),
        gs.Bipartite(g.indptr, g.indices, in_features=g.in_features),
        pickle.loads(pickle.dumps(g)),
        copy.deepcopy(g),
    ):
        assert twin == g
        assert hash(twin) == hash(g)
        assert twin.digest() == g.digest()


@given(rotated())
def test_rotated_is_the_rotation_of_its_vector(g):
    v = np.zeros(g.out_features, dtype=bool)
    v[g.offsets] = True
    mask = np.stack([np.roll(v, i) for i in range(g.in_features)], axis=1)
    check_interface(g, mask)
    written_out = gs.Bipartite.from_mask(mask)
    assert g == written_out
    assert written_out == g
    assert g.to_bipartite() == written_out
    assert hash(g) == hash(written_out)
    assert g.digest() == written_out.digest()
    assert pickle.loads(pickle.dumps(g)) == g
    assert g.nbytes == 4 * len(g.offsets)


@given(masks(), masks())
def test_equality_is_by_content(a, b):
    g, h = gs.Bipartite.from_mask(a), gs.Bipartite.from_mask(b)
    same = a.shape == b.shape and np.array_equal(a, b)
    assert (g == h) is same
    assert (g.digest() == h.digest()) is same


def test_every_graph_of_a_2x2_junction_has_its_own_name():
    graphs = [gs.Bipartite.from_mask([[n & 1, n >> 1 & 1], [n >> 2 & 1, n >> 3 & 1]]) for n in range(16)]
    assert len({g.digest() for g in graphs}) == len(set(graphs)) == 16


def test_a_digest_does_not_change_between_versions():
    # BLAKE2b of "2 2 ", fan-in (1, 1) and edges (0, 1), computed here from its definition.
    import hashlib

    content = b"2 2 " + np.array([1, 1, 0, 1], dtype="<i4").tobytes()
    expected = hashlib.blake2b(content, digest_size=16).hexdigest()
    assert gs.Bipartite.from_mask(np.eye(2)).digest() == expected


def test_a_large_rotated_digest_is_streamed_like_the_written_out_one():
    g = gs.Rotated(np.arange(0, 3000, 100), in_features=70_000, out_features=3_000)
    assert g.digest() == g.to_bipartite().digest()


def test_networkx_graph_has_the_sides_in_order():
    graph = gs.Bipartite.from_mask([[1, 0, 1]]).to_networkx()
    assert networkx.is_bipartite(graph)
    assert sorted(graph.edges) == [(0, 3), (2, 3)]
    assert [side for _, side in graph.nodes(data="bipartite")] == [0, 0, 0, 1]


def test_arrays_are_read_only_and_independent():
    indptr, indices = np.array([0, 1]), np.array([1])
    g = gs.Bipartite(indptr, indices, in_features=2)
    indices[0] = 0
    assert g.indices.tolist() == [1]
    for array in (g.indptr, g.indices, gs.Rotated([0], in_features=1, out_features=1).offsets):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
        for view in (array, array[:1], array.view(np.uint32)):
            with pytest.raises(ValueError, match="WRITEABLE"):
                view.setflags(write=True)
    with pytest.raises(AttributeError):
        g.in_features = 3
    with pytest.raises(AttributeError):
        g.colour = "red"


def test_edge_lists_come_in_any_order():
    g = gs.Bipartite.from_edges([2, 0, 1], [1, 1, 0], in_features=3, out_features=2)
    assert np.array_equal(g.to_mask(), [[0, 1, 0], [1, 0, 1]])


def test_a_stored_zero_of_scipy_is_an_edge():
    matrix = scipy.sparse.csr_array(([0.0, 2.0], ([0, 1], [1, 0])), shape=(2, 2))
    assert gs.Bipartite.from_scipy(matrix).num_edges == 2


@pytest.mark.parametrize("layout", ["bsr", "dia", "csr", "csc", "coo", "lil", "dok"])
def test_no_format_of_scipy_brings_edges_of_its_own(layout):
    matrix = scipy.sparse.eye_array(4, format="bsr" if layout == "bsr" else "csr").asformat(layout)
    if layout == "bsr":
        matrix = scipy.sparse.csr_array(matrix).tobsr(blocksize=(2, 2))  # 8 stored numbers, 4 of them 0
    assert np.array_equal(gs.Bipartite.from_scipy(matrix).to_mask(), np.eye(4))


MASK = [[1, 0, 1], [0, 1, 0]]


@pytest.mark.parametrize(
    "mask",
    [
        torch.nn.Parameter(torch.tensor(MASK, dtype=torch.float32)),
        torch.tensor(MASK, dtype=torch.bfloat16),
        torch.tensor(MASK, dtype=torch.float8_e4m3fn),
        torch.tensor(MASK, dtype=torch.bool),
        torch.tensor(MASK).to_sparse(),
        scipy.sparse.csr_array(MASK),
        scipy.sparse.coo_matrix(np.array(MASK, dtype=bool)),
        scipy.sparse.csr_array(([1.0, 1, 1, 0], ([0, 0, 1, 1], [0, 2, 1, 2])), shape=(2, 3)),
    ],
    ids=repr,
)
def test_a_mask_may_be_a_tensor_or_a_scipy_matrix(mask):
    assert gs.Bipartite.from_mask(mask) == gs.Bipartite.from_mask(np.array(MASK))


def test_fan_in_of_any_rotated_junction_is_that_of_its_mask():
    for I, O in itertools.product(range(1, 9), repeat=2):
        for offsets in itertools.chain(*(itertools.combinations(range(O), k) for k in (1, 2, 3) if k <= O)):
            g = gs.Rotated(offsets, in_features=I, out_features=O)
            assert np.array_equal(g.fan_in, g.to_mask().sum(axis=1))
            assert g.digest() == g.to_bipartite().digest()


@pytest.mark.parametrize(
    ("indptr", "indices", "in_features", "message"),
    [
        ([0], [], 2, "indptr has 1 entries"),
        ([1, 1], [0], 2, "indptr runs from 1 to 1"),
        ([0, 2], [0], 2, "indptr runs from 0 to 2"),
        ([0, 2, 1, 2], [0, 1], 2, r"indptr\[2\]=1 is less than indptr\[1\]=2"),
        ([0, 1], [2], 2, r"indices\[0\]=2 is not allowed: 0 to 1"),
        ([0, 1], [-1], 2, r"indices\[0\]=-1"),
        ([0, 0, 2], [1, 0], 2, "output 1 are unsorted: input 1 is followed by 0"),
        ([0, 2], [1, 1], 2, "output 0 are twice: input 1"),
        ([0, 0], [], 0, "in_features=0 is not allowed"),
        ([[0, 0]], [], 1, r"indptr has shape \(1, 2\)"),
        ([0, 2**63 - 1, -(2**63), -1, 0], [], 1, r"indptr\[2\]=-9223372036854775808 is less than"),  # differences wrap
        (np.array([0, 2**64 - 1, 0], np.uint64), [], 1, "indptr holds 18446744073709551615"),
    ],
)
def test_bad_rows_are_refused(indptr, indices, in_features, message):
    with pytest.raises(ValueError, match=message):
        gs.Bipartite(indptr, indices, in_features=in_features)


@pytest.mark.parametrize("bad", [[0.0, 1.0], ["0"], [None, 1]])
def test_rows_must_be_integers(bad):
    with pytest.raises(TypeError, match="must be an integer type"):
        gs.Bipartite([0, len(bad)], bad, in_features=2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gs.Bipartite.from_edges([0, 0], [1, 1], in_features=1, out_features=2), "more than once"),
        (lambda: gs.Bipartite.from_edges([5], [0], in_features=5, out_features=1), r"inputs\[0\]=5"),
        (lambda: gs.Bipartite.from_edges([0], [-1], in_features=5, out_features=1), r"outputs\[0\]=-1"),
        (lambda: gs.Bipartite.from_edges([0], [], in_features=5, out_features=1), "1 inputs and 0 outputs"),
        (lambda: gs.Bipartite.from_edges([0], [0], in_features=1, out_features=10**12), "out_features=1000000000000"),
        (lambda: gs.Bipartite.from_edges([0], [0], in_features=2**31, out_features=1), "in_features=2147483648"),
        (lambda: gs.Bipartite.from_mask([[1, 0], [1]]), "mask is no array of numbers"),
        (lambda: gs.Bipartite.from_mask(scipy.sparse.csr_array([[0, 2]])), r"mask\[0, 1\]=2"),
        (lambda: gs.Bipartite.from_mask(np.ones(3)), r"mask has shape \(3,\)"),
        (lambda: gs.Bipartite.from_mask(np.ones((0, 3))), r"mask.shape\[0\]=0"),
        (lambda: gs.Bipartite.from_mask(np.ones((3, 0))), r"mask.shape\[1\]=0"),
        (lambda: gs.Bipartite.from_mask([[0, 2]]), r"mask\[0, 1\]=2"),
        (lambda: gs.Bipartite.from_mask([[0.0, float("nan")]]), r"mask\[0, 1\]=nan"),
        (lambda: gs.Bipartite.from_networkx(networkx.path_graph(2)), "bipartite=None"),
        (lambda: gs.Bipartite.from_networkx(_one_sided()), "joins two nodes of one side"),
        (lambda: gs.Bipartite.from_mask([[1]]).to_scipy(np.ones(2)), r"weights has shape \(2,\)"),
        (lambda: gs.Rotated([], in_features=1, out_features=1), "offsets is empty"),
        (lambda: gs.Rotated([3], in_features=1, out_features=3), "offset 3 is not allowed: 0 to 2"),
        (lambda: gs.Rotated([-1], in_features=1, out_features=3), "offset -1 is not allowed"),
        (lambda: gs.Rotated([1, 1], in_features=1, out_features=3), "offset 1 is given more than once"),
        (lambda: gs.Rotated([0, 1], in_features=2**30, out_features=2), "edges are too many"),
    ],
)
def test_bad_junctions_are_refused(call, message):
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert isinstance(caught.value, InvalidTopologyError) or "mask.shape" in message or "_features=" in message


@pytest.mark.parametrize("mask", [np.array([["a"]]), np.array([[None]]), np.array([[1j]])])
def test_a_mask_of_another_dtype_is_refused(mask):
    with pytest.raises(TypeError, match="mask has dtype"):
        gs.Bipartite.from_mask(mask)


def test_a_dense_array_is_no_scipy_matrix():
    with pytest.raises(TypeError, match="ndarray, not a scipy sparse matrix"):
        gs.Bipartite.from_scipy(np.ones((2, 2)))


@pytest.mark.parametrize("graph", [5, "graph", None, [[1, 0]], np.eye(2)])
def test_what_is_no_networkx_graph_is_refused_by_name(graph):
    with pytest.raises(TypeError, match=f"is {type(graph).__name__}, not a networkx graph whose nodes carry bipartite"):
        gs.Bipartite.from_networkx(graph)


def _one_sided():
    graph = networkx.Graph([("a", "b")])
    networkx.set_node_attributes(graph, 0, "bipartite")
    return graph
