"""Runs a model in onnxruntime and compares, so that a test whose answer is in doubt says so."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime as ort

from casefile import Values, flatten_values

ort.set_default_logger_severity(4)


def session(model: onnx.ModelProto) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def feed_value(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype.kind in "US":
        return value.astype(object)
    return value


def run(model: onnx.ModelProto, inputs: Values) -> Values:
    """Outputs by name; absent optional outputs are left out."""
    runner = session(model)
    wanted = [value.name for value in runner.get_outputs() if value.name]
    answers = runner.run(wanted, {name: feed_value(value) for name, value in inputs.items()})
    return dict(zip(wanted, answers, strict=True))


def short(error: Exception) -> str:
    return " ".join(str(error).split())[:160]


def difference(expected: Values, got: Values, rtol: float, atol: float) -> str | None:
    """None when equal within the tolerance, else what differs first."""
    want, have = flatten_values(expected), flatten_values(got)
    for name, array in want.items():
        if name not in have:
            return f"{name}: absent"
        other = have[name]
        if array.shape != other.shape:
            return f"{name}: shape {list(other.shape)}, expected {list(array.shape)}"
        if array.dtype.kind == "U" or other.dtype.kind == "U":
            same = array.dtype.kind == other.dtype.kind and bool(np.array_equal(array, other))
        elif array.dtype != other.dtype:
            return f"{name}: dtype {other.dtype}, expected {array.dtype}"
        else:
            same = bool(np.allclose(other, array, rtol=rtol, atol=atol, equal_nan=True))
        if not same:
            return f"{name}: values differ"
    return None


def verdict(model: onnx.ModelProto, sets: list[tuple[Values, Values]], rtol: float, atol: float) -> str:
    """`agrees`, `differs: ...` or `refuses: ...`: what onnxruntime says of a test."""
    try:
        for inputs, outputs in sets:
            found = difference(outputs, run(model, inputs), rtol, atol)
            if found:
                return f"differs: {found}"
    except Exception as error:  # noqa: BLE001 -- any refusal is a result here
        return f"refuses: {short(error)}"
    return "agrees"
