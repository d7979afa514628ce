"""The training data's fixed-bin histograms, against which production is compared.

Bins are half-open, `[e_i, e_i+1)`, the last one closed. Edges lie between two observed
values, never on one, so that a heavy value (no rain, ten miles of sight) has its own bin
and no rounding can move it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

import spec
from features import Preprocessor, local_clock

MAX_BINS = 20
SCORE_BINS = 20


def quantile_edges(values: np.ndarray) -> list[float]:
    """Edges of at most `MAX_BINS` bins of about equal count, heavy values kept apart."""
    distinct, counts = np.unique(values, return_counts=True)
    for bins in range(MAX_BINS, 1, -1):
        edges = equal_count_edges(distinct, counts, len(values) / bins)
        if len(edges) <= MAX_BINS + 1:
            return edges
    raise ValueError("cannot bin a column without values")


def equal_count_edges(distinct: np.ndarray, counts: np.ndarray, target: float) -> list[float]:
    """Close a bin when it holds `target` rows, or when the next value alone would."""
    edges = [float(distinct[0])]
    held = 0
    for i in range(len(distinct) - 1):
        held += int(counts[i])
        if held >= target or counts[i + 1] >= target:
            edges.append(between(float(distinct[i]), float(distinct[i + 1])))
            held = 0
    edges.append(float(distinct[-1]))
    return edges


def between(low: float, high: float) -> float:
    """A short number strictly between two neighbours, near their middle."""
    middle = round((low + high) / 2, 4)
    if not low < middle < high:
        raise ValueError(f"no short edge between {low} and {high}")
    return middle


def histogram(values: np.ndarray, edges: list[float]) -> list[int]:
    """Counts per bin; every value must lie within the outer edges."""
    counts = np.histogram(values, bins=np.array(edges))[0]
    if int(counts.sum()) != len(values):
        raise ValueError("a value lies outside the outer edges")
    return [int(count) for count in counts]


def timestamp_entry(column: pd.Series) -> dict:
    """Departures by New York's hour: the part of the timestamp that can drift."""
    hour = local_clock(column)["local_hour"].to_numpy()
    edges = list(range(25))
    return {
        "name": spec.TIMESTAMP, "kind": "timestamp", "part": "hour", "zone": spec.ZONE,
        "edges": edges, "counts": histogram(hour, edges), "missing": 0, "invalid": 0,
    }


def category_entry(name: str, column: pd.Series, values: list[str]) -> dict:
    """Rows per known category; those too rare to be listed count as unseen."""
    counts = column.value_counts()
    known = [int(counts.get(value, 0)) for value in values]
    missing = int(column.isna().sum())
    return {
        "name": name, "kind": "category", "values": values, "counts": known,
        "missing": missing, "unseen": len(column) - missing - sum(known), "invalid": 0,
    }


def numeric_entry(name: str, column: pd.Series) -> dict:
    """Rows per quantile bin; nothing lies below or above, the edges are training's own."""
    known = column.dropna().astype("float64").to_numpy()
    edges = quantile_edges(known)
    return {
        "name": name, "kind": "numeric", "edges": edges, "counts": histogram(known, edges),
        "below": 0, "above": 0, "missing": len(column) - len(known), "invalid": 0,
    }


def build(records: pd.DataFrame, fitted: Preprocessor, p_late: np.ndarray) -> dict:
    """The whole baseline of the given (training) rows and the model's scores on them."""
    inputs = [timestamp_entry(records[spec.TIMESTAMP])]
    for category in spec.CATEGORIES:
        values = fitted.categories[category.name]
        inputs.append(category_entry(category.name, records[category.name], values))
    inputs += [numeric_entry(number.name, records[number.name]) for number in spec.NUMBERS]
    edges = [i / SCORE_BINS for i in range(SCORE_BINS + 1)]
    late = int((p_late > 0.5).sum())
    return {
        "format": "driftline.baseline/1",
        "rows": len(records),
        "inputs": inputs,
        "outputs": {
            "labels": list(spec.LABELS),
            "label_counts": [len(records) - late, late],
            "score": {
                "label": spec.LABELS[1], "edges": edges, "counts": histogram(p_late, edges),
            },
        },
    }
