"""A sensor that answers with the same registers for ever is stale, if the site says how long that may be."""

from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.modbus.profile import load_profile
from edge_agent.drivers.modbus.register_decode import Decoded, InvalidValue, decode
from edge_agent.drivers.modbus.stuck_values import Standstill

SAME = {1: 50, 2: 400}
GOOD = Decoded({"temp_c": 5.0, "rh_pct": 40.0})


def test_registers_that_stand_still_for_too_long_are_stale_and_tell_nothing() -> None:
    still = Standstill(600)
    assert still.judged(GOOD, SAME, 100.0) == GOOD
    assert still.judged(GOOD, SAME, 699.0) == GOOD
    judged = still.judged(GOOD, SAME, 700.0)
    assert (judged.quality, judged.values) == (Quality.STALE, {})
    assert "no register has changed for 600 s" in judged.detail


def test_one_register_that_changes_is_a_sign_of_life_of_all() -> None:
    still = Standstill(600)
    still.judged(GOOD, SAME, 0.0)
    assert still.judged(GOOD, SAME, 600.0).quality is Quality.STALE
    assert still.judged(GOOD, {**SAME, 2: 401}, 601.0) == GOOD
    assert still.judged(GOOD, {**SAME, 2: 401}, 1200.0) == GOOD


def test_without_a_word_from_the_site_nothing_is_stale_however_long_it_stands_still() -> None:
    still = Standstill(None)
    still.judged(GOOD, SAME, 0.0)
    assert still.judged(GOOD, SAME, 1e9) == GOOD


def test_a_fault_stays_a_fault_beside_what_is_stale() -> None:
    still = Standstill(600)
    half = Decoded({"rh_pct": 40.0}, (InvalidValue("temp_c", Quality.FAULT, "no value"),))
    still.judged(half, SAME, 0.0)
    judged = still.judged(half, SAME, 600.0)
    assert judged.quality is Quality.FAULT
    assert {one.metric: one.quality for one in judged.invalid} == {
        "temp_c": Quality.FAULT,
        "rh_pct": Quality.STALE,
    }


def test_a_transmitter_that_says_that_it_is_not_online_is_stale_and_one_with_errors_is_a_fault() -> None:
    profile = load_profile("vaisala-hmt330")
    values = {(3, 0x0100): 4500, (3, 0x0101): 520}
    assert decode(profile, {**values, (3, 0x0200): 1, (3, 0x0201): 1}).values == {"rh_pct": 45.0, "temp_c": 5.2}
    offline = decode(profile, {**values, (3, 0x0200): 1, (3, 0x0201): 0})
    assert (offline.values, offline.quality) == ({}, Quality.STALE) and "online data" in offline.detail
    assert decode(profile, {**values, (3, 0x0200): 0, (3, 0x0201): 0}).quality is Quality.FAULT
