"""Reading a Bluetooth device over a connection, and what BlueZ raises when it cannot be done."""

import asyncio

from bleak import BleakClient
from bleak.backends.device import BLEDevice
from bleak.exc import BleakError

from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.ble.formats.gatt_ess import HUMIDITY_UUID, TEMPERATURE_UUID, decode_characteristics
from edge_agent.drivers.ble.frames import DecodedFrame

CONNECT_TIMEOUT_S = 30.0
"""Bound on one connected read, from connecting to disconnecting."""

TROUBLE = (BleakError, OSError, EOFError, TimeoutError, AssertionError)
"""What BlueZ, D-Bus and bleak raise when the adapter or the daemon is gone (bleak asserts on a dead connection)."""


async def read_characteristics(found: BLEDevice, adapter: str) -> tuple[bytes, bytes | None]:
    """Temperature and humidity of an Environmental Sensing Service, as the device sends them; None for what it has
    not. Raises what is in ``TROUBLE``.
    """
    async with asyncio.timeout(CONNECT_TIMEOUT_S):
        async with BleakClient(found, bluez={"adapter": adapter}) as client:
            temperature = bytes(await client.read_gatt_char(TEMPERATURE_UUID))
            has_humidity = client.services.get_characteristic(HUMIDITY_UUID) is not None
            humidity = bytes(await client.read_gatt_char(HUMIDITY_UUID)) if has_humidity else None
    return temperature, humidity


def decoded_of(raw: tuple[bytes, bytes | None]) -> DecodedFrame:
    """What :func:`read_characteristics` brought, and what it is worth."""
    return decode_characteristics(*raw) or DecodedFrame({}, Quality.FAULT, "device returned no values")


def said_of(error: BaseException) -> str:
    """An error in words."""
    return str(error) or type(error).__name__
