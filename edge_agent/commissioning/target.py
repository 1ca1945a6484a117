"""From what a person types to a bus and a device: a name of the configuration, or an address."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from edge_agent.commissioning.assessment import is_order_open
from edge_agent.commissioning.identification import Target
from edge_agent.config.model import BusSection, DeviceSection, GatewayConfig
from edge_agent.drivers.build import ModbusBus, profile_of
from edge_agent.drivers.modbus.profile import Profile, load_profile, read_profile, shipped_dir
from edge_agent.drivers.modbus.profile_parts import WordOrder
from edge_agent.drivers.modbus.register_decode import Variant
from edge_agent.errors import BenchError, ProfileError

_FRAMERS: tuple[Literal["rtu", "ascii"], ...] = ("rtu", "ascii")
_BUS: TypeAdapter[BusSection] = TypeAdapter(BusSection)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an ad hoc device is reached: over TCP, or on a serial port."""

    host: str | None = None
    port: int | None = None
    serial_port: str | None = None
    baudrate: int | None = None
    parity: str | None = None
    stopbits: int | None = None
    timeout_s: float | None = None
    framer: Literal["rtu", "ascii"] | None = None

    @property
    def is_given(self) -> bool:
        """Whether an address was typed at all."""
        return self.host is not None or self.serial_port is not None


@dataclass(frozen=True, slots=True)
class UnitPart:
    """Which part of a Modbus unit is meant: an input of a board, or some of its metrics."""

    input: int | None = None
    metrics: tuple[str, ...] = ()


def all_profiles(extra_dir: Path | None) -> tuple[Profile, ...]:
    """Every profile that there is, the site's own before shipped ones of the same name; broken ones are left out."""
    found: dict[str, Profile] = {}
    for folder in (extra_dir, shipped_dir()):
        for path in sorted(folder.glob("*.toml")) if folder is not None else ():
            try:
                found.setdefault(path.stem, read_profile(path))
            except ProfileError:
                continue  # check-config names its faults to whoever uses it
    return tuple(found.values())


def bus_at(place: Place, name: str = "bench") -> ModbusBus:
    """A bus for an address that is in no configuration. Raises ``BenchError``."""
    if place.host is not None:
        host, port = _split(place.host, place.port)
        raw: dict[str, object] = {"kind": "modbus-tcp", "name": name, "host": host, "port": port}
        raw["framer"] = place.framer
    else:
        raw = {"kind": f"modbus-{place.framer or 'rtu'}", "name": name, "port": place.serial_port}
        raw |= {"baudrate": place.baudrate, "parity": place.parity, "stopbits": place.stopbits}
    if place.timeout_s is not None:
        raw["timeout_s"] = place.timeout_s
    try:
        bus = _BUS.validate_python({key: value for key, value in raw.items() if value is not None})
    except ValidationError as error:
        raise BenchError(tuple(f"{_last(e['loc'])}: {e['msg']}, not {e['input']!r}" for e in error.errors())) from error

    assert isinstance(bus, ModbusBus)  # noqa: S101 - both kinds above are
    return bus


def buses_at(place: Place, profiles: Iterable[Profile]) -> tuple[ModbusBus, ...]:
    """The buses to search at an address: a serial port once for each of the settings that models have as delivered,
    as far as they are not given; RTU, which most speak, before ASCII. Raises ``BenchError``."""
    if place.serial_port is None:
        return (bus_at(place),)
    known = [profile.serial for profile in profiles if profile.serial is not None]
    settings = [
        (framer, place.baudrate or serial.baudrate, place.parity or serial.parity, place.stopbits or serial.stopbits)
        for framer in _FRAMERS
        for serial in known
        if (framer in serial.framings if place.framer is None else framer == place.framer)
    ]
    return tuple(
        bus_at(replace(place, framer=framer, baudrate=baudrate, parity=parity, stopbits=stopbits))
        # One stop bit first: units with two understand it as well, mostly.
        for framer, baudrate, parity, stopbits in sorted(
            dict.fromkeys(settings), key=lambda one: (one[0] == "ascii", one[3])
        )
    )


def bus_named(config: GatewayConfig, name: str) -> ModbusBus:
    """The bus of the configuration. Raises ``BenchError``."""
    for bus in config.bus:
        if bus.name == name and isinstance(bus, ModbusBus):
            return bus
        if bus.name == name:
            raise BenchError((f"bus {name} is of kind {bus.kind}, which carries no Modbus",))
    raise BenchError((f"there is no bus {name!r}; there are {_listed(bus.name for bus in config.bus)}",))


def device_named(config: GatewayConfig, name: str) -> tuple[ModbusBus, DeviceSection]:
    """The device of the configuration, and its bus. Raises ``BenchError``."""
    for device in config.device:
        if device.name == name and isinstance(device, DeviceSection):
            return bus_named(config, device.bus), device
    known = _listed(device.name for device in config.device)
    raise BenchError(
        (f"there is no device {name!r}; there are {known}; or give --host or --serial-port, and --profile",)
    )


def target_of(device: DeviceSection, *profiles_dirs: Path | None) -> Target:
    """What the configuration takes the device for. Raises ``ProfileError``."""
    profile = load_profile(device.profile, *profiles_dirs)
    unit = profile.link.unit if device.unit is None else device.unit
    variant = Variant(device.address_offset or 0, device.word_order, device.fahrenheit)
    part = profile_of(device, profile)
    return Target(unit, part, variant, (), device.counter, device.input, device.metrics, profile.fingerprint)


def ad_hoc_target(
    profile_name: str,
    unit: int | None,
    offset: int | None,
    order: WordOrder | None,
    profiles_dir: Path | None,
    part: UnitPart = UnitPart(),
) -> Target:
    """What the options take the device for; what they and the papers leave open is open. Raises ``ProfileError`` or
    ``BenchError``."""
    whole = load_profile(profile_name, profiles_dir)
    profile = part_of(whole, part)
    link = profile.link
    offsets = (offset,) if offset is not None else link.address_offset_choices or (0,)
    orders: tuple[WordOrder | None, ...] = (order,)
    if order is None and is_order_open(profile):
        orders = ("low_first", "high_first")
    variants = tuple(Variant(one, each) for one in offsets for each in orders)
    still_open = variants if len(variants) > 1 else ()
    number = link.unit if unit is None else unit
    return Target(number, profile, variants[0], still_open, None, part.input, part.metrics, whole.fingerprint)


def part_of(profile: Profile, part: UnitPart) -> Profile:
    """The part of a unit that is meant, as options say. Raises ``BenchError``."""
    inputs = profile.link.inputs
    if inputs > 1 and part.input is None:
        raise BenchError((f"{profile.name} is a board with {inputs} inputs, each a device of its own: give --input N",))
    if (part.input is not None and not 1 <= part.input <= inputs) or (part.input and inputs == 1):
        there_are = f"inputs 1 to {inputs}" if inputs > 1 else "no inputs to choose from: leave --input out"
        raise BenchError((f"--input {part.input}: {profile.name} has {there_are}",))
    known = [metric.name for metric in profile.metric]
    strange = [name for name in part.metrics if name not in known]
    if strange:
        raise BenchError((f"--metric {strange[0]}: {profile.name} has {_listed(known)}",))
    at = profile if part.input is None else profile.at_input(part.input)
    return at.only(part.metrics) if part.metrics else at


def seen_of(options: Iterable[str]) -> dict[str, str]:
    """``serial number=12345678``, as typed, by proof register. Raises ``BenchError``."""
    seen = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not (equals and name.strip() and value.strip()):
            raise BenchError((f'--seen {option!r}: write e.g. --seen "serial number=12345678"',))
        seen[name.strip()] = value.strip()
    return seen


def _split(host: str, port: int | None) -> tuple[str, int]:
    """``10.0.0.5:1502`` or ``[fe80::1]:502`` has its port with it."""
    name, colon, digits = host.rpartition(":")
    if colon and digits.isdecimal() and (":" not in name or name.endswith("]")):
        return name.strip("[]"), int(digits)
    return host.strip("[]"), port or 502


def _last(location: tuple[int | str, ...]) -> str:
    return str(location[-1]) if location else "the bus"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
