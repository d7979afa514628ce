"""What the model is given: the one list that training, contract and baseline share.

Ranges are *sane* ranges (what the physical quantity can be), not the observed ones: a
July day that is hotter than any training day is drift, to be seen by monitoring; a
temperature of 1,000 degrees is an error, to be refused by the contract.
"""

from __future__ import annotations

from dataclasses import dataclass

SEED = 20130101
ZONE = "America/New_York"
LABELS = ("on_time", "late")
LATE_AFTER_MINUTES = 15

TRAIN_MONTHS = (1, 2, 3, 4)
CALIBRATION_MONTH = 5
PRODUCTION_MONTHS = (6, 7, 8, 9, 10, 11, 12)

# A category seen less often than this in training taught the model nothing: it is left
# out of the category list, so training rows with it get the same code as unseen ones.
MIN_CATEGORY_ROWS = 50
UNSEEN_CODE = -1


@dataclass(frozen=True)
class Category:
    """An input with a closed list of values; `unseen` is what the contract does with others."""

    name: str
    unseen: str
    description: str


@dataclass(frozen=True)
class Number:
    """A numeric input, its unit and the interval outside which a value is an error."""

    name: str
    minimum: float
    maximum: float
    description: str
    unit: str = ""
    integer: bool = False
    exclusive_minimum: bool = False
    imputed: bool = True
    indicator: bool = False


TIMESTAMP = "scheduled_departure"

CATEGORIES = (
    Category("carrier", "escalate", "IATA code of the operating carrier"),
    Category("origin", "escalate", "IATA code of the New York airport"),
    Category("dest", "encode", "IATA code of the destination airport"),
)

NUMBERS = (
    Number("distance", 0, 5500, "great-circle distance of the leg", "mi",
           exclusive_minimum=True, imputed=False),
    Number("plane_year", 1950, 2013, "year of manufacture of the planned aircraft",
           integer=True, indicator=True),
    Number("plane_seats", 1, 900, "seats of the planned aircraft",
           integer=True, indicator=True),
    Number("temp", -60, 130, "air temperature at the origin", "degF"),
    Number("humidity", 0, 100, "relative humidity at the origin", "%"),
    Number("wind_speed", 0, 150, "wind speed at the origin", "mph"),
    Number("precip", 0, 15, "precipitation of the hour at the origin", "in"),
    Number("pressure", 850, 1090, "sea level pressure at the origin", "mbar", indicator=True),
    Number("visib", 0, 10, "visibility at the origin; the reports stop at 10 miles", "mi"),
)

INPUTS = (TIMESTAMP, *(c.name for c in CATEGORIES), *(n.name for n in NUMBERS))


def feature_names() -> list[str]:
    """Names of the model's input columns, in the order of the tensor."""
    names = ["local_hour", "local_minute_of_day", "local_weekday"]
    names += [category.name for category in CATEGORIES]
    for number in NUMBERS:
        names.append(number.name)
        if number.indicator:
            names.append(f"{number.name}_missing")
    return names
