"""Trains preprocessing with scikit-learn and records contracts, rows and features.

    pip install scikit-learn==1.9.1 pandas numpy && python tests/vectors/make_sklearn.py

writes tests/vectors/sklearn.json, which tests/preprocess_sklearn.rs reads.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

RNG = np.random.default_rng(7)
ROWS = 200


def numbers(missing: bool = True, positive: bool = False) -> pd.DataFrame:
    x = RNG.gamma(2.0, 3.0, ROWS) if positive else RNG.normal(3.0, 8.0, ROWS)
    x = np.round(x, 4) + (0.001 if positive else 0.0)
    if missing:
        x[RNG.random(ROWS) < 0.15] = np.nan
    return pd.DataFrame({"x": x})


def categories(missing: bool, extra: list[str]) -> pd.DataFrame:
    pool = ["red", "green", "blue", "São Tomé", "日本"] + extra
    x = RNG.choice(pool, ROWS).astype(object)
    if missing:
        x[RNG.random(ROWS) < 0.15] = np.nan
    return pd.DataFrame({"x": pd.Series(x, dtype=object)})


def case(name: str, kind: dict, steps: list, rows: pd.DataFrame, expected) -> dict:
    if hasattr(expected, "toarray"):
        expected = expected.toarray()
    values = [None if pd.isna(v) else v for v in rows["x"]]
    return {
        "name": name,
        "contract": {
            "format": "driftline.contract/1",
            "name": "sklearn",
            "inputs": [{"name": "x", **kind}],
            "features": [{"name": "x", "from": "x", "steps": steps}],
            "tensors": [{"name": "t", "dtype": "float64", "features": ["x"]}],
        },
        "values": values,
        "expected": np.asarray(expected, dtype=float).tolist(),
    }


def cases():
    number = {"type": "number", "missing": "impute"}
    whole = {"type": "number"}
    for strategy in ("mean", "median", "most_frequent"):
        imputer = SimpleImputer(strategy=strategy).fit(numbers())
        value = float(imputer.statistics_[0])
        scaler = StandardScaler().fit(imputer.transform(numbers()))
        rows = numbers()
        yield case(
            f"impute {strategy}, standard scale",
            number,
            [
                {"impute": {"value": value, "strategy": strategy}},
                {"standard_scale": {"mean": float(scaler.mean_[0]), "scale": float(scaler.scale_[0])}},
            ],
            rows,
            scaler.transform(imputer.transform(rows)),
        )
    scaler = MinMaxScaler().fit(numbers(False))
    rows = numbers(False)
    yield case("min-max scale", whole, [{"min_max_scale": {
        "minimum": float(scaler.data_min_[0]), "maximum": float(scaler.data_max_[0])}}],
        rows, scaler.transform(rows))
    scaler = RobustScaler().fit(numbers(False))
    yield case("robust scale", whole, [{"robust_scale": {
        "center": float(scaler.center_[0]), "scale": float(scaler.scale_[0])}}],
        rows, scaler.transform(rows))
    for method, positive in (("yeo-johnson", False), ("box-cox", True)):
        power = PowerTransformer(method=method).fit(numbers(False, positive))
        rows = numbers(False, positive)
        step = {method.replace("-", "_"): {"lambda": float(power.lambdas_[0])}}
        scale = power._scaler
        yield case(f"power {method}", whole, [step, {"standard_scale": {
            "mean": float(scale.mean_[0]), "scale": float(scale.scale_[0])}}],
            rows, power.transform(rows))
    for output in ("uniform", "normal"):
        q = QuantileTransformer(n_quantiles=50, output_distribution=output).fit(numbers(False))
        rows = numbers(False)
        yield case(f"quantile {output}", whole, [{"quantile": {
            "quantiles": q.quantiles_[:, 0].tolist(), "output": output}}], rows, q.transform(rows))
    for encode in ("ordinal", "onehot-dense"):
        bins = KBinsDiscretizer(n_bins=6, encode=encode, quantile_method="averaged_inverted_cdf").fit(numbers(False))
        rows = numbers(False)
        steps = [{"bins": {"edges": bins.bin_edges_[0].tolist()}}]
        if encode != "ordinal":
            steps.append({"one_hot": {}})
        yield case(f"bins {encode}", whole, steps, rows, bins.transform(rows))

    train = categories(False, [])
    known = sorted(train["x"].unique())
    open_set = {"type": "category", "values": known, "unseen": "encode"}
    rows = categories(False, ["new", "Red"])
    encoder = OneHotEncoder(handle_unknown="ignore").fit(train)
    yield case("one-hot, unknown ignored", open_set, [{"one_hot": {
        "categories": encoder.categories_[0].tolist(), "unseen": "zeros"}}], rows, encoder.transform(rows))
    encoder = OneHotEncoder(drop="first").fit(train)
    rows_known = categories(False, [])
    yield case("one-hot, first dropped", {"type": "category", "values": known}, [{"one_hot": {
        "categories": encoder.categories_[0].tolist(), "drop": encoder.categories_[0][0]}}],
        rows_known, encoder.transform(rows_known))
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1).fit(train)
    yield case("ordinal, unknown −1", open_set, [{"ordinal": {
        "categories": encoder.categories_[0].tolist(), "unseen": -1.0}}], rows, encoder.transform(rows))
    pipe = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="missing"),
        OneHotEncoder(handle_unknown="ignore"),
    ).fit(categories(True, []))
    rows = categories(True, ["new"])
    yield case("impute a category, one-hot", {**open_set, "missing": "impute"}, [
        {"impute": {"value": "missing"}},
        {"one_hot": {"categories": pipe[-1].categories_[0].tolist(), "unseen": "zeros"}}],
        rows, pipe.transform(rows))
    target = RNG.random(ROWS) + (train["x"] == "red") * 2
    encoder = TargetEncoder(target_type="continuous", random_state=0).fit(train, target)
    rows = categories(False, ["new"])
    yield case("target", open_set, [{"map": {
        "categories": encoder.categories_[0].tolist(),
        "values": encoder.encodings_[0].tolist(), "unseen": float(encoder.target_mean_)}}],
        rows, encoder.transform(rows))

    words = ["delay", "Wetter", "gate B12", "crew", "no_show", "日本 行き", "a", "late late", "Été", "x-ray"]
    texts = pd.DataFrame({"x": [" ".join(RNG.choice(words, RNG.integers(1, 6))) for _ in range(ROWS)]})
    for analyzer, ngrams in (("word", (1, 2)), ("char", (2, 3))):
        hasher = HashingVectorizer(analyzer=analyzer, ngram_range=ngrams, n_features=64)
        yield case(f"hashed {analyzer} n-grams", {"type": "text"}, [{"hash_tokens": {
            "tokens": "words" if analyzer == "word" else "characters",
            "ngrams": list(ngrams), "buckets": 64}}], texts, hasher.transform(texts["x"]))


def main() -> None:
    found = list(cases())
    out = {"format": "driftline.vectors.sklearn/1", "scikit-learn": sklearn.__version__, "cases": found}
    path = Path(__file__).with_name("sklearn.json")
    path.write_text(json.dumps(out, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(f"{len(found)} cases, {path.stat().st_size} bytes")


main()
