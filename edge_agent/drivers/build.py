"""From the configuration to the buses that the agent runs."""

import asyncio
from collections.abc import Collection, Iterable, Iterator

from edge_agent.config.dock_sections import ContactSection
from edge_agent.config.model import (
    BleBus,
    BleDeviceSection,
    DeviceSection,
    GatewayConfig,
    ModbusSerialBus,
    ModbusTcpBus,
    ParticleSensorSection,
)
from edge_agent.domain.wire.ids import DeviceName
from edge_agent.drivers.base import Source
from edge_agent.drivers.gpio import Door
from edge_agent.drivers.modbus.bus import Bus, BusDevice, BusLink, Sleep
from edge_agent.drivers.modbus.modbus import ModbusTcpLink
from edge_agent.drivers.modbus.modbus_framing import Ascii, Framing, Rtu
from edge_agent.drivers.modbus.modbus_line import ModbusLineLink
from edge_agent.drivers.modbus.ports import SerialPort, TcpPort, Trace
from edge_agent.drivers.modbus.profile import Profile, load_profile
from edge_agent.drivers.modbus.proof_watch import ProofWatch
from edge_agent.drivers.modbus.register_decode import Variant
from edge_agent.drivers.modbus.register_poll import WatchedPoll
from edge_agent.drivers.particles.particle_counter import CounterExchange, CounterMemory
from edge_agent.drivers.particles.particle_sensor import particle_sensor
from edge_agent.drivers.proof_records import is_proven_with, read_records
from edge_agent.errors import ConfigError, ProfileError
from edge_agent.timekeeping.clock import Clock

ModbusBus = ModbusTcpBus | ModbusSerialBus

STALE_POLLS_MIN = 10
"""Fewer equal answers in a row say nothing about any sensor."""


def build_buses(config: GatewayConfig, clock: Clock, sleep: Sleep = asyncio.sleep) -> tuple[Source, ...]:
    """One source per bus that has devices, per particle sensor and per door contact. Nothing is opened yet.

    Raises ``ConfigError`` with every fault of the buses, devices and the profiles they use.
    """
    profiles, faults = _load_profiles(config)
    faults += _faults_of_devices(config, profiles)
    if faults:
        raise ConfigError(tuple(faults))
    return (
        *_modbus_buses(config, profiles, clock, sleep),
        *_ble_buses(config, clock),
        *(particle_sensor(section, clock, sleep) for section in config.particle_sensor),
        *(Door(section, clock, sleep) for section in config.contact),
    )


def link_of(bus: ModbusBus, profiles: Iterable[Profile] = (), trace: Trace | None = None) -> BusLink:
    """The connection of a bus, not open yet: to poll with, or to read single registers of any unit at the bench.

    ``profiles`` are those of its devices: they give the serial settings that the bus leaves out. ``trace`` is told
    every byte. Raises ``ConfigError`` when serial settings are missing.
    """
    if isinstance(bus, ModbusTcpBus):
        if bus.framer == "tcp":
            return ModbusTcpLink(bus.host, bus.port, bus.timeout_s, trace)
        return ModbusLineLink(TcpPort(bus.host, bus.port), FRAMINGS[bus.framer], bus.timeout_s, trace)
    settings, faults = _serial_settings(bus, profiles)
    if settings is None:
        raise ConfigError(tuple(faults))
    return ModbusLineLink(settings, FRAMINGS[bus.kind.removeprefix("modbus-")], bus.timeout_s, trace)


FRAMINGS: dict[str, Framing] = {"rtu": Rtu(), "ascii": Ascii()}


def _serial_settings(bus: ModbusSerialBus, profiles: Iterable[Profile]) -> tuple[SerialPort | None, list[str]]:
    """The port with its settings, and why there are none."""
    known = [profile.serial for profile in profiles if profile.serial is not None]
    baudrates = {bus.baudrate} if bus.baudrate is not None else {serial.baudrate for serial in known}
    parities = {bus.parity} if bus.parity is not None else {serial.parity for serial in known}
    stops = {bus.stopbits} if bus.stopbits is not None else {serial.stopbits for serial in known}
    choices: dict[str, Collection[object]] = {"baudrate": baudrates, "parity": parities, "stopbits": stops}
    faults = [f"bus {bus.name}: {_fault_of(key, found)}" for key, found in choices.items() if len(found) != 1]
    if faults:
        return None, faults
    return SerialPort(bus.port, baudrates.pop(), parities.pop(), stops.pop()), []


def _fault_of(key: str, found: Collection[object]) -> str:
    if not found:
        return f"{key}: is missing, and no profile of its devices tells it; write {key} = ..."
    return f"{key}: its devices leave the factory with {_or(found)}; set them all to one, and write {key} = ..."


def _or(things: Iterable[object]) -> str:
    return " or ".join(sorted(map(str, things))) or "nothing"


def _modbus_buses(config: GatewayConfig, profiles: dict[str, Profile], clock: Clock, sleep: Sleep) -> Iterator[Source]:
    for bus in config.bus:
        if isinstance(bus, BleBus):
            continue
        own = [wired for wired in _wired(config) if wired.bus == bus.name]
        devices = [_device(wired, profiles[wired.profile], config, clock) for wired in own]
        if devices:
            link = link_of(bus, [profiles[wired.profile] for wired in own])
            yield Bus(bus.name, link, devices, clock, bus.retry_max_s, sleep, bus.budget_s)


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
            profiles[name] = load_profile(name, *config.profile_folders)
        except ProfileError as error:
            users = ", ".join(device.name for device in _wired(config) if device.profile == name)
            faults += [f"device {users}: {fault}" for fault in error.faults]
    return profiles, faults


def _faults_of_devices(config: GatewayConfig, profiles: dict[str, Profile]) -> list[str]:
    faults = [*_twice("bus", [bus.name for bus in config.bus])]
    faults += _twice("device", _names(config.device, config.particle_sensor, config.contact))
    for line in config.bus:
        if isinstance(line, ModbusSerialBus):
            own = [profiles[d.profile] for d in _wired(config) if d.bus == line.name and d.profile in profiles]
            faults += _serial_settings(line, own)[1] if own else []
    faults += _shared_ports(config)
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
            faults += _faults_of_part(device, profiles[device.profile])
            faults += _faults_of_variant(device, profiles[device.profile])
            faults += _faults_of_timing(device, profiles[device.profile])
            faults += _faults_of_doubts(device, profiles[device.profile])
            faults += _faults_of_counter(device, profiles[device.profile], _settle_s(config))
    return [*faults, *_faults_of_shared_units(config, profiles)]


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


def profile_of(device: DeviceSection, profile: Profile) -> Profile:
    """The part of its unit's ``profile`` that ``device`` is: one input of a board, some of the metrics, or all of it.
    Raises ``ConfigError``."""
    faults = tuple(_faults_of_part(device, profile))
    if faults:
        raise ConfigError(faults)
    part = profile if device.input is None else profile.at_input(device.input)
    return part.only(device.metrics) if device.metrics else part


def _faults_of_part(device: DeviceSection, profile: Profile) -> Iterator[str]:
    inputs = profile.link.inputs
    if inputs > 1 and device.input is None:
        yield (
            f"device {device.name}: input: is missing; {profile.name} is a board with {inputs} inputs: write input = 1 "
            f"to {inputs}, and a [[device]] for each input that is in use"
        )
    if device.input is not None and (inputs == 1 or device.input > inputs):
        there_are = f"inputs 1 to {inputs}" if inputs > 1 else "no inputs to choose from: remove it"
        yield f"device {device.name}: input: is {device.input}, but {profile.name} has {there_are}"
    known = [metric.name for metric in profile.metric]
    for name in device.metrics:
        if name not in known:
            yield f"device {device.name}: metrics: {profile.name} has no {name!r}; there are {_or(known)}"


def _faults_of_shared_units(config: GatewayConfig, profiles: dict[str, Profile]) -> Iterator[str]:
    """Two devices that would be the same value of the same unit."""
    taken: dict[tuple[str, int, int | None, str], str] = {}
    for device in _wired(config):
        profile = profiles.get(device.profile)
        if profile is None:
            continue
        unit = profile.link.unit if device.unit is None else device.unit
        for metric in device.metrics or tuple(metric.name for metric in profile.metric) or ("particles",):
            first = taken.setdefault((device.bus, unit, device.input, metric), device.name)
            if first != device.name:
                which = f"input {device.input} of unit {unit}" if device.input else f"{metric} of unit {unit}"
                yield (
                    f"device {device.name}: is {which} of bus {device.bus}, which is {first} already: correct unit"
                    f"{', input' if profile.link.inputs > 1 else ''} or metrics"
                )
                break


def _faults_of_timing(device: DeviceSection, profile: Profile) -> Iterator[str]:
    if device.poll_s < profile.link.pause_s:
        yield f"device {device.name}: poll_s: {device.poll_s} is less than the {profile.link.pause_s} s its model needs"
    if device.stale_after_s is not None and profile.counter is not None:
        yield f"device {device.name}: stale_after_s: a particle counter has counter.stale_s instead; write that"
    elif device.stale_after_s is not None and device.stale_after_s < STALE_POLLS_MIN * device.poll_s:
        yield (
            f"device {device.name}: stale_after_s: {device.stale_after_s:g} is less than {STALE_POLLS_MIN} polls of "
            f"{device.poll_s:g} s, in which a good sensor may well stand still; make it longer"
        )


def _faults_of_doubts(device: DeviceSection, profile: Profile) -> Iterator[str]:
    """What the maker's papers leave open, and nobody has settled for this unit."""
    doubts = {doubt.name: doubt for doubt in profile.doubt}
    for name, doubt in doubts.items():
        if name not in device.proven:
            yield (
                f"device {device.name}: proven: profile {profile.name} leaves open {doubt.text}; once it is proven on "
                f'this unit ({profile.notes} says how), write proven = ["{name}"]'
            )
    for name in device.proven:
        if name not in doubts:
            yield f"device {device.name}: proven: profile {profile.name} has no doubt {name!r}; there are {_or(doubts)}"
    if profile.link.word_order_open and device.word_order is None:
        yield (
            f"device {device.name}: word_order: profile {profile.name} leaves it open; write word_order = "
            f'"low_first" or "high_first", whichever shows the right numbers ({profile.notes} says how)'
        )


def _faults_of_counter(device: DeviceSection, profile: Profile, settle_s: float) -> Iterator[str]:
    if profile.counter is None:
        if device.counter is not None:
            yield f"device {device.name}: counter: profile {profile.name} is no particle counter; remove the section"
        return
    if device.counter is None:
        yield (
            f"device {device.name}: counter: is missing; write [device.counter] with sizes_um, flow_l_per_min and "
            f"sample_s as on the counter ({profile.notes} says where they are shown)"
        )
        return
    sizes = device.counter.sizes_um
    if list(sizes) != sorted(set(sizes)):
        yield f"device {device.name}: counter.sizes_um: write each size once, smallest first"
    if len(sizes) > profile.counter.channels_max:
        yield f"device {device.name}: counter.sizes_um: the model has {profile.counter.channels_max} channels at most"
    if device.poll_s > device.counter.sample_s:
        yield f"device {device.name}: poll_s: must not be longer than counter.sample_s, or samples are missed"
    if profile.counter.queue == "popped" and device.counter.sample_s < settle_s + device.poll_s:
        yield (
            f"device {device.name}: counter.sample_s: its queue has one sample every {settle_s + device.poll_s:g} s; "
            "make poll_s, or readings_commit_s in [journal], shorter"
        )


def _names(*groups: Iterable[DeviceSection | BleDeviceSection | ParticleSensorSection | ContactSection]) -> list[str]:
    return [section.name for group in groups for section in group]


def _settle_s(config: GatewayConfig) -> float:
    """When an emitted reading is surely in the journal."""
    return 2 * config.journal.readings_commit_s


def _shared_ports(config: GatewayConfig) -> Iterator[str]:
    ports = [bus.port for bus in config.bus if isinstance(bus, ModbusSerialBus)]
    ports += [scanner.port for scanner in config.scanner] + [sensor.port for sensor in config.particle_sensor]
    for port in sorted({port for port in ports if ports.count(port) > 1}):
        yield f"port {port}: is used twice; put all devices of one line on one bus"


def _twice(kind: str, names: list[str]) -> Iterator[str]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{kind} {name}: name: is there twice; give each {kind} its own name"


def _device(device: DeviceSection, profile: Profile, config: GatewayConfig, clock: Clock) -> BusDevice:
    edited = _edited(device, profile, config)
    profile = profile_of(device, profile)
    variant = Variant(device.address_offset or 0, device.word_order, device.fahrenheit)
    saw = device.proof.saw if device.proof is not None else {}
    proof = ProofWatch(profile, variant, saw, edited, is_proven=device.proof is not None)
    exchange = None
    if profile.counter is not None and device.counter is not None:
        memory = CounterMemory(config.gateway.data_dir / "counters" / f"{device.name.replace('/', '~')}.json")
        counter = CounterExchange(profile, profile.counter, variant, device.counter, memory, clock, _settle_s(config))
        exchange = WatchedPoll(counter, proof, clock)
    return BusDevice(
        name=DeviceName(device.name),
        unit=profile.link.unit if device.unit is None else device.unit,
        profile=profile,
        poll_s=device.poll_s,
        variant=variant,
        exchange=exchange,
        stale_after_s=device.stale_after_s,
        proof=proof,
    )


def _edited(device: DeviceSection, profile: Profile, config: GatewayConfig) -> str:
    """Why its register map is not the one that was proven, in words; '' if it is, or was proven since."""
    if device.proof is None or device.proof.profile in (None, profile.fingerprint):
        return ""
    if is_proven_with(read_records(config.gateway.data_dir), device.name, profile.fingerprint):
        return ""
    return (
        f"profile {profile.name} is another one than on {device.proof.on}, when it was proven: it was edited, or came "
        f"with an update; prove it again: edge-agent probe {device.name}"
    )
