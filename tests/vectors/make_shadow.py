"""Verdicts on candidates, by mpmath at 50 digits: shadow.json beside this file.

The e-value against "the mean is at most 0" of values in [-low, high] is the mean over the bets
2^-1/low … 2^-10/low of the products of 1 + bet * value; that against "at least 0" the same with
-2^-n/high. python3 make_shadow.py > shadow.json
"""

import json
import random

from mpmath import exp, log1p, mp, mpf

mp.dps = 50


def wealth(cells, sign, limit):
    total = mpf(0)
    for nth in range(1, 11):
        bet = sign * mpf(2) ** -nth / limit
        total += exp(min(mpf(700), sum(count * log1p(bet * value) for count, value in cells)))
    return total / 10


def verdict(counts, options):
    level = mpf(options.get("level", 0.05))
    if options.get("by", "agreement") == "agreement":
        least = mpf(options.get("least", 0.95))
        same = sum(row[at] for row in counts["agreement"] for at in range(1, 20, 2))
        other = sum(row[at] for row in counts["agreement"] for at in range(0, 20, 2))
        other += counts["failed"] + counts["unanswered"]
        cells, low, high = [(same, 1 - least), (other, -least)], least, 1 - least
        records, total = same + other, same
    else:
        margin, truth = mpf(options.get("margin", 0.01)), counts["truth"]
        equal = truth["both"] + truth["neither"]
        cells = [(truth["candidate"], 1 + margin), (equal, margin), (truth["live"], margin - 1)]
        low, high = 1 - margin, 1 + margin
        records = sum(truth.values())
        total = truth["candidate"] - truth["live"]
    evidence, against = wealth(cells, 1, low), wealth(cells, -1, high)
    promote = "yes" if evidence >= 1 / level else "no" if against >= 1 / level else "wait"
    estimate = None if records == 0 else float(mpf(total) / records)
    by = options.get("by", "agreement")
    numbers = {"estimate": estimate, "records": records, "evidence": float(evidence), "against": float(against)}
    return {"promote": promote, "by": by, **numbers}


def counts(rows, failed=0, unanswered=0, truth=(0, 0, 0, 0)):
    records = sum(map(sum, rows)) + unanswered
    actions = [[0] * 4 for _ in range(4)]
    actions[0][0] = records
    return {
        "format": "driftline.shadow/1", "live": "sha256:" + "01" * 32, "candidate": "sha256:" + "02" * 32,
        "records": records, "failed": failed, "labels": [f"label {at}" for at, _ in enumerate(rows)],
        "agreement": rows, "unanswered": unanswered, "actions": actions, "differences": [0] * 16,
        "micros": {"live": [0] * 20, "candidate": [0] * 20},
        "truth": dict(zip(("both", "live", "candidate", "neither"), truth)),
    }


def row(same, other):
    cells = [0] * 20
    cells[18], cells[19] = other, same
    return cells


def main():
    dice = random.Random(8)
    cases = [
        ("nothing", counts([row(0, 0)]), {}),
        ("too few", counts([row(20, 0)]), {}),
        ("all the same", counts([row(400, 0), row(300, 2)]), {}),
        ("one in ten differs", counts([row(900, 100)]), {}),
        ("just at the limit", counts([row(9_500, 500)]), {}),
        ("failures disagree", counts([row(300, 0)], failed=40), {}),
        ("no answers disagree", counts([row(300, 0)], unanswered=40), {}),
        ("a strict level", counts([row(130, 0)]), {"level": 0.001}),
        ("a low bar", counts([row(800, 200)]), {"least": 0.7}),
        ("so many that a product would be infinite", counts([row(2_000_000, 10)]), {}),
        ("as often right", counts([row(0, 0)], truth=(8_000, 500, 500, 1_000)), {"by": "accuracy"}),
        ("more often right", counts([row(0, 0)], truth=(800, 20, 100, 80)), {"by": "accuracy"}),
        ("less often right", counts([row(0, 0)], truth=(800, 120, 20, 60)), {"by": "accuracy"}),
        ("no truth", counts([row(5, 5)]), {"by": "accuracy"}),
        ("a wide margin", counts([row(0, 0)], truth=(900, 30, 10, 60)), {"by": "accuracy", "margin": 0.1}),
    ]
    for nth in range(15):
        rows = [[dice.randrange(0, 40) for _ in range(20)] for _ in range(dice.randrange(1, 4))]
        truth = [dice.randrange(0, 300) for _ in range(4)]
        made = counts(rows, dice.randrange(0, 9), dice.randrange(0, 9), truth)
        options = {"by": "accuracy", "margin": dice.choice([0.01, 0.1, 0.3])} if nth % 2 else {"least": dice.choice([0.4, 0.5, 0.6])}
        cases.append((f"drawn {nth}", made, options))
    listed = [{"name": n, "counts": c, "options": o, "verdict": verdict(c, o)} for n, c, o in cases]
    print(json.dumps({"source": "make_shadow.py, mpmath", "cases": listed}, separators=(",", ":")))


main()
