"""What a gateway's configuration file may say (``config/gateway.example.toml`` shows it all)."""

import ipaddress
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    SecretStr,
    Tag,
    ValidationInfo,
    model_validator,
)

from edge_agent.config.dock_sections import ContactSection, OutputSection, ScannerSection
from edge_agent.config.section import DevicePath, Name, Section
from edge_agent.drivers.ble.registry import FORMATS, format_names

# `examples` are what `check-config` tells people to write instead.
UplinkKind = Literal["https", "mqtt"]
_SCHEMES = {"https": ("https", "http"), "mqtt": ("mqtts", "mqtt")}
"""Of each kind of uplink: the scheme to use, and the one in the clear, which is for this very machine only."""


def url_fault(url: str, kind: UplinkKind = "https") -> str | None:
    """What is wrong with the address of a ledger (or, for ``mqtt``, of a broker), or nothing.

    Addresses in the clear are for this very machine only.
    """
    secure, clear = _SCHEMES[kind]
    example = f"{secure}://{'ledger' if kind == 'https' else 'broker'}.example.org"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"{url!r} is not an address ({error}); write e.g. {example}"
    if parts.scheme in ("mqtt", "mqtts") and kind != "mqtt":
        return f'{url!r} is the address of a broker; write kind = "mqtt" too, or an address like {example}'
    if parts.scheme not in (secure, clear) or not host:
        return f"{url!r} is not an {secure} address; write e.g. {example}"
    if parts.scheme == clear and not is_loopback(host):
        return f"{clear}:// is for this very machine only and would send in the clear; write {secure}://{parts.netloc}"
    if parts.username or parts.query or parts.fragment:
        return f"write the address alone, without user, query or fragment: {parts.scheme}://{host}"
    if kind == "mqtt" and parts.path not in ("", "/"):
        return f"a broker's address has no path; write {parts.scheme}://{parts.netloc}"
    return None


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine by name or address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _uplink_url(url: str, info: ValidationInfo) -> str:
    # A kind that is itself a fault is not there: it is named on its own line, and the scheme decides here.
    kind = info.data.get("kind", "mqtt" if url.startswith("mqtt") else "https")
    fault = url_fault(url, kind)
    if fault:
        raise ValueError(fault)
    return url


def _broker_url(url: str) -> str:
    fault = url_fault(url, "mqtt")
    if fault:
        raise ValueError(fault)
    return url


def _desk_url(url: str) -> str:
    fault = url_fault(url)
    if fault:
        raise ValueError(fault)
    return url


class GatewaySection(Section):
    """``[gateway]``: who this gateway is and where it keeps its data.

    ``profiles_dir`` holds device profiles of the site's own; they go before the shipped ones. Every ``heartbeat_s`` the
    ledger is told what runs here; a configuration or release that it handed out goes out again unless a receipt comes
    within ``probation_s``.
    """

    name: Name
    data_dir: Annotated[Path, Field(examples=["/var/lib/lotwarden"])]
    profiles_dir: Path | None = None
    heartbeat_s: Annotated[float, Field(ge=5, le=3600)] = 60.0
    probation_s: Annotated[float, Field(ge=10, le=86_400)] = 600.0


class FleetSection(Section):
    """``[fleet]``: written by the gateway itself. The ``version`` of the configuration that the ledger handed out, and
    where the device profiles are that came with it, which go before all others, and the storage policies."""

    version: Annotated[int, Field(ge=1)] | None = None
    profiles_dir: Path | None = None
    policies_dir: Path | None = None


class JournalSection(Section):
    """``[journal]``: the store-and-forward log. ``reserve_bytes`` is what readings leave free on the disk;
    ``thin_window_s`` the width of the envelopes that the oldest readings become when room is short, 0 for none;
    ``kept_hours`` how long acknowledged batches are kept for a ledger that is restored from a backup, 0 for not."""

    bytes_max: Annotated[int, Field(ge=1_000_000)] = 512_000_000
    reserve_bytes: Annotated[int, Field(ge=0)] = 200_000_000
    thin_window_s: Annotated[int, Field(ge=0, le=86_400)] = 600
    readings_commit_s: Annotated[float, Field(gt=0, le=60)] = 5.0
    kept_hours: Annotated[float, Field(ge=0, le=24 * 31)] = 26.0
    kept_bytes_max: Annotated[int, Field(ge=1_000_000)] = 64_000_000


class ClockSection(Section):
    """``[clock]``: who knows whether the wall clock is synchronised.

    ``source``: the ``kernel`` (told by every NTP program), a ``file`` that is there when it is (``synced_file``), or
    ``trusted``: always. A change of the wall clock by ``step_s`` or more between two looks is recorded as a step.
    """

    source: Annotated[Literal["kernel", "file", "trusted"], Field(examples=["kernel"])] = "kernel"
    synced_file: Annotated[Path | None, Field(examples=["/run/systemd/timesync/synchronized"])] = None
    step_s: Annotated[float, Field(ge=0.1, le=60)] = 0.5

    @model_validator(mode="after")
    def _file_fits(self) -> Self:
        if (self.source == "file") != (self.synced_file is not None):
            raise ValueError('synced_file goes with source = "file": write both or neither')
        return self


class LogSection(Section):
    """``[log]``: how the log is written: plain lines (``text``), or each a JSON object without secrets (``json``)."""

    format: Annotated[Literal["text", "json"], Field(examples=["json"])] = "text"


class CalendarSection(Section):
    """``[calendar]``: what is done once a day, ``at`` this time in UTC: due calibrations, expiring certificates,
    figures of the journal, the downtime pack."""

    at: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["03:10"])] = "03:10"


class UplinkMqttSection(Section):
    """``[uplink.mqtt]``: what only an uplink over MQTT needs.

    ``other_urls``: where else the broker may be reached, as further nodes of a cluster; tried in turn.
    """

    other_urls: Annotated[
        tuple[Annotated[str, AfterValidator(_broker_url)], ...],
        Field(max_length=20, examples=[["mqtts://broker-2.example.org"]]),
    ] = ()
    version: Annotated[Literal["auto", "5", "3.1.1"], Field(examples=["auto"])] = "auto"
    credentials_file: Path | None = None
    inflight_max: Annotated[int, Field(ge=1, le=200)] = 16
    keepalive_s: Annotated[int, Field(ge=5, le=3600)] = 30


class UplinkSection(Section):
    """``[uplink]``: the way to the ledger. ``url`` is https, or mqtts (a broker).

    ``backfill_bytes_per_s`` limits readings of the past, after an outage; scans and new readings are never held back.
    ``ca_file_only``: the ledger (not a broker) is believed with a certificate of those authorities only.
    """

    kind: Annotated[UplinkKind, Field(examples=["https"])] = "https"
    url: Annotated[str, AfterValidator(_uplink_url), Field(examples=["https://ledger.example.org"])]
    ca_file: Path | None = None
    ca_file_only: bool = False
    client_cert_file: Path | None = None
    client_key_file: Path | None = None
    timeout_s: Annotated[float, Field(gt=0, le=120)] = 10.0
    retry_max_s: Annotated[float, Field(ge=1, le=3600)] = 60.0
    backfill_bytes_per_s: Annotated[int, Field(ge=1_000, le=1_000_000_000)] = 4_000_000
    mqtt: UplinkMqttSection = UplinkMqttSection()


class DeskSection(Section):
    """``[desk]``: what the docks know while the ledger is out of reach.

    Asked for every ``pull_s``; verdicts say so when it is older than ``old_after_s``. ``url`` is where, if it is not
    ``uplink.url``.
    """

    url: Annotated[str, AfterValidator(_desk_url), Field(examples=["https://ledger.example.org"])] | None = None
    pull_s: Annotated[float, Field(ge=1, le=3600)] = 30.0
    old_after_s: Annotated[float, Field(ge=10, le=604_800)] = 900.0


class PageSection(Section):
    """``[page]``: the local page, ``/healthz`` and ``/metrics``.

    ``host`` is this very machine unless configured otherwise: the page shows stock to whoever can reach it.
    """

    enabled: bool = True
    host: Annotated[str, Field(min_length=1, examples=["127.0.0.1"])] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, examples=[8470])] = 8470


class ModbusTcpBus(Section):
    """``[[bus]]`` of kind ``modbus-tcp``: one TCP endpoint.

    ``timeout_s`` is what a device has to answer in; a lost device or endpoint is tried again after growing pauses
    of at most ``retry_max_s``. ``budget_s`` is the longest that one poll of one device may take. ``framer`` is
    ``rtu`` or ``ascii`` for a device server that passes the bytes of a serial line on as they are (RTU over TCP).
    """

    kind: Annotated[Literal["modbus-tcp"], Field(examples=["modbus-tcp"])]
    name: Name
    host: Annotated[str, Field(min_length=1, examples=["192.0.2.10"])]
    port: Annotated[int, Field(ge=1, le=65535)] = 502
    timeout_s: Annotated[float, Field(gt=0, le=30)] = 1.0
    retry_max_s: Annotated[float, Field(gt=0, le=3600)] = 60.0
    budget_s: Annotated[float, Field(gt=0, le=60)] = 5.0
    framer: Literal["tcp", "rtu", "ascii"] = "tcp"


class ModbusSerialBus(Section):
    """``[[bus]]`` of kind ``modbus-rtu`` or ``modbus-ascii``: a serial port with one or more units on its line.

    ``port`` is best given as ``/dev/serial/by-id/...``, which stays the same when another adapter is plugged in. What
    is left out of ``baudrate``, ``parity`` and ``stopbits`` is what the profiles of all its devices agree on. The rest
    is as for ``modbus-tcp``; half a second is long for a serial sensor.
    """

    kind: Annotated[Literal["modbus-rtu", "modbus-ascii"], Field(examples=["modbus-rtu"])]
    name: Name
    port: Annotated[str, Field(min_length=1, max_length=200, examples=["/dev/serial/by-id/usb-..."])]
    baudrate: Annotated[int | None, Field(ge=1200, le=921600, examples=[9600])] = None
    parity: Literal["none", "even", "odd"] | None = None
    stopbits: Literal[1, 2] | None = None
    timeout_s: Annotated[float, Field(gt=0, le=30)] = 0.5
    retry_max_s: Annotated[float, Field(gt=0, le=3600)] = 60.0
    budget_s: Annotated[float, Field(gt=0, le=60)] = 5.0


class BleBus(Section):
    """``[[bus]]`` of kind ``ble``: one Bluetooth adapter.

    ``scan`` is normally ``auto``: passive if all formats allow it and BlueZ can, active otherwise. Discovery is
    restarted when no device of this bus was heard for ``silence_s``.
    """

    kind: Annotated[Literal["ble"], Field(examples=["ble"])]
    name: Name
    adapter: Annotated[str, Field(pattern=r"^hci[0-9]{1,2}$")] = "hci0"
    scan: Literal["auto", "active", "passive"] = "auto"
    silence_s: Annotated[float, Field(ge=5, le=3600)] = 60.0


BusSection = Annotated[ModbusTcpBus | ModbusSerialBus | BleBus, Field(discriminator="kind")]
"""Any kind of bus."""


class CounterSection(Section):
    """``[device.counter]``: what a particle counter's delivered unit is and how it is set; it has no defaults.

    ``sizes_um`` are the sizes of its channels, smallest first; ``flow_l_per_min`` the nominal flow on its type plate
    (28.3 for 1 cfm); ``sample_s`` the sample time that it is set to. A sample that differs from these is a fault.
    ``keep_running`` allows the gateway to start the counter when it stands still. No new sample for ``stale_s``
    (default: three sample times and a minute) makes readings stale.
    """

    sizes_um: Annotated[
        tuple[Annotated[float, Field(gt=0, le=100)], ...], Field(min_length=1, max_length=16, examples=[[0.5, 5.0]])
    ]
    flow_l_per_min: Annotated[float, Field(gt=0, le=200, examples=[28.3])]
    sample_s: Annotated[int, Field(ge=1, le=86399, examples=[60])]
    keep_running: bool = False
    stale_s: Annotated[float, Field(gt=0, le=864000)] | None = None


class ProofSection(Section):
    """``[device.proof]``: what ``edge-agent add`` saw in the proof registers of the delivered unit, on what day, ``by``
    whom, and with which register map (``profile`` is its fingerprint).

    The agent and ``edge-agent probe`` compare it with what the unit shows later: another serial number is another unit,
    and a register map that was edited since counts as unproven until ``probe`` has proven it again.
    """

    on: Annotated[date, Field(examples=["2026-11-21"])]
    by: Annotated[str, Field(max_length=120)] | None = None
    profile: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")] | None = None
    saw: Annotated[dict[str, Annotated[str, Field(max_length=200)]], Field(max_length=40, default_factory=dict)]


class DeviceSection(Section):
    """``[[device]]``: a sensor on a bus. ``profile`` names a file of ``config/devices``.

    The next three differ from one delivered unit to the next, and win over the profile: ``address_offset`` is added
    to every register address, ``word_order`` says which word of a 32-bit value comes first, ``fahrenheit`` that the
    unit was ordered with °F (readings are always °C). ``proven`` names the doubts of the profile that were
    settled on the delivered unit; ``proof`` is what was seen in its proof registers then, and when. A particle counter
    has a ``[device.counter]`` section.

    One Modbus unit may be several devices. Of a board with equal inputs each device is one ``input``, counted from 1 as
    printed on it, and an input that no device names is not read. Of any other unit a device may be some of its
    ``metrics`` only.

    Registers that have not changed at all for ``stale_after_s`` make readings stale: a sensor that hangs, or a Modbus
    gateway that repeats its last word, answers like that. Only who knows how still the air is there can say how long
    that may be; without it nothing is called stale.
    """

    name: DevicePath
    bus: Name
    profile: Name
    unit: Annotated[int | None, Field(ge=0, le=255, examples=[1])] = None
    poll_s: Annotated[float, Field(ge=0.1, le=86400, examples=[10])]
    address_offset: Annotated[int | None, Field(ge=-1, le=1)] = None
    word_order: Literal["low_first", "high_first"] | None = None
    fahrenheit: bool = False
    input: Annotated[int | None, Field(ge=1, le=64, examples=[1])] = None
    metrics: Annotated[tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], ...], Field(max_length=50)] = ()
    calibration_due: Annotated[date | None, Field(examples=["2027-06-30"])] = None
    stale_after_s: Annotated[float | None, Field(gt=0, le=604_800, examples=[7200])] = None
    proven: tuple[Name, ...] = ()
    proof: ProofSection | None = None
    counter: CounterSection | None = None


MacAddress = Annotated[
    str,
    Field(pattern=r"^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$", examples=["A4:C1:38:02:83:F4"]),
    AfterValidator(str.upper),
]
"""Six bytes with colons, e.g. ``A4:C1:38:02:83:F4``."""


def _known_format(name: str) -> str:
    if name not in format_names():
        raise ValueError(f"there is no format {name!r}: write one of {', '.join(format_names())}")
    return name


def _key_of_32_digits(key: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[0-9A-Fa-f]{32}", key.get_secret_value()):
        raise ValueError("a bindkey is 32 hexadecimal digits")
    return key


class BleDeviceSection(Section):
    """``[[device]]`` on a bus of kind ``ble``: a sensor known by its MAC address.

    A bindkey (32 hex digits) is a secret: name a file that holds it (``bindkey_file``, readable by the agent alone)
    rather than writing it here (``bindkey``). With a key, unencrypted data of this device is refused. ``source`` names
    the probe of a sensor that has several: each is a device of its own, with the same address.
    """

    name: DevicePath
    bus: Name
    format: Annotated[str, AfterValidator(_known_format), Field(examples=["bthome"])]
    address: MacAddress
    source: Annotated[str | None, Field(examples=["probe-2"])] = None
    bindkey_file: Path | None = None
    bindkey: Annotated[SecretStr, AfterValidator(_key_of_32_digits)] | None = None
    poll_s: Annotated[float, Field(ge=0.1, le=86400, examples=[60])]
    calibration_due: Annotated[date | None, Field(examples=["2027-06-30"])] = None

    @model_validator(mode="after")
    def _key_fits(self) -> Self:
        if self.bindkey is not None and self.bindkey_file is not None:
            raise ValueError("give bindkey_file or bindkey, not both")
        known = FORMATS[self.format]
        if (self.bindkey or self.bindkey_file) and not known.takes_key:
            raise ValueError(f"format {self.format} is never encrypted: leave the bindkey out")
        if self.source is not None and self.source not in known.sources:
            sources = ", ".join(known.sources) or "none: leave it out"
            raise ValueError(f"format {self.format} has no source {self.source!r}; it has {sources}")
        return self


# Tags that no key has, so that the loader can tell them from keys in the place of a fault.
WIRED, WIRELESS = "(wired)", "(wireless)"


def device_kind(section: object) -> str:
    """Which of the two kinds of ``[[device]]`` this is, as written (a dict) or as read."""
    if isinstance(section, dict):
        return WIRELESS if section.keys() & {"address", "format"} else WIRED
    return WIRELESS if isinstance(section, BleDeviceSection) else WIRED


AnyDeviceSection = Annotated[
    Annotated[DeviceSection, Tag(WIRED)] | Annotated[BleDeviceSection, Tag(WIRELESS)], Discriminator(device_kind)
]
"""Any ``[[device]]``: with ``address`` and ``format`` it is a Bluetooth sensor, otherwise ``profile`` names a file."""


class ParticleSensorSection(Section):
    """``[[particle_sensor]]``: a cheap sensor on a serial port of its own, to develop with. Its readings are indicative
    and named so; no cleanroom is judged by them.
    """

    name: DevicePath
    model: Annotated[Literal["pms5003", "sps30"], Field(examples=["pms5003"])]
    port: Annotated[str, Field(min_length=1, max_length=200, examples=["/dev/serial/by-id/usb-..."])]
    poll_s: Annotated[float, Field(ge=1, le=86400, examples=[10])]
    retry_max_s: Annotated[float, Field(gt=0, le=3600)] = 60.0


class GatewayConfig(Section):
    """The whole file."""

    gateway: GatewaySection
    fleet: FleetSection = FleetSection()
    uplink: UplinkSection
    journal: JournalSection = JournalSection()
    clock: ClockSection = ClockSection()
    calendar: CalendarSection = CalendarSection()
    log: LogSection = LogSection()
    desk: DeskSection = DeskSection()
    page: PageSection = PageSection()
    bus: tuple[BusSection, ...] = ()
    device: tuple[AnyDeviceSection, ...] = ()
    scanner: tuple[ScannerSection, ...] = ()
    particle_sensor: tuple[ParticleSensorSection, ...] = ()
    output: tuple[OutputSection, ...] = ()
    contact: tuple[ContactSection, ...] = ()

    @property
    def profile_folders(self) -> tuple[Path, ...]:
        """Where device profiles are looked for before the shipped ones."""
        return tuple(each for each in (self.fleet.profiles_dir, self.gateway.profiles_dir) if each is not None)
