"""Asks CycloneDX's validator whether bom.json is a bill of materials of version 1.6.

Run: pip install "cyclonedx-python-lib[json-validation]" && python check_bom.py
"""

from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

text = Path(__file__).with_name("bom.json").read_text()
error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
if error is not None:
    raise SystemExit(str(error))
print("valid")
