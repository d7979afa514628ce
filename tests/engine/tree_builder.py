"""Trees written as nested values, and their flat ONNX attributes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import helper

MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ")
V5_MODES = (*MODES, "BRANCH_MEMBER")
POSTS = ("NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT")
V5_AGGREGATES = ("AVERAGE", "SUM", "MIN", "MAX")


@dataclass(frozen=True)
class Leaf:
    #: (target or class, weight)
    weights: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Branch:
    mode: str
    feature: int
    split: float
    true: Branch | Leaf
    false: Branch | Leaf
    missing: int = 0
    members: tuple[float, ...] = ()


Tree = Branch | Leaf


@dataclass
class Rows:
    """The parallel lists of TreeEnsembleRegressor and TreeEnsembleClassifier."""

    nodes: list[dict[str, Any]] = field(default_factory=list)
    weights: list[tuple[int, int, int, float]] = field(default_factory=list)

    def add(self, tree: Tree, tree_id: int) -> None:
        self._next = 0
        self._visit(tree, tree_id)

    def _visit(self, tree: Tree, tree_id: int) -> int:
        node_id, self._next = self._next, self._next + 1
        row = {"treeids": tree_id, "nodeids": node_id, "hitrates": 1.0}
        self.nodes.append(row)
        if isinstance(tree, Leaf):
            row.update(modes="LEAF", featureids=0, values=0.0, truenodeids=0, falsenodeids=0, miss=0)
            self.weights.extend((tree_id, node_id, target, w) for target, w in tree.weights)
            return node_id
        row.update(modes=tree.mode, featureids=tree.feature, values=tree.split, miss=tree.missing)
        row["truenodeids"] = self._visit(tree.true, tree_id)
        row["falsenodeids"] = self._visit(tree.false, tree_id)
        return node_id


def as_tensor(name: str, values: Sequence[float]) -> Any:
    array = np.asarray(values, np.float64)
    return helper.make_tensor(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape, array)


def number_attribute(name: str, values: Sequence[float], double: bool) -> dict[str, Any]:
    """`name` as floats, or `name_as_tensor` as doubles (ai.onnx.ml 3)."""
    if double:
        return {f"{name}_as_tensor": as_tensor(name, values)}
    return {name: [float(value) for value in values]}


def ensemble_attributes(
    trees: Sequence[Tree],
    kind: str,
    *,
    double: bool = False,
    tree_ids: Sequence[int] | None = None,
    order: Sequence[int] | None = None,
) -> dict[str, Any]:
    """nodes_* and target_* or class_* (`kind`) of an ensemble; `order` permutes the nodes."""
    rows = Rows()
    for tree_id, tree in zip(tree_ids or range(len(trees)), trees, strict=True):
        rows.add(tree, tree_id)
    nodes = [rows.nodes[i] for i in order] if order is not None else rows.nodes
    names = ("treeids", "nodeids", "featureids", "modes", "truenodeids", "falsenodeids")
    flat: dict[str, Any] = {f"nodes_{name}": [row[name] for row in nodes] for name in names}
    flat.update(number_attribute("nodes_values", [row["values"] for row in nodes], double))
    flat.update(number_attribute("nodes_hitrates", [row["hitrates"] for row in nodes], double))
    if any(row["miss"] for row in nodes):
        flat["nodes_missing_value_tracks_true"] = [row["miss"] for row in nodes]
    for position, name in enumerate(("treeids", "nodeids", "ids")):
        flat[f"{kind}_{name}"] = [row[position] for row in rows.weights]
    flat.update(number_attribute(f"{kind}_weights", [row[3] for row in rows.weights], double))
    return flat


@dataclass
class Flat5:
    """The parallel lists of TreeEnsemble (ai.onnx.ml 5)."""

    nodes: list[dict[str, Any]] = field(default_factory=list)
    leaves: list[tuple[int, float]] = field(default_factory=list)
    members: list[float] = field(default_factory=list)
    roots: list[int] = field(default_factory=list)

    def add(self, tree: Tree) -> None:
        self.roots.append(len(self.nodes))
        if isinstance(tree, Leaf):
            tree = Branch("BRANCH_LEQ", 0, 0.0, tree, tree)
        self._visit(tree)

    def _visit(self, tree: Branch) -> int:
        index = len(self.nodes)
        row = {
            "featureids": tree.feature,
            "splits": tree.split,
            "modes": V5_MODES.index(tree.mode),
            "missing_value_tracks_true": tree.missing,
        }
        self.nodes.append(row)
        if tree.mode == "BRANCH_MEMBER":
            self.members.extend([*tree.members, float("nan")])
        same_leaf = tree.true is tree.false and isinstance(tree.true, Leaf)
        row["truenodeids"], row["trueleafs"] = self._child(tree.true)
        if same_leaf:
            row["falsenodeids"], row["falseleafs"] = row["truenodeids"], 1
        else:
            row["falsenodeids"], row["falseleafs"] = self._child(tree.false)
        return index

    def _child(self, tree: Tree) -> tuple[int, int]:
        if isinstance(tree, Branch):
            return self._visit(tree), 0
        ((target, weight),) = tree.weights
        self.leaves.append((target, weight))
        return len(self.leaves) - 1, 1


def v5_attributes(trees: Sequence[Tree], dtype: type, n_targets: int) -> dict[str, Any]:
    flat = Flat5()
    for tree in trees:
        flat.add(tree)

    def tensor(name: str, values: Sequence[float], kind: type) -> Any:
        array = np.asarray(values, kind)
        code = helper.np_dtype_to_tensor_dtype(array.dtype)
        return helper.make_tensor(name, code, array.shape, array)

    names = ("featureids", "truenodeids", "trueleafs", "falsenodeids", "falseleafs")
    out: dict[str, Any] = {f"nodes_{name}": [row[name] for row in flat.nodes] for name in names}
    out["tree_roots"] = flat.roots
    out["nodes_splits"] = tensor("nodes_splits", [row["splits"] for row in flat.nodes], dtype)
    out["nodes_modes"] = tensor("nodes_modes", [row["modes"] for row in flat.nodes], np.uint8)
    missing = [row["missing_value_tracks_true"] for row in flat.nodes]
    if any(missing):
        out["nodes_missing_value_tracks_true"] = missing
    out["leaf_targetids"] = [target for target, _ in flat.leaves]
    out["leaf_weights"] = tensor("leaf_weights", [w for _, w in flat.leaves], dtype)
    if flat.members:
        out["membership_values"] = tensor("membership_values", flat.members, dtype)
    out["n_targets"] = n_targets
    return out
