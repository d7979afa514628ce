"""Cost of Evidently's drift report on the bench's first window.

    pip install -r benches/drift-requirements.txt && python benches/drift_peers.py FILE [FEATURES]

Evidently works on rows: each count becomes that many rows at its bin's middle, so that it sees the
same data. Of the features the first so many are taken, 100 if nothing is said.
"""

from __future__ import annotations

import json
import sys
import time
import warnings

import numpy as np
import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset

warnings.filterwarnings("ignore")


def rows(histograms: list[list[int]]) -> pd.DataFrame:
    columns = {f"f{i}": np.repeat(np.arange(len(h)) + 0.5, h) for i, h in enumerate(histograms)}
    return pd.DataFrame(columns)


def main() -> None:
    data = json.load(open(sys.argv[1]))
    features = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    baseline, current = rows(data["baseline"][:features]), rows(data["current"][:features])
    report = Report([DataDriftPreset()])
    times = []
    for _ in range(3):
        start = time.perf_counter()
        report.run(current, baseline).dict()
        times.append((time.perf_counter() - start) * 1e3)
    print(
        f"Evidently: {features} features x 1 window: minimum {min(times):.1f} ms, "
        f"median {sorted(times)[len(times) // 2]:.1f} ms"
    )


if __name__ == "__main__":
    main()
