"""contract.yaml and policy.yaml as text, with the comments that a reader needs.

Written as text rather than dumped: a contract is read and reviewed by people. Lists and
strings are written as JSON, which is YAML too.
"""

from __future__ import annotations

import json
import textwrap

import spec
from features import Preprocessor

HEADER = """\
# Written by train.py; change spec.py or train.py and run it again.
#
# Inputs are what a caller knows before departure. Weather is that of the hour of the
# scheduled departure at the origin. Ranges are what the quantity can be, not what training
# saw: a hotter day is drift, not an error.
"""

TIMESTAMP_INPUT = """\
  - name: scheduled_departure
    type: timestamp                 # RFC 3339 with an offset: without one the hour is a guess
    required: true
    missing: reject
    description: scheduled departure from the gate, an instant
"""

CLOCK_FEATURES = """\
  # New York's clock, whatever the offset of the timestamp: delays build up over the local day.
  - name: local_hour
    from: scheduled_departure
    steps:
      - calendar: { part: hour, zone: America/New_York }
  - name: local_minute_of_day
    from: scheduled_departure
    steps:
      - calendar: { part: minute_of_day, zone: America/New_York }
  - name: local_weekday             # Monday = 0
    from: scheduled_departure
    steps:
      - calendar: { part: weekday, zone: America/New_York }
"""

UNSEEN_REASON = {
    "escalate": "the model learned nothing about others: a person decides",
    "encode": "rare in training as well, where it got the same code",
}


def short(value: float) -> str:
    """A number without a needless fraction: 149 rather than 149.0."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def values_block(key: str, values: list[str], indent: int) -> str:
    """A list of strings in YAML's flow style, wrapped."""
    margin = " " * indent
    items = textwrap.fill(
        ", ".join(json.dumps(value) for value in values), width=96,
        initial_indent=margin + "  ", subsequent_indent=margin + "  ", break_on_hyphens=False,
    )
    return f"{margin}{key}: [\n{items}\n{margin}]\n"


def category_input(category: spec.Category, fitted: Preprocessor) -> str:
    """One category's clause."""
    return (
        f"  - name: {category.name}\n"
        f"    type: category\n"
        f"    required: true\n"
        f"    missing: reject\n"
        f"    unseen: {category.unseen:<24}# {UNSEEN_REASON[category.unseen]}\n"
        f"    description: {category.description}\n"
    ) + values_block("values", fitted.categories[category.name], 4)


def number_input(number: spec.Number) -> str:
    """One number's clause."""
    lines = [
        f"  - name: {number.name}",
        f"    type: {'integer' if number.integer else 'number'}",
    ]
    if number.unit:
        lines.append(f"    unit: {json.dumps(number.unit)}")
    lines.append(f"    minimum: {short(number.minimum)}")
    if number.exclusive_minimum:
        lines.append("    exclusive_minimum: true")
    lines += [
        f"    maximum: {short(number.maximum)}",
        f"    required: {'false' if number.imputed else 'true'}",
        f"    missing: {'impute' if number.imputed else 'reject'}",
        f"    description: {number.description}",
    ]
    return "\n".join(lines) + "\n"


def category_feature(category: spec.Category, fitted: Preprocessor) -> str:
    """Position in the list; anything else gets the declared code."""
    return (
        f"  - name: {category.name}\n"
        f"    from: {category.name}\n"
        f"    steps:\n"
        f"      - ordinal:\n"
        f"          unseen: {spec.UNSEEN_CODE}\n"
    ) + values_block("categories", fitted.categories[category.name], 10)


def number_feature(number: spec.Number, fitted: Preprocessor) -> str:
    """The number itself, filled where it may be missing, and the indicator if it has one."""
    text = f"  - name: {number.name}\n    from: {number.name}\n"
    if not number.imputed:
        return text + "    steps: []\n"
    fill = short(fitted.fills[number.name])
    text += f"    steps:\n      - impute: {{ value: {fill}, strategy: median }}\n"
    if number.indicator:
        text += (
            f"  - name: {number.name}_missing\n    from: {number.name}\n"
            f"    steps:\n      - missing_indicator: {{}}\n"
        )
    return text


def contract_text(fitted: Preprocessor) -> str:
    """The whole contract."""
    parts = [
        HEADER,
        "format: driftline.contract/1\n",
        "name: flights-delay\n",
        "description: Will a flight from New York arrive more than "
        f"{spec.LATE_AFTER_MINUTES} minutes late?\n",
        "unknown_fields: reject\n\ninputs:\n",
        TIMESTAMP_INPUT,
        *(category_input(category, fitted) for category in spec.CATEGORIES),
        *(number_input(number) for number in spec.NUMBERS),
        "\n# Computed in float64, cast to float32 once, when the tensor is filled.\nfeatures:\n",
        CLOCK_FEATURES,
        *(category_feature(category, fitted) for category in spec.CATEGORIES),
        *(number_feature(number, fitted) for number in spec.NUMBERS),
        "\ntensors:\n  - name: input\n    dtype: float32\n",
        values_block("features", spec.feature_names(), 4),
        "\noutputs:\n  kind: binary\n",
        f"  labels: [{', '.join(spec.LABELS)}]\n",
        "  scores: probabilities             # [N, 2], columns in the order of the labels\n",
    ]
    return "".join(parts)


def policy_text(choices: dict[str, dict]) -> str:
    """The policy, each threshold beside the May figures that it was chosen on."""
    actions = {"on_time": "escalate", "late": "default"}
    lines = [
        "# Written by train.py. A label is accepted when its confidence (the larger score)",
        "# reaches its threshold. Each threshold is the smallest, in steps of 0.01, at which the",
        "# share of wrong answers among the accepted ones of May 2013, which training did not",
        "# see, is at most `max_error` below. That is an observation on one month and certifies",
        "# nothing: `driftline calibrate` computes thresholds that carry a guarantee.",
        "#",
        "# label    max_error  rows of May  accepted  wrong among accepted",
    ]
    for label in spec.LABELS:
        chosen = choices[label]
        lines.append(
            f"# {label:<8} {chosen['max_error']:<10} {chosen['rows_with_label']:<12} "
            f"{chosen['accepted']:<9} {chosen['error']:.4f}"
        )
    lines += ["format: driftline.policy/1", "labels:"]
    for label in spec.LABELS:
        threshold = f"{choices[label]['threshold']:.2f}"
        lines.append(f"  {label}: {{ threshold: {threshold}, below: {actions[label]} }}")
    late = choices["late"]
    lines += [
        "# The answer of action `default`, given where the model says `late` with less confidence:",
        f"# {late['below']} rows of May, of which {late['below_wrong']:.1%} were on time. A false "
        "warning is taken to be the",
        "# costlier mistake (people rebook, crews are moved), a missed one to be the usual state.",
        f"default_label: {spec.LABELS[0]}",
    ]
    return "\n".join(lines) + "\n"
