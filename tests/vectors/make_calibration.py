"""Writes calibration.json: maps fitted by scikit-learn and scipy, and nannyml's way of ECE.

    pip install numpy scipy scikit-learn && python make_calibration.py
"""

import json
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression


def smoothed(y):
    """Platt's targets."""
    plus, minus = y.sum(), len(y) - y.sum()
    return np.where(y == 1, (plus + 1) / (plus + 2), 1 / (minus + 2))


def regress(columns, target):
    """Logistic regression on soft targets, by quasi-Newton and then Newton steps."""
    x = np.column_stack([*columns, np.ones(len(target))])

    def loss(w):
        z = x @ w
        return np.sum(np.logaddexp(0, z) - target * z)

    w = minimize(loss, np.zeros(x.shape[1]), method="BFGS").x
    for _ in range(20):
        q = expit(x @ w)
        w = w - np.linalg.solve((x * (q * (1 - q))[:, None]).T @ x, x.T @ (q - target))
    return w


def ece(p, y, bins):
    """Bins of equally many rows, as nannyml's."""
    order = np.argsort(p, kind="stable")
    p, y, n = p[order], y[order], len(p)
    edges = [i * n // bins for i in range(bins + 1)]
    parts = zip(edges, edges[1:])
    return sum(abs(p[a:b].mean() - y[a:b].mean()) * (b - a) for a, b in parts) / n


def case(seed, n, distort):
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0.02, 0.98, n)
    y = (rng.uniform(size=n) < truth).astype(int)
    p = np.clip(np.round(distort(truth), 3), 0.001, 0.999)
    target = smoothed(y)
    a, b, c = regress([np.log(p), -np.log1p(-p)], target)
    nll = lambda inverse: np.sum(np.logaddexp(0, np.where(y == 1, -1, 1) * inverse * logit(p)))
    inverse = minimize(lambda v: nll(v[0]), [1.0], method="Nelder-Mead",
                       options={"xatol": 1e-10, "fatol": 1e-10}).x[0]
    fitted = IsotonicRegression(out_of_bounds="clip").fit(p, y)
    grid = np.linspace(0, 1, 41)
    return {
        "scores": p.tolist(), "truths": y.tolist(),
        "platt": regress([logit(p)], target).tolist(), "beta": [a, b, c],
        "temperature": 1 / inverse,
        "isotonic_at": grid.tolist(), "isotonic": fitted.predict(grid).tolist(),
        "ece_10": ece(p, y, 10), "brier": float(np.mean((p - y) ** 2)),
    }


def main():
    cases = [
        case(1, 400, lambda t: expit(2.5 * logit(t))),
        case(2, 300, lambda t: np.clip(t ** 2, 0.001, 0.999)),
        case(3, 157, lambda t: expit(0.4 * logit(t) - 0.7)),
    ]
    out = {"format": "driftline.vectors.calibration/1", "cases": cases}
    Path(__file__).with_name("calibration.json").write_text(json.dumps(out) + "\n")


if __name__ == "__main__":
    main()
