"""Reads a Parquet export of the collector with pyarrow, and compares it with what the collector
answers as JSON about the same counts.

    python crates/collector/tests/columns.py counts.parquet models.json model.json windows.json counts.json

The JSON files are the answers of `/v1/models`, and of an identity's `/v1/models/{identity}`,
`…/windows` and `…/counts`. Prints what differs, and closes with `columns: N passed, M failed`.
"""

import json
import sys
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

FILE = sys.argv[1]
MODELS, MODEL, WINDOWS, COUNTS = (json.loads(Path(path).read_text()) for path in sys.argv[2:])
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MOST_SHOWN = 5

# name, type, whether a value may be absent
SCHEMA = [
    ("identity", pa.string(), False),
    ("name", pa.string(), False),
    ("layout", pa.string(), False),
    ("grain", pa.string(), False),
    ("start", pa.timestamp("ms", tz="UTC"), False),
    ("mode", pa.string(), False),
    ("epsilon", pa.float64(), True),
    ("bound", pa.int32(), True),
    ("block", pa.int32(), True),
    ("kind", pa.string(), False),
    ("block_name", pa.string(), False),
    ("reports", pa.int64(), False),
    ("cell", pa.int32(), True),
    ("cell_name", pa.string(), False),
    ("count", pa.int64(), False),
]

passed, failed = 0, 0


def check(what: str, theirs: object, ours: object) -> None:
    global passed, failed
    if theirs == ours:
        passed += 1
        return
    failed += 1
    print(f"{what}: pyarrow reads {theirs!r}, the collector says {ours!r}")


def rows_of_json() -> list[tuple]:
    """The rows that the export must have, in the order of the columns."""
    identity = MODEL["identity"]
    (name,) = {one["name"] for one in MODELS["models"] if one["identity"] == identity}
    layouts = {one["layout"]: one["summary"]["blocks"] for one in MODEL["registrations"]}
    rows = []

    def row(of: dict, block: int | None, kind: str, block_name: str, reports: int,
            cell: int | None, cell_name: str, count: int) -> None:
        start = EPOCH + timedelta(hours=of["start"])
        # thousandths, and 0 for none
        epsilon = of["epsilon"] / 1000 if of["epsilon"] else None
        rows.append((identity, name, of["layout"], of["grain"], start, of["mode"], epsilon,
                     of["bound"] or None, block, kind, block_name, reports, cell, cell_name, count))

    for window in WINDOWS["windows"]:
        for total in ("beacons", "records"):
            row(window, None, "total", "", window["beacons"], None, total, window[total])
    for counts in COUNTS["counts"]:
        block = layouts[counts["layout"]][counts["block"]]
        check(f"cells of block {counts['block']}", len(block["cells"]), len(counts["cells"]))
        for cell, (cell_name, count) in enumerate(zip(block["cells"], counts["cells"])):
            row(counts, counts["block"], block["kind"], block["name"], counts["reports"],
                cell, cell_name, count)
    return rows


def schema(table: pa.Table) -> None:
    found = [(field.name, field.type, field.nullable) for field in table.schema]
    check("columns", [name for name, _, _ in found], [name for name, _, _ in SCHEMA])
    for theirs, ours in zip(found, SCHEMA):
        check(f"column {ours[0]}", theirs, ours)


def rows(table: pa.Table, expected: list[tuple]) -> None:
    found = Counter(tuple(row.values()) for row in table.to_pylist())
    wanted = Counter(expected)
    for what, difference in (("only in the file", found - wanted), ("only in JSON", wanted - found)):
        for row in sorted(difference.elements(), key=repr)[:MOST_SHOWN]:
            print(f"{what}: {row}")
        check(f"rows {what}", difference.total(), 0)
    check("rows", table.num_rows, len(expected))
    check("rows told by the file's footer", pq.read_metadata(FILE).num_rows, len(expected))


def sums(table: pa.Table) -> None:
    """Sums that pyarrow computes from columns, beside those of the answers."""
    totals = table.filter(pc.field("kind") == "total")
    for total in ("beacons", "records"):
        of = totals.filter(pc.field("cell_name") == total)
        check(f"all {total}", pc.sum(of["count"]).as_py(), sum(w[total] for w in WINDOWS["windows"]))
        for grain in sorted({window["grain"] for window in WINDOWS["windows"]}):
            ours = sum(w[total] for w in WINDOWS["windows"] if w["grain"] == grain)
            some = of.filter(pc.field("grain") == grain)
            check(f"{total} by {grain}", pc.sum(some["count"]).as_py(), ours)
        told = [one[total] for one in MODELS["models"] if one["identity"] == MODEL["identity"]]
        check(f"{total} of the model", pc.sum(of["count"]).as_py(), sum(told))
    keys = ["layout", "mode", "block"]
    grouped = table.filter(pc.is_valid(pc.field("block"))).group_by(keys).aggregate([("count", "sum")])
    theirs = {tuple(row[key] for key in keys): row["count_sum"] for row in grouped.to_pylist()}
    ours = Counter()
    for counts in COUNTS["counts"]:
        ours[tuple(counts[key] for key in keys)] += sum(counts["cells"])
    check("blocks", sorted(theirs), sorted(ours))
    for key, total in ours.items():
        check(f"sum of block {key}", theirs.get(key), total)


def main() -> int:
    table = pq.read_table(FILE)
    schema(table)
    expected = rows_of_json()
    rows(table, expected)
    sums(table)
    print(f"pyarrow {pa.__version__}: {table.num_rows} rows, {len(WINDOWS['windows'])} windows")
    print(f"columns: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
