"""Trains a scikit-learn pipeline whose preprocessing goes into the ONNX graph, one input a column.

    pip install scikit-learn==1.9.1 skl2onnx==1.20.0 onnxruntime pandas && python make.py

writes model.onnx, rows.csv and expected.csv beside this file, which crates/cli/tests/columns.rs reads.
"""

from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

HERE = Path(__file__).parent
RNG = np.random.default_rng(3)
N = 400

frame = pd.DataFrame(
    {
        "age": RNG.integers(18, 90, N).astype(float),
        "income": np.round(RNG.gamma(2.0, 20_000.0, N), 2),
        "visits": RNG.poisson(3.0, N),
    }
)
late = frame["age"] / 20 + frame["visits"] - frame["income"] / 20_000 + RNG.normal(0, 1, N) > 3
label = np.where(late, "yes", "no")
columns = ColumnTransformer(
    [("standard", StandardScaler(), ["age", "income"]), ("range", MinMaxScaler(), ["visits"])]
)
model = make_pipeline(columns, LogisticRegression()).fit(frame, label)
onnx = convert_sklearn(
    model,
    initial_types=[
        ("age", FloatTensorType([None, 1])),
        ("income", FloatTensorType([None, 1])),
        ("visits", Int64TensorType([None, 1])),
    ],
    options={id(model): {"zipmap": False}},
    target_opset=17,
)
(HERE / "model.onnx").write_bytes(onnx.SerializeToString())
rows = frame.head(50)
rows.to_csv(HERE / "rows.csv", index=False)
session = onnxruntime.InferenceSession(onnx.SerializeToString())
feeds = {
    "age": rows[["age"]].to_numpy(np.float32),
    "income": rows[["income"]].to_numpy(np.float32),
    "visits": rows[["visits"]].to_numpy(np.int64),
}
theirs = session.run(["probabilities"], feeds)[0]
scores = model.predict_proba(rows)
print("onnxruntime and scikit-learn differ by", np.abs(theirs - scores).max())
pd.DataFrame(scores, columns=["p_no", "p_yes"]).to_csv(HERE / "expected.csv", index=False)
print([n.op_type for n in onnx.graph.node])
