"""Made tests of TreeEnsemble (ai.onnx.ml 5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

import spec_math
from ml_expect import DOUBLE, FLOAT, Case, ml_case
from ml_trees import (
    NAN_AT_NEQ,
    NAN_SAFE_MODES,
    PROBIT_RTOL,
    forest,
    one_of,
    one_target,
    positive_target,
    rows,
)
from spec_math import tree_scores
from tree_builder import MODES, POSTS, V5_AGGREGATES, Branch, Leaf, Tree, v5_attributes


def ensemble(
    name: str,
    trees: Sequence[Tree],
    n_targets: int = 1,
    dtype: type = np.float32,
    x: np.ndarray | None = None,
    aggregate: str = "SUM",
    post: str = "NONE",
    **options: Any,
) -> Case:
    attributes = v5_attributes(trees, dtype, n_targets)
    attributes["aggregate_function"] = V5_AGGREGATES.index(aggregate)
    attributes["post_transform"] = POSTS.index(post)
    code = DOUBLE if dtype is np.float64 else FLOAT
    inputs = {"X": rows(dtype) if x is None else x}
    raw = tree_scores(trees, inputs["X"], n_targets, aggregate, double=dtype is np.float64)
    options["by_hand"] = {"Y": spec_math.post(post, raw).astype(dtype)}
    return ml_case(f"tree_ensemble_{name}", "TreeEnsemble", inputs, {"Y": code}, attributes, 5, **options)


def member(values: tuple[float, ...], true: Tree, false: Tree, feature: int = 0, missing: int = 0) -> Branch:
    return Branch("BRANCH_MEMBER", feature, 0.0, true, false, missing, values)


def target(value: float, number: int = 0) -> Leaf:
    return Leaf(((number, value),))


def membership_cases() -> Iterator[Case]:
    inner = member((-3.0, 0.0, 2.0), target(2.0), target(3.0), 1)
    outer = member((1.0, 2.0, 3.0), target(1.0), inner)
    yield ensemble("member", [outer])
    yield ensemble("member_double", [outer], dtype=np.float64)
    yield ensemble("member_one_value", [member((2.0,), target(1.0), target(-1.0))])
    mixed = Branch("BRANCH_GT", 2, 0.0, outer, member((0.0, 1.0), target(5.0, 1), target(6.0, 1), 2))
    yield ensemble("member_mixed_modes", [mixed, outer, target(0.125)], 2)
    yield ensemble("member_average", [mixed, outer], 2, aggregate="AVERAGE")
    tracked = member((1.0, 2.0), target(1.0), target(-1.0), 0, 1)
    yield ensemble("member_missing_tracks_true", [tracked])
    fractions = np.array(
        [[0.5, 1, 1], [1.5, 1, 1], [-0.5, 1, 1], [63, 1, 1], [1e9, 1, 1], [-1e9, 1, 1]], np.float32
    )
    yield ensemble(
        "member_values_beyond_the_set", [member((0.0, 1.0, 63.0), target(1.0), target(-1.0))], x=fractions
    )
    halves = member((0.5, -0.5), target(1.0), target(-1.0))
    yield ensemble("member_fractional_set", [halves], x=fractions)
    many = tuple(float(v) for v in range(0, 200, 3))
    wide = np.arange(-5, 210, dtype=np.float32)[:, None].repeat(3, axis=1)
    yield ensemble("member_large_set", [member(many, target(1.0), target(-1.0))], x=wide)


def cases() -> Iterator[Case]:
    for number, mode in enumerate(MODES):
        tail = mode.removeprefix("BRANCH_").lower()
        x = rows(holes=mode in NAN_SAFE_MODES)
        yield ensemble(f"mode_{tail}", forest(50 + number, 3, 3, one_target, modes=(mode,)), x=x)
        tracked = forest(50 + number, 3, 3, one_target, modes=(mode,), missing=True)
        yield ensemble(f"mode_{tail}_missing_tracks_true", tracked, x=x)
    mixed = forest(60, 6, 4, one_of(3), modes=NAN_SAFE_MODES, missing=True)
    yield ensemble("modes_mixed_missing", mixed, 3)
    every = forest(68, 6, 4, one_of(3), modes=MODES)
    yield ensemble("modes_mixed", every, 3, x=rows(holes=False))
    for track in (0, 1):
        stump = Branch("BRANCH_NEQ", 0, 1.0, target(1.0), target(-1.0), track)
        other = Branch("BRANCH_LEQ", 1, 0.0, target(8.0), target(16.0), 1)
        yield ensemble(f"nan_at_neq_track_{track}", [stump, other], note=NAN_AT_NEQ)
    for aggregate in V5_AGGREGATES:
        tail = aggregate.lower()
        yield ensemble(tail, forest(61, 5, 3, one_target), aggregate=aggregate)
        yield ensemble(f"{tail}_sparse_targets", forest(62, 6, 2, one_of(3)), 3, aggregate=aggregate)
        yield ensemble(f"{tail}_double", forest(63, 5, 3, one_target), dtype=np.float64, aggregate=aggregate)
    for post in POSTS:
        tail = post.lower()
        yield ensemble(f"post_{tail}", forest(64, 4, 3, positive_target), post=post, rtol=PROBIT_RTOL)
        if post != "PROBIT":
            yield ensemble(f"post_{tail}_3_targets", forest(65, 9, 3, one_of(3)), 3, post=post)
    yield ensemble("one_leaf", [target(1.5)])
    yield ensemble("one_leaf_among_others", [target(1.5), *forest(66, 2, 2, one_target), target(-0.25)])
    yield ensemble("wide_300_trees", forest(67, 300, 3, one_target), rtol=1e-4, atol=1e-5)
    yield from membership_cases()
