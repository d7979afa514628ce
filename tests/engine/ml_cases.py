"""Made tests of every ai.onnx.ml operator and mode; `conformance.py` writes them."""

from __future__ import annotations

from collections.abc import Iterator

import ml_linear
import ml_maps
import ml_prep
import ml_svm
import ml_trees
import ml_trees_v5
from ml_expect import Case, Expected, expect, finished_model

__all__ = ["Case", "Expected", "all_cases", "expect", "finished_model"]

FAMILIES = (ml_trees, ml_trees_v5, ml_linear, ml_svm, ml_prep, ml_maps)


def all_cases() -> Iterator[Case]:
    for family in FAMILIES:
        yield from family.cases()
