"""Small networks as the deep-learning exporters write them.

PyTorch itself is not installed: PyPI's default wheel pulls gigabytes of CUDA libraries, and the
CPU-only wheels are not on PyPI. The weights are really trained (by scikit-learn); the graphs have
the operators, attributes and names that `torch.onnx.export` and tf2onnx give such networks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

import zoo_data as data
from zoo_model import Exported, ZooModel, quiet

Layers = list[tuple[np.ndarray, np.ndarray]]


def trained_layers(network: MLPClassifier | MLPRegressor, table: data.Table) -> Layers:
    """The scaler is folded into the first layer. Weights as [inputs, outputs]."""
    scaler = StandardScaler().fit(table.train_x)
    quiet(lambda: network.fit(scaler.transform(table.train_x), table.train_y))
    weights = [np.array(w, np.float64) for w in network.coefs_]
    biases = [np.array(b, np.float64) for b in network.intercepts_]
    biases[0] = biases[0] - (scaler.mean_ / scaler.scale_) @ weights[0]
    weights[0] = weights[0] / scaler.scale_[:, None]
    pairs = zip(weights, biases, strict=True)
    return [(w.astype(np.float32), b.astype(np.float32)) for w, b in pairs]


def wrap(
    nodes: list[onnx.NodeProto],
    weights: dict[str, np.ndarray],
    columns: int,
    outputs: dict[str, tuple[int, list[int | str]]],
    producer: str,
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "main_graph",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", columns])],
        [helper.make_tensor_value_info(name, code, shape) for name, (code, shape) in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name=producer)
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


def torch_sequential(layers: Layers, activation: str, tail: str | None) -> onnx.ModelProto:
    """nn.Sequential of Linear and activation: Gemm with transB=1, paths as node names."""
    nodes: list[onnx.NodeProto] = []
    weights: dict[str, np.ndarray] = {}
    value = "input"
    for number, (weight, bias) in enumerate(layers):
        place, last = 2 * number, number == len(layers) - 1
        names = [f"net.{place}.weight", f"net.{place}.bias"]
        weights |= dict(zip(names, (np.ascontiguousarray(weight.T), bias), strict=True))
        result = "output" if last and tail is None else f"/net/net.{place}/Gemm_output_0"
        gemm = {"alpha": 1.0, "beta": 1.0, "transB": 1, "name": f"/net/net.{place}/Gemm"}
        nodes.append(helper.make_node("Gemm", [value, *names], [result], **gemm))
        value = result
        if not last:
            after = f"/net/net.{place + 1}/{activation}_output_0"
            nodes.append(helper.make_node(activation, [value], [after], name=after[: -len("_output_0")]))
            value = after
    if tail is not None:
        options = {"axis": 1} if tail == "Softmax" else {}
        nodes.append(helper.make_node(tail, [value], ["output"], name=f"/{tail}", **options))
    shape: list[int | str] = ["batch", layers[-1][1].size]
    columns = layers[0][0].shape[0]
    return wrap(nodes, weights, columns, {"output": (TensorProto.FLOAT, shape)}, "pytorch")


def tf_dense(layers: Layers) -> onnx.ModelProto:
    """Keras Dense layers as tf2onnx writes them: MatMul, Add, Relu; Softmax and ArgMax at the end."""
    nodes: list[onnx.NodeProto] = []
    weights: dict[str, np.ndarray] = {}
    value = "input"
    for number, (weight, bias) in enumerate(layers):
        place = f"sequential/dense_{number}"
        weights |= {f"{place}/MatMul/ReadVariableOp:0": weight, f"{place}/BiasAdd/ReadVariableOp:0": bias}
        nodes.append(
            helper.make_node("MatMul", [value, f"{place}/MatMul/ReadVariableOp:0"], [f"{place}/MatMul:0"])
        )
        added = [f"{place}/MatMul:0", f"{place}/BiasAdd/ReadVariableOp:0"]
        nodes.append(helper.make_node("Add", added, [f"{place}/BiasAdd:0"]))
        value = f"{place}/BiasAdd:0"
        if number < len(layers) - 1:
            nodes.append(helper.make_node("Relu", [value], [f"{place}/Relu:0"]))
            value = f"{place}/Relu:0"
    nodes.append(helper.make_node("Softmax", [value], ["probabilities"], axis=-1))
    nodes.append(helper.make_node("ArgMax", ["probabilities"], ["label"], axis=1, keepdims=0))
    outputs: dict[str, tuple[int, list[int | str]]] = {
        "probabilities": (TensorProto.FLOAT, ["batch", layers[-1][1].size]),
        "label": (TensorProto.INT64, ["batch"]),
    }
    return wrap(nodes, weights, layers[0][0].shape[0], outputs, "tf2onnx")


def classifier(activation: str, sizes: tuple[int, ...]) -> MLPClassifier:
    return MLPClassifier(sizes, activation=activation, max_iter=60, random_state=data.SEED)


def torch_mlp() -> Exported:
    table = data.digits()
    layers = trained_layers(classifier("relu", (128, 64)), table)
    return Exported(torch_sequential(layers, "Relu", None), {"input": table.test_x})


def torch_binary() -> Exported:
    table = data.flights(complete=True)
    layers = trained_layers(classifier("tanh", (32, 16)), table)
    return Exported(torch_sequential(layers, "Tanh", "Sigmoid"), {"input": table.test_x})


def torch_regressor() -> Exported:
    table = data.bundled("diabetes")
    network = MLPRegressor(hidden_layer_sizes=(64, 64), max_iter=200, random_state=data.SEED)
    return Exported(torch_sequential(trained_layers(network, table), "Relu", None), {"input": table.test_x})


def keras_mlp() -> Exported:
    table = data.bundled("wine")
    return Exported(tf_dense(trained_layers(classifier("relu", (32,)), table)), {"input": table.test_x})


def models() -> Iterator[ZooModel]:
    makers: list[tuple[str, str, str, Callable[[], Exported]]] = [
        ("torch_mlp", "pytorch-form", "classifier", torch_mlp),
        ("torch_tanh_sigmoid", "pytorch-form", "classifier", torch_binary),
        ("torch_regressor", "pytorch-form", "regressor", torch_regressor),
        ("keras_mlp", "tf2onnx-form", "classifier", keras_mlp),
    ]
    for name, framework, kind, make in makers:
        yield ZooModel(name, framework, kind, make, name == "torch_mlp")
