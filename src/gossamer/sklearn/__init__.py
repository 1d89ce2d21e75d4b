"""Sparse networks as scikit-learn estimators: `Pipeline`, `GridSearchCV`, CSR inputs.

from gossamer.sklearn import SparseMLPClassifier
SparseMLPClassifier(density=0.05, rewire="rigl").fit(X, y).score(X_test, y_test)
"""

from gossamer.sklearn.classifier import SparseMLPClassifier
from gossamer.sklearn.regressor import SparseMLPRegressor

__all__ = ["SparseMLPClassifier", "SparseMLPRegressor"]
