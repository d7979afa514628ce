"""Training and the export to ONNX."""

from __future__ import annotations

import re

import lightgbm
import numpy as np
import onnx
import onnxruntime
from onnxmltools.convert import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType

import spec

# Strong regularisation on purpose: the hour's temperature and pressure all but identify
# the training day, and small leaves would learn days by heart.
PARAMETERS = {
    "objective": "binary",
    "num_leaves": 31,
    "min_data_in_leaf": 1000,
    "learning_rate": 0.1,
    "feature_fraction": 0.6,
    "lambda_l2": 10.0,
    "seed": spec.SEED,
    # One thread, one histogram layout: sums of floats in one order, hence the same trees.
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}
TREES = 100
OPSETS = {"": 15, "ai.onnx.ml": 3}
IR_VERSION = 8


def train(features: np.ndarray, late: np.ndarray) -> lightgbm.Booster:
    """Gradient-boosted trees on the float32 matrix."""
    data = lightgbm.Dataset(features, label=late, feature_name=spec.feature_names())
    return lightgbm.train(PARAMETERS, data, num_boost_round=TREES)


def floor_to_float32(value: float) -> float:
    """The largest float32 that is not greater than `value`."""
    rounded = np.float32(value)
    if float(rounded) > value:
        rounded = np.nextafter(rounded, np.float32(-np.inf))
    return float(rounded)


def with_float32_thresholds(booster: lightgbm.Booster) -> lightgbm.Booster:
    """The same trees with thresholds that a float32 holds exactly.

    LightGBM splits at double thresholds, ONNX stores floats, and the converter rounds to
    the nearest one. Where that rounds up, a feature between the two takes the other branch
    (seen here: 622 of 3,000 splits round up, which changes 179 of 327,346 flights by up to
    0.023). For a float32 `x`, `x <= t` equals `x <= floor32(t)`: rounding *down* is exact.
    """
    def floored(line: re.Match[str]) -> str:
        values = (floor_to_float32(float(text)) for text in line[1].split())
        return "threshold=" + " ".join(repr(value) for value in values)

    text = booster.model_to_string()
    text = re.sub(r"^threshold=(.*)$", floored, text, flags=re.MULTILINE)
    # The text format states each tree's length in bytes; without the line it is parsed whole.
    text = re.sub(r"^tree_sizes=.*\n", "", text, flags=re.MULTILINE)
    return lightgbm.Booster(model_str=text)


def to_onnx(booster: lightgbm.Booster) -> onnx.ModelProto:
    """The classifier as one TreeEnsembleClassifier: `input` to `label` and `probabilities`.

    The converter's node is taken as it is, without the operators that it puts behind it
    (two Identity, a Cast from int64 to int64, a product with 1) and without the optional
    hit rates, which are all 1. Random names and the producer's version are left out too.
    """
    width = len(spec.feature_names())
    exported = convert_lightgbm(
        with_float32_thresholds(booster),
        name="flights_delay",
        initial_types=[("input", FloatTensorType([None, width]))],
        target_opset=OPSETS[""],
        zipmap=False,
    )
    (trees,) = [n for n in exported.graph.node if n.op_type == "TreeEnsembleClassifier"]
    (hit_rates,) = [a for a in trees.attribute if a.name == "nodes_hitrates"]
    trees.attribute.remove(hit_rates)
    trees.name = "trees"
    del trees.output[:]
    trees.output.extend(["label", "probabilities"])
    graph = onnx.helper.make_graph(
        [trees],
        "flights_delay",
        [tensor("input", onnx.TensorProto.FLOAT, ["N", width])],
        [
            tensor("label", onnx.TensorProto.INT64, ["N"]),
            tensor("probabilities", onnx.TensorProto.FLOAT, ["N", len(spec.LABELS)]),
        ],
    )
    opsets = [onnx.helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    simple = onnx.helper.make_model(
        graph, producer_name="driftline-examples-flights", opset_imports=opsets
    )
    simple.ir_version = IR_VERSION
    onnx.checker.check_model(simple, full_check=True)
    return simple


def tensor(name: str, kind: int, shape: list[int | str]) -> onnx.ValueInfoProto:
    """A graph input or output; a string in the shape is a dimension that varies."""
    return onnx.helper.make_tensor_value_info(name, kind, shape)


def predict_python(booster: lightgbm.Booster, features: np.ndarray) -> np.ndarray:
    """LightGBM's own probability of `late`, in float64."""
    return booster.predict(features, num_threads=1)


def predict_onnx(exported: onnx.ModelProto, features: np.ndarray) -> np.ndarray:
    """ONNX Runtime's probabilities, one column per label, as it returns them."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        exported.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(["probabilities"], {"input": features})[0]
