"""What a gateway's configuration file may say (``config/gateway.example.toml`` shows it all)."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

# `examples` are what `check-config` tells people to write instead.
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=60, examples=["cold-room-1"])]
"""Lower-case letters, digits, dot, dash and underscore."""
DevicePath = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*$", max_length=120, examples=["fridge-a/probe-1"])
]
"""Names joined by slashes, e.g. ``fridge-a/probe-1``."""


def url_fault(url: str) -> str | None:
    """What is wrong with a ledger's address, or nothing. Plain http is for this very machine only."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"{url!r} is not an address ({error}); write e.g. https://ledger.example.org"
    if parts.scheme not in ("https", "http") or not host:
        return f"{url!r} is not an https address; write e.g. https://ledger.example.org"
    if parts.scheme == "http" and not is_loopback(host):
        return f"http:// is for this very machine only and would send in the clear; write https://{parts.netloc}"
    if parts.username or parts.query or parts.fragment:
        return f"write the address alone, without user, query or fragment: {parts.scheme}://{host}"
    return None


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine by name or address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _ledger_url(url: str) -> str:
    fault = url_fault(url)
    if fault:
        raise ValueError(fault)
    return url


class Section(BaseModel):
    """Base of every section: values are frozen, unknown keys are faults."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class GatewaySection(Section):
    """``[gateway]``: who this gateway is and where it keeps its data.

    ``profiles_dir`` holds device profiles of the site's own; they go before the shipped ones.
    """

    name: Name
    data_dir: Annotated[Path, Field(examples=["/var/lib/lotwarden"])]
    profiles_dir: Path | None = None


class JournalSection(Section):
    """``[journal]``: the store-and-forward log."""

    bytes_max: Annotated[int, Field(ge=1_000_000)] = 512_000_000
    readings_commit_s: Annotated[float, Field(gt=0, le=60)] = 5.0


class UplinkSection(Section):
    """``[uplink]``: where the ledger is. ``url`` is https; http is accepted for this very machine only."""

    url: Annotated[str, AfterValidator(_ledger_url), Field(examples=["https://ledger.example.org"])]
    ca_file: Path | None = None
    timeout_s: Annotated[float, Field(gt=0, le=120)] = 10.0
    retry_max_s: Annotated[float, Field(ge=1, le=3600)] = 60.0


class DeskSection(Section):
    """``[desk]``: what the docks know while the ledger is out of reach.

    Asked for every ``pull_s``; verdicts say so when it is older than ``old_after_s``. ``url`` is where, if it is not
    ``uplink.url``.
    """

    url: Annotated[str, AfterValidator(_ledger_url), Field(examples=["https://ledger.example.org"])] | None = None
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
    of at most ``retry_max_s``.
    """

    kind: Annotated[Literal["modbus-tcp"], Field(examples=["modbus-tcp"])]
    name: Name
    host: Annotated[str, Field(min_length=1, examples=["192.0.2.10"])]
    port: Annotated[int, Field(ge=1, le=65535)] = 502
    timeout_s: Annotated[float, Field(gt=0, le=30)] = 1.0
    retry_max_s: Annotated[float, Field(gt=0, le=3600)] = 60.0


BusSection = ModbusTcpBus
"""Any kind of bus; more kinds join as a union discriminated by ``kind``."""


class DeviceSection(Section):
    """``[[device]]``: a sensor on a bus. ``profile`` names a file of ``config/devices``.

    The last three differ from one delivered unit to the next, and win over the profile: ``address_offset`` is added
    to every register address, ``word_order`` says which word of a 32-bit value comes first, ``fahrenheit`` that the
    unit was ordered with °F (readings are always °C).
    """

    name: DevicePath
    bus: Name
    profile: Name
    unit: Annotated[int | None, Field(ge=0, le=255, examples=[1])] = None
    poll_s: Annotated[float, Field(ge=0.1, le=86400, examples=[10])]
    address_offset: Annotated[int | None, Field(ge=-1, le=1)] = None
    word_order: Literal["low_first", "high_first"] | None = None
    fahrenheit: bool = False


class ScannerSection(Section):
    """``[[scanner]]``: a handheld scanner on a serial port (USB-CDC or RS-232).

    ``suffix`` ends a scan (``cr``, ``lf``, ``crlf``, or ``etx`` with STX before it). ``separator`` is what the
    scanner sends for GS, if not GS itself.
    """

    name: DevicePath
    port: Annotated[str, Field(min_length=1, examples=["/dev/serial/by-id/usb-scanner"])]
    baudrate: Annotated[int, Field(ge=1200, le=921600)] = 9600
    suffix: Literal["cr", "lf", "crlf", "etx"] = "cr"
    separator: Annotated[str, Field(min_length=1, max_length=8)] = "\x1d"


class GatewayConfig(Section):
    """The whole file."""

    gateway: GatewaySection
    uplink: UplinkSection
    journal: JournalSection = JournalSection()
    desk: DeskSection = DeskSection()
    page: PageSection = PageSection()
    bus: tuple[BusSection, ...] = ()
    device: tuple[DeviceSection, ...] = ()
    scanner: tuple[ScannerSection, ...] = ()
