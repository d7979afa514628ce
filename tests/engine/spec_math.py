"""A third opinion on made cases: small evaluators written from the operator texts, in float64.

They are slow and plain on purpose. Where onnxruntime disagrees with them, the operator text was
read again and the case says who is followed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from tree_builder import Leaf, Tree

COMPARE = {
    "BRANCH_LEQ": np.less_equal,
    "BRANCH_LT": np.less,
    "BRANCH_GTE": np.greater_equal,
    "BRANCH_GT": np.greater,
    "BRANCH_EQ": np.equal,
    "BRANCH_NEQ": np.not_equal,
}


def stored(value: float, double: bool) -> float:
    """The value as its attribute holds it."""
    return float(value if double else np.float32(value))


def leaf_of(tree: Tree, row: np.ndarray, double: bool) -> Leaf:
    while not isinstance(tree, Leaf):
        value = float(row[tree.feature])
        if np.isnan(value):
            follow = bool(tree.missing)
        elif tree.mode == "BRANCH_MEMBER":
            follow = value in {stored(member, double) for member in tree.members}
        else:
            follow = bool(COMPARE[tree.mode](value, stored(tree.split, double)))
        tree = tree.true if follow else tree.false
    return tree


def aggregated(found: Sequence[Leaf], n_targets: int, aggregate: str, double: bool) -> np.ndarray:
    votes: list[list[float]] = [[] for _ in range(n_targets)]
    for leaf in found:
        for target, weight in leaf.weights:
            votes[target].append(stored(weight, double))
    if aggregate == "MIN":
        return np.array([min(vote, default=0.0) for vote in votes])
    if aggregate == "MAX":
        return np.array([max(vote, default=0.0) for vote in votes])
    total = np.array([sum(vote) for vote in votes])
    return total / len(found) if aggregate == "AVERAGE" else total


def tree_scores(
    trees: Sequence[Tree],
    x: np.ndarray,
    n_targets: int,
    aggregate: str = "SUM",
    base: Sequence[float] = (),
    double: bool = False,
) -> np.ndarray:
    scores = np.zeros((len(x), n_targets))
    for number, row in enumerate(x):
        found = [leaf_of(tree, row, double) for tree in trees]
        scores[number] = aggregated(found, n_targets, aggregate, double)
    return scores + np.array([stored(value, double) for value in base] or [0.0])


def logistic(scores: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-scores))


def softmax(scores: np.ndarray) -> np.ndarray:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def softmax_zero(scores: np.ndarray) -> np.ndarray:
    """Softmax over the scores that are not zero; a zero stays zero."""
    top = scores.max(axis=1, keepdims=True)
    raised = np.where(np.abs(scores) > 1e-7, np.exp(scores - top), 0.0)
    total = raised.sum(axis=1, keepdims=True)
    return np.divide(raised, total, out=np.zeros_like(raised), where=total > 0)


POST = {
    "NONE": lambda scores: scores,
    "LOGISTIC": logistic,
    "SOFTMAX": softmax,
    "SOFTMAX_ZERO": softmax_zero,
    "PROBIT": ndtri,
}


def post(name: str, scores: np.ndarray) -> np.ndarray:
    return POST[name](scores) if scores.size else scores


def kernel(kind: str, params: Sequence[float], x: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    gamma, coef0, degree = (stored(value, False) for value in params)
    x, vectors = x.astype(np.float64), vectors.astype(np.float64)
    products = x @ vectors.T
    if kind == "POLY":
        return (gamma * products + coef0) ** degree
    if kind == "SIGMOID":
        return np.tanh(gamma * products + coef0)
    if kind == "RBF":
        squares = ((x[:, None, :] - vectors[None, :, :]) ** 2).sum(axis=2)
        return np.exp(-gamma * squares)
    return products
