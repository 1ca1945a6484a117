"""What was just said, told from what a host remembers, without a bus in between."""

from typing import Any

from bleak.backends.scanner import AdvertisementData

from edge_agent.drivers.ble.hearing import Hearing

ADDRESS = "C0:FF:EE:00:00:01"
UUID = "0000fcd2-0000-1000-8000-00805f9b34fb"


def said(properties: dict[str, Any]) -> AdvertisementData:
    """As bleak hands a device's properties out: a copy of the mapping with the same objects in it."""
    return AdvertisementData(
        local_name="T",
        manufacturer_data=properties.get("ManufacturerData", {}),
        service_data=properties.get("ServiceData", {}),
        service_uuids=[UUID.upper()],
        rssi=-60,
        tx_power=None,
        platform_data=("/org/bluez/hci0/dev", dict(properties)),
    )


def test_a_property_is_new_once_and_remembered_after_that() -> None:
    hearing, properties = Hearing(ADDRESS), {"ManufacturerData": {1: b"a"}, "ServiceData": {UUID: b"s"}}
    first = hearing.hear(said(properties))
    assert (first.manufacturer_data, first.service_data) == ({1: b"a"}, {0xFCD2: b"s"})
    assert first.services == (UUID,)
    again = hearing.hear(said(properties | {"RSSI": -50}))
    assert (again.manufacturer_data, again.service_data, again.earlier) == ({}, {}, {0xFCD2: b"s"})


def test_the_same_bytes_in_a_new_signal_were_said_again() -> None:
    hearing = Hearing(ADDRESS)
    hearing.hear(said({"ManufacturerData": {1: b"a"}}))
    assert hearing.hear(said({"ManufacturerData": {1: b"a"}})).manufacturer_data == {1: b"a"}


def test_of_ids_that_pile_up_only_what_changed_was_said() -> None:
    hearing = Hearing(ADDRESS)
    hearing.hear(said({"ManufacturerData": {1: b"a"}}))
    assert hearing.hear(said({"ManufacturerData": {1: b"a", 2: b"b"}})).manufacturer_data == {2: b"b"}
    assert hearing.hear(said({"ManufacturerData": {1: b"c", 2: b"b"}})).manufacturer_data == {1: b"c"}


def test_a_host_that_forgets_ids_says_all_that_it_hands_out() -> None:
    hearing = Hearing(ADDRESS)
    hearing.hear(said({"ManufacturerData": {1: b"a", 2: b"b"}}))
    assert hearing.hear(said({"ManufacturerData": {2: b"b"}})).manufacturer_data == {2: b"b"}


def test_what_was_known_before_listening_was_not_just_said() -> None:
    hearing, properties = Hearing(ADDRESS), {"ManufacturerData": {1: b"a"}}
    hearing.remember(properties)
    assert hearing.hear(said(properties)).manufacturer_data == {}
