"""XGBoost, LightGBM and CatBoost models, most of them on flights with their real gaps."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx

import zoo_data as data
from zoo_model import Exported, ZooModel, quiet

SEED = data.SEED
#: The highest that onnxmltools takes; ai.onnx.ml follows from it.
OPSET = 15
cancer, diabetes = partial(data.bundled, "breast_cancer"), partial(data.bundled, "diabetes")
lateness, delays = partial(data.flights, "lateness"), partial(data.flights, "delay")


def float_type(columns: int) -> list[tuple[str, Any]]:
    from onnxmltools.convert.common.data_types import FloatTensorType

    return [("X", FloatTensorType([None, columns]))]


def finish(
    convert: Callable[..., onnx.ModelProto], model: Any, table: data.Table, **options: Any
) -> Exported:
    types = float_type(table.train_x.shape[1])
    exported = quiet(lambda: convert(model, initial_types=types, target_opset=OPSET, **options))
    native = np.asarray(quiet(lambda: model.predict(table.test_x)))
    return Exported(exported, {"X": table.test_x}, native)


def xgboost(maker: str, table: data.Table, **parameters: Any) -> Exported:
    import xgboost as library
    from onnxmltools import convert_xgboost

    model = getattr(library, maker)(random_state=SEED, n_jobs=1, **parameters)
    fit: dict[str, Any] = {}
    if maker == "XGBRanker":
        fit["qid"] = np.arange(len(table.train_x)) // 100
    model.fit(table.train_x, table.train_y, **fit)
    if maker == "XGBRanker":
        model = as_regressor(model)
    return finish(convert_xgboost, model, table)


def as_regressor(ranker: Any) -> Any:
    """onnxmltools converts no XGBRanker; its score is the plain sum of its trees, as a regressor's."""
    import xgboost as library

    regressor = library.XGBRegressor()
    regressor.load_model(ranker.get_booster().save_raw("json"))
    return regressor


def lightgbm(
    maker: str, table: data.Table, categories: list[int] | None = None, **parameters: Any
) -> Exported:
    import lightgbm as library
    from onnxmltools import convert_lightgbm

    options = {"random_state": SEED, "n_jobs": 1, "verbose": -1, "deterministic": True}
    model = getattr(library, maker)(**options, **parameters)
    fit: dict[str, Any] = {"categorical_feature": categories} if categories else {}
    if maker == "LGBMRanker":
        fit["group"] = [100] * (len(table.train_x) // 100)
    quiet(lambda: model.fit(table.train_x, table.train_y, **fit))
    zipmap = {"zipmap": False} if maker == "LGBMClassifier" else {}
    return finish(convert_lightgbm, model, table, **zipmap)


def catboost(maker: str, table: data.Table, **parameters: Any) -> Exported:
    import catboost as library

    options = {"random_seed": SEED, "thread_count": 1, "verbose": False, "allow_writing_files": False}
    model = getattr(library, maker)(**options, **parameters)
    model.fit(table.train_x, table.train_y)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        model.save_model(str(path), format="onnx")
        exported = onnx.load(path)
    name = exported.graph.input[0].name
    return Exported(exported, {name: table.test_x}, np.asarray(model.predict(table.test_x)))


def relevance() -> data.Table:
    """Ranking: flights of a query of 100, the late ones being the relevant ones."""
    return lateness()


def xgboost_models() -> Iterator[ZooModel]:
    def entry(name: str, kind: str, maker: str, table: Callable[[], Any], **parameters: Any) -> ZooModel:
        return ZooModel(
            name, "xgboost", kind, lambda: xgboost(maker, table(), **parameters), name == "xgb200"
        )

    yield entry("xgb200", "classifier", "XGBClassifier", data.flights, n_estimators=200, max_depth=6)
    yield entry("xgb_binary_small", "classifier", "XGBClassifier", cancer, n_estimators=30, max_depth=3)
    yield entry("xgb_multi", "classifier", "XGBClassifier", lateness, n_estimators=40, max_depth=5)
    yield entry("xgb_regressor", "regressor", "XGBRegressor", delays, n_estimators=80, max_depth=6)
    gamma = {"objective": "reg:gamma", "n_estimators": 30, "max_depth": 3}
    yield entry("xgb_gamma_regressor", "regressor", "XGBRegressor", diabetes, **gamma)
    poisson = {"objective": "count:poisson", "n_estimators": 30, "max_depth": 3}
    yield entry("xgb_poisson_regressor", "regressor", "XGBRegressor", diabetes, **poisson)
    dart = {"booster": "dart", "rate_drop": 0.1, "n_estimators": 20, "max_depth": 4}
    yield entry("xgb_dart", "classifier", "XGBClassifier", data.flights, **dart)
    forest = {"n_estimators": 40, "max_depth": 6}
    yield entry("xgb_random_forest", "classifier", "XGBRFClassifier", data.flights, **forest)
    yield entry("xgb_ranker", "ranker", "XGBRanker", relevance, n_estimators=40, max_depth=4)


def lightgbm_models() -> Iterator[ZooModel]:
    def entry(name: str, kind: str, maker: str, table: Callable[[], Any], **parameters: Any) -> ZooModel:
        fast = name in ("lgbm200", "lgbm200x4")
        return ZooModel(name, "lightgbm", kind, lambda: lightgbm(maker, table(), **parameters), fast)

    def categorical(name: str, kind: str, maker: str, **parameters: Any) -> ZooModel:
        def build() -> Exported:
            table, columns = data.coded_flights()
            return lightgbm(maker, table, columns, **parameters)

        return ZooModel(name, "lightgbm", kind, build)

    yield entry("lgbm200", "classifier", "LGBMClassifier", data.flights, n_estimators=200)
    yield entry("lgbm200x4", "classifier", "LGBMClassifier", lateness, n_estimators=200)
    yield entry("lgbm_binary_small", "classifier", "LGBMClassifier", cancer, n_estimators=30)
    yield entry("lgbm_multi_digits", "classifier", "LGBMClassifier", data.digits, n_estimators=15)
    yield entry("lgbm_regressor", "regressor", "LGBMRegressor", delays, n_estimators=100)
    poisson = {"objective": "poisson", "n_estimators": 30}
    yield entry("lgbm_poisson_regressor", "regressor", "LGBMRegressor", diabetes, **poisson)
    yield categorical("lgbm_categorical", "classifier", "LGBMClassifier", n_estimators=60)
    yield categorical("lgbm_categorical_regressor", "regressor", "LGBMRegressor", n_estimators=30)
    bagged = {"boosting_type": "rf", "subsample": 0.6, "subsample_freq": 1, "n_estimators": 30}
    yield entry("lgbm_random_forest", "classifier", "LGBMClassifier", data.flights, **bagged)


def catboost_models() -> Iterator[ZooModel]:
    def entry(name: str, kind: str, maker: str, table: Callable[[], Any], **parameters: Any) -> ZooModel:
        return ZooModel(name, "catboost", kind, lambda: catboost(maker, table(), **parameters))

    yield entry("catboost_binary", "classifier", "CatBoostClassifier", data.flights, iterations=100, depth=6)
    yield entry(
        "catboost_multi",
        "classifier",
        "CatBoostClassifier",
        lateness,
        iterations=50,
        depth=5,
        loss_function="MultiClass",
    )
    yield entry("catboost_regressor", "regressor", "CatBoostRegressor", delays, iterations=100, depth=6)


def models() -> Iterator[ZooModel]:
    yield from xgboost_models()
    yield from lightgbm_models()
    yield from catboost_models()
