"""The training pipeline's preprocessing: raw records to the float32 matrix.

This is the code that driftline's contract must repeat exactly. Everything is computed in
float64 and cast to float32 once, at the end, and the model is trained on the cast matrix:
what ONNX is given in production is then bit for bit what the trees were grown on.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

import spec


@dataclass
class Preprocessor:
    """Category lists and fill values, learned from training rows only."""

    categories: dict[str, list[str]] = field(default_factory=dict)
    fills: dict[str, float] = field(default_factory=dict)

    def fit(self, records: pd.DataFrame) -> Preprocessor:
        """Learn the frequent categories (sorted by name) and the medians."""
        for category in spec.CATEGORIES:
            counts = records[category.name].value_counts()
            frequent = counts[counts >= spec.MIN_CATEGORY_ROWS]
            self.categories[category.name] = sorted(frequent.index)
        for number in spec.NUMBERS:
            if number.imputed:
                known = records[number.name].dropna().astype("float64")
                self.fills[number.name] = float(np.median(known))
        return self

    def transform(self, records: pd.DataFrame) -> pd.DataFrame:
        """The feature table as float32, columns in the order of `spec.feature_names()`."""
        columns = local_clock(records[spec.TIMESTAMP])
        for category in spec.CATEGORIES:
            codes = {value: code for code, value in enumerate(self.categories[category.name])}
            code = records[category.name].map(codes).fillna(spec.UNSEEN_CODE)
            columns[category.name] = code
        for number in spec.NUMBERS:
            value = records[number.name].astype("float64")
            if number.imputed:
                columns[number.name] = value.fillna(self.fills[number.name])
            else:
                columns[number.name] = value
            if number.indicator:
                columns[f"{number.name}_missing"] = value.isna()
        table = pd.DataFrame(
            {name: column.to_numpy(dtype="float64") for name, column in columns.items()}
        )[spec.feature_names()]
        if table.isna().any(axis=None):
            raise ValueError("a feature is missing after imputation")
        return table.astype("float32")


def local_clock(timestamps: pd.Series) -> dict[str, pd.Series]:
    """New York's clock at each instant: delays build up over the local day, not the UTC day."""
    local = pd.to_datetime(timestamps, utc=True).dt.tz_convert(spec.ZONE)
    return {
        "local_hour": local.dt.hour,
        "local_minute_of_day": local.dt.hour * 60 + local.dt.minute,
        "local_weekday": local.dt.weekday,
    }
