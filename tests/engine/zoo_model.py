"""What a zoo model is, and how scikit-learn's become ONNX."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx

OPSETS = {"": 18, "ai.onnx.ml": 3}


@dataclass(frozen=True)
class Exported:
    model: onnx.ModelProto
    inputs: dict[str, np.ndarray]
    #: What the training framework itself predicts for the inputs, if asked.
    native: np.ndarray | None = None


@dataclass(frozen=True)
class ZooModel:
    name: str
    framework: str
    kind: str
    build: Callable[[], Exported]
    #: Named in the speed comparison.
    speed: bool = False


def quiet(run: Callable[[], Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return run()


def to_onnx(
    model: Any,
    types: list[tuple[str, Any]],
    zipmap: bool = False,
    opsets: dict[str, int] | None = None,
    steps: dict[int, dict[str, Any]] | None = None,
) -> onnx.ModelProto:
    """`steps` gives converter options to single estimators, by id."""
    from skl2onnx import convert_sklearn
    from sklearn.base import is_classifier

    def convert(chosen: dict[int, dict[str, Any]]) -> onnx.ModelProto:
        target = opsets or OPSETS
        return quiet(lambda: convert_sklearn(model, initial_types=types, options=chosen, target_opset=target))

    plain = dict(steps or {})
    if zipmap or not is_classifier(model):
        return convert(plain)
    try:
        return convert(plain | {id(model): {"zipmap": False}})
    except NameError:
        # LinearSVC's converter knows no such option, and fails in a pipeline without one of its own.
        return convert(plain | {id(last_step(model)): {"raw_scores": True}})


def last_step(model: Any) -> Any:
    return model.steps[-1][1] if hasattr(model, "steps") else model


def float_input(columns: int) -> list[tuple[str, Any]]:
    from skl2onnx.common.data_types import FloatTensorType

    return [("X", FloatTensorType([None, columns]))]


def native_answer(model: Any, x: Any) -> np.ndarray | None:
    answer = getattr(model, "predict", None) or getattr(model, "transform", None)
    return None if answer is None else np.asarray(quiet(lambda: answer(x)))


def fitted_on(model: Any, table: Any, **options: Any) -> Exported:
    """Fit on a table of numbers and export with one float input `X`."""
    quiet(lambda: model.fit(table.train_x, table.train_y))
    exported = to_onnx(model, float_input(table.train_x.shape[1]), **options)
    return Exported(exported, {"X": table.test_x}, native_answer(model, table.test_x))
