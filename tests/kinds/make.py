"""Trains a regression, a ranking and a model of several labels on data that scikit-learn ships, and
writes what a team would hand over: the model, its contract, labelled rows for `driftline calibrate`,
rows to decide, and what onnxruntime answers to them.

    pip install scikit-learn skl2onnx onnxruntime pandas && python tests/kinds/make.py

writes a folder a kind beside this file. xtask/src/kinds.rs builds their packages;
tests/node/kinds.test.mjs and tests/e2e/kinds.test.mjs read them.
"""

from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
from skl2onnx import to_onnx
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.neural_network import MLPClassifier

HERE = Path(__file__).parent
RNG = np.random.default_rng(3)
DECIDED = 60


def contract(name: str, columns: list[str], outputs: str) -> str:
    inputs = "".join(f"  - {{name: {c}, type: number}}\n" for c in columns)
    features = "".join(f"  - {{name: {c}, from: {c}}}\n" for c in columns)
    return (
        f"format: driftline.contract/1\nname: {name}\ninputs:\n{inputs}features:\n{features}"
        f"tensors:\n  - {{name: X, dtype: float32, features: [{', '.join(columns)}]}}\n"
        f"outputs: {outputs}\n"
    )


def write(kind: str, model, x: pd.DataFrame, truth: pd.DataFrame, fit: int, outputs: str) -> None:
    """Fits on the first rows; the last are to decide; those between are labelled."""
    order = RNG.permutation(len(x))
    x, truth = x.iloc[order].astype(np.float32), truth.iloc[order]
    y = truth.to_numpy()
    model.fit(x.to_numpy()[:fit], y[:fit] if y.shape[1] > 1 else y[:fit, 0])
    options = {"zipmap": False} if hasattr(model, "predict_proba") else None
    net = to_onnx(model, x.to_numpy()[:1], target_opset=17, options=options).SerializeToString()
    folder = HERE / kind
    folder.mkdir(exist_ok=True)
    (folder / "model.onnx").write_bytes(net)
    (folder / "contract.yaml").write_text(contract(f"{kind}-example", list(x.columns), outputs))
    # the shortest decimals that are these binary32 numbers
    text = x.map(lambda v: str(np.float32(v)))
    pd.concat([text, truth], axis=1)[fit:-DECIDED].to_csv(folder / "labelled.csv", index=False)
    text[-DECIDED:].to_csv(folder / "rows.csv", index=False)
    session = onnxruntime.InferenceSession(net)
    scores = session.run(None, {"X": x.to_numpy()[-DECIDED:]})[-1]
    np.savetxt(folder / "expected.csv", scores.reshape(DECIDED, -1), delimiter=",", fmt="%.9g")


diabetes = load_diabetes(as_frame=True, scaled=False)
write(
    "regression",
    GradientBoostingRegressor(n_estimators=40, max_depth=2, random_state=0),
    diabetes.data,
    diabetes.target.to_frame("progress").astype(int),
    150,
    "{kind: regression, scores: variable}",
)
cancer = load_breast_cancer(as_frame=True)
means = [c for c in cancer.data.columns if c.startswith("mean ")]
write(
    "ranking",
    GradientBoostingRegressor(n_estimators=40, max_depth=2, random_state=0),
    cancer.data[means].rename(columns=lambda c: c.replace(" ", "_")),
    (1 - cancer.target).to_frame("malignant"),
    120,
    "{kind: ranking, scores: variable}",
)
digits = load_digits()
sums = digits.images.sum(axis=1), digits.images.sum(axis=2)
ink = {f"column_{i}": sums[0][:, i] for i in range(8)} | {f"row_{i}": sums[1][:, i] for i in range(8)}
labels = {
    "even": digits.target % 2 == 0,
    "above_four": digits.target > 4,
    "loop": np.isin(digits.target, [0, 6, 8, 9]),
}
write(
    "multilabel",
    MLPClassifier((16,), max_iter=800, random_state=0),
    pd.DataFrame(ink).drop(columns="column_0"),
    pd.DataFrame(labels).astype(int),
    800,
    "{kind: multilabel, labels: [even, above_four, loop], scores: probabilities}",
)
