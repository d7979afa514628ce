"""The on-disk form of one engine test: model.onnx, inputs.npz, outputs.npz.

The form is described in README.md. Nothing here needs pickle to be read back.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

Values = dict[str, Any]

#: What a map-typed value `x` becomes on disk.
KEYS, VALUES = ".keys", ".values"


def plain_array(value: Any) -> np.ndarray:
    """A numpy array that `np.load(allow_pickle=False)` can read."""
    array = np.asarray(value)
    if array.dtype.kind in "OSU":
        text = [as_text(item) for item in array.reshape(-1).tolist()]
        width = max((len(item) for item in text), default=1)
        array = np.array(text, dtype=f"<U{max(width, 1)}").reshape(array.shape)
    if array.dtype.kind not in "biufU" or array.dtype.str[1:] == "f2":
        raise TypeError(f"no on-disk form for dtype {array.dtype}")
    return array


def as_text(item: Any) -> str:
    if not isinstance(item, str | bytes):
        raise TypeError(f"not text: {type(item).__name__}")
    return item.decode("utf-8") if isinstance(item, bytes) else item


def map_values(items: list[Any]) -> np.ndarray:
    """Python floats stand for ONNX floats; a map of doubles holds np.float64."""
    single = bool(items) and type(items[0]) is float
    return plain_array(np.asarray(items, np.float32) if single else items)


def flatten_value(name: str, value: Any) -> Values:
    """One ONNX value as named arrays: tensors stay whole, maps become keys and values."""
    if isinstance(value, dict):
        keys = sorted(value)
        return {
            name + KEYS: plain_array(keys),
            name + VALUES: map_values([value[key] for key in keys]),
        }
    if isinstance(value, list) and value and isinstance(value[0], dict):
        keys = sorted(value[0])
        rows = [[row[key] for key in keys] for row in value]
        return {name + KEYS: plain_array(keys), name + VALUES: plain_array(np.asarray(rows, np.float32))}
    return {name: plain_array(value)}


def flatten_values(values: Values) -> dict[str, np.ndarray]:
    flat: dict[str, np.ndarray] = {}
    for name, value in values.items():
        flat.update(flatten_value(name, value))
    return flat


def dtype_name(array: np.ndarray) -> str:
    return "string" if array.dtype.kind == "U" else array.dtype.name


def describe(flat: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    return [{"name": k, "dtype": dtype_name(v), "shape": list(v.shape)} for k, v in flat.items()]


def opsets(model: onnx.ModelProto) -> dict[str, int]:
    return {entry.domain: entry.version for entry in model.opset_import}


def all_nodes(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Every node, those of subgraphs included."""
    found: list[onnx.NodeProto] = []
    for node in graph.node:
        found.append(node)
        for attribute in node.attribute:
            subgraphs = list(attribute.graphs)
            if attribute.HasField("g"):
                subgraphs.append(attribute.g)
            for subgraph in subgraphs:
                found.extend(all_nodes(subgraph))
    return found


def qualified_ops(model: onnx.ModelProto) -> list[str]:
    nodes = all_nodes(model.graph)
    for function in model.functions:
        nodes.extend(function.node)
    return sorted({f"{node.domain or 'ai.onnx'}.{node.op_type}" for node in nodes})


def tensor_type_name(code: int) -> str:
    return TensorProto.DataType.Name(code).lower()


def type_name(proto: onnx.TypeProto) -> str:
    """`float`, `seq(map(string,float))`, ... of a value's declared type."""
    kind = proto.WhichOneof("value")
    if kind == "tensor_type":
        return tensor_type_name(proto.tensor_type.elem_type)
    if kind == "sequence_type":
        return f"seq({type_name(proto.sequence_type.elem_type)})"
    if kind == "optional_type":
        return f"optional({type_name(proto.optional_type.elem_type)})"
    if kind == "map_type":
        key = tensor_type_name(proto.map_type.key_type)
        return f"map({key},{type_name(proto.map_type.value_type)})"
    return kind or "undefined"


def save_values(path: Path, values: Values) -> list[dict[str, Any]]:
    flat = flatten_values(values)
    np.savez(path, **flat)
    return describe(flat)


def write_case(
    folder: Path, model: onnx.ModelProto, data_sets: list[tuple[Values, Values]]
) -> dict[str, Any]:
    """Write one test's folder; the answer is the part of its index entry that the files tell."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    described: list[tuple[list[dict[str, Any]], list[dict[str, Any]]]] = []
    for number, (inputs, outputs) in enumerate(data_sets):
        tail = "" if len(data_sets) == 1 else f"_{number}"
        described.append(
            (
                save_values(folder / f"inputs{tail}.npz", inputs),
                save_values(folder / f"outputs{tail}.npz", outputs),
            )
        )
    return {
        "opsets": opsets(model),
        "op_types": qualified_ops(model),
        "data_sets": len(data_sets),
        "inputs": described[0][0],
        "outputs": described[0][1],
    }


def write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def single_node_model(
    node: onnx.NodeProto,
    inputs: dict[str, onnx.TypeProto],
    outputs: dict[str, onnx.TypeProto],
    versions: dict[str, int],
) -> onnx.ModelProto:
    """A model around one node, its outputs' shapes still open."""
    graph = helper.make_graph(
        [node],
        node.op_type,
        [helper.make_value_info(name, kind) for name, kind in inputs.items()],
        [helper.make_value_info(name, kind) for name, kind in outputs.items()],
    )
    imports = [helper.make_opsetid(domain, version) for domain, version in versions.items()]
    model = helper.make_model(graph, opset_imports=imports, producer_name="driftline-tests")
    model.ir_version = 10
    return model
