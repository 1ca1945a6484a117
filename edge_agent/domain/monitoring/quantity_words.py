"""How quantities are written for people, at docks and at the ledger: names, units and digits."""

import re
from dataclasses import dataclass

from edge_agent.domain.monitoring.judged import Judged
from edge_agent.domain.monitoring.quantities import quantity_of

WORDS = {
    Judged.NO_PLACE: "no location is set for it at the ledger",
    Judged.NO_POLICY: "no storage policy applies to this location",
    Judged.NO_RULE: "the storage policy of this location has no rule for it",
}
CLIMATE, OTHER, COUNTER = 0, 1, 2
"""In this order from the top."""


@dataclass(frozen=True, slots=True)
class Shown:
    """How a quantity is written: its name for people ("" where the unit says it), unit and digits."""

    label: str
    unit: str
    digits: int
    order: int = OTHER


SHOWN: dict[str, Shown] = {
    "temp_c": Shown("", "°C", 1, CLIMATE),
    "rh_pct": Shown("", "% RH", 0, CLIMATE),
    "dp_pa": Shown("", "Pa", 1, CLIMATE),
    "co2_ppm": Shown("CO₂", "ppm", 0),
    "door_open": Shown("door", "", 0),
    "particles_0_5_um_count": Shown("≥ 0.5 µm", "per sample", 0, COUNTER),
    "particles_5_um_count": Shown("≥ 5 µm", "per sample", 0, COUNTER),
}
"""What is always shown; anything else only where a rule judges it."""


def label_of(metric: str) -> str:
    """The name of a metric for people, with the number of the probe if it has one: ``temperature, probe 2``.

    >>> label_of("temp_2_c"), label_of("rh_pct"), label_of("dew_c")
    ('temperature, probe 2', 'humidity', 'dew')
    """
    quantity = quantity_of(metric)
    names = {"temp_c": "temperature", "rh_pct": "humidity", "dp_pa": "differential pressure"}
    shown = SHOWN.get(quantity)
    label = names.get(quantity) or (shown.label if shown else quantity.rpartition("_")[0].replace("_", " "))
    number = number_of(metric)
    return f"{label}, probe {number}" if number else label


def number_of(metric: str) -> str:
    """Which of several probes of a device a metric is of: "2" for ``temp_2_c``; "" where its name does not say."""
    if metric.startswith("particles"):
        return ""
    found = re.search(r"(?:^|_)(?:ch|channel|probe|input|sensor)?([0-9]{1,2})(?:_|$)", metric)
    return found[1] if found else ""


def shown_as(metric: str) -> Shown:
    """How values of a metric are written, also of one that nobody listed."""
    quantity = quantity_of(metric)
    return SHOWN.get(quantity) or Shown(label_of(metric), quantity.rpartition("_")[2], 1)


def unit_of(metric: str) -> str:
    """The unit that values of a metric are shown in."""
    return shown_as(metric).unit
