"""Mean kinetic temperature: the one temperature that would have done the same harm as the real ones did.

Haynes' formula as USP <1079.2> and WHO TRS 953 use it, with activation energy 83.144 kJ/mol unless the product says
otherwise. Uneven sampling is weighted by time. A gap is not a temperature: leave it out and say so.
"""

from collections.abc import Iterable
from math import exp, log

ACTIVATION_ENERGY_J_MOL = 83_144.0
GAS_CONSTANT_J_MOL_K = 8.3144
KELVIN_AT_0_C = 273.15


def mean_kinetic_temperature_c(
    spells: Iterable[tuple[float, float]], activation_energy_j_mol: float = ACTIVATION_ENERGY_J_MOL
) -> float:
    """MKT in °C of ``(celsius, duration_s)`` spells. Raises ``ValueError`` without any time in them.

    >>> round(mean_kinetic_temperature_c([(20, 1), (30, 1)]), 4)
    26.2599
    """
    per_kelvin = activation_energy_j_mol / GAS_CONSTANT_J_MOL_K
    harm = duration_s = 0.0
    for celsius, spell_s in spells:
        if spell_s < 0 or celsius <= -KELVIN_AT_0_C:
            raise ValueError(f"no such spell: {celsius} °C for {spell_s} s")
        harm += spell_s * exp(-per_kelvin / (celsius + KELVIN_AT_0_C))
        duration_s += spell_s
    if duration_s == 0:
        raise ValueError("mean kinetic temperature needs a time span longer than zero")
    return kinetic_temperature_c(harm / duration_s, activation_energy_j_mol)


def kinetic_temperature_c(mean_harm: float, activation_energy_j_mol: float = ACTIVATION_ENERGY_J_MOL) -> float:
    """The temperature in °C whose harm, exp(-E/RT), is ``mean_harm`` (> 0, < 1)."""
    return activation_energy_j_mol / GAS_CONSTANT_J_MOL_K / -log(mean_harm) - KELVIN_AT_0_C
