"""One Bluetooth sensor as it is listened to: what it says is decoded, and kept in its track."""

import logging
from dataclasses import dataclass, field

from edge_agent.domain.wire.ids import DeviceName
from edge_agent.drivers.ble.format import Scan
from edge_agent.drivers.ble.frames import Advertisement
from edge_agent.drivers.ble.on_air import MANUFACTURER_DATA, SERVICE_DATA
from edge_agent.drivers.ble.registry import FORMATS
from edge_agent.drivers.ble.sources import SourceFilter
from edge_agent.drivers.ble.staleness import FreshnessTrack, TrackedFrame
from edge_agent.timekeeping.clock import Clock, stamp

NO_RSSI_DBM = -127
"""What bleak says when BlueZ took the RSSI away: that is no advertisement."""
ADVERTISED_ENOUGH = 3
"""So many advertisements without a frame show that the device is there and its frames do not come through."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BleDevice:
    """A sensor to listen to. ``key`` is its bindkey, 16 bytes; ``source`` which of its probes is meant."""

    name: DeviceName
    address: str
    format: str
    poll_s: float
    key: bytes | None = field(default=None, repr=False)
    source: str | None = None


class Listener:
    """A device that is listened to: decodes what it says and keeps its track."""

    def __init__(self, device: BleDevice, started_s: float) -> None:
        self.device = device
        self.track = FreshnessTrack(device.poll_s, started_s)
        self._format = FORMATS[device.format]
        self._sources = SourceFilter(device.source)
        self._told_source = device.source
        self._advertised = 0

    def frame_of(self, advertisement: Advertisement, rssi_dbm: int, clock: Clock) -> TrackedFrame | None:
        """The frame in what was just said, None if it is not one of this device's format.

        Its identity is made of the bytes that the format is read from and of nothing else.
        """
        self._advertised += 1
        carried = self._carried(advertisement)
        decoded = self._format.decode(advertisement, self.device.key) if carried else None
        own = self._sources.own(decoded) if decoded is not None else None
        return None if own is None else TrackedFrame(clock.mono_s(), stamp(clock), own, carried, rssi_dbm)

    def hear(self, frame: TrackedFrame) -> None:
        """Take a frame in; say so once when old frames are played again."""
        self._advertised = 0
        if not self.track.hear(frame) and self.track.replays == 1:
            _log.warning(
                "%s: a frame with an old sequence number was dropped. "
                "Something is replaying its radio, or it was restarted.",
                self.device.name,
            )

    def misses_answers(self, now_s: float) -> bool:
        """Whether it advertises as before, but what needs active scanning no longer comes."""
        return self._format.scan is Scan.ACTIVE and self._advertised >= ADVERTISED_ENOUGH and self.track.is_stale(now_s)

    def source_change(self) -> tuple[str, str] | None:
        """The probe that is meant and the one that measures now, once each time that this changes."""
        now, expected = self._sources.measured_by, self._sources.expected
        if now is None or expected is None or now == self._told_source:
            return None
        before, self._told_source = self._told_source, now
        return None if before is None and now == expected else (expected, now)

    def _carried(self, advertisement: Advertisement) -> bytes:
        carried = b""
        for kind, entries in (
            (SERVICE_DATA, advertisement.service_data),
            (MANUFACTURER_DATA, advertisement.manufacturer_data),
        ):
            for number in sorted(entries):
                if self._format.carries(kind, number):
                    carried += number.to_bytes(2, "little") + entries[number]
        return carried
