"""Selects the tests that the `onnx` package generates for the operators of tabular models."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from casefile import Values, all_nodes, tensor_type_name, type_name

ML = "ai.onnx.ml"

#: ai.onnx operators that exports of tabular models use.
OPERATORS = frozenset(
    """
    Gemm MatMul
    Add Sub Mul Div Pow Sqrt Exp Log Neg Abs Floor Ceil Round Sign Min Max Mean Sum Mod Erf
    Reciprocal IsNaN IsInf
    Equal Greater GreaterOrEqual Less LessOrEqual Where Not And Or Xor
    Cast CastLike Constant Identity Dropout Clip
    Concat Reshape Flatten Squeeze Unsqueeze Expand Shape Size ConstantOfShape Range Split Pad
    Tile Transpose Slice Gather GatherElements GatherND ScatterElements OneHot CumSum
    ArgMax ArgMin TopK
    ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd
    ReduceSum ReduceSumSquare
    Softmax LogSoftmax Hardmax LpNormalization
    Relu LeakyRelu PRelu Elu Selu Sigmoid HardSigmoid Tanh Softplus Softsign ThresholdedRelu Gelu
    Mish HardSwish Celu
    TfIdfVectorizer StringNormalizer BatchNormalization LayerNormalization
    """.split()
)

#: Element types that the engine's tests carry; any other needs an entry in exclusions.json.
CARRIED = frozenset("float double int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool string".split())


@dataclass(frozen=True)
class BackendCase:
    name: str
    domain: str
    op: str
    model: onnx.ModelProto
    data_sets: list[tuple[Values, Values]]
    rtol: float
    atol: float
    foreign_types: frozenset[str]


class Exclusions:
    """The checked-in list: name pattern -> reason, first match wins."""

    def __init__(self, path: Path) -> None:
        self.reasons: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        self.used: set[str] = set()

    def reason(self, name: str) -> str | None:
        for pattern, reason in self.reasons.items():
            if fnmatchcase(name, pattern):
                self.used.add(pattern)
                return reason
        return None

    def unused(self) -> list[str]:
        return sorted(set(self.reasons) - self.used)


def base_name(name: str) -> str:
    """The test a function-expanded variant was made from."""
    return re.sub(r"_expanded(_ver\d+)?$", "", name)


def tested_op(model: onnx.ModelProto) -> tuple[str, str]:
    node = model.graph.node[-1]
    return node.domain or "ai.onnx", node.op_type


def types_of(model: onnx.ModelProto) -> set[str]:
    """Element types seen at the borders, in constants and in Cast targets."""
    graph = model.graph
    found = {type_name(value.type) for value in [*graph.input, *graph.output, *graph.value_info]}
    found |= {tensor_type_name(t.data_type) for t in graph.initializer}
    for node in all_nodes(graph):
        for attribute in node.attribute:
            if attribute.HasField("t"):
                found.add(tensor_type_name(attribute.t.data_type))
            if node.op_type == "Cast" and attribute.name == "to":
                found.add(tensor_type_name(attribute.i))
    return found


def as_value(value: Any) -> Any:
    """The package hands some tensors over as protobuf messages; those become arrays.

    Values of types that numpy lacks stay messages: their tests are excluded.
    """
    if isinstance(value, TensorProto):
        carried = tensor_type_name(value.data_type) in CARRIED
        return numpy_helper.to_array(value) if carried else value
    return value if isinstance(value, list | dict) else np.asarray(value)


def named(names: list[str], values: list[Any]) -> Values:
    """Values by name; an absent optional value has no entry."""
    pairs = zip(names, values, strict=False)
    return {name: as_value(value) for name, value in pairs if name and value is not None}


def to_case(test: Any, domain: str, op: str) -> BackendCase:
    ins = [value.name for value in test.model.graph.input]
    outs = [value.name for value in test.model.graph.output]
    return BackendCase(
        name=test.name,
        domain=domain,
        op=op,
        model=test.model,
        data_sets=[(named(ins, i), named(outs, o)) for i, o in test.data_sets],
        rtol=test.rtol,
        atol=test.atol,
        foreign_types=frozenset(types_of(test.model) - CARRIED),
    )


def generated_tests() -> list[Any]:
    """All node tests; the package makes them at import, from one seed per test."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        from onnx.backend.test.case import node as node_cases

        return list(node_cases.collect_testcases(""))


def selected_cases() -> Iterator[BackendCase]:
    """Tests of the whole ai.onnx.ml domain and of OPERATORS, expanded variants included."""
    tests = generated_tests()
    op_of = {test.name: tested_op(test.model) for test in tests}
    for test in tests:
        domain, op = op_of.get(base_name(test.name)) or op_of[test.name]
        if domain == ML or (domain == "ai.onnx" and op in OPERATORS):
            yield to_case(test, domain, op)
