"""What beacons cost in ClickHouse: bytes on its disk and the time of a question, on its own engine
(chdb): `measure.py [BEACONS]`. The rows are made: one model of 600 cells in 40 blocks, over 16 days."""

import random
import sys
import time
import uuid
from pathlib import Path

from chdb import session

SQL = Path(__file__).resolve().parents[2] / "crates/collector/src/sink/sql"
BLOCKS, CELLS, DAYS, HOUR = 40, 15, 16, 498_720


def text(name: str) -> str:
    parts = {f"<{part}>": (SQL / f"{part}.sql").read_text() for part in ("starts", "hours")}
    sql = (SQL / f"{name}.sql").read_text()
    for _ in range(2):
        for part, whole in parts.items():
            sql = sql.replace(part, whole)
    return sql


def rows(kind: str, count: int):
    random.seed(7)
    for _ in range(count):
        hour = HOUR - random.randrange(DAYS * 24)
        mode, epsilon, bound = (0, 4000, 0) if kind == "randomized" else (1, 1000, 1)
        if kind == "randomized":
            hour -= hour % 24
            block = random.randrange(BLOCKS)
            reports, cells = {block: 1}, {block << 32 | random.randrange(CELLS): 1}
        else:
            reports = {block: 1 for block in range(BLOCKS)}
            cells = {b << 32 | c: int(random.gauss(40, 60)) for b in range(BLOCKS) for c in range(CELLS)}
        maps = ["{" + ",".join(f'"{k}":{v}' for k, v in m.items()) + "}" for m in (reports, cells)]
        yield (
            f'{{"identity":"sha256:{"a" * 64}","layout":"1122334455667788","hour":{hour},"mode":{mode},'
            f'"epsilon":{epsilon},"bound":{bound},"id":"{uuid.UUID(int=random.getrandbits(128))}",'
            f'"records":1,"reports":{maps[0]},"cells":{maps[1]}}}'
        )


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    engine = session.Session()
    engine.query("CREATE DATABASE measured")
    engine.query("USE measured")
    for statement in text("schema").split(";"):
        engine.query(statement)
    print("| mode | beacons | sent, bytes each | on the disk, bytes each | windows, s | counts, s |")
    print("|---|--:|--:|--:|--:|--:|")
    for kind, many in (("randomized", count), ("aggregated", count // 50)):
        engine.query("TRUNCATE TABLE beacons")
        batch, sent = [], 0
        for row in rows(kind, many):
            batch.append(row)
            sent += len(row) + 1
            if len(batch) == 20_000:
                engine.query("INSERT INTO beacons FORMAT JSONEachRow\n" + "\n".join(batch))
                batch = []
        if batch:
            engine.query("INSERT INTO beacons FORMAT JSONEachRow\n" + "\n".join(batch))
        size = "SELECT sum(bytes_on_disk) FROM system.parts WHERE database = 'measured' AND active"
        bytes_on_disk = int(str(engine.query(size, "TSV")))
        asked = {
            "identity": "sha256:" + "a" * 64, "from": 0, "to": 1 << 32, "hours": HOUR - 840,
            "days": HOUR - 9600, "forgotten": 0, "settled": 0, "block": -1, "limit": 100_001,
        }
        times = []
        for name in ("windows", "counts"):
            begun = time.monotonic()
            engine.query(text(name), "JSONEachRow", params=asked)
            times.append(time.monotonic() - begun)
        print(f"| {kind} | {many:,} | {sent / many:.0f} | {bytes_on_disk / many:.0f} | {times[0]:.2f} | {times[1]:.2f} |")


if __name__ == "__main__":
    main()
