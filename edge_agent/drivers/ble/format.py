"""What a format's module registers: everything that the gateway, the bench and the simulator know of it. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from edge_agent.drivers.ble.frames import Decode
from edge_agent.drivers.ble.on_air import MANUFACTURER_DATA, SERVICE_DATA, Advert, Measured


class Scan(StrEnum):
    """How BlueZ has to listen. Active scanning also asks for the scan response."""

    PASSIVE = "passive"
    ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Carrier:
    """Where bytes stand in an advertisement: under a company id or a 16-bit service UUID (``number``)."""

    kind: int
    number: int

    @property
    def pattern(self) -> tuple[int, bytes]:
        """What a passive scan looks for: advertising data type, and the first bytes of it."""
        return self.kind, self.number.to_bytes(2, "little")


def company(number: int) -> Carrier:
    """Manufacturer data under this company id."""
    return Carrier(MANUFACTURER_DATA, number)


def service(uuid: int) -> Carrier:
    """Service data under this 16-bit UUID."""
    return Carrier(SERVICE_DATA, uuid)


# While it scans passively BlueZ reports *changes* only. A format without a counter would look dead as soon as its
# temperature stands still, so those are scanned actively, with DuplicateData, too.
NO_COUNTER = "has no counter, and a passive scan reports changes only"
IN_ADVERTISEMENT = "everything is in the advertisement"


@dataclass(frozen=True, slots=True)
class Format:
    """One format. ``carriers`` are where its measurement stands: only when those bytes are heard, it spoke.

    ``models`` are the devices that are read, each with a published frame on ``page`` of firmware_notes. ``scan`` is
    the least that is needed, ``why`` says so in words. ``encode`` is what its simulated sensor says; ``impossible_c`` a
    temperature that the format can still say and the sensor cannot measure, ``coldest_c`` one that both can. ``hint``
    tells what to do about a device that carries these bytes and is not understood; ``marks`` are numbers that show
    whose it is and carry no measurement. ``is_any_company``: the company id is part of the data (Inkbird). ``sources``
    are the probes that ``source`` may name in the configuration, of models that have several. ``simulates`` is the
    model that ``encode`` imitates, if it is not the first. ``is_passive_only``: an active scan loses its measurement.
    """

    title: str
    page: str
    models: tuple[str, ...]
    decode: Decode
    encode: Callable[[Measured], Advert]
    carriers: tuple[Carrier, ...] = ()
    scan: Scan = Scan.ACTIVE
    why: str = NO_COUNTER
    takes_key: bool = False
    hint: str = "but its data contained no value"
    marks: tuple[Carrier, ...] = ()
    is_any_company: bool = False
    impossible_c: float = 160.0
    coldest_c: float = -35.0
    sources: tuple[str, ...] = ()
    simulates: str = ""
    is_passive_only: bool = False

    @property
    def patterns(self) -> tuple[tuple[int, bytes], ...]:
        """What a passive scan looks for."""
        return tuple(carrier.pattern for carrier in self.carriers)

    def carries(self, kind: int, number: int) -> bool:
        """Whether its measurement may stand there."""
        return (self.is_any_company and kind == MANUFACTURER_DATA) or Carrier(kind, number) in self.carriers
