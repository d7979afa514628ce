"""scikit-learn pipelines on flights: words, numbers and real gaps, one ONNX input per column."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, OrdinalEncoder, StandardScaler

import zoo_data as data
from zoo_model import Exported, ZooModel, native_answer, quiet, to_onnx

NUMBERS, WORDS = list(data.NUMBERS), list(data.WORDS)


def column_types() -> list[tuple[str, Any]]:
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    numbers = [(name, FloatTensorType([None, 1])) for name in NUMBERS]
    return numbers + [(name, StringTensorType([None, 1])) for name in WORDS]


def column_inputs(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    numbers = {name: frame[[name]].to_numpy(np.float32) for name in NUMBERS}
    return numbers | {name: frame[[name]].to_numpy(str) for name in WORDS}


def preparation(words: Any, numbers: Any | None = None) -> ColumnTransformer:
    filled = numbers or make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    return ColumnTransformer([("numbers", filled, NUMBERS), ("words", words, WORDS)])


def build(model: Pipeline, target: Callable[[pd.DataFrame], np.ndarray], **options: Any) -> Exported:
    train, test = data.flight_parts()
    known = test[test[WORDS].isin({w: set(train[w]) for w in WORDS}).all(axis=1)]
    quiet(lambda: model.fit(train[NUMBERS + WORDS], target(train)))
    exported = to_onnx(model, column_types(), **options)
    inputs = column_inputs(known)
    return Exported(exported, inputs, native_answer(model, known[NUMBERS + WORDS]))


def delay(frame: pd.DataFrame) -> np.ndarray:
    return frame["arr_delay"].to_numpy()


def punctuality(frame: pd.DataFrame) -> np.ndarray:
    return np.where(data.late(frame) == 1, "late", "on time").astype(object)


def onehot() -> OneHotEncoder:
    return OneHotEncoder(handle_unknown="ignore", sparse_output=False)


def flight_models() -> Iterator[tuple[str, str, Callable[[], Exported]]]:
    forest = {"n_estimators": 40, "max_depth": 8, "random_state": data.SEED, "n_jobs": 1}
    yield (
        "flights_onehot_logreg",
        "classifier",
        lambda: build(make_pipeline(preparation(onehot()), LogisticRegression(max_iter=500)), punctuality),
    )
    yield (
        "flights_ordinal_forest",
        "classifier",
        lambda: build(
            make_pipeline(preparation(OrdinalEncoder()), RandomForestClassifier(**forest)), data.late
        ),
    )
    yield (
        "flights_kbins_ridge",
        "regressor",
        lambda: build(
            make_pipeline(
                preparation(
                    onehot(),
                    make_pipeline(
                        SimpleImputer(),
                        KBinsDiscretizer(4, encode="ordinal", quantile_method="averaged_inverted_cdf"),
                    ),
                ),
                Ridge(),
            ),
            delay,
        ),
    )
    yield (
        "flights_onehot_gbr",
        "regressor",
        lambda: build(
            make_pipeline(
                preparation(onehot(), SimpleImputer(strategy="mean")),
                GradientBoostingRegressor(n_estimators=40, random_state=data.SEED),
            ),
            delay,
        ),
    )


def text_model(vectorizer: Any, classifier: Any) -> Exported:
    from skl2onnx.common.data_types import StringTensorType

    words, labels, test = data.sentences()
    model = make_pipeline(vectorizer, classifier)
    quiet(lambda: model.fit(words, labels))
    # onnxruntime looks the locale up on the machine; the default, en_US, is often not installed.
    steps = {id(vectorizer): {"locale": "C"}}
    exported = to_onnx(model, [("text", StringTensorType([None, 1]))], steps=steps)
    return Exported(exported, {"text": np.array(test)[:, None]}, native_answer(model, test))


def text_models() -> Iterator[tuple[str, str, Callable[[], Exported]]]:
    token = r"[a-zA-Z]+"
    yield (
        "tfidf_logreg",
        "classifier",
        lambda: text_model(TfidfVectorizer(token_pattern=token), LogisticRegression(max_iter=300)),
    )
    yield (
        "count_bigrams_nb",
        "classifier",
        lambda: text_model(
            CountVectorizer(ngram_range=(1, 2), max_features=800, token_pattern=token), MultinomialNB()
        ),
    )


def models() -> Iterator[ZooModel]:
    for name, kind, make in (*flight_models(), *text_models()):
        yield ZooModel(name, "scikit-learn", kind, make)
