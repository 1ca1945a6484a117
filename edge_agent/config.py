"""What a gateway's configuration file may say (``config/gateway.example.toml`` shows it all)."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, SecretStr, Tag, model_validator

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=60)]
"""Lower-case letters, digits, dot, dash and underscore."""
DevicePath = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*$", max_length=120)]
"""Names joined by slashes, e.g. ``fridge-a/probe-1``."""


class Section(BaseModel):
    """Base of every section: values are frozen, unknown keys are faults."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class GatewaySection(Section):
    """``[gateway]``: who this gateway is and where it keeps its data."""

    name: Name
    data_dir: Path


class JournalSection(Section):
    """``[journal]``: the store-and-forward log."""

    bytes_max: Annotated[int, Field(ge=1_000_000)] = 512_000_000
    readings_commit_s: Annotated[float, Field(gt=0, le=60)] = 5.0


class UplinkSection(Section):
    """``[uplink]``: where the ledger is. ``url`` is https; http is accepted for this very machine only."""

    url: str
    ca_file: Path | None = None
    timeout_s: Annotated[float, Field(gt=0, le=120)] = 10.0
    retry_max_s: Annotated[float, Field(ge=1, le=3600)] = 60.0


class ModbusTcpBus(Section):
    """``[[bus]]`` of kind ``modbus-tcp``: one TCP endpoint."""

    kind: Literal["modbus-tcp"]
    name: Name
    host: str
    port: Annotated[int, Field(ge=1, le=65535)] = 502
    timeout_s: Annotated[float, Field(gt=0, le=30)] = 1.0


class BleBus(Section):
    """``[[bus]]`` of kind ``ble``: one Bluetooth adapter.

    ``scan`` is normally ``auto``: passive if all formats allow it and BlueZ can, active otherwise. Discovery is
    restarted when no device of this bus was heard for ``silence_s``.
    """

    kind: Literal["ble"]
    name: Name
    adapter: Annotated[str, Field(pattern=r"^hci[0-9]{1,2}$")] = "hci0"
    scan: Literal["auto", "active", "passive"] = "auto"
    silence_s: Annotated[float, Field(ge=5, le=3600)] = 60.0


BusSection = Annotated[ModbusTcpBus | BleBus, Field(discriminator="kind")]
"""Any kind of bus."""


class DeviceSection(Section):
    """``[[device]]``: a sensor on a bus. ``profile`` names a file of ``config/devices``."""

    name: DevicePath
    bus: Name
    profile: Name
    unit: Annotated[int, Field(ge=0, le=255)] | None = None
    poll_s: Annotated[float, Field(ge=0.1, le=86400)]


MacAddress = Annotated[str, Field(pattern=r"^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$"), AfterValidator(str.upper)]
"""Six bytes with colons, e.g. ``A4:C1:38:02:83:F4``."""
BleFormat = Literal[
    "atc1441",
    "bthome",
    "efento",
    "ela",
    "gatt-ess",
    "govee",
    "inkbird",
    "mibeacon",
    "pvvx",
    "ruuvi",
    "sensirion",
    "switchbot",
]
TAKES_KEY = frozenset({"atc1441", "bthome", "mibeacon", "pvvx"})


def _key_of_32_digits(key: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[0-9A-Fa-f]{32}", key.get_secret_value()):
        raise ValueError("a bindkey is 32 hexadecimal digits")
    return key


class BleDeviceSection(Section):
    """``[[device]]`` on a bus of kind ``ble``: a sensor known by its MAC address.

    A bindkey (32 hex digits) is a secret: name a file that holds it (``bindkey_file``, readable by the agent alone)
    rather than writing it here (``bindkey``). With a key, unencrypted data of this device is refused.
    """

    name: DevicePath
    bus: Name
    format: BleFormat
    address: MacAddress
    bindkey_file: Path | None = None
    bindkey: Annotated[SecretStr, AfterValidator(_key_of_32_digits)] | None = None
    poll_s: Annotated[float, Field(ge=0.1, le=86400)]

    @model_validator(mode="after")
    def _key_fits(self) -> Self:
        if self.bindkey is not None and self.bindkey_file is not None:
            raise ValueError("give bindkey_file or bindkey, not both")
        if (self.bindkey or self.bindkey_file) and self.format not in TAKES_KEY:
            raise ValueError(f"format {self.format} is never encrypted: leave the bindkey out")
        return self


def _device_kind(section: object) -> str:
    if isinstance(section, dict):
        return "ble" if section.keys() & {"address", "format"} else "profile"
    return "ble" if isinstance(section, BleDeviceSection) else "profile"


AnyDeviceSection = Annotated[
    Annotated[DeviceSection, Tag("profile")] | Annotated[BleDeviceSection, Tag("ble")], Discriminator(_device_kind)
]
"""Any ``[[device]]``: with ``address`` and ``format`` it is a Bluetooth sensor, otherwise ``profile`` names a file."""


class ScannerSection(Section):
    """``[[scanner]]``: a handheld scanner on a serial port (USB-CDC or RS-232).

    ``suffix`` ends a scan (``cr``, ``lf``, ``crlf``, or ``etx`` with STX before it). ``separator`` is what the
    scanner sends for GS, if not GS itself.
    """

    name: DevicePath
    port: str
    baudrate: Annotated[int, Field(ge=1200, le=921600)] = 9600
    suffix: Literal["cr", "lf", "crlf", "etx"] = "cr"
    separator: Annotated[str, Field(min_length=1, max_length=8)] = "\x1d"


class GatewayConfig(Section):
    """The whole file."""

    gateway: GatewaySection
    uplink: UplinkSection
    journal: JournalSection = JournalSection()
    bus: tuple[BusSection, ...] = ()
    device: tuple[AnyDeviceSection, ...] = ()
    scanner: tuple[ScannerSection, ...] = ()
