"""What a channel measures, whatever it is called: rules apply to a quantity, not to a spelling.

The name of a metric is a quantity and its unit (``temp_c``); of several probes of one device each has its number in it
(``temp_2_c``, ``ch2_temp_c``, ``probe3_rh_pct``). A policy that limits ``temp_c`` limits them all.

>>> quantity_of("temp_2_c"), quantity_of("ch2_temp_c"), quantity_of("particles_0_5_um_count"), quantity_of("co2_ppm")
('temp_c', 'temp_c', 'particles_0_5_um_count', 'co2_ppm')
"""

import re
from functools import lru_cache

_INDEX = re.compile(r"(?:ch|channel|probe|input|sensor|ext|p)?[0-9]{1,2}|ext|external|probe|int")
"""A part of a name that tells which of several probes of a device it is."""
_PARTICLES = ("particles", "pm")
"""The numbers in the name of a count or a mass of particles are their size."""
_CHEMICAL = re.compile(r"co2|[a-z]+m3")
"""A number that belongs to a name: carbon dioxide, a cubic metre."""
_SAME = {"temperature_c": "temp_c", "humidity_pct": "rh_pct"}
"""Spellings of others for our own."""
GUARDING = re.compile(r"(?!dew).*_c|(?:.*_)?rh_pct|(?:.*_)?dp_pa|particles_.*_count")
"""Quantities that storage policies are about: every temperature but the dew point, humidity, differential pressure and
counts. The rest tells of the device itself (battery, signal) or has no limits for product (air pressure, CO2)."""


@lru_cache(maxsize=4096)
def quantity_of(metric: str) -> str:
    """The quantity that a metric measures, in its unit, as policies name it."""
    if metric.startswith(_PARTICLES):
        return metric
    parts = [part for part in metric.split("_") if not _INDEX.fullmatch(part)]
    joined = "_".join(
        part if _CHEMICAL.fullmatch(part) else re.sub(r"(?<=[a-z])[0-9]{1,2}$", "", part) for part in parts
    )
    return _SAME.get(joined, joined) or metric


def is_about(rule_metric: str, metric: str) -> bool:
    """Whether a rule that names ``rule_metric`` judges the channel ``metric``.

    A rule for one probe by its whole name judges that one only.
    """
    return metric == rule_metric or (quantity_of(rule_metric) == rule_metric and quantity_of(metric) == rule_metric)
