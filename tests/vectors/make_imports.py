"""Asks Great Expectations, pandera, MLflow and TensorFlow Data Validation what they say of rows under the sample files of
crates/cli/tests/peers, and records it.

    pip install great_expectations==1.24.1 'pandera[io]==0.35.0' pandas==3.1.1
    python tests/vectors/make_imports.py great_expectations pandera
    pip install mlflow==3.17.2 && python tests/vectors/make_imports.py mlflow
    pip install tensorflow-data-validation==1.16.1 dill    # Python 3.10
    python tests/vectors/make_imports.py tensorflow_data_validation

writes tests/vectors/imports/LIBRARY.json, which crates/cli/tests/import.rs reads: the sample is
imported, and the contract must say the same of the same rows. A row is one record with the types that
JSON gives; the frame of that one row has the column types that pandas infers from the good row.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent
PEERS = HERE.parent.parent / "crates/cli/tests/peers"

GOOD = {
    "account_id": 9007199254740993,
    "age": 18,
    "amount": 11.25,
    "country": "FR",
    "channel": "web",
    "opened": "2024-01-01 00:00:00",
    "closed": "2024-01-02 00:00:00",
    "email": "u0@example.org",
    "is_new": False,
    "label": 0,
}
ABSENT = object()

# what is changed of the good row; none is a missing value
CHANGES: list[dict] = [
    {},
    *({"age": v} for v in (17, 19, 119, 120, 121, -1, 2**53 + 1, None, ABSENT, 18.5, "18", True)),
    *({"amount": v} for v in (0.0, -0.0, 5e-324, -1.0, 1e308, None, ABSENT, 7, "7")),
    *({"country": v} for v in ("DE", "São Tomé", "Sa\u0303o Tomé", "日本", "fr", "", "IT", None, ABSENT)),
    *({"email": v} for v in ("a@b", "a@b ", "a b@c", "@", "x a@b", "a@b\n", "", None, ABSENT)),
    *({"opened": v} for v in ("2024-01-02 00:00:00", "2024-01-02 00:00:01", "2024-1-1 0:0:0")),
    *({"opened": v} for v in ("2024-01-01", "2024-01-01T00:00:00", "2024-02-30 00:00:00", "x", None)),
    {"opened": None, "closed": None},
    {"closed": None},
    {"closed": "2023-12-31 00:00:00"},
    {"channel": "shop"},
    {"channel": ABSENT},
    {"is_new": True},
    {"is_new": ABSENT},
    {"label": ABSENT},
    {"account_id": ABSENT},
    {"more": 1},
]


def rows(good: dict) -> list[dict]:
    changed = ({**good, **change} for change in CHANGES)
    return [{k: v for k, v in row.items() if v is not ABSENT} for row in changed]


def frame(row: dict, good: dict) -> pd.DataFrame:
    """One row; a missing value stands in a column of the type that the good value has."""
    columns = {}
    for name, value in row.items():
        like = good.get(name)
        if value is None and isinstance(like, float):
            columns[name] = pd.Series([None], dtype="float64")
        elif value is None or isinstance(value, str):
            columns[name] = pd.Series([value], dtype="object")
        else:
            columns[name] = pd.Series([value])
    return pd.DataFrame(columns)


def great_expectations() -> list[dict]:
    import great_expectations as gx

    # about many rows, or under a condition: the import lists them
    left = {9, 11, 12, 13}
    suite = json.loads((PEERS / "ge_suite.json").read_text())
    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("p").add_dataframe_asset("a")
    batches = asset.add_batch_definition_whole_dataframe("b")

    def named(kind: str) -> type:
        return getattr(gx.expectations, "".join(part.title() for part in kind.split("_")))

    carried = []
    for at, item in enumerate(suite["expectations"]):
        if at not in left:
            kind = named(item["type"])
            carried.append((kind(**item["kwargs"]), item.get("severity") == "warning"))

    recorded = []
    for row in rows(GOOD):
        batch = batches.get_batch(batch_parameters={"dataframe": frame(row, GOOD)})
        refused = warned = raised = False
        for expectation, warning in carried:
            result = batch.validate(expectation)
            # an expectation on a column that is not there raises, and counts as failed
            raised |= bool(result.exception_info and "raised_exception': True" in str(result.exception_info))
            refused |= not result.success and not warning
            warned |= not result.success and warning
        recorded.append({"row": row, "refused": refused, "warned": warned, "raised": raised})
    return recorded


def pandera() -> list[dict]:
    import pandera.errors
    from pandera.io import pandas_io

    schema = pandas_io.from_yaml(PEERS / "pandera_schema.yaml")
    # the schema's column `opened` holds instants, which JSON writes as text
    good = {**GOOD, "opened": "2024-01-01T00:00:00Z"}
    recorded = []
    for row in rows(good):
        table = frame(row, good)
        for name in ("country", "email"):
            if name in table and isinstance(row[name], str):
                table[name] = table[name].astype("string[python]")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                schema.validate(table, lazy=True)
                refused = False
            except (pandera.errors.SchemaErrors, pandera.errors.SchemaError):
                refused = True
        warned = any("greater_than" in str(w.message) for w in caught)
        recorded.append({"row": row, "refused": refused, "warned": warned, "raised": False})
    return recorded


def mlflow() -> list[dict]:
    from mlflow.exceptions import MlflowException
    from mlflow.models import Model
    from mlflow.models.utils import _enforce_schema

    schema = Model.load(PEERS / "MLmodel").signature.inputs
    good = {**GOOD, "opened": "2024-01-01T00:00:00Z"}
    recorded = []
    for row in rows(good):
        table = frame(row, good)
        instant = table.get("opened")
        if instant is not None and row["opened"] is None:
            table["opened"] = pd.Series([pd.NaT], dtype="datetime64[ns]")
        elif instant is not None and row["opened"].endswith("Z"):
            table["opened"] = pd.to_datetime(instant).dt.tz_localize(None)
        try:
            _enforce_schema(table, schema)
            refused = False
        except MlflowException:
            refused = True
        recorded.append({"row": row, "refused": refused, "warned": False, "raised": False})
    return recorded


def tensorflow_data_validation() -> list[dict]:
    import tensorflow_data_validation as tfdv
    from tensorflow_metadata.proto.v0 import anomalies_pb2

    schema = tfdv.load_schema_text(str(PEERS / "tfdv_schema.pbtxt"))
    # many rows are the collector's: as the import, this leaves them out
    for feature in schema.feature:
        if feature.presence.min_fraction < 1:
            feature.ClearField("presence")
        for clause in ("skew_comparator", "drift_comparator", "distribution_constraints"):
            feature.ClearField(clause)
    # the columns that serving has; its only boolean is an integer of 0 and 1
    good = {**GOOD, "is_new": 0}
    del good["label"]
    changes = [{k: int(v) if k == "is_new" and v is not ABSENT else v for k, v in c.items()} for c in CHANGES]
    changes += [{"is_new": 2}, {"is_new": -1}]
    new = anomalies_pb2.AnomalyInfo.SCHEMA_NEW_COLUMN
    recorded = []
    for change in changes:
        row = {k: v for k, v in {**good, **change}.items() if v is not ABSENT}
        table = frame(row, good)
        statistics = tfdv.generate_statistics_from_dataframe(table)
        anomalies = tfdv.validate_statistics(statistics, schema, environment="SERVING")
        # a column that the schema lacks is told, and passes here: the contract notes that
        refused = any(
            any(reason.type != new for reason in info.reason)
            for info in anomalies.anomaly_info.values()
        )
        recorded.append({"row": row, "refused": refused, "warned": False, "raised": False})
    return recorded


LIBRARIES = {
    "great_expectations": great_expectations,
    "pandera": pandera,
    "mlflow": mlflow,
    "tensorflow_data_validation": tensorflow_data_validation,
}
(HERE / "imports").mkdir(exist_ok=True)
for name in sys.argv[1:]:
    recorded = LIBRARIES[name]()
    version = __import__(name).__version__
    lines = ",\n    ".join(json.dumps(entry, ensure_ascii=True) for entry in recorded)
    text = f'{{\n  "library": "{name}",\n  "version": "{version}",\n  "rows": [\n    {lines}\n  ]\n}}\n'
    (HERE / "imports" / f"{name}.json").write_text(text)
    print(name, version, len(recorded), "rows,", sum(r["refused"] for r in recorded), "refused")
