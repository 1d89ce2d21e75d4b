"""The estimators, by scikit-learn's own checks and in its own tools."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import load_diabetes, load_digits
from sklearn.exceptions import SkipTestWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

import gossamer as gs
from gossamer.sklearn import SparseMLPClassifier, SparseMLPRegressor


def cases():
    for estimator in (SparseMLPClassifier(epochs=20, random_state=0), SparseMLPRegressor(epochs=20, random_state=0)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SkipTestWarning)
            for model, check in estimator_checks_generator(estimator):
                name = getattr(check, "func", check).__name__
                kind = [str(part) for part in getattr(check, "keywords", {}).values()]
                yield pytest.param(model, check, id="-".join([type(model).__name__, name, *kind]))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("model", "check"), list(cases()))
def test_the_checks_of_scikit_learn_pass(model, check):
    check(model)


def digits(count=600):
    X, y = load_digits(return_X_y=True)
    return X[:count].astype(np.float32), y[:count]


def test_a_pipeline_is_searched_and_scored():
    X, y = digits()
    pipeline = make_pipeline(StandardScaler(), SparseMLPClassifier((64,), epochs=8, batch_size=16, random_state=0))
    search = GridSearchCV(pipeline, {"sparsemlpclassifier__density": [0.02, 0.3]}, cv=2).fit(X, y)
    assert search.best_params_ == {"sparsemlpclassifier__density": 0.3}
    assert search.best_score_ > 0.75
    assert min(cross_val_score(pipeline, X, y, cv=2)) > 0.75


def test_sparse_inputs_give_what_dense_ones_give():
    X, y = digits()
    X[X < 8] = 0
    dense = SparseMLPClassifier((32,), epochs=8, batch_size=16, random_state=3).fit(X, y)
    sparse = SparseMLPClassifier((32,), epochs=8, batch_size=16, random_state=3).fit(scipy.sparse.csr_matrix(X), y)
    assert dense.topology_ == sparse.topology_
    assert np.allclose(dense.predict_proba(X), sparse.predict_proba(scipy.sparse.csr_array(X)), atol=1e-5)
    assert dense.score(X, y) > 0.8


def test_rules_and_topologies_by_name_and_value():
    X, y = digits(300)
    static = SparseMLPClassifier((64,), density=0.1, epochs=4, random_state=0).fit(X, y)
    rewired = SparseMLPClassifier((64,), density=0.1, epochs=4, rewire="rigl", random_state=0).fit(X, y)
    assert rewired.topology_ != static.topology_
    assert rewired.topology_.num_edges == static.topology_.num_edges
    rule = gs.rewiring.sparse_evolutionary(fraction=0.3, every=2)
    assert SparseMLPClassifier((64,), density=0.1, epochs=2, rewire=rule, random_state=0).fit(X, y).topology_ != static
    given = gs.generators.layered((64, 20, 10), gs.generators.fibonacci, (5, None))
    assert SparseMLPClassifier((20,), topology=given, epochs=2, random_state=0).fit(X, y).topology_ == given
    regular = SparseMLPClassifier((64,), topology="fibonacci", density=0.2, epochs=2, random_state=0).fit(X, y)
    assert isinstance(regular.topology_[0], gs.Rotated)


def test_partial_fit_learns_and_pickles_go_on_alike():
    X, y = digits()
    model = SparseMLPClassifier((64,), batch_size=16, random_state=0)
    for _ in range(8):
        model.partial_fit(X, y, classes=range(10))
    copy = pickle.loads(pickle.dumps(model))
    assert model.score(X, y) > 0.9
    for each in (model, copy):
        each.partial_fit(X, y)
    assert np.array_equal(model.predict_proba(X), copy.predict_proba(X))
    assert model.n_iter_ == 9


def test_several_numbers_are_told_in_their_own_units():
    X, y = load_diabetes(return_X_y=True)
    both = np.stack([y, 1e4 * X[:, 2]], axis=1)
    model = make_pipeline(StandardScaler(), SparseMLPRegressor((64,), epochs=60, random_state=0)).fit(X, both)
    assert model.predict(X).shape == both.shape
    assert model.score(X, both) > 0.5


def test_progress_is_told(capsys):
    X, y = digits(100)
    SparseMLPClassifier((8,), epochs=2, validation=0.2, verbose=1, random_state=0).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert all(word in lines[1] for word in ("epoch 2 of 2", "loss", "training", "validation", "edges"))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"density": 2}, "density=2"),
        ({"topology": "spiral"}, "spiral"),
        ({"rewire": "magic"}, "magic"),
        ({"hidden_layer_sizes": (0,)}, "hidden_layer_sizes=0"),
        ({"patience": 3}, "patience=3 needs validation"),
        ({"topology": gs.Topology([gs.generators.dense(3, 3)])}, "widths"),
    ],
)
def test_wrong_parameters_are_told(parameters, message):
    X, y = digits(50)
    with pytest.raises(ValueError, match=message):
        SparseMLPClassifier(**parameters, random_state=0).fit(X, y)


def test_partial_fit_refuses_what_it_cannot_do():
    X, y = digits(50)
    with pytest.raises(ValueError, match="classes=None"):
        SparseMLPClassifier().partial_fit(X, y)
    with pytest.raises(ValueError, match="keeps the topology"):
        SparseMLPClassifier(rewire="rigl").partial_fit(X, y, classes=range(10))
    with pytest.raises(ValueError, match="not among classes"):
        SparseMLPClassifier().partial_fit(X, y, classes=[0, 1])


def test_exported_estimators_say_the_same_without_pytorch(tmp_path):
    X, y = load_digits(return_X_y=True)
    classifier = SparseMLPClassifier((16,), epochs=1, random_state=0).fit(X, np.array(list("abcdefghij"))[y])
    classifier.export(tmp_path / "classes")
    network = gs.runtime.load(tmp_path / "classes")
    assert network.labels == tuple("abcdefghij")
    np.testing.assert_allclose(network(X), classifier.predict_proba(X), rtol=1e-4, atol=1e-6)
    X, y = load_diabetes(return_X_y=True)
    regressor = SparseMLPRegressor((16,), epochs=1, random_state=0).fit(X, y)
    regressor.export(tmp_path / "numbers")
    np.testing.assert_allclose(gs.runtime.load(tmp_path / "numbers")(X)[:, 0], regressor.predict(X), rtol=1e-5)
