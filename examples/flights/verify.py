"""Retrain in a temporary folder and prove that the checked-in files come from the script.

    python verify.py

Exit status 0 if every file is the same to the byte, 1 if not, each differing file named.
"""

from __future__ import annotations

import gzip
import hashlib
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import train

HERE = Path(__file__).resolve().parent


def wrong_versions() -> list[str]:
    """Packages whose installed version is not the pinned one: the first cause to look at."""
    problems = []
    for line in (HERE / "requirements.txt").read_text().splitlines():
        name, separator, pinned = line.partition("==")
        if line.startswith("#") or not separator:
            continue
        try:
            installed = version(name)
        except PackageNotFoundError:
            installed = "not installed"
        if installed != pinned:
            problems.append(f"{name}: {installed}, requirements.txt has {pinned}")
    if sys.version_info[:2] != (3, 11):
        problems.append(f"Python {sys.version.split()[0]}, the files were made with 3.11")
    return problems


def sha256(content: bytes | None) -> str:
    """The digest, or a word for a file that is not there."""
    return "missing" if content is None else hashlib.sha256(content).hexdigest()


def unpacked(name: str, content: bytes | None) -> bytes | None:
    """A .gz file's content, to tell another zlib from other data; None if it is damaged."""
    if content is None or not name.endswith(".gz"):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError):
        return None


def differs(name: str, made: Path) -> bool:
    """Compare one checked-in file with the one just made, and say what was found."""
    checked_in = HERE / name
    before = checked_in.read_bytes() if checked_in.is_file() else None
    after = (made / name).read_bytes()
    if before == after:
        print(f"same     {name}  sha256:{sha256(after)}")
        return False
    print(f"DIFFERS  {name}\n  checked in  {sha256(before)}\n  from script {sha256(after)}")
    if name.endswith(".gz") and unpacked(name, before) == unpacked(name, after):
        print("  the content is the same, only its compression differs: another zlib")
    return True


def main() -> int:
    """Retrain, compare, report."""
    problems = wrong_versions()
    for problem in problems:
        print(f"warning: {problem}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        train.build(Path(folder))
        different = [name for name in train.ARTEFACTS if differs(name, Path(folder))]
    if not different:
        print(f"verified: {len(train.ARTEFACTS)} files come from train.py, byte for byte")
        return 0
    print(f"error: not what train.py makes: {', '.join(different)}", file=sys.stderr)
    if problems:
        print("help: install the pinned versions first (see the warnings)", file=sys.stderr)
    else:
        print("help: run `python train.py --out .` and review the difference", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
