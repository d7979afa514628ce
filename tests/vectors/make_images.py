"""Prepares images with Pillow, onnxruntime and NumPy, and records contracts, pixels and tensors.

    pip install 'pillow<13' numpy onnx onnxruntime && python tests/vectors/make_images.py

writes tests/vectors/images.json, which tests/preprocess_images.rs reads. Pillow is the reference of
`nearest` and `bilinear_antialias`, ONNX's Resize (half_pixel, linear) that of `bilinear`; crop,
normalisation and layout are NumPy's, with torchvision's formulas for the offsets and sizes. Pillow 13
begins with the cheaper of the two passes where earlier ones begin with the rows.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import PIL
from onnx import TensorProto, helper
from PIL import Image

RNG = np.random.default_rng(11)
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def photo(height: int, width: int, channels: int = 3) -> np.ndarray:
    """Edges, a slope and noise: what a filter can get wrong."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [
        (x * 255 / width + RNG.normal(0, 20, (height, width))),
        np.where((x // 3 + y // 4) % 2 == 0, 250, 5) + 0 * y,
        RNG.integers(0, 256, (height, width)),
        np.full((height, width), 200) - y,
    ]
    return np.clip(np.stack(planes[:channels], axis=-1), 0, 255).astype(np.uint8)


def pillow(image: np.ndarray, height: int, width: int, method: int) -> np.ndarray:
    """Each channel by itself: Pillow premultiplies alpha in RGBA."""
    size = (width, height)
    mode = "L" if image.dtype == np.uint8 else "F"
    planes = [
        np.asarray(Image.fromarray(np.ascontiguousarray(image[..., c]), mode).resize(size, method))
        for c in range(image.shape[-1])
    ]
    return np.stack(planes, axis=-1)


def half_pixel(image: np.ndarray, height: int, width: int) -> np.ndarray:
    node = helper.make_node(
        "Resize",
        ["x", "", "", "sizes"],
        ["y"],
        mode="linear",
        coordinate_transformation_mode="half_pixel",
    )
    nchw = image.astype(np.float32).transpose(2, 0, 1)[None]
    sizes = helper.make_tensor("sizes", TensorProto.INT64, [4], [1, image.shape[2], height, width])
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, nchw.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [sizes],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {"x": nchw})[0][0].transpose(1, 2, 0)


def crop(image: np.ndarray, height: int, width: int) -> np.ndarray:
    top = int(round((image.shape[0] - height) / 2.0))
    left = int(round((image.shape[1] - width) / 2.0))
    return image[top : top + height, left : left + width]


def shortest(image: np.ndarray, side: int) -> tuple[int, int]:
    h, w = image.shape[:2]
    short, long = (w, h) if w <= h else (h, w)
    new_long = int(side * long / short)
    return (new_long, side) if w <= h else (side, new_long)


def case(name: str, image: np.ndarray, steps: list, result: np.ndarray, tolerance: float, dtype: str = "float32", open_: bool = False) -> dict:
    return {
        "name": name,
        "dtype": str(image.dtype),
        "shape": list(image.shape),
        "declared": [None, None, image.shape[2]] if open_ else list(image.shape),
        "pixels": [float(x) if image.dtype != np.uint8 else int(x) for x in image.reshape(-1)],
        "steps": steps,
        "tensor": dtype,
        "expected_shape": list(result.shape),
        "expected": [float(x) for x in result.reshape(-1)],
        "tolerance": tolerance,
    }


def main() -> None:
    cases = []
    a = photo(13, 17)
    for height, width in [(7, 5), (26, 40), (13, 6), (1, 1), (29, 17)]:
        size = {"height": height, "width": width}
        for method, filter_ in [("nearest", Image.NEAREST), ("bilinear_antialias", Image.BILINEAR)]:
            steps = [{"resize": {**size, "method": method}}]
            result = pillow(a, height, width, filter_)
            cases.append(case(f"{method} {height}x{width} uint8", a, steps, result, 0.0, "uint8"))
        steps = [{"resize": {**size, "method": "bilinear"}}]
        result = half_pixel(a, height, width)
        # onnxruntime computes the coordinates in binary32
        cases.append(case(f"bilinear {height}x{width}", a, steps, result, 1e-3))
    b = (photo(11, 9) / 7).astype(np.float32)
    steps = [{"resize": {"height": 5, "width": 8, "method": "bilinear_antialias"}}]
    cases.append(case("bilinear_antialias float32", b, steps, pillow(b, 5, 8, Image.BILINEAR), 1e-5))
    rgba = photo(20, 31, 4)
    height, width = shortest(rgba, 12)
    rgb = pillow(rgba[..., :3], height, width, Image.BILINEAR)
    square = crop(rgb, 9, 10) / 255.0
    normal = ((square - MEAN) / STD).transpose(2, 0, 1)
    steps = [
        {"channels": {"take": [0, 1, 2]}},
        {"resize": {"shortest": 12, "method": "bilinear_antialias"}},
        {"center_crop": {"height": 9, "width": 10}},
        {"normalize": {"divisor": 255, "mean": MEAN, "std": STD}},
        {"channels_first": {}},
    ]
    cases.append(case("torchvision's ImageNet evaluation", rgba, steps, normal, 1e-6, open_=True))
    tall = photo(33, 14)
    height, width = shortest(tall, 10)
    result = crop(pillow(tall, height, width, Image.BILINEAR), 10, 10)[..., ::-1] / 127.5 - 1.0
    steps = [
        {"resize": {"shortest": 10, "method": "bilinear_antialias"}},
        {"center_crop": {"height": 10, "width": 10}},
        {"channels": {"take": [2, 1, 0]}},
        {"normalize": {"divisor": 127.5, "mean": [1]}},
    ]
    cases.append(case("BGR in [-1, 1]", tall, steps, result, 1e-6, open_=True))
    for rest in range(1, 8):
        c = photo(4 + rest, 3 + 2 * rest, 1)
        steps = [{"center_crop": {"height": 4, "width": 3}}]
        cases.append(case(f"crop, {rest} rows over", c, steps, crop(c, 4, 3), 0.0, "uint8"))
    text = json.dumps(
        {
            "format": "driftline.vectors.images/1",
            "versions": {"pillow": PIL.__version__, "numpy": np.__version__, "onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__},
            "cases": cases,
        }
    )
    Path(__file__).with_name("images.json").write_text(text + "\n")
    print(len(cases), "cases,", len(text), "bytes")


if __name__ == "__main__":
    main()
