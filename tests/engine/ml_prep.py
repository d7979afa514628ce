"""Made tests of Scaler, Normalizer, Imputer, Binarizer, FeatureVectorizer, ArrayFeatureExtractor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ml_expect import FLOAT, Case, ml_case, tensor_type
from ml_linear import DTYPES, FEATURES, floats, table


def dtype_name(dtype: type) -> str:
    return np.dtype(dtype).name


def scaler_cases() -> Iterator[Case]:
    def scaler(name: str, x: np.ndarray, offset: Sequence[float], scale: Sequence[float]) -> Case:
        attributes = {"offset": list(offset), "scale": list(scale)}
        return ml_case(f"scaler_{name}", "Scaler", {"X": x}, {"Y": FLOAT}, attributes)

    wide = (floats(51, FEATURES), floats(52, FEATURES))
    for dtype in DTYPES:
        yield scaler(dtype_name(dtype), table(dtype), *wide)
    yield scaler("one_value", table(), [0.5], [3.0])
    large = np.array([[1e8 + 8, 16777216.0, -0.1, np.nan]], np.float32)
    yield scaler("float_rounding", large, *wide)
    yield scaler("1d", table()[0], *wide)


def normalizer_cases() -> Iterator[Case]:
    mixed = table()
    mixed[2] = 0.0
    mixed[3] = -np.abs(mixed[3])
    for norm in ("MAX", "L1", "L2"):

        def normalizer(name: str, x: np.ndarray, norm: str = norm, **options: Any) -> Case:
            full = f"normalizer_{norm.lower()}_{name}"
            return ml_case(full, "Normalizer", {"X": x}, {"Y": FLOAT}, {"norm": norm}, **options)

        yield normalizer("positive", np.abs(table()))
        yield normalizer("signed", mixed, note="onnxruntime's reading of the sign; see README")
        yield normalizer("zero_rows", np.zeros((3, FEATURES), np.float32))
        yield normalizer("one_column", table(columns=1))
        for dtype in DTYPES[1:]:
            yield normalizer(f"{dtype_name(dtype)}_input", np.abs(table(dtype)) + 1)
        yield normalizer("1d", np.abs(table())[0])


def imputer_cases() -> Iterator[Case]:
    def imputer(name: str, x: np.ndarray, values: Sequence[Any], replaced: Any, **options: Any) -> Case:
        kind, one = ("int64s", "int64") if x.dtype.kind == "i" else ("floats", "float")
        attributes = {f"imputed_value_{kind}": list(values), f"replaced_value_{one}": replaced}
        outputs = {"Y": tensor_type(x)}
        return ml_case(f"imputer_{name}", "Imputer", {"X": x}, outputs, attributes, **options)

    holes = table()
    holes[0, 0] = holes[1, 2] = holes[3] = np.nan
    each = floats(53, FEATURES)
    yield imputer("nan_per_feature", holes, each, float("nan"))
    yield imputer("nan_one_value", holes, [9.5], float("nan"))
    yield imputer("value", np.round(table()), each, 1.0)
    yield imputer("value_keeps_nan", np.round(holes), each, 0.0, note="0.0 is replaced, NaN stays")
    yield imputer("nan_float64", holes.astype(np.float64), each, float("nan"))
    yield imputer("infinity", np.where(np.isnan(holes), np.inf, holes).astype(np.float32), each, float("inf"))
    yield imputer("int64_per_feature", table(np.int64), [10, 20, 30, 40], 1)
    yield imputer("int64_one_value", table(np.int64), [-7], 0)
    yield imputer("int32", table(np.int32), [10, 20, 30, 40], 1)
    yield imputer("negative_zero", np.array([[0.0, -0.0, 1.0, 2.0]], np.float32), [5.0], 0.0)


def binarizer_cases() -> Iterator[Case]:
    def binarizer(name: str, x: np.ndarray, threshold: float, **options: Any) -> Case:
        outputs = {"Y": tensor_type(x)}
        return ml_case(
            f"binarizer_{name}", "Binarizer", {"X": x}, outputs, {"threshold": threshold}, **options
        )

    whole = np.round(table())
    yield binarizer("zero", whole, 0.0)
    yield binarizer("equal_is_zero", whole, 1.0)
    yield binarizer("negative", whole, -1.5)
    for dtype in DTYPES[1:]:
        yield binarizer(dtype_name(dtype), table(dtype), 0.5)
    odd = np.array([[np.nan, np.inf, -np.inf, 0.25]], np.float32)
    answer = {"Y": np.array([[0, 1, 0, 0]], np.float32)}
    note = "a NaN is not greater than the threshold, hence 0"
    yield binarizer("nan_and_infinity", odd, 0.25, by_hand=answer, note=note)


def vectorizer_cases() -> Iterator[Case]:
    def vectorizer(name: str, parts: Sequence[np.ndarray], **options: Any) -> Case:
        inputs = {f"X{number}": part for number, part in enumerate(parts)}
        attributes = {"inputdimensions": [part.shape[-1] for part in parts]}
        outputs = {"Y": FLOAT}
        return ml_case(
            f"feature_vectorizer_{name}", "FeatureVectorizer", inputs, outputs, attributes, **options
        )

    yield vectorizer("one", [table()])
    yield vectorizer("three", [table(), table(columns=1), table(columns=3)])
    for dtype in DTYPES[1:]:
        yield vectorizer(dtype_name(dtype), [table(dtype), table(dtype, columns=2)])
    yield vectorizer("1d", [table()[0], table(columns=2)[0]])


def extractor_cases() -> Iterator[Case]:
    def extractor(name: str, x: np.ndarray, picks: Sequence[int], **options: Any) -> Case:
        inputs = {"X": x, "Y": np.array(picks, np.int64)}
        outputs = {"Z": tensor_type(x)}
        full = f"array_feature_extractor_{name}"
        return ml_case(full, "ArrayFeatureExtractor", inputs, outputs, {}, **options)

    for dtype in DTYPES:
        yield extractor(dtype_name(dtype), table(dtype), [2, 0])
    words = np.array([["a", "", "ü"], ["d", "e", "long word"]])
    yield extractor("string", words, [2, 1])
    yield extractor("repeated", table(), [1, 1, 3, 0, 1])
    yield extractor("one", table(), [3])
    yield extractor("3d", table(count=6).reshape(2, 3, 4), [1, 3])
    yield extractor("1d", table()[0], [1, 3])


def cases() -> Iterator[Case]:
    yield from scaler_cases()
    yield from normalizer_cases()
    yield from imputer_cases()
    yield from binarizer_cases()
    yield from vectorizer_cases()
    yield from extractor_cases()
