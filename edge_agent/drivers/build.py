"""From the configuration to the buses that the agent runs."""

import asyncio
from collections.abc import Iterator

from edge_agent.clock import Clock
from edge_agent.config import BleBus, BleDeviceSection, DeviceSection, GatewayConfig, ModbusTcpBus
from edge_agent.domain.ids import DeviceName
from edge_agent.drivers.base import Source
from edge_agent.drivers.bus import Bus, BusDevice, Sleep
from edge_agent.drivers.decode import Variant
from edge_agent.drivers.modbus import ModbusTcpLink
from edge_agent.drivers.profile import Profile, load_profile
from edge_agent.errors import ConfigError, ProfileError


def build_buses(config: GatewayConfig, clock: Clock, sleep: Sleep = asyncio.sleep) -> tuple[Source, ...]:
    """One source per bus that has devices. Nothing is opened yet.

    Raises ``ConfigError`` with every fault of the buses, devices and the profiles they use.
    """
    profiles, faults = _load_profiles(config)
    faults += _faults_of_devices(config, profiles)
    if faults:
        raise ConfigError(tuple(faults))
    return (*_modbus_buses(config, profiles, clock, sleep), *_ble_buses(config, clock))


def _modbus_buses(
    config: GatewayConfig, profiles: dict[str, Profile], clock: Clock, sleep: Sleep
) -> tuple[Source, ...]:
    return tuple(
        Bus(bus.name, ModbusTcpLink(bus.host, bus.port, bus.timeout_s), devices, clock, bus.retry_max_s, sleep)
        for bus in config.bus
        if isinstance(bus, ModbusTcpBus)
        and (devices := [_device(wired, profiles[wired.profile]) for wired in _wired(config) if wired.bus == bus.name])
    )


def _ble_buses(config: GatewayConfig, clock: Clock) -> tuple[Source, ...]:
    if not any(isinstance(bus, BleBus) for bus in config.bus):
        return ()
    # Not at the top: a gateway without Bluetooth does not pay for its libraries (about 5 MB).
    from edge_agent.drivers.ble.bus import ble_sources

    return ble_sources(config, clock)


def _wired(config: GatewayConfig) -> list[DeviceSection]:
    return [device for device in config.device if isinstance(device, DeviceSection)]


def _load_profiles(config: GatewayConfig) -> tuple[dict[str, Profile], list[str]]:
    profiles: dict[str, Profile] = {}
    faults: list[str] = []
    for name in dict.fromkeys(device.profile for device in _wired(config)):
        try:
            profiles[name] = load_profile(name, config.gateway.profiles_dir)
        except ProfileError as error:
            users = ", ".join(device.name for device in _wired(config) if device.profile == name)
            faults += [f"device {users}: {fault}" for fault in error.faults]
    return profiles, faults


def _faults_of_devices(config: GatewayConfig, profiles: dict[str, Profile]) -> list[str]:
    faults = [*_twice("bus", [bus.name for bus in config.bus])]
    faults += _twice("device", [device.name for device in config.device])
    buses = {bus.name: bus for bus in config.bus}
    for device in config.device:
        bus = buses.get(device.bus)
        if bus is None:
            there_are = ", ".join(buses) or "none yet: add a [[bus]]"
            faults.append(f"device {device.name}: bus: no bus {device.bus!r}; there are {there_are}")
        elif isinstance(device, BleDeviceSection) != isinstance(bus, BleBus):
            wants = "a bus of kind ble" if isinstance(device, BleDeviceSection) else "a wired bus"
            faults.append(f"device {device.name}: bus: {bus.name} is of kind {bus.kind}, but this device needs {wants}")
        if isinstance(device, DeviceSection) and device.profile in profiles:
            faults += _faults_of_variant(device, profiles[device.profile])
            faults += _faults_of_timing(device, profiles[device.profile])
    return faults


def _faults_of_variant(device: DeviceSection, profile: Profile) -> Iterator[str]:
    choices = profile.link.address_offset_choices
    if choices and device.address_offset not in choices:
        listed = " or ".join(f"address_offset = {choice}" for choice in choices)
        yield (
            f"device {device.name}: address_offset: profile {profile.name} leaves it open; write {listed}, "
            f"whichever shows the right proof registers ({profile.notes} says how)"
        )
    offset = device.address_offset or 0
    for metric in profile.metric:
        if not 0 <= metric.address + offset <= 0x10000 - metric.words:
            yield f"device {device.name}: address_offset: {offset} moves {metric.name} out of 0..0xFFFF; leave it out"


def _faults_of_timing(device: DeviceSection, profile: Profile) -> Iterator[str]:
    if device.poll_s < profile.link.pause_s:
        yield f"device {device.name}: poll_s: {device.poll_s} is less than the {profile.link.pause_s} s its model needs"


def _twice(kind: str, names: list[str]) -> Iterator[str]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{kind} {name}: name: is there twice; give each {kind} its own name"


def _device(device: DeviceSection, profile: Profile) -> BusDevice:
    return BusDevice(
        name=DeviceName(device.name),
        unit=profile.link.unit if device.unit is None else device.unit,
        profile=profile,
        poll_s=device.poll_s,
        variant=Variant(device.address_offset or 0, device.word_order, device.fahrenheit),
    )
