"""Trains and exports the engine's model zoo: `python zoo.py --out DIR`.

Real pipelines on real tables, with onnxruntime's answers to compare with. A model that cannot be
exported or run is named at the end and makes the script fail unless it is in KNOWN_FAILURES.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

# One thread: the same sums every time, and no spinning on a machine whose cores are shared.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np
import onnx

import ort_check
import zoo_boosters
import zoo_mixed
import zoo_sklearn
import zoo_torch
from casefile import all_nodes, describe, flatten_values, opsets, qualified_ops, save_values, write_json
from conformance import fresh_folder
from zoo_model import Exported, ZooModel

FAMILIES = (zoo_sklearn, zoo_mixed, zoo_boosters, zoo_torch)
Entry = dict[str, Any]

#: name -> why the exporter cannot (yet); these are printed, and do not fail the script.
KNOWN_FAILURES: dict[str, str] = {
    "xgb_dart": "onnxmltools reads a gbtree booster only",
}


def agreement(native: np.ndarray | None, outputs: dict[str, np.ndarray]) -> str:
    """How far onnxruntime is from the training framework, told of the first output."""
    if native is None:
        return ""
    first = next(iter(outputs.values())).reshape(-1)
    other = np.asarray(native).reshape(-1)
    if first.size != other.size:
        return f"shapes differ: {first.size}, {other.size}"
    if first.dtype.kind == "f":
        scale = np.maximum(np.abs(other.astype(np.float64)), 1e-3)
        return f"max rel diff {np.max(np.abs(first - other) / scale):.1e}"
    same = np.mean(first.astype(str) == other.astype(str))
    return f"labels {100 * same:.2f}%"


def settle(model: onnx.ModelProto, name: str) -> None:
    """The converters name graphs at random and list operator sets in any order."""
    model.graph.name = name
    imports = sorted(model.opset_import, key=lambda entry: entry.domain)
    copies = [onnx.helper.make_opsetid(entry.domain, entry.version) for entry in imports]
    del model.opset_import[:]
    model.opset_import.extend(copies)


def write_model(out: Path, zoo: ZooModel, exported: Exported) -> Entry:
    folder = out / zoo.name
    folder.mkdir()
    settle(exported.model, zoo.name)
    content = exported.model.SerializeToString(deterministic=True)
    (folder / "model.onnx").write_bytes(content)
    outputs = ort_check.run(exported.model, exported.inputs)
    first = next(iter(exported.inputs.values()))
    flat = flatten_values(outputs)
    return {
        "name": zoo.name,
        "framework": zoo.framework,
        "kind": zoo.kind,
        "speed": zoo.speed,
        "rows": len(first),
        "features": sum(value.shape[1] for value in exported.inputs.values()),
        "opsets": opsets(exported.model),
        "op_types": qualified_ops(exported.model),
        "onnx_bytes": len(content),
        "missing": bool(any(v.dtype.kind == "f" and np.isnan(v).any() for v in exported.inputs.values())),
        "framework_agreement": agreement(exported.native, flat),
        "inputs": save_values(folder / "inputs.npz", exported.inputs),
        "outputs": describe(flat) if save_values(folder / "outputs.npz", outputs) else [],
    }


def check(entry: Entry, exported: Exported) -> None:
    if entry["rows"] < 100:
        raise ValueError(f"only {entry['rows']} test rows")
    if any(output["shape"][:1] == [0] for output in entry["outputs"]):
        raise ValueError("an empty output")


def operators(entries: list[Entry], out: Path) -> dict[str, dict[str, int]]:
    """(domain, op) -> in how many models, and how many nodes."""
    models: Counter[str] = Counter()
    nodes: Counter[str] = Counter()
    for entry in entries:
        models.update(entry["op_types"])
        model = onnx.load(out / entry["name"] / "model.onnx")
        nodes.update(f"{n.domain or 'ai.onnx'}.{n.op_type}" for n in all_nodes(model.graph))
    return {op: {"models": models[op], "nodes": nodes[op]} for op in sorted(models)}


def print_table(entries: list[Entry]) -> None:
    print(
        f"{'name':28} {'framework':13} {'kind':10} {'rows':>4} {'feat':>4} {'bytes':>9}  framework agreement"
    )
    for e in entries:
        print(
            f"{e['name']:28} {e['framework']:13} {e['kind']:10} {e['rows']:4d} {e['features']:4d} "
            f"{e['onnx_bytes']:9d}  {e['framework_agreement']}"
        )


def build_all(out: Path, only: str) -> tuple[list[Entry], dict[str, str]]:
    entries: list[Entry] = []
    failures: dict[str, str] = {}
    for family in FAMILIES:
        for zoo in family.models():
            if only and only not in zoo.name:
                continue
            start = time.monotonic()
            try:
                exported = zoo.build()
                entry = write_model(out, zoo, exported)
                check(entry, exported)
                entries.append(entry)
            except Exception as error:  # noqa: BLE001 -- every failure is named in the report
                failures[zoo.name] = f"{type(error).__name__}: {ort_check.short(error)}"
            print(f"{zoo.name}: {time.monotonic() - start:.1f} s", file=sys.stderr)
    return entries, failures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", default="", help="only models whose name contains this")
    options = parser.parse_args()
    out = fresh_folder(options.out)
    write_json(out / "index.json", [])
    entries, failures = build_all(out, options.only)
    write_json(out / "index.json", entries)
    used = operators(entries, out)
    write_json(out / "operators.json", used)
    print_table(entries)
    print(f"\n{len(entries)} models, {len(failures)} failures; {len(used)} operators (models, nodes):")
    for op, count in used.items():
        print(f"  {op}: {count['models']}, {count['nodes']}")
    for name, reason in failures.items():
        known = f" (known: {KNOWN_FAILURES[name]})" if name in KNOWN_FAILURES else ""
        print(f"FAILED {name}: {reason}{known}")
    if set(failures) - set(KNOWN_FAILURES):
        sys.exit(1)


if __name__ == "__main__":
    main()
