"""Cost of validating the flights record with pandera and Great Expectations.

    pip install -r benches/requirements.txt && python benches/contract_peers.py ROUNDS

Both get the clauses of examples/flights/contract.yaml that they have: presence, types, ranges, sets.
A record is a data frame of one row, as a service that validates each request has it; the same rows
in one frame stand beside it. Figures are microseconds a row, minimum and median over the rounds.
"""

from __future__ import annotations

import logging
import statistics
import sys
import time
import warnings
from pathlib import Path

import great_expectations as gx
import pandas as pd
import pandera
import pandera.pandas as pa
import yaml

EXAMPLE = Path(__file__).parent.parent / "examples/flights"
TYPES = {"number": "float64", "integer": "float64", "category": "str", "timestamp": "datetime64[ns, UTC]"}


def rows(inputs: list[dict], count: int) -> pd.DataFrame:
    frame = pd.read_csv(EXAMPLE / "production.csv.gz", nrows=count)[[i["name"] for i in inputs]]
    for i in inputs:
        if i["type"] == "timestamp":
            frame[i["name"]] = pd.to_datetime(frame[i["name"]], utc=True).astype(TYPES["timestamp"])
        else:
            frame[i["name"]] = frame[i["name"]].astype(TYPES[i["type"]])
    return frame


def closed(i: dict) -> bool:
    return i["type"] == "category" and i.get("unseen", "reject") != "encode"


def schema(inputs: list[dict]) -> pa.DataFrameSchema:
    columns = {}
    for i in inputs:
        checks = []
        if i["type"] in ("number", "integer"):
            if "minimum" in i:
                checks.append((pa.Check.gt if i.get("exclusive_minimum") else pa.Check.ge)(i["minimum"]))
            if "maximum" in i:
                checks.append((pa.Check.lt if i.get("exclusive_maximum") else pa.Check.le)(i["maximum"]))
        if closed(i):
            checks.append(pa.Check.isin(i["values"]))
        nullable = i.get("missing", "reject") != "reject"
        columns[i["name"]] = pa.Column(TYPES[i["type"]], checks, nullable=nullable)
    return pa.DataFrameSchema(columns, strict=True)


def suite(inputs: list[dict]) -> gx.ExpectationSuite:
    e = gx.expectations
    wanted = [e.ExpectTableColumnsToMatchSet(column_set=[i["name"] for i in inputs])]
    for i in inputs:
        name = i["name"]
        if i.get("missing", "reject") == "reject":
            wanted.append(e.ExpectColumnValuesToNotBeNull(column=name))
        if i["type"] in ("number", "integer") and ("minimum" in i or "maximum" in i):
            wanted.append(
                e.ExpectColumnValuesToBeBetween(
                    column=name,
                    min_value=i.get("minimum"),
                    max_value=i.get("maximum"),
                    strict_min=i.get("exclusive_minimum", False),
                    strict_max=i.get("exclusive_maximum", False),
                )
            )
        if closed(i):
            wanted.append(e.ExpectColumnValuesToBeInSet(column=name, value_set=i["values"]))
    return gx.ExpectationSuite(name="flights", expectations=wanted)


def measure(name: str, rounds: int, count: int, call) -> None:
    call()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        times.append((time.perf_counter() - start) * 1e6 / count)
    print(f"{name:<52} {min(times):>12.1f} µs {statistics.median(times):>12.1f} µs")


def main() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    rounds = int(sys.argv[1])
    inputs = yaml.safe_load((EXAMPLE / "contract.yaml").read_text())["inputs"]
    frame = rows(inputs, 2000)
    ones = [frame.iloc[[n]].reset_index(drop=True) for n in range(20)]

    checked = schema(inputs)
    print(f"{'Python ' + sys.version.split()[0] + ', per row':<52} {'minimum':>15} {'median':>15}")
    version = pandera.__version__
    measure(f"pandera {version}, a frame of one row", rounds, 20, lambda: [checked.validate(o) for o in ones])
    measure(f"pandera {version}, 2 000 rows in one frame", rounds, 2000, lambda: checked.validate(frame))

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = gx.data_context.types.base.ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("p").add_dataframe_asset("a")
    batches = asset.add_batch_definition_whole_dataframe("b")
    expected = context.suites.add(suite(inputs))

    def validate(one: pd.DataFrame) -> None:
        batch = batches.get_batch(batch_parameters={"dataframe": one})
        assert batch.validate(expected).success

    version = gx.__version__
    few = max(3, rounds // 4)
    measure(f"Great Expectations {version}, a frame of one row", few, 3, lambda: [validate(o) for o in ones[:3]])
    measure(f"Great Expectations {version}, 2 000 rows in one frame", few, 2000, lambda: validate(frame))


if __name__ == "__main__":
    main()
