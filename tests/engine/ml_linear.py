"""Made tests of LinearRegressor and LinearClassifier."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

import spec_math
from casefile import Values
from ml_expect import FLOAT, INT64, STRING, Case, ml_case
from tree_builder import POSTS

FEATURES = 4
DTYPES = (np.float32, np.float64, np.int64, np.int32)


def table(dtype: type = np.float32, count: int = 12, columns: int = FEATURES) -> np.ndarray:
    rng = np.random.default_rng(3)
    values = rng.normal(0, 2, (count, columns))
    return np.round(values).astype(dtype) if np.issubdtype(dtype, np.integer) else values.astype(dtype)


def floats(seed: int, count: int, scale: float = 1.0) -> list[float]:
    return np.random.default_rng(seed).normal(0, scale, count).astype(np.float32).tolist()


def regressor(
    name: str,
    targets: int,
    x: np.ndarray,
    post: str = "NONE",
    intercepts: Sequence[float] | None = None,
    scale: float = 1.0,
    **options: Any,
) -> Case:
    attributes: dict[str, Any] = {
        "coefficients": floats(targets, targets * FEATURES, scale),
        "targets": targets,
        "post_transform": post,
    }
    if intercepts is not None:
        attributes["intercepts"] = list(intercepts)
    weights = np.array(attributes["coefficients"], np.float32).reshape(targets, FEATURES)
    raw = x.astype(np.float64) @ weights.T.astype(np.float64) + (np.float32(intercepts or 0))
    options["by_hand"] = {"Y": spec_math.post(post, raw).astype(np.float32)}
    return ml_case(
        f"linear_regressor_{name}", "LinearRegressor", {"X": x}, {"Y": FLOAT}, attributes, **options
    )


def regressor_cases() -> Iterator[Case]:
    yield regressor("1_target", 1, table(), intercepts=[0.5])
    yield regressor("1_target_no_intercept", 1, table())
    yield regressor("3_targets", 3, table(), intercepts=[0.5, -1.0, 2.0])
    yield regressor("3_targets_no_intercept", 3, table())
    yield regressor("1_row", 3, table(count=1), intercepts=[0.5, -1.0, 2.0])
    yield regressor("no_rows", 3, table()[:0], intercepts=[0.5, -1.0, 2.0])
    for post in ("LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"):
        tail = post.lower()
        yield regressor(f"3_targets_{tail}", 3, table(), post, [0.5, -1.0, 2.0])
        yield regressor(f"1_target_{tail}", 1, table(), post, [0.5])
    # The probit's argument lies within (0, 1).
    yield regressor("1_target_probit", 1, table(), "PROBIT", [0.5], scale=0.02, rtol=5e-3, atol=1e-4)
    for dtype in DTYPES[1:]:
        yield regressor(f"{np.dtype(dtype).name}_input", 2, table(dtype), intercepts=[0.25, -0.5])
    holes = table()
    holes[0, 0], holes[1, 1], holes[2, 2] = np.nan, np.inf, -np.inf
    yield regressor("nan_and_infinity", 2, holes, intercepts=[0.25, -0.5])


def without_intercepts(attributes: dict[str, Any], labels: Sequence[Any], x: np.ndarray) -> Values:
    """Raw scores with intercepts of zero; onnxruntime wants the attribute to be there."""
    weights = np.array(attributes["coefficients"], np.float32).reshape(len(labels), FEATURES)
    scores = x.astype(np.float64) @ weights.T.astype(np.float64)
    return {"label": np.array(labels)[scores.argmax(axis=1)], "scores": scores.astype(np.float32)}


def classifier(
    name: str,
    labels: Sequence[int] | Sequence[str],
    scores: int,
    x: np.ndarray | None = None,
    post: str = "NONE",
    multi_class: int = 0,
    intercepts: bool = True,
    scale: float = 1.0,
    **options: Any,
) -> Case:
    text = isinstance(labels[0], str)
    attributes: dict[str, Any] = {
        "coefficients": floats(10 + scores, scores * FEATURES, scale),
        "classlabels_strings" if text else "classlabels_ints": list(labels),
        "post_transform": post,
        "multi_class": multi_class,
    }
    if intercepts:
        attributes["intercepts"] = floats(20 + scores, scores) if scale == 1.0 else [0.5] * scores
    outputs: dict[str, Any] = {"label": STRING if text else INT64, "scores": FLOAT}
    inputs = {"X": table() if x is None else x}
    if not intercepts:
        options["by_hand"] = without_intercepts(attributes, labels, inputs["X"])
    return ml_case(f"linear_classifier_{name}", "LinearClassifier", inputs, outputs, attributes, **options)


def classifier_cases() -> Iterator[Case]:
    for post in POSTS:
        tail = post.lower()
        small = {"scale": 0.02, "rtol": 5e-3} if post == "PROBIT" else {}
        for multi in (0, 1):
            name = f"3_classes_{tail}_{'multinomial' if multi else 'ovr'}"
            yield classifier(name, [10, 20, 30], 3, post=post, multi_class=multi, **small)
        yield classifier(f"3_classes_{tail}_strings", ["a", "b", "c"], 3, post=post, **small)
        yield classifier(f"2_classes_2_scores_{tail}", [0, 1], 2, post=post, **small)
        if post != "PROBIT":
            yield classifier(f"2_classes_1_score_{tail}", [4, 7], 1, post=post)
            yield classifier(f"2_classes_1_score_{tail}_strings", ["no", "yes"], 1, post=post)
    yield classifier("no_intercepts", [0, 1, 2], 3, intercepts=False)
    yield classifier("1_row", ["a", "b", "c"], 3, table(count=1), "SOFTMAX")
    yield classifier("no_rows", [0, 1, 2], 3, table()[:0])
    yield classifier("tie_takes_first", [5, 6, 7], 3, np.zeros((2, FEATURES), np.float32), intercepts=False)
    for dtype in DTYPES[1:]:
        name = f"{np.dtype(dtype).name}_input"
        yield classifier(name, [0, 1, 2], 3, table(dtype), "SOFTMAX")


def cases() -> Iterator[Case]:
    yield from regressor_cases()
    yield from classifier_cases()
