"""What a gateway says: readings, scan transactions and notices. Each is one line of a batch."""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from typing import Literal

from edge_agent.domain.wire.ids import BootId, DeviceName, PlaceName


@dataclass(frozen=True, slots=True)
class Stamp:
    """When something happened, as the gateway knew it then. Never rewritten later.

    ``at`` is aware UTC wall time, whole milliseconds. ``mono_ms`` is the monotonic clock of boot ``boot``.
    ``synced`` says whether the wall clock was synchronised; if not, the ledger treats ``at`` as doubtful.
    """

    at: datetime
    mono_ms: int
    boot: BootId
    synced: bool


class Quality(StrEnum):
    """What a reading is worth. Only ``GOOD`` carries values that may be judged."""

    GOOD = "good"
    STALE = "stale"  # the device answers, but what it says is old
    TIMEOUT = "timeout"  # no answer
    CRC = "crc"  # an answer that fails its checksum or framing
    RANGE = "range"  # a value no such sensor can measure
    FAULT = "fault"  # the device itself says that the value is invalid (NaN, sentinel, status bit, exception)
    SUSPECT = "suspect"  # a jump faster than physics, until the next reading confirms it


@dataclass(frozen=True, slots=True)
class Reading:
    """Values of one device at one instant.

    ``values`` maps metric to number; the metric's name ends in its unit (``temp_c``, ``rh_pct``, ``dp_pa``).
    It is empty unless ``quality`` is good. ``detail`` says in words why it is not. ``was`` is the sequence number the
    reading had before thinning moved it (:class:`Envelope`): with that one stored, this one is a duplicate.
    """

    stamp: Stamp
    device: DeviceName
    quality: Quality
    values: dict[str, float] = field(default_factory=dict)
    detail: str = ""
    was: int | None = None
    kind: Literal["reading"] = "reading"


@dataclass(frozen=True, slots=True)
class Spread:
    """Least, mean and greatest of the values that one envelope stands for."""

    least: float
    mean: float
    greatest: float


@dataclass(frozen=True, slots=True)
class Envelope:
    """What is left of several readings of one device after a full disk had the oldest ones thinned.

    Speaks for ``count`` readings of one quality that are no more, from ``since`` to ``stamp``, both included. Readings
    of that time that were kept as they are (``Reading.was``) are not counted in it. Nowhere between ``since`` and
    ``stamp`` was there a longer time than ``gap_ms`` without a reading, kept or not (None: nobody knows). A ``thinned``
    notice names the sequence numbers that are replaced.
    """

    stamp: Stamp
    since: Stamp
    device: DeviceName
    quality: Quality
    count: int
    values: dict[str, Spread] = field(default_factory=dict)
    detail: str = ""
    gap_ms: int | None = None
    kind: Literal["envelope"] = "envelope"


class Action(StrEnum):
    """What can be done with stock. What an operator can choose is in ``command_codes``."""

    RECEIVE = "receive"
    PUT_AWAY = "put_away"
    MOVE = "move"
    PICK = "pick"
    SHIP = "ship"
    DISPENSE = "dispense"
    RETURN = "return"
    COUNT = "count"
    DESTROY = "destroy"
    ALLOCATE = "allocate"  # decided in an office, not scanned
    CONSUME = "consume"  # into a production batch
    OPEN_CASE = "open_case"  # what a serialised case contains is stock of its own from then on


@dataclass(frozen=True, slots=True)
class ScanLine:
    """One item that was scanned: identity as read from the label, and how many of what its codes name (> 0).

    The ledger counts in base units: a carton's GTIN may stand for many of them. A serial is one unit of what the code
    names: one base unit, or one case of many (``serial_of_unit``).

    ``gtin`` is '' for a label that has none; ``codes`` are other codes of the item on it, as
    ``edge_agent.domain.item_codes`` writes them. Which item they name, the ledger says by its own master data.
    ``expires_hour`` is the hour of ``expires_on`` at which it expires (AI 7003, HIBC), None for the end of that day.
    ``scanned`` is the text as the scanner sent it, for the evidence; of a label of two codes, both, with a line feed
    between. ``wasted`` is how much of it was thrown away, a decimal in the unit of its doses; '': none.
    """

    gtin: str
    quantity: int
    scanned: str
    lot: str | None = None
    expires_on: date | None = None
    serial: str | None = None
    codes: tuple[str, ...] = ()
    expires_hour: time | None = None
    wasted: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """All that the label calls its item: the GTIN first."""
        return (self.gtin, *self.codes) if self.gtin else self.codes


@dataclass(frozen=True, slots=True)
class ScanTransaction:
    """What an operator did. A physical fact: the ledger books it or opens a case, and never refuses it.

    ``transaction`` is a UUID made at the gateway. Places are names; which of them an action needs is in
    ``edge_agent.dock.grammar``. ``verdicts`` are the reasons the dock showed the operator, if any.
    ``witness`` is the second person who saw what was wasted or destroyed.
    """

    stamp: Stamp
    transaction: str
    scanner: DeviceName
    action: Action
    operator: str
    lines: tuple[ScanLine, ...]
    from_place: PlaceName | None = None
    to_place: PlaceName | None = None
    order: str | None = None
    verdicts: tuple[str, ...] = ()
    witness: str | None = None
    kind: Literal["scan"] = "scan"


FORMER_JOURNALS = "former"
"""In place of a journal's id in a ``gap``: all that the gateway wrote before this one, whatever their names were."""
SEQ_END = 2**62
"""Above every sequence number; a gap up to it has no known end."""


class NoticeKind(StrEnum):
    """What a gateway tells about itself."""

    STARTED = "started"
    STOPPED = "stopped"
    DEVICE_LOST = "device_lost"
    DEVICE_BACK = "device_back"
    SOURCE_CHANGED = "source_changed"  # another probe of a device measures than before
    RADIO_RESTARTED = "radio_restarted"  # scan responses stopped while advertisements went on
    ALARM = "alarm"
    ALARM_CLEARED = "alarm_cleared"
    CLOCK = "clock"
    GAP = "gap"
    THINNED = "thinned"
    SCAN_REFUSED = "scan_refused"
    NEW_JOURNAL = "new_journal"  # a person set the journal aside and started another
    CALIBRATION_DUE = "calibration_due"
    CERTIFICATE_EXPIRES = "certificate_expires"
    STATISTICS = "statistics"  # of the journal, once a day
    SEAL_CONFLICT = "seal_conflict"  # the ledger shows another history than it showed before
    CONFIGURED = "configured"  # a configuration of the ledger went in, or was confirmed
    UNPROVEN = "unproven"  # a device is not what was proven when it was added, or its profile was edited since


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the gateway has to say that is neither a reading nor a scan: alarms, losses, gaps, clock offsets.

    ``subject`` names the device, channel or file it is about; ``data`` holds numbers a machine may want.
    """

    stamp: Stamp
    notice: NoticeKind
    subject: str
    text: str
    data: dict[str, str | int | float | None] = field(default_factory=dict)
    kind: Literal["notice"] = "notice"


Record = Reading | Envelope | ScanTransaction | Notice


class Lane(StrEnum):
    """The two queues of a journal. Scans, alarms and notices go first and are never dropped."""

    SCANS = "scans"
    READINGS = "readings"


def lane_of(record: Record) -> Lane:
    """The lane a record travels in."""
    return Lane.READINGS if isinstance(record, Reading | Envelope) else Lane.SCANS
