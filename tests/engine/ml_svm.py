"""Made tests of SVMRegressor and SVMClassifier."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

import spec_math
from ml_expect import FLOAT, INT64, STRING, Case, ml_case
from ml_linear import DTYPES, FEATURES, floats, table

#: gamma, coef0, degree
KERNELS = {
    "LINEAR": [0.0, 0.0, 0.0],
    "POLY": [0.1, 0.75, 3.0],
    "RBF": [0.05, 0.0, 0.0],
    "SIGMOID": [0.05, 0.25, 0.0],
}
SUPPORTS = 6


def regressor(
    name: str,
    kernel: str,
    x: np.ndarray | None = None,
    supports: int = SUPPORTS,
    one_class: int = 0,
    post: str = "NONE",
    params: Sequence[float] | None = None,
    **options: Any,
) -> Case:
    attributes: dict[str, Any] = {
        "kernel_type": kernel,
        "kernel_params": list(params or KERNELS[kernel]),
        "coefficients": floats(31, supports or FEATURES, 0.5),
        "rho": [0.125],
        "n_supports": supports,
        "one_class": one_class,
        "post_transform": post,
    }
    if supports:
        attributes["support_vectors"] = floats(32, supports * FEATURES)
    inputs = {"X": table() if x is None else x}
    options["by_hand"] = {"Y": regressed(attributes, inputs["X"]).astype(np.float32)}
    return ml_case(f"svm_regressor_{name}", "SVMRegressor", inputs, {"Y": FLOAT}, attributes, **options)


def regressed(attributes: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """The operator's text in float64; without vectors the coefficients are the hyperplane."""
    vectors = attributes.get("support_vectors")
    table_of = np.eye(FEATURES) if vectors is None else np.array(vectors).reshape(-1, FEATURES)
    kind, params = attributes["kernel_type"], attributes["kernel_params"]
    near = spec_math.kernel(kind, params, x, table_of)
    score = near @ np.array(attributes["coefficients"]) + attributes["rho"][0]
    if attributes["one_class"]:
        score = np.where(score > 0, 1.0, -1.0)
    return spec_math.post(attributes["post_transform"], score[:, None])


def regressor_cases() -> Iterator[Case]:
    for kernel in KERNELS:
        tail = kernel.lower()
        yield regressor(tail, kernel)
        yield regressor(f"{tail}_one_class", kernel, one_class=1)
        yield regressor(f"{tail}_1_support", kernel, supports=1)
    yield regressor("poly_degree_2", "POLY", params=[0.2, 0.0, 2.0])
    yield regressor("poly_fractional_degree", "POLY", np.abs(table()), params=[0.01, 4.0, 2.5])
    yield regressor("coefficients_only", "LINEAR", supports=0)
    yield regressor("coefficients_only_one_class", "LINEAR", supports=0, one_class=1)
    for post in ("LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"):
        yield regressor(f"rbf_post_{post.lower()}", "RBF", post=post)
    for dtype in DTYPES[1:]:
        yield regressor(f"rbf_{np.dtype(dtype).name}_input", "RBF", table(dtype))
    yield regressor("rbf_no_rows", "RBF", table()[:0])


def classifier(
    name: str,
    labels: Sequence[int] | Sequence[str],
    kernel: str,
    x: np.ndarray | None = None,
    *,
    proba: bool = False,
    post: str = "NONE",
    per_class: Sequence[int] | None = None,
    **options: Any,
) -> Case:
    """`vectors_per_class` and pairwise votes."""
    classes, pairs = len(labels), len(labels) * (len(labels) - 1) // 2
    counts = list(per_class or range(2, 2 + classes))
    text = isinstance(labels[0], str)
    attributes: dict[str, Any] = {
        "classlabels_strings" if text else "classlabels_ints": list(labels),
        "kernel_type": kernel,
        "kernel_params": KERNELS[kernel],
        "vectors_per_class": counts,
        "support_vectors": floats(41, sum(counts) * FEATURES),
        "coefficients": floats(42, (classes - 1) * sum(counts), 0.5),
        "rho": floats(43, pairs, 0.2),
        "post_transform": post,
    }
    if proba:
        attributes["prob_a"] = [-1.0 - 0.25 * k for k in range(pairs)]
        attributes["prob_b"] = [0.125 * k - 0.1 for k in range(pairs)]
    outputs: dict[str, Any] = {"label": STRING if text else INT64, "scores": FLOAT}
    inputs = {"X": table() if x is None else x}
    return ml_case(f"svm_classifier_{name}", "SVMClassifier", inputs, outputs, attributes, **options)


def linear_classifier(
    name: str, labels: Sequence[int] | Sequence[str], post: str = "NONE", **options: Any
) -> Case:
    """No support vectors: one row of coefficients per class."""
    text = isinstance(labels[0], str)
    attributes: dict[str, Any] = {
        "classlabels_strings" if text else "classlabels_ints": list(labels),
        "kernel_type": "LINEAR",
        "kernel_params": KERNELS["LINEAR"],
        "coefficients": floats(44, len(labels) * FEATURES, 0.5),
        "rho": [0.25],
        "post_transform": post,
    }
    outputs: dict[str, Any] = {"label": STRING if text else INT64, "scores": FLOAT}
    return ml_case(f"svm_classifier_{name}", "SVMClassifier", {"X": table()}, outputs, attributes, **options)


def cases() -> Iterator[Case]:
    yield from regressor_cases()
    for kernel in KERNELS:
        tail = kernel.lower()
        yield classifier(f"{tail}_2_classes", [0, 1], kernel)
        yield classifier(f"{tail}_3_classes", [10, 20, 30], kernel)
        yield classifier(f"{tail}_2_classes_proba", [0, 1], kernel, proba=True, rtol=1e-4)
        yield classifier(f"{tail}_3_classes_proba", [0, 1, 2], kernel, proba=True, rtol=1e-4)
        yield classifier(f"{tail}_4_classes_strings", ["a", "b", "c", "d"], kernel)
    yield classifier("rbf_4_classes_proba_strings", ["a", "b", "c", "d"], "RBF", proba=True, rtol=1e-4)
    yield classifier("rbf_2_classes_strings", ["no", "yes"], "RBF")
    yield classifier("rbf_2_classes_proba_strings", ["no", "yes"], "RBF", proba=True, rtol=1e-4)
    for post in ("LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"):
        yield classifier(f"rbf_3_classes_post_{post.lower()}", [0, 1, 2], "RBF", post=post)
        yield classifier(f"rbf_2_classes_post_{post.lower()}", [0, 1], "RBF", post=post)
        yield linear_classifier(f"coefficients_only_{post.lower()}", [0, 1, 2], post)
    yield linear_classifier("coefficients_only", [0, 1, 2])
    yield linear_classifier("coefficients_only_strings", ["a", "b", "c"])
    yield linear_classifier("coefficients_only_2_classes", [0, 1])
    for dtype in DTYPES[1:]:
        yield classifier(f"rbf_{np.dtype(dtype).name}_input", [0, 1, 2], "RBF", table(dtype))
    yield classifier("rbf_uneven_supports", [0, 1, 2], "RBF", per_class=[1, 5, 2])
