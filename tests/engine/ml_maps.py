"""Made tests of the operators of categories and maps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from ml_expect import DOUBLE, FLOAT, INT64, STRING, Case, ml_case

Pool = dict[str, tuple[list[Any], Any, int]]

#: suffix of the attribute -> (list of four, a stranger that is no key, element type)
KINDS: Pool = {
    "strings": (["red", "green", "", "ünï"], "stranger", STRING),
    "int64s": ([3, -7, 0, 2**40], 99, INT64),
    "floats": ([0.5, -2.0, 0.0, 16.25], 7.75, FLOAT),
}
DEFAULTS: dict[str, tuple[str, Any]] = {
    "strings": ("default_string", "other"),
    "int64s": ("default_int64", -42),
    "floats": ("default_float", -1.5),
}
DTYPES = {"strings": str, "int64s": np.int64, "floats": np.float32}


def label_encoder(
    name: str, x: np.ndarray, out: int, attributes: dict[str, Any], version: int, **options: Any
) -> Case:
    inputs = {"X": x}
    return ml_case(
        f"label_encoder_{name}", "LabelEncoder", inputs, {"Y": out}, attributes, version, **options
    )


def label_encoder_pairs(version: int) -> Iterator[Case]:
    for source, (keys, stranger, _) in KINDS.items():
        for goal, (values, _, code) in KINDS.items():
            x = np.array([keys[2], keys[0], stranger, keys[3], keys[1], keys[0]], DTYPES[source])
            plain = {f"keys_{source}": keys, f"values_{goal}": values[::-1]}
            name = f"v{version}_{source}_{goal}"
            yield label_encoder(name, x.reshape(2, 3), code, plain, version)
            default, value = DEFAULTS[goal]
            yield label_encoder(f"{name}_default", x, code, {**plain, default: value}, version)


def float_key_cases(version: int) -> Iterator[Case]:
    nan = float("nan")
    x = np.array([nan, 1.0, 2.0, 0.0, 1.0], np.float32)
    if version == 4:
        # Version 2 compares bits, and onnxruntime does not: these would be contested there.
        x = np.append(x, np.array([-nan, -0.0], np.float32))
    keys = {"keys_floats": [nan, 1.0, 0.0]}
    strings = {**keys, "values_strings": ["nan", "one", "zero"], "default_string": "none"}
    yield label_encoder(f"v{version}_nan_key_strings", x, STRING, strings, version)
    ints = {**keys, "values_int64s": [10, 11, 12], "default_int64": -1}
    yield label_encoder(f"v{version}_nan_key_int64s", x, INT64, ints, version)
    floats = {**keys, "values_floats": [10.0, nan, 12.0], "default_float": nan}
    yield label_encoder(f"v{version}_nan_key_floats", x, FLOAT, floats, version)


def label_encoder_v1() -> Iterator[Case]:
    words = {"classes_strings": ["a", "b", "c"]}
    x = np.array(["b", "a", "zzz", "c"])
    yield label_encoder("v1_string_to_int", x, INT64, {**words, "default_int64": -1}, 1)
    ids = np.array([2, 0, 7, 1, -1], np.int64)
    yield label_encoder("v1_int_to_string", ids, STRING, {**words, "default_string": "none"}, 1)


def tensor(name: str, values: Sequence[Any], code: int) -> onnx.TensorProto:
    content = [v.encode() for v in values] if code == STRING else values
    return helper.make_tensor(name, code, [len(values)], content)


def label_encoder_tensors() -> Iterator[Case]:
    i16, i32 = TensorProto.INT16, TensorProto.INT32
    numbers = {"int16": (i16, np.int16), "int32": (i32, np.int32), "int64": (INT64, np.int64)}
    numbers |= {"float": (FLOAT, np.float32), "double": (DOUBLE, np.float64)}
    keys, words = [3, -7, 0], ["x", "y", ""]

    def encoder(name: str, x: np.ndarray, source: Any, goal: Any, default: Any, **options: Any) -> Case:
        attributes = {
            "keys_tensor": tensor("keys", *source),
            "values_tensor": tensor("values", *goal),
            "default_tensor": tensor("default", [default], goal[1]),
        }
        return label_encoder(f"v4_tensors_{name}", x, goal[1], attributes, 4, **options)

    for name, (code, dtype) in numbers.items():
        ids = np.array([0, 3, 55, -7], dtype)
        yield encoder(f"{name}_string", ids, (keys, code), (words, STRING), "none")
        text = np.array(["y", "", "nothing", "x"])
        yield encoder(f"string_{name}", text, (words, STRING), (keys, code), 9)
        yield encoder(f"{name}_{name}", ids, (keys, code), (keys[::-1], code), 9)
    ids64 = np.array([0, 3, 55, -7], np.int64)
    yield encoder("int64_float", ids64, (keys, INT64), ([0.5, 1.5, 2.5], FLOAT), -1.0)
    yield encoder("int64_double", ids64, (keys, INT64), ([0.1, 1.5, 2.5], DOUBLE), -1.0)
    real = np.array([0.1, np.nan, 7.0], np.float64)
    yield encoder("double_nan_key", real, ([0.1, np.nan], DOUBLE), ([1, 2], INT64), 0)
    repeated = np.array(["a", "b", "c"])
    note = "a repeated key: the last one takes precedence"
    answer = {"Y": np.array([3, 2, 0], np.int64)}
    source = (["a", "b", "a"], STRING)
    yield encoder("repeated_key", repeated, source, ([1, 2, 3], INT64), 0, note=note, by_hand=answer)


def category_mapper_cases() -> Iterator[Case]:
    table = {"cats_strings": ["a", "b", ""], "cats_int64s": [5, -3, 2**33]}

    def mapper(name: str, x: np.ndarray, out: int, **default: Any) -> Case:
        attributes = {**table, **default}
        return ml_case(f"category_mapper_{name}", "CategoryMapper", {"X": x}, {"Y": out}, attributes)

    words = np.array([["b", "a"], ["unknown", ""]])
    ids = np.array([[5, 2**33], [77, -3]], np.int64)
    yield mapper("string_to_int", words, INT64, default_int64=-9)
    yield mapper("string_to_int_no_default", words, INT64)
    yield mapper("int_to_string", ids, STRING, default_string="none")
    yield mapper("int_to_string_no_default", ids, STRING)


def one_hot_cases() -> Iterator[Case]:
    def encoder(name: str, x: np.ndarray, attributes: dict[str, Any], **options: Any) -> Case:
        return ml_case(f"one_hot_{name}", "OneHotEncoder", {"X": x}, {"Y": FLOAT}, attributes, **options)

    words = np.array([["a", "c"], ["b", "a"]])
    cats = {"cats_strings": ["a", "b", "c"]}
    yield encoder("strings", words, {**cats, "zeros": 1})
    yield encoder("strings_all_known_zeros_0", words, {**cats, "zeros": 0})
    yield encoder("strings_unknown", np.array(["c", "zzz", ""]), {**cats, "zeros": 1})
    ids = np.array([[4], [-2], [0], [99]])
    codes = {"cats_int64s": [4, 0, -2]}
    for dtype in (np.int64, np.int32, np.float32, np.float64):
        name = np.dtype(dtype).name
        yield encoder(f"{name}_unknown", ids.astype(dtype), {**codes, "zeros": 1})
        yield encoder(f"{name}_all_known_zeros_0", ids[:3].astype(dtype), {**codes, "zeros": 0})
    note = "a float is cast to an integer: towards zero"
    yield encoder(
        "float_fraction", np.array([4.9, 0.5, -2.5, -0.9], np.float32), {**codes, "zeros": 1}, note=note
    )


ONE_ROW = "shape [1, C], as onnxruntime has it and the exporters expect"
NUMPY = {FLOAT: np.float32, DOUBLE: np.float64, INT64: np.int64, STRING: np.str_}


def one_row(values: Sequence[Any], code: int) -> np.ndarray:
    return np.array([list(values)], NUMPY[code])


def dict_vectorizer_cases() -> Iterator[Case]:
    def vectorizer(name: str, content: dict[Any, Any], out: int, vocabulary: list[Any]) -> Case:
        kind = "string" if isinstance(vocabulary[0], str) else "int64"
        attributes = {f"{kind}_vocabulary": vocabulary}
        absent = "" if out == STRING else 0
        row = [content.get(word, absent) for word in vocabulary]
        full, hand = f"dict_vectorizer_{name}", {"Y": one_row(row, out)}
        inputs, note = {"X": content}, ONE_ROW
        return ml_case(full, "DictVectorizer", inputs, {"Y": out}, attributes, by_hand=hand, note=note)

    words, ids = ["a", "c", "b", "z"], [7, 1, -3, 2**40]
    yield vectorizer("string_int64", {"a": 4, "c": 8}, INT64, words)
    yield vectorizer("string_float", {"z": 0.5, "a": -1.25}, FLOAT, words)
    doubles = {"b": np.float64(0.1), "a": np.float64(2.5)}
    yield vectorizer("string_double", doubles, DOUBLE, words)
    yield vectorizer("int64_float", {1: 0.5, 2**40: 3.0}, FLOAT, ids)
    yield vectorizer("int64_double", {1: np.float64(0.1), -3: np.float64(3.0)}, DOUBLE, ids)
    yield vectorizer("int64_string", {-3: "x", 7: "ü"}, STRING, ids)
    yield vectorizer("all_keys", {7: 1.0, 1: 2.0, -3: 3.0, 2**40: 4.0}, FLOAT, ids)


STRING_PAD = "0.f"
STRING_NOTE = "as in onnxruntime: a float prints with six decimals, a sparse gap is '0.f'"


def cast_map_cases() -> Iterator[Case]:
    def cast(name: str, content: dict[int, Any], out: int, to: str, size: int = 0, **options: Any) -> Case:
        form = {"map_form": "SPARSE", "max_map": size} if size else {"map_form": "DENSE"}
        attributes = {"cast_to": to, **form}
        full = f"cast_map_{name}"
        return ml_case(full, "CastMap", {"X": content}, {"Y": out}, attributes, **options)

    def by_hand(content: dict[int, Any], out: int, size: int) -> dict[str, Any]:
        """For maps of strings, which onnxruntime's Python side cannot be given."""
        kind = {FLOAT: float, INT64: int, STRING: str}[out]
        filled = {key: kind(value) for key, value in content.items()}
        keys = range(size) if size else sorted(filled)
        empty = STRING_PAD if out == STRING else 0
        return {"Y": one_row([filled.get(key, empty) for key in keys], out)}

    floats, whole = {5: 0.5, 1: -1.25, 3: 8.0}, {5: 7.0, 1: -1.0, 3: 8.0}
    words, digits = {5: "2.5", 1: "-3", 3: "8"}, {5: "25", 1: "-3", 3: "8"}
    for size, form in ((0, "dense"), (7, "sparse")):
        yield cast(f"float_to_float_{form}", floats, FLOAT, "TO_FLOAT", size)
        yield cast(f"float_to_int64_{form}", floats, INT64, "TO_INT64", size)
        yield cast(f"float_to_string_{form}", whole, STRING, "TO_STRING", size, note=STRING_NOTE)
        hand = {"by_hand": by_hand(words, STRING, size), "note": STRING_NOTE}
        yield cast(f"string_to_string_{form}", words, STRING, "TO_STRING", size, **hand)
        hand = {"by_hand": by_hand(words, FLOAT, size)}
        yield cast(f"string_to_float_{form}", words, FLOAT, "TO_FLOAT", size, **hand)
        hand = {"by_hand": by_hand(digits, INT64, size)}
        yield cast(f"string_to_int64_{form}", digits, INT64, "TO_INT64", size, **hand)
    yield cast("one_entry", {4: 1.5}, FLOAT, "TO_FLOAT")
    yield cast("sparse_full", {0: 1.5, 1: 2.5, 2: 3.5}, FLOAT, "TO_FLOAT", 3)


def zip_map_cases() -> Iterator[Case]:
    def zipped(name: str, x: np.ndarray, labels: list[Any]) -> Case:
        text = isinstance(labels[0], str)
        key = STRING if text else INT64
        inner = helper.make_map_type_proto(key, helper.make_tensor_type_proto(FLOAT, []))
        out = helper.make_sequence_type_proto(inner)
        attributes = {"classlabels_strings" if text else "classlabels_int64s": labels}
        return ml_case(f"zip_map_{name}", "ZipMap", {"X": x}, {"Z": out}, attributes)

    x = np.random.default_rng(5).random((4, 3)).astype(np.float32)
    yield zipped("strings", x, ["c", "a", "b"])
    yield zipped("int64s", x, [30, -10, 20])
    yield zipped("one_row", x[:1], [1, 2, 3])
    yield zipped("1d", x[0], [1, 2, 3])


def cases() -> Iterator[Case]:
    yield from label_encoder_v1()
    for version in (2, 4):
        yield from label_encoder_pairs(version)
        yield from float_key_cases(version)
    yield from label_encoder_tensors()
    yield from category_mapper_cases()
    yield from one_hot_cases()
    yield from dict_vectorizer_cases()
    yield from cast_map_cases()
    yield from zip_map_cases()
