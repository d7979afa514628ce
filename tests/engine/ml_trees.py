"""Made tests of TreeEnsembleRegressor and TreeEnsembleClassifier."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

import spec_math
from casefile import Values
from ml_expect import FLOAT, INT64, STRING, Case, ml_case
from spec_math import tree_scores
from tree_builder import MODES, POSTS, Branch, Leaf, Tree, ensemble_attributes, number_attribute

FEATURES = 3
#: onnxruntime approximates the inverse error function; both that and the exact one pass.
PROBIT_RTOL = 5e-3


def rows(dtype: type = np.float32, holes: bool = True, count: int = 40) -> np.ndarray:
    """Small whole numbers, so that equality with a threshold happens; NaN and infinities too."""
    rng = np.random.default_rng(7)
    table = rng.integers(-3, 4, (count, FEATURES)).astype(dtype)
    if holes and np.issubdtype(dtype, np.floating):
        table[3, 0] = table[4, 1] = table[5, 2] = np.nan
        table[6] = np.nan
        table[7, 0], table[8, 1] = np.inf, -np.inf
    return table


def random_tree(
    rng: np.random.Generator,
    depth: int,
    leaf: Callable[[np.random.Generator], Leaf],
    modes: Sequence[str] = ("BRANCH_LEQ",),
    missing: bool = False,
) -> Tree:
    if depth == 0:
        return leaf(rng)
    return Branch(
        str(rng.choice(list(modes))),
        int(rng.integers(FEATURES)),
        float(rng.integers(-2, 3)),
        random_tree(rng, depth - 1, leaf, modes, missing),
        random_tree(rng, depth - int(rng.integers(1, min(depth, 2) + 1)), leaf, modes, missing),
        int(rng.integers(2)) if missing else 0,
    )


def weight(rng: np.random.Generator, low: float = -1.0, high: float = 1.0) -> float:
    return float(np.float32(rng.uniform(low, high)))


def one_target(rng: np.random.Generator) -> Leaf:
    return Leaf(((0, weight(rng)),))


def positive_target(rng: np.random.Generator) -> Leaf:
    return Leaf(((0, weight(rng, 0.02, 0.2)),))


def all_of(count: int) -> Callable[[np.random.Generator], Leaf]:
    return lambda rng: Leaf(tuple((k, weight(rng)) for k in range(count)))


def one_of(count: int) -> Callable[[np.random.Generator], Leaf]:
    return lambda rng: Leaf(((int(rng.integers(count)), weight(rng)),))


def forest(
    seed: int, count: int, depth: int, leaf: Callable[[np.random.Generator], Leaf], **options: Any
) -> list[Tree]:
    rng = np.random.default_rng(seed)
    return [random_tree(rng, depth, leaf, **options) for _ in range(count)]


def regressor(
    name: str,
    trees: Sequence[Tree],
    n_targets: int = 1,
    x: np.ndarray | None = None,
    *,
    aggregate: str = "SUM",
    post: str = "NONE",
    base: Sequence[float] = (),
    double: bool = False,
    version: int = 3,
    layout: dict[str, Any] | None = None,
    **options: Any,
) -> Case:
    attributes = ensemble_attributes(trees, "target", double=double, **(layout or {}))
    attributes.update(n_targets=n_targets, aggregate_function=aggregate, post_transform=post)
    if base:
        attributes.update(number_attribute("base_values", base, double))
    inputs = {"X": rows() if x is None else x}
    full = f"tree_regressor_{name}"
    raw = tree_scores(trees, inputs["X"], n_targets, aggregate, base, double)
    options["by_hand"] = {"Y": spec_math.post(post, raw).astype(np.float32)}
    # Every version of the operator answers in float, whatever its thresholds are.
    return ml_case(full, "TreeEnsembleRegressor", inputs, {"Y": FLOAT}, attributes, version, **options)


def classifier(
    name: str,
    trees: Sequence[Tree],
    labels: Sequence[int] | Sequence[str],
    x: np.ndarray | None = None,
    *,
    post: str = "NONE",
    base: Sequence[float] = (),
    double: bool = False,
    version: int = 3,
    **options: Any,
) -> Case:
    attributes = ensemble_attributes(trees, "class", double=double)
    text = isinstance(labels[0], str)
    attributes["classlabels_strings" if text else "classlabels_int64s"] = list(labels)
    attributes["post_transform"] = post
    if base:
        attributes.update(number_attribute("base_values", base, double))
    outputs: dict[str, Any] = {"label": STRING if text else INT64, "scores": FLOAT}
    inputs = {"X": rows() if x is None else x}
    full = f"tree_classifier_{name}"
    return ml_case(full, "TreeEnsembleClassifier", inputs, outputs, attributes, version, **options)


def second_score_zero(answer: Values) -> Values:
    """onnxruntime leaves it unwritten: it is what the memory held before, on some runs 0."""
    scores = answer["scores"].copy()
    scores[:, 1] = 0.0
    return {**answer, "scores": scores}


def exact_probit(trees: Sequence[Tree], classes: int) -> Callable[[Values], Values]:
    """Near 0.5 onnxruntime's inverse error function in binary32 cancels to 0."""
    raw = tree_scores(trees, rows(), classes)
    return lambda answer: {**answer, "scores": spec_math.post("PROBIT", raw).astype(np.float32)}


def labels_of(labels: Sequence[int]) -> Callable[[Values], Values]:
    """onnxruntime answers the labels' indexes where there are two weights and base values."""
    return lambda answer: {**answer, "label": np.array(labels)[answer["label"]]}


#: A NaN at a BRANCH_NEQ node is contested and has its own tests.
NAN_SAFE_MODES = tuple(mode for mode in MODES if mode != "BRANCH_NEQ")
NAN_AT_NEQ = "a NaN follows the missing-value track; onnxruntime takes the true branch, as NaN != x"


def mode_cases() -> Iterator[Case]:
    for number, mode in enumerate(MODES):
        tail = mode.removeprefix("BRANCH_").lower()
        x = rows(holes=mode in NAN_SAFE_MODES)
        trees = forest(number, 3, 3, one_target, modes=(mode,))
        yield regressor(f"mode_{tail}", trees, x=x)
        tracked = forest(number, 3, 3, one_target, modes=(mode,), missing=True)
        yield regressor(f"mode_{tail}_missing_tracks_true", tracked, x=x)
        classes = forest(number, 4, 3, one_of(3), modes=(mode,), missing=True)
        yield classifier(f"mode_{tail}_missing_tracks_true", classes, [0, 1, 2], x)
    mixed = forest(40, 6, 4, one_target, modes=MODES)
    yield regressor("modes_mixed", mixed, x=rows(holes=False))
    classes = forest(42, 6, 4, one_of(3), modes=MODES)
    yield classifier("modes_mixed", classes, [0, 1, 2], rows(holes=False))
    safe = forest(41, 6, 4, one_target, modes=NAN_SAFE_MODES, missing=True)
    yield regressor("modes_mixed_missing", safe)
    for track in (0, 1):
        stump = Branch("BRANCH_NEQ", 0, 1.0, Leaf(((0, 1.0),)), Leaf(((0, -1.0),)), track)
        other = Branch("BRANCH_LEQ", 1, 0.0, Leaf(((0, 8.0),)), Leaf(((0, 16.0),)), 1)
        yield regressor(f"nan_at_neq_track_{track}", [stump, other], note=NAN_AT_NEQ)


def aggregate_cases() -> Iterator[Case]:
    for aggregate in ("SUM", "AVERAGE", "MIN", "MAX"):
        tail = aggregate.lower()
        yield regressor(tail, forest(1, 5, 3, one_target), aggregate=aggregate)
        yield regressor(f"{tail}_base", forest(2, 5, 3, one_target), aggregate=aggregate, base=[0.625])
        several = forest(3, 5, 3, all_of(3))
        yield regressor(f"{tail}_3_targets", several, 3, aggregate=aggregate)
        base = [0.5, -1.25, 2.0]
        yield regressor(f"{tail}_3_targets_base", several, 3, aggregate=aggregate, base=base)
        sparse = forest(4, 6, 2, one_of(3))
        yield regressor(f"{tail}_sparse_targets", sparse, 3, aggregate=aggregate)
        yield regressor(f"{tail}_sparse_targets_base", sparse, 3, aggregate=aggregate, base=base)
        single = forest(5, 1, 3, one_target)
        yield regressor(f"{tail}_single_tree_base", single, aggregate=aggregate, base=[-0.375])


def regressor_post_cases() -> Iterator[Case]:
    for post in POSTS:
        tail = post.lower()
        loose = PROBIT_RTOL if post == "PROBIT" else 1e-5
        yield regressor(f"post_{tail}", forest(6, 4, 3, positive_target), post=post, rtol=loose)
        if post != "PROBIT":
            yield regressor(f"post_{tail}_3_targets", forest(7, 4, 3, all_of(3)), 3, post=post)


def with_zero(rng: np.random.Generator) -> Leaf:
    return Leaf(tuple((k, 0.0 if rng.random() < 0.4 else weight(rng)) for k in range(3)))


def layout_cases() -> Iterator[Case]:
    yield regressor("one_leaf", [Leaf(((0, 1.5),))])
    yield regressor("one_leaf_base", [Leaf(((0, 1.5),))], base=[-4.0])
    yield regressor("one_leaf_3_targets", [Leaf(((0, 1.5), (2, -2.0)))], 3)
    leaves: list[Tree] = [Leaf(((0, 1.5),)), *forest(8, 2, 2, one_target), Leaf(((0, -0.25),))]
    yield regressor("one_leaf_among_others", leaves)
    yield regressor("one_leaf_average", leaves, aggregate="AVERAGE")
    yield regressor("unsorted_tree_ids", forest(9, 4, 3, one_target), layout={"tree_ids": [7, 3, 11, 5]})
    yield regressor("v1", forest(10, 4, 3, all_of(2)), 2, version=1)
    yield regressor("softmax_zero_exact_zeros", forest(11, 1, 3, with_zero), 3, post="SOFTMAX_ZERO")
    deep: Tree = Leaf(((0, -1.0),))
    for level in range(200):
        deep = Branch("BRANCH_LEQ", level % FEATURES, (level % 7) - 3.5, Leaf(((0, level / 8),)), deep)
    yield regressor("deep_chain_200", [deep])
    yield regressor("wide_500_trees", forest(12, 500, 3, one_target), rtol=1e-4, atol=1e-5)
    yield classifier("wide_300_trees", forest(13, 300, 3, one_of(4)), [0, 1, 2, 3], rtol=1e-4)
    tail = rows(count=1, holes=False)
    yield regressor("one_row", forest(14, 3, 3, one_target), x=tail)
    yield regressor("no_rows", forest(14, 3, 3, one_target), x=tail[:0])


def edge_table(dtype: type) -> np.ndarray:
    """0.1 and its neighbours in float32 and float64, around a float32 threshold."""
    single = np.float32(0.1)
    values = [single, np.nextafter(single, np.float32(1)), np.nextafter(single, np.float32(0))]
    wide = [0.1, np.nextafter(0.1, 1), np.nextafter(0.1, 0), float(single), -0.0, 0.0]
    column = np.array([*map(float, values), *wide], dtype)
    return np.stack([column] * FEATURES, axis=1)


def precision_cases() -> Iterator[Case]:
    def stump(mode: str, at: float) -> Branch:
        return Branch(mode, 0, at, Leaf(((0, 1.0),)), Leaf(((0, -1.0),)))

    single = float(np.float32(0.1))
    for mode in ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_EQ"):
        tail = mode.removeprefix("BRANCH_").lower()
        yield regressor(f"float_threshold_{tail}", [stump(mode, single)], x=edge_table(np.float32))
        note = "double input against float thresholds: no rounding of the input"
        wide = edge_table(np.float64)
        yield regressor(f"double_input_float_threshold_{tail}", [stump(mode, single)], x=wide, note=note)
        yield regressor(f"double_threshold_{tail}", [stump(mode, 0.1)], x=wide, double=True)
        yield regressor(f"zero_threshold_{tail}", [stump(mode, 0.0)], x=edge_table(np.float32))
    wide = rows(np.float64)
    yield regressor("double", forest(15, 5, 3, one_target), x=wide, double=True)
    double_base = {"double": True, "base": [0.1]}
    yield regressor("double_base", forest(15, 5, 3, one_target), x=wide, **double_base)
    for aggregate in ("AVERAGE", "MIN", "MAX"):
        trees = forest(16, 5, 3, all_of(2))
        name = f"double_{aggregate.lower()}_2_targets"
        yield regressor(name, trees, 2, wide, aggregate=aggregate, double=True, base=[0.1, -0.7])
    yield classifier("double", forest(17, 5, 3, one_of(3)), [0, 1, 2], wide, double=True)
    strings = ["no", "yes"]
    yield classifier("double_binary", forest(18, 5, 3, one_target), strings, wide, double=True)
    for dtype in (np.int64, np.int32):
        tail = np.dtype(dtype).name
        yield regressor(f"{tail}_input", forest(19, 5, 3, one_target), x=rows(dtype))
        yield classifier(f"{tail}_input", forest(20, 5, 3, one_of(3)), [0, 1, 2], rows(dtype))
    infinite = [stump("BRANCH_LT", float("inf")), stump("BRANCH_GT", float("-inf"))]
    yield regressor("infinite_thresholds", infinite)


def multiclass_cases() -> Iterator[Case]:
    for post in POSTS:
        if post == "PROBIT":
            continue
        tail = post.lower()
        yield classifier(f"3_classes_{tail}", forest(21, 6, 3, one_of(3)), [10, 20, 30], post=post)
        text = ["setosa", "versicolor", "virginica"]
        yield classifier(f"3_classes_{tail}_strings", forest(22, 6, 3, all_of(3)), text, post=post)
        base = [0.25, -0.5, 1.0]
        yield classifier(
            f"3_classes_{tail}_base", forest(23, 3, 2, one_of(3)), [0, 1, 2], post=post, base=base
        )
    probit = forest(24, 2, 2, lambda rng: Leaf(tuple((k, weight(rng, 0.05, 0.4)) for k in range(3))))
    exact = exact_probit(probit, 3)
    yield classifier("3_classes_probit", probit, [0, 1, 2], post="PROBIT", rtol=PROBIT_RTOL, amend=exact)
    tied: list[Tree] = [Leaf(((0, 0.25), (1, 0.5), (2, 0.5)))]
    yield classifier("tie_takes_first", tied, [7, 8, 9])
    yield classifier("all_zero_scores", [Leaf(((0, 0.0), (1, 0.0), (2, 0.0)))], [7, 8, 9])
    unscored = forest(25, 3, 2, lambda rng: Leaf(((int(rng.integers(2)) * 2, -abs(weight(rng))),)))
    yield classifier("class_without_weights", unscored, [0, 1, 2])
    yield classifier("one_leaf", [Leaf(((0, 0.25), (2, 0.5)))], ["a", "b", "c"])
    yield classifier("v1", forest(26, 4, 3, all_of(3)), [0, 1, 2], version=1)
    yield classifier("non_ascii_labels", forest(27, 4, 3, one_of(3)), ["naïve", "", "日本"])
    yield classifier("softmax_zero_exact_zeros", forest(28, 1, 3, with_zero), [0, 1, 2], post="SOFTMAX_ZERO")
    yield classifier("negative_labels", forest(29, 4, 3, one_of(3)), [-5, 0, 2**40])


def signed_leaf(low: float, high: float, class_id: int) -> Callable[[np.random.Generator], Leaf]:
    return lambda rng: Leaf(((class_id, weight(rng, low, high)),))


def binary_cases() -> Iterator[Case]:
    """Two labels, weights of one class only: the other score is made from it."""
    signs = {"positive": (0.0, 0.35), "mixed": (-1.0, 1.0), "negative": (-0.4, -0.01)}
    for sign, (low, high) in signs.items():
        for class_id in (0, 1):
            trees = forest(30, 3, 3, signed_leaf(low, high, class_id))
            for post in POSTS:
                if post == "PROBIT" and sign != "positive":
                    continue
                name = f"binary_{sign}_class{class_id}_{post.lower()}"
                loose = PROBIT_RTOL if post == "PROBIT" else 1e-5
                amend = second_score_zero if post == "PROBIT" and class_id == 0 else None
                yield classifier(name, trees, [0, 1], post=post, rtol=loose, amend=amend)
    trees = forest(31, 3, 3, signed_leaf(-1.0, 1.0, 0))
    for post in ("NONE", "LOGISTIC"):
        tail = post.lower()
        yield classifier(f"binary_base_{tail}", trees, [0, 1], post=post, base=[0.3])
        yield classifier(f"binary_base_{tail}_strings", trees, ["no", "yes"], post=post, base=[-0.3])
        positive = forest(32, 3, 3, signed_leaf(0.0, 0.3, 1))
        yield classifier(f"binary_positive_base_{tail}", positive, [0, 1], post=post, base=[0.1])
        both = forest(33, 4, 3, all_of(2))
        yield classifier(f"binary_two_weights_{tail}", both, [0, 1], post=post)
        named = {"base": [0.2, -0.1], "amend": labels_of([3, 9])}
        yield classifier(f"binary_two_weights_{tail}_base", both, [3, 9], post=post, **named)
    yield classifier("binary_two_weights_softmax", forest(34, 4, 3, all_of(2)), ["n", "y"], post="SOFTMAX")
    yield classifier("binary_at_half", [Leaf(((0, 0.5),))], [0, 1])
    yield classifier(
        "binary_at_zero", [Branch("BRANCH_LEQ", 0, 0.0, Leaf(((0, 0.0),)), Leaf(((0, -1.0),)))], [0, 1]
    )
    yield classifier("binary_one_leaf_logistic", [Leaf(((0, 0.75),))], ["no", "yes"], post="LOGISTIC")


def cases() -> Iterator[Case]:
    yield from mode_cases()
    yield from aggregate_cases()
    yield from regressor_post_cases()
    yield from layout_cases()
    yield from precision_cases()
    yield from multiclass_cases()
    yield from binary_cases()
