"""Writes networks that the plan runtime does not take: `python nets.py --out DIR`.

Convolutions, recurrences, attention with open sequence lengths, data-dependent shapes, and graphs
that mix such nodes with ai.onnx.ml. Weights are random and seeded; expected values are onnxruntime's.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from casefile import write_case, write_json
from conformance import fresh_folder

F, I = TensorProto.FLOAT, TensorProto.INT64
Shape = list[int | str]
Inputs = dict[str, np.ndarray]


class Net:
    """A graph while it is written."""

    def __init__(self, name: str, inputs: dict[str, tuple[int, Shape]], opset: int = 17) -> None:
        self.name, self.inputs, self.opset = name, inputs, opset
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, np.ndarray] = {}
        self.random = np.random.default_rng(sum(map(ord, name)))

    def weight(self, *shape: int, scale: float = 0.3) -> str:
        return self.constant((self.random.standard_normal(shape) * scale).astype(np.float32))

    def constant(self, value: np.ndarray) -> str:
        name = f"w{len(self.weights)}"
        self.weights[name] = np.asarray(value)
        return name

    def add(self, op: str, *inputs: str, outputs: list[str] | None = None, **attributes: Any) -> str:
        outputs = outputs or [f"{op.lower()}_{len(self.nodes)}"]
        domain = attributes.pop("domain", "")
        self.nodes.append(helper.make_node(op, list(inputs), outputs, domain=domain, **attributes))
        return outputs[0]

    def model(self, outputs: dict[str, tuple[int, Shape] | None]) -> onnx.ModelProto:
        info = helper.make_tensor_value_info
        made = [
            onnx.ValueInfoProto(name=n) if t is None else info(n, *t) for n, t in outputs.items()
        ]
        graph = helper.make_graph(
            self.nodes,
            self.name,
            [info(name, *kind) for name, kind in self.inputs.items()],
            made,
            [numpy_helper.from_array(value, name) for name, value in self.weights.items()],
        )
        opsets = [helper.make_opsetid("", self.opset), helper.make_opsetid("ai.onnx.ml", 3)]
        model = helper.make_model(graph, opset_imports=opsets, producer_name="driftline-tests")
        model.ir_version = 8
        return model


def rows(net: Net, *shape: int) -> np.ndarray:
    return net.random.standard_normal(shape).astype(np.float32)


def conv_pool() -> tuple[onnx.ModelProto, list[Inputs]]:
    net = Net("conv_pool", {"x": (F, ["batch", 3, 16, 16])})
    y = net.add("Conv", "x", net.weight(8, 3, 3, 3), net.weight(8), pads=[1, 1, 1, 1])
    ones = [net.constant(np.abs(rows(net, 8)) + 0.5) for _ in range(4)]
    y = net.add("Relu", net.add("BatchNormalization", y, *ones))
    y = net.add("MaxPool", y, kernel_shape=[2, 2], strides=[2, 2])
    y = net.add("Conv", y, net.weight(8, 1, 3, 3), group=8, pads=[1, 1, 1, 1], strides=[2, 2])
    y = net.add("Flatten", net.add("GlobalAveragePool", net.add("HardSwish", y)))
    net.add("Softmax", net.add("Gemm", y, net.weight(8, 5), net.weight(5)), outputs=["p"], axis=1)
    return net.model({"p": (F, ["batch", 5])}), [{"x": rows(net, n, 3, 16, 16)} for n in (1, 4)]


def resize() -> tuple[onnx.ModelProto, list[Inputs]]:
    net = Net("resize", {"x": (F, ["batch", 2, 5, 7])})
    scales = net.constant(np.array([1, 1, 2, 2], np.float32))
    y = net.add("Resize", "x", "", scales, mode="linear", coordinate_transformation_mode="half_pixel")
    y = net.add("ConvTranspose", y, net.weight(2, 3, 3, 3), strides=[2, 2])
    net.add("Tanh", y, outputs=["y"])
    return net.model({"y": (F, ["batch", 3, "h", "w"])}), [{"x": rows(net, n, 2, 5, 7)} for n in (1, 3)]


def recurrent(op: str, gates: int) -> tuple[onnx.ModelProto, list[Inputs]]:
    hidden, width = 6, 4
    net = Net(op.lower(), {"x": (F, ["time", "batch", width])})
    w, r = net.weight(1, gates * hidden, width), net.weight(1, gates * hidden, hidden)
    b = net.weight(1, 2 * gates * hidden)
    attributes: dict[str, Any] = {"hidden_size": hidden}
    if op == "GRU":
        attributes["linear_before_reset"] = 1
    net.add(op, "x", w, r, b, outputs=["all", "last"], **attributes)
    y = net.add("Squeeze", "last", net.constant(np.array([0], np.int64)))
    net.add("Sigmoid", net.add("Gemm", y, net.weight(hidden, 2), net.weight(2)), outputs=["p"])
    shapes = ((5, 1), (9, 3), (5, 1))
    return net.model({"p": (F, ["batch", 2])}), [{"x": rows(net, t, n, width)} for t, n in shapes]


def attention() -> tuple[onnx.ModelProto, list[Inputs]]:
    """One block: embedding, self-attention, layer norm, gelu as exporters write it."""
    width = 8
    net = Net("attention", {"ids": (I, ["batch", "tokens"])})
    x = net.add("Gather", net.weight(20, width, scale=1.0), "ids")
    q, k, v = (net.add("MatMul", x, net.weight(width, width)) for _ in range(3))
    scores = net.add("MatMul", q, net.add("Transpose", k, perm=[0, 2, 1]))
    scores = net.add("Mul", scores, net.constant(np.float32(width**-0.5)))
    mixed = net.add("MatMul", net.add("Softmax", scores, axis=-1), v)
    y = net.add("Add", x, mixed)
    y = net.add("LayerNormalization", y, net.weight(width, scale=1.0), net.weight(width), axis=-1)
    inner = net.add("Add", net.add("MatMul", y, net.weight(width, 16)), net.weight(16))
    erf = net.add("Erf", net.add("Div", inner, net.constant(np.float32(2**0.5))))
    half = net.add("Mul", inner, net.add("Add", erf, net.constant(np.float32(1))))
    gelu = net.add("Mul", half, net.constant(np.float32(0.5)))
    y = net.add("ReduceMean", net.add("MatMul", gelu, net.weight(16, 3)), axes=[1], keepdims=0)
    net.add("Identity", y, outputs=["y"])
    ids = [net.random.integers(0, 20, shape, np.int64) for shape in ((1, 4), (3, 7))]
    return net.model({"y": (F, ["batch", 3])}), [{"ids": i} for i in ids]


def nonzero() -> tuple[onnx.ModelProto, list[Inputs]]:
    net = Net("nonzero", {"x": (F, [6, 4])})
    where = net.add("NonZero", net.add("Greater", "x", net.constant(np.float32(0))))
    net.add("Transpose", where, outputs=["at"], perm=[1, 0])
    return net.model({"at": (I, ["found", 2])}), [{"x": rows(net, 6, 4)} for _ in range(2)]


def tree_attributes(net: Net, columns: int) -> dict[str, Any]:
    """Two trees of one split each."""
    return {
        "n_targets": 1,
        "nodes_treeids": [0, 0, 0, 1, 1, 1],
        "nodes_nodeids": [0, 1, 2, 0, 1, 2],
        "nodes_featureids": [0, 0, 0, columns - 1, 0, 0],
        "nodes_values": [0.1, 0.0, 0.0, -0.05, 0.0, 0.0],
        "nodes_modes": ["BRANCH_GTE", "LEAF", "LEAF", "BRANCH_LT", "LEAF", "LEAF"],
        "nodes_truenodeids": [1, 0, 0, 1, 0, 0],
        "nodes_falsenodeids": [2, 0, 0, 2, 0, 0],
        "target_treeids": [0, 0, 1, 1],
        "target_nodeids": [1, 2, 1, 2],
        "target_ids": [0, 0, 0, 0],
        "target_weights": [1.5, -0.25, 0.75, 2.0],
        "domain": "ai.onnx.ml",
    }


def conv_trees() -> tuple[onnx.ModelProto, list[Inputs]]:
    """A convolution in front of trees."""
    net = Net("conv_trees", {"x": (F, ["batch", 1, 12])})
    y = net.add("Conv", "x", net.weight(4, 1, 3), net.weight(4))
    y = net.add("Flatten", net.add("GlobalMaxPool", net.add("Tanh", y)))
    net.add("TreeEnsembleRegressor", y, outputs=["y"], **tree_attributes(net, 4))
    return net.model({"y": (F, ["batch", 1])}), [{"x": rows(net, n, 1, 12)} for n in (1, 16)]


def conv_classifier() -> tuple[onnx.ModelProto, list[Inputs]]:
    """A convolution in front of a linear classifier with text labels."""
    net = Net("conv_classifier", {"x": (F, ["batch", 1, 12])})
    y = net.add("Conv", "x", net.weight(4, 1, 3), net.weight(4))
    y = net.add("Flatten", net.add("GlobalMaxPool", net.add("Tanh", y)))
    linear_classifier(net, y)
    outputs = {"label": (TensorProto.STRING, ["batch"]), "scores": (F, ["batch", 3])}
    return net.model(outputs), [{"x": rows(net, n, 1, 12)} for n in (1, 16)]


def linear_classifier(net: Net, features: str) -> None:
    net.add(
        "LinearClassifier",
        features,
        outputs=["label", "scores"],
        domain="ai.onnx.ml",
        classlabels_strings=["early", "late", "never"],
        coefficients=[float(c) for c in net.random.standard_normal(12)],
        intercepts=[0.1, -0.2, 0.05],
        post_transform="SOFTMAX",
    )


def lstm_classifier() -> tuple[onnx.ModelProto, list[Inputs]]:
    """A recurrence in front of a scaler and a linear classifier with text labels and a map."""
    net = Net("lstm_classifier", {"x": (F, ["time", "batch", 3])})
    net.add("LSTM", "x", net.weight(1, 16, 3), net.weight(1, 16, 4), outputs=["", "h"], hidden_size=4)
    y = net.add("Squeeze", "h", net.constant(np.array([0], np.int64)))
    y = net.add("Scaler", y, domain="ai.onnx.ml", offset=[0.1, 0.0, 0.0, -0.1], scale=[2.0, 1.0, 1.0, 0.5])
    linear_classifier(net, y)
    net.add("ZipMap", "scores", outputs=["map"], domain="ai.onnx.ml", classlabels_strings=["early", "late", "never"])
    outputs = {"label": (TensorProto.STRING, ["batch"]), "map": None}
    return net.model(outputs), [{"x": rows(net, t, n, 3)} for t, n in ((4, 1), (6, 5))]


def scan() -> tuple[onnx.ModelProto, list[Inputs]]:
    """A running sum with decay, written as a loop."""
    net = Net("scan", {"x": (F, ["time", 3])})
    info = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            helper.make_node("Constant", [], ["decay"], value=numpy_helper.from_array(np.float32(0.5))),
            helper.make_node("Mul", ["state", "decay"], ["kept"]),
            helper.make_node("Add", ["kept", "step"], ["next"]),
            helper.make_node("Identity", ["next"], ["emit"]),
        ],
        "body",
        [info("state", F, [3]), info("step", F, [3])],
        [info("next", F, [3]), info("emit", F, [3])],
    )
    start = net.constant(np.zeros(3, np.float32))
    net.add("Scan", start, "x", outputs=["final", "y"], body=body, num_scan_inputs=1)
    return net.model({"y": (F, ["time", 3]), "final": (F, [3])}), [{"x": rows(net, t, 3)} for t in (4, 7, 4)]


def nets() -> Iterator[tuple[str, Callable[[], tuple[onnx.ModelProto, list[Inputs]]]]]:
    yield "conv_pool", conv_pool
    yield "resize", resize
    yield "lstm", lambda: recurrent("LSTM", 4)
    yield "gru", lambda: recurrent("GRU", 3)
    yield "rnn", lambda: recurrent("RNN", 1)
    yield "attention", attention
    yield "nonzero", nonzero
    yield "conv_trees", conv_trees
    yield "conv_classifier", conv_classifier
    yield "lstm_classifier", lstm_classifier
    yield "scan", scan


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    out = fresh_folder(parser.parse_args().out)
    index = []
    for name, make in nets():
        model, inputs = make()
        session = ort.InferenceSession(model.SerializeToString())
        names = [o.name for o in session.get_outputs()]
        sets = [(i, dict(zip(names, session.run(None, i), strict=True))) for i in inputs]
        index.append({"name": name, **write_case(out / name, model, sets), "rtol": 1e-4, "atol": 1e-5})
    write_json(out / "index.json", index)
    print(f"{len(index)} networks")


if __name__ == "__main__":
    main()
