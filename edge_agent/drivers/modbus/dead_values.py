"""What a dead sensor says, when its transmitter goes on sending: values by which a whole frame is recognised as no
measurement. Pure.

A transmitter that has lost its element sends all zeros, all ones, or what the element sent last or at power-up. One of
the two values of such a frame often looks sensible: it is condemned by its partner, which cannot be true.

=========  =======================================================================================================
element    its own "no value"
=========  =======================================================================================================
ds18b20    85.0 °C: the register after power-up, before a conversion; -127 °C: what drivers give for no answer
sht2x      raw 0 is -46.85 °C and -6 %; raw 0xFFFF is 128.9 °C and 119 % (T = -46.85 + 175.72 raw / 65536)
sht3x      raw 0 is -45 °C and 0 %; raw 0xFFFF is 130 °C and 100 % (T = -45 + 175 raw / 65535)
sht4x      raw 0 is -45 °C and -6 %; raw 0xFFFF is 130 °C and 119 % (RH = -6 + 125 raw / 65535)
=========  =======================================================================================================

Source: the formulas of the makers' data sheets (Maxim DS18B20, Sensirion SHT21, SHT3x-DIS, SHT4x). Humidities are not
in the list: 0 and 100 % are what such a sensor may also measure, and -6 and 119 % are out of range anyway.
"""

import re
from collections.abc import Iterable

DEAD_C = {
    "ds18b20": (85.0, -127.0),
    "sht2x": (-46.85, 128.86),
    "sht3x": (-45.0, 130.0),
    "sht4x": (-45.0, 130.0),
}
"""Temperatures in °C that an element gives when it has none."""
TENTH_C = 0.06
"""Registers have tenths, and makers round or cut."""
EXACT_C = 0.005
"""85.0 is also a temperature, if a rare one: only the exact value is the power-up value."""
SATURATED_PCT = 5.0
"""So much above its range a wet humidity sensor may read and still be alive: its temperature stands."""
TINY = {"_c": 1e-3, "_pct": 1e-3}
"""A float that is smaller, and not zero, is what swapped words or bytes look like."""
TINY_ELSE = 1e-9
"""Of other quantities: half a pascal is 0.0005 to a sensor that counts in kPa."""


USUAL = {"_c": (-90.0, 45.0), "_pct": (1.0, 100.0), "_pa": (-500.0, 500.0), "_ppm": (200.0, 10000.0)}
"""What stores, freezers and cleanrooms have, by unit. Beyond it a value is odd, not wrong."""


def is_usual(name: str, value: float) -> bool:
    """Whether such a value is ordinary where lots are kept."""
    return all(low <= value <= high for unit, (low, high) in USUAL.items() if name.endswith(unit))


def is_dead_value(element: str | None, name: str, value: float) -> bool:
    """Whether ``value`` (°C) is one by which ``element`` says that it has none."""
    if element is None or not name.endswith("_c"):
        return False
    near_c = EXACT_C if element == "ds18b20" else TENTH_C
    return any(abs(value - dead_c) <= near_c for dead_c in DEAD_C[element])


def is_nearly_nothing(name: str, number: float) -> bool:
    """Whether a float of the device's own, not zero, is too small to have been measured."""
    tiny = next((tiny for unit, tiny in TINY.items() if name.endswith(unit)), TINY_ELSE)
    return 0 < abs(number) < tiny


def condemns(name: str, value: float, low: float, high: float) -> bool:
    """Whether a value outside ``low`` to ``high`` shows that its frame is no measurement at all. A humidity that is a
    little above 100 % is a sensor with dew on it."""
    is_wet = name.endswith("_pct") and high < value <= high + SATURATED_PCT
    return not low <= value <= high and not is_wet


def are_partners(name: str, other: str) -> bool:
    """Whether two metrics come from one sensor element: another quantity of the same probe (``ch1_temp_c`` and
    ``ch1_rh_pct``). Two temperatures are two probes: one that is not connected says nothing about the other."""
    is_same_probe = _NUMBERS.findall(name) == _NUMBERS.findall(other)
    return is_same_probe and name.rpartition("_")[2] != other.rpartition("_")[2]


_NUMBERS = re.compile(r"[0-9]+")


def is_all_zero(names: Iterable[str], words: Iterable[int]) -> bool:
    """Whether every register is 0 where a humidity is among the values: no air is at 0.0 % and 0.0 °C."""
    return any(name.endswith("rh_pct") for name in names) and not any(words)
