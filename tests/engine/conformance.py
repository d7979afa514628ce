"""Writes the engine's conformance tests: `python conformance.py --out DIR`.

Two sources: the backend node tests of the `onnx` package (all of ai.onnx.ml, and the ai.onnx
operators that tabular exports use), and the cases of ml_cases.py, which cover the ai.onnx.ml
operators and modes that the package leaves untested.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import ml_cases
import ort_check
from backend_cases import ML, BackendCase, Exclusions, selected_cases
from casefile import write_case, write_json

HERE = Path(__file__).resolve().parent
Entry = dict[str, Any]


def fresh_folder(path: Path) -> Path:
    """An empty folder; only one that this script wrote is emptied."""
    if path.exists() and any(path.iterdir()):
        if not (path / "index.json").exists():
            sys.exit(f"{path} is not empty and was not written by this script")
        shutil.rmtree(path)
    path.mkdir(parents=True, exist_ok=True)
    return path


def write_backend_case(out: Path, case: BackendCase, check: bool) -> Entry:
    entry: Entry = {"name": case.name, "suite": "backend", "domain": case.domain, "op": case.op}
    entry.update(write_case(out / case.name, case.model, case.data_sets))
    entry.update(rtol=case.rtol, atol=case.atol, expected_from="onnx backend test")
    if check:
        entry["onnxruntime"] = ort_check.verdict(case.model, case.data_sets, case.rtol, case.atol)
    return entry


def write_backend(out: Path, exclusions: Exclusions, check: bool) -> tuple[list[Entry], Counter[str]]:
    entries: list[Entry] = []
    excluded: Counter[str] = Counter()
    for case in selected_cases():
        reason = exclusions.reason(case.name)
        if reason is None and case.foreign_types:
            sys.exit(f"{case.name}: {sorted(case.foreign_types)} not carried and not excluded")
        if reason is None:
            entries.append(write_backend_case(out, case, check))
        elif case.domain == ML:
            sys.exit(f"{case.name}: no test of {ML} may be excluded")
        else:
            excluded[reason] += 1
    if exclusions.unused():
        sys.exit(f"exclusions.json: patterns that match nothing: {exclusions.unused()}")
    return entries, excluded


def write_made(out: Path) -> list[Entry]:
    entries: list[Entry] = []
    for case in ml_cases.all_cases():
        expected = ml_cases.expect(case)
        entry: Entry = {"name": case.name, "suite": "made", "domain": ML, "op": case.op}
        model = ml_cases.finished_model(case, expected)
        entry.update(write_case(out / case.name, model, [(case.inputs, expected.outputs)]))
        entry.update(rtol=case.rtol, atol=case.atol, expected_from=expected.source)
        entry.update(onnxruntime=expected.onnxruntime, reference=expected.reference)
        entry["contested"] = expected.contested
        if case.note:
            entry["note"] = case.note
        entries.append(entry)
    return entries


def print_verdicts(entries: list[Entry], key: str) -> None:
    heads = Counter(entry[key].split(":")[0] for entry in entries if key in entry)
    print(f"  {key}: " + ", ".join(f"{n} {head}" for head, n in sorted(heads.items())))
    for entry in entries:
        if entry.get(key, "agrees") not in ("agrees", "used"):
            print(f"    {entry['name']}: {entry[key]}")


def print_counts(entries: list[Entry], excluded: Counter[str], verbose: bool) -> None:
    backend = [entry for entry in entries if entry["suite"] == "backend"]
    made = [entry for entry in entries if entry["suite"] == "made"]
    ml = [entry for entry in backend if entry["domain"] == ML]
    print(f"backend tests of {ML}: {len(ml)}, none excluded")
    print(f"backend tests of ai.onnx: {len(backend) - len(ml)}, excluded {sum(excluded.values())}")
    for reason, count in excluded.most_common():
        print(f"  {count:4d} excluded: {reason}")
    print(f"made tests of {ML}: {len(made)}")
    for op, count in sorted(Counter(entry["op"] for entry in made).items()):
        print(f"  {count:4d} {op}")
    for source, count in sorted(Counter(entry["expected_from"] for entry in made).items()):
        print(f"  {count:4d} expected from {source}")
    contested = [entry["name"] for entry in made if entry["contested"]]
    print(f"  {len(contested):4d} contested: onnxruntime answers otherwise than the operator's text")
    for name in contested:
        print(f"         {name}")
    if verbose:
        print_verdicts(backend, "onnxruntime")
        print_verdicts(made, "onnxruntime")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--no-check", action="store_true", help="do not ask onnxruntime too")
    parser.add_argument("--verbose", action="store_true", help="list where the oracles disagree")
    options = parser.parse_args()
    out = fresh_folder(options.out)
    write_json(out / "index.json", [])
    exclusions = Exclusions(HERE / "exclusions.json")
    entries, excluded = write_backend(out, exclusions, not options.no_check)
    entries += write_made(out)
    names = Counter(entry["name"] for entry in entries)
    repeated = [name for name, count in names.items() if count > 1]
    if repeated:
        sys.exit(f"names used twice: {repeated}")
    write_json(out / "index.json", entries)
    print_counts(entries, excluded, options.verbose)


if __name__ == "__main__":
    main()
