"""Bluetooth sensors without a radio: a ``org.bluez`` on a private D-Bus, and virtual sensors that speak through it.

The real bleak and the real D-Bus are in between, so what is proven here is all but the radio itself.
"""

from edge_agent.drivers.ble.on_air import Advert, Measured
from edge_agent.simulators.ble.bluez import FakeBlueZ, private_bus
from edge_agent.simulators.ble.command import ble
from edge_agent.simulators.ble.sensors import Fault, VirtualSensor

__all__ = ["Advert", "FakeBlueZ", "Fault", "Measured", "VirtualSensor", "ble", "private_bus"]
