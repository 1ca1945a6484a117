"""One Bluetooth sensor as it is listened to: what it says is decoded, and kept in its track."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from bleak.backends.scanner import AdvertisementData

from edge_agent.config.model import BleFormat
from edge_agent.domain.wire.ids import DeviceName
from edge_agent.drivers.ble.formats import FORMATS
from edge_agent.drivers.ble.frames import Advertisement
from edge_agent.drivers.ble.staleness import FreshnessTrack, TrackedFrame
from edge_agent.timekeeping.clock import Clock, stamp

NO_RSSI_DBM = -127
"""What bleak says when BlueZ took the RSSI away: that is no advertisement."""
BASE_UUID_END = "-0000-1000-8000-00805f9b34fb"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BleDevice:
    """A sensor to listen to. ``key`` is its bindkey, 16 bytes."""

    name: DeviceName
    address: str
    format: BleFormat
    poll_s: float
    key: bytes | None = field(default=None, repr=False)


class Listener:
    """A device that is listened to: decodes what it says and keeps its track."""

    def __init__(self, device: BleDevice, started_s: float) -> None:
        self.device = device
        self.track = FreshnessTrack(device.poll_s, started_s)
        self._manufacturer_data: dict[int, bytes] = {}

    def frame_of(self, said: AdvertisementData, clock: Clock) -> TrackedFrame | None:
        """The frame in an advertisement, None if it is not one of this device's format."""
        self._manufacturer_data = newest_last(self._manufacturer_data, said.manufacturer_data)
        advertisement = Advertisement(
            self.device.address, self._manufacturer_data, service_data_of(said), said.local_name or ""
        )
        decoded = FORMATS[self.device.format].decode(advertisement, self.device.key)
        if decoded is None:
            return None
        payload = b"".join((*advertisement.service_data.values(), *list(self._manufacturer_data.values())[-1:]))
        return TrackedFrame(clock.mono_s(), stamp(clock), decoded, payload, said.rssi)

    def hear(self, frame: TrackedFrame) -> None:
        """Take a frame in; say so once when old frames are played again."""
        if not self.track.hear(frame) and self.track.replays == 1:
            _log.warning(
                "%s: a frame with an old number was dropped. Something repeats its radio, or it was restarted.",
                self.device.name,
            )


def newest_last(before: Mapping[int, bytes], now: Mapping[int, bytes]) -> dict[int, bytes]:
    """The entries of ``now``, those that are new or changed since ``before`` last, otherwise in the old order.

    BlueZ may keep every company id it ever saw of a device; only what changed was just said.
    """
    unchanged = [company for company in before if now.get(company) == before[company]]
    changed = [company for company in now if company not in unchanged]
    return {company: now[company] for company in (*unchanged, *changed)}


def service_data_of(said: AdvertisementData) -> dict[int, bytes]:
    """Its service data by 16-bit UUID; what has a longer one is of no format that is known here."""
    return {uuid: data for name, data in said.service_data.items() if (uuid := short_uuid(name)) is not None}


def short_uuid(uuid: str) -> int | None:
    """The 16-bit number of a Bluetooth base UUID, None for any other."""
    if len(uuid) == 36 and uuid.startswith("0000") and uuid.endswith(BASE_UUID_END):
        return int(uuid[4:8], 16)
    return None
