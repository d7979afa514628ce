"""What a made case is, and where its expected values come from."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

import ort_check
from casefile import Values, single_node_model

ML = "ai.onnx.ml"
FLOAT, DOUBLE = TensorProto.FLOAT, TensorProto.DOUBLE
INT64, STRING = TensorProto.INT64, TensorProto.STRING


@dataclass(frozen=True)
class Case:
    name: str
    op: str
    model: onnx.ModelProto
    inputs: Values
    note: str = ""
    rtol: float = 1e-5
    atol: float = 1e-6
    #: Worked out from the specification; outranks both runtimes.
    by_hand: Values | None = None
    #: Puts right what onnxruntime leaves open or answers against the text; the rest stays its own.
    amend: Callable[[Values], Values] | None = None
    #: The specification is read as the reference evaluator reads it, against onnxruntime.
    prefer_reference: bool = False


@dataclass(frozen=True)
class Expected:
    outputs: Values
    source: str
    onnxruntime: str
    reference: str

    @property
    def contested(self) -> bool:
        """onnxruntime answers, and not as the operator's text has it."""
        return self.onnxruntime.startswith("differs")


def tensor_type(array: np.ndarray) -> onnx.TypeProto:
    kind = array.dtype.kind
    code = STRING if kind in "USO" else helper.np_dtype_to_tensor_dtype(array.dtype)
    return helper.make_tensor_type_proto(code, [None, *array.shape[1:]])


def map_type(content: Mapping[Any, Any]) -> onnx.TypeProto:
    key, value = next(iter(content.items()))
    codes = {str: STRING, int: INT64, float: FLOAT, np.float64: DOUBLE}
    inner = helper.make_tensor_type_proto(codes[type(value)], [])
    return helper.make_map_type_proto(codes[type(key)], inner)


def input_type(value: Any) -> onnx.TypeProto:
    return map_type(value) if isinstance(value, dict) else tensor_type(value)


def tensor_out(code: int) -> onnx.TypeProto:
    return helper.make_tensor_type_proto(code, None)


def ml_case(
    name: str,
    op: str,
    inputs: Values,
    outputs: dict[str, onnx.TypeProto | int],
    attributes: Mapping[str, Any],
    version: int = 1,
    **options: Any,
) -> Case:
    """A case of one ai.onnx.ml node named `ml_<name>`."""
    node = helper.make_node(op, list(inputs), list(outputs), domain=ML, **attributes)
    model = single_node_model(
        node,
        {key: input_type(value) for key, value in inputs.items()},
        {k: tensor_out(t) if isinstance(t, int) else t for k, t in outputs.items()},
        {ML: version, "": 17},
    )
    return Case(f"ml_{name}", op, model, inputs, **options)


def attempt(run: Any, case: Case) -> tuple[Values | None, str]:
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return run(case), ""
    except Exception as error:  # noqa: BLE001 -- a refusal is a result here
        return None, f"refuses: {ort_check.short(error)}"


def by_onnxruntime(case: Case) -> Values:
    return ort_check.run(case.model, case.inputs)


def by_reference(case: Case) -> Values:
    inputs = {name: ort_check.feed_value(value) for name, value in case.inputs.items()}
    names = [value.name for value in case.model.graph.output]
    return dict(zip(names, ReferenceEvaluator(case.model).run(None, inputs), strict=True))


def judged(case: Case, expected: Values, got: Values | None, refusal: str) -> str:
    if got is None:
        return refusal
    if got is expected:
        return "used"
    try:
        found = ort_check.difference(expected, got, case.rtol, case.atol)
    except TypeError as error:
        found = str(error)
    return f"differs: {found}" if found else "agrees"


def expect(case: Case) -> Expected:
    """Expected outputs: by hand if given, else onnxruntime's (amended), else the reference's."""
    ort_values, ort_refusal = attempt(by_onnxruntime, case)
    ref_values, ref_refusal = attempt(by_reference, case)
    amended = case.amend(ort_values) if case.amend and ort_values else None
    ranked = [
        ("hand", case.by_hand),
        ("onnxruntime, amended", amended),
        ("onnxruntime", ort_values),
        ("reference", ref_values),
    ]
    if case.prefer_reference:
        ranked[-2:] = reversed(ranked[-2:])
    for source, outputs in ranked:
        if outputs is not None:
            return Expected(
                outputs,
                source,
                judged(case, outputs, ort_values, ort_refusal),
                judged(case, outputs, ref_values, ref_refusal),
            )
    raise RuntimeError(f"{case.name}: onnxruntime {ort_refusal}; reference {ref_refusal}")


def finished_model(case: Case, expected: Expected) -> onnx.ModelProto:
    """The case's model, checked, with the output shapes as exporters write them: rows left open."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    for output in model.graph.output:
        value = expected.outputs[output.name]
        if output.type.HasField("tensor_type"):
            code = output.type.tensor_type.elem_type
            found = tensor_type(np.asarray(value)).tensor_type.elem_type
            if found != code:
                raise TypeError(f"{case.name}: {output.name} is of type {found}, declared {code}")
            shape = [None, *np.shape(value)[1:]]
            output.type.CopyFrom(helper.make_tensor_type_proto(code, shape))
    onnx.checker.check_model(model)
    return model
