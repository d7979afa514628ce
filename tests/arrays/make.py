"""Writes a small network over an image and an embedding, rows for it, and what onnxruntime answers
after Pillow has prepared the image.

    pip install 'pillow<13' numpy onnx onnxruntime && python tests/arrays/make.py

writes model.onnx, rows.jsonl and expected.csv beside this file. crates/cli/tests/arrays.rs,
tests/node/arrays.test.mjs and tests/e2e/arrays.test.mjs read them.
"""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

HERE = Path(__file__).parent
RNG = np.random.default_rng(5)
SIDE, EMBEDDING, HIDDEN, CLASSES = 8, 4, 6, 3
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def weights(name: str, *shape: int) -> onnx.TensorProto:
    return numpy_helper.from_array(RNG.normal(0, 0.3, shape).astype(np.float32), name)


def model() -> onnx.ModelProto:
    width = 3 * SIDE * SIDE + EMBEDDING
    nodes = [
        helper.make_node("Flatten", ["pixels"], ["flat"], axis=1),
        helper.make_node("Concat", ["flat", "profile"], ["all"], axis=1),
        helper.make_node("Gemm", ["all", "w1", "b1"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Gemm", ["r", "w2", "b2"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["scores"], axis=1),
    ]
    parts = [weights("w1", width, HIDDEN), weights("b1", HIDDEN)]
    parts += [weights("w2", HIDDEN, CLASSES), weights("b2", CLASSES)]
    ports = {"pixels": [None, 3, SIDE, SIDE], "profile": [None, EMBEDDING]}
    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in ports.items()]
    output = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, CLASSES])
    graph = helper.make_graph(nodes, "arrays", inputs, [output], parts)
    opset = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opset, ir_version=9)


def photo(height: int, width: int) -> np.ndarray:
    """RGBA, as a canvas gives it."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [x * 255 / width, (x // 2 + y // 3) % 2 * 240.0, RNG.integers(0, 256, (height, width))]
    alpha = np.full((height, width), 255.0)
    return np.stack([*planes, alpha], axis=-1).astype(np.uint8)


def prepared(image: np.ndarray) -> np.ndarray:
    planes = [
        np.asarray(Image.fromarray(np.ascontiguousarray(image[..., c]), "L").resize((SIDE, SIDE), 2))
        for c in range(3)
    ]
    scaled = (np.stack(planes, axis=-1) / 255 - MEAN) / STD
    return scaled.transpose(2, 0, 1).astype(np.float32)


net = model()
onnx.checker.check_model(net)
session = onnxruntime.InferenceSession(net.SerializeToString())
(HERE / "model.onnx").write_bytes(net.SerializeToString())
lines, scores = [], ["p_cat,p_dog,p_none"]
for height, width in [(8, 8), (9, 12), (16, 5), (3, 3), (20, 11), (8, 1), (1, 8), (13, 13)]:
    image = photo(height, width)
    profile = RNG.normal(0, 1, EMBEDDING).astype(np.float32)
    lines.append(json.dumps({"photo": image.tolist(), "profile": [float(x) for x in profile]}))
    feeds = {"pixels": prepared(image)[None], "profile": profile[None]}
    scores.append(",".join(repr(float(p)) for p in session.run(None, feeds)[0][0]))
(HERE / "rows.jsonl").write_text("\n".join(lines) + "\n")
(HERE / "expected.csv").write_text("\n".join(scores) + "\n")
