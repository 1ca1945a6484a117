"""Local alarms and the holds that follow from them, kept through restarts.

Stock in a place with an open local excursion may not be issued. What was there when it opened, or came there while it
lasted, stays held here after the alarm has cleared, until the ledger's own word on it has come: a desk that was asked
for when the ledger had everything this gateway knew.
"""

import asyncio
import logging
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tinydb import TinyDB

from edge_agent.buffer.atomic_storage import AtomicStorage
from edge_agent.dock.offline_stock import LotKey, LotNow, OfflineStock
from edge_agent.domain.monitoring.excursions import Track
from edge_agent.domain.monitoring.judged import policy_for
from edge_agent.domain.monitoring.local_alarms import Alarm, TrackKey, Watched, heard
from edge_agent.domain.monitoring.quantities import is_about
from edge_agent.domain.stock.desk import DeskPlace
from edge_agent.domain.stock.eligibility import HoldFact, HoldKind
from edge_agent.domain.wire.records import Notice, NoticeKind, Quality, Reading, Record, ScanTransaction
from edge_agent.domain.wire.request_signing import written
from edge_agent.timekeeping.clock import Clock, stamp

FILE_NAME = "watch.json"
HELD_MAX = 20_000
FRESH_S = 600.0
"""A place that was not measured for longer is not recommended."""
STORES = frozenset({"room", "bin"})

_log = logging.getLogger("edge_agent.watch")


@dataclass(frozen=True, slots=True)
class LocalHold:
    """A lot that was in a local excursion. ``cleared`` once the alarm is over: then the ledger's word ends it."""

    item: str
    number: str
    owner: str
    place: str
    text: str
    cleared: bool = False

    @property
    def lot(self) -> LotKey:
        """Which lot."""
        return self.item, self.number, self.owner


class WatchStore:
    """Tracks and local holds on the disk. Blocking: call it from a thread."""

    def __init__(self, data_dir: Path) -> None:
        self._db = TinyDB(data_dir / FILE_NAME, storage=AtomicStorage)

    def load(self) -> tuple[Watched, tuple[LocalHold, ...]]:
        """What was kept; nothing if it cannot be read."""
        try:
            tracks = {
                TrackKey(*row["key"]): Track(datetime.fromisoformat(row["since"]), row["opened"], row["worst"])
                for row in self._db.table("tracks").all()
            }
            return Watched(tracks), tuple(LocalHold(**dict(row)) for row in self._db.table("holds").all())
        except (KeyError, TypeError, ValueError) as error:
            _log.error("%s is not of this version and is not used: %s", FILE_NAME, error)
            return Watched(), ()

    def keep(self, watched: Watched, holds: tuple[LocalHold, ...]) -> None:
        """Replace what was kept. Durable on return; raises ``OSError``."""
        tracks = [
            {"key": [k.device, k.metric, k.place, k.rule], "since": written(t.outside_since), "opened": t.opened,
             "worst": t.worst}
            for k, t in watched.tracks.items() if t.outside_since is not None
        ]  # fmt: skip
        self._db.storage.write({"tracks": _rows(tracks), "holds": _rows([asdict(hold) for hold in holds])})


class LocalHolds:
    """Judges this gateway's readings. Tell it what was recorded; it gives the notices that follow."""

    def __init__(self, known: OfflineStock, clock: Clock, store: WatchStore) -> None:
        self._known = known
        self._clock = clock
        self._store = store
        self._watched, holds = store.load()
        self._holds: dict[tuple[LotKey, str], LocalHold] = {(hold.lot, hold.place): hold for hold in holds}
        self._holds_changed = 0
        self._cleared_mono_s = clock.mono_s()
        # Durations are measured by the monotonic clock: a clock that is set must not begin or end an excursion.
        self._began_at, self._began_mono_s = clock.now(), clock.mono_s()
        self._saving = asyncio.Lock()
        self._good_mono_s: dict[str, float] = {}

    async def heard(self, record: Record) -> tuple[Notice, ...]:
        """What follows from something that was just recorded. Never raises."""
        before = self._standing()
        notices: list[Notice] = []
        if isinstance(record, Reading) and record.quality is Quality.GOOD:
            for metric, value in record.values.items():
                notices += [self._notice(alarm) for alarm in self._judge(record, metric, value)]
        elif isinstance(record, ScanTransaction) and record.to_place is not None:
            self._hold_what_arrived(record.to_place)
        if self._standing() != before:
            await self._save()
        return tuple(notices)

    def holds_on(self, lot: LotNow, path: tuple[str, ...]) -> tuple[HoldFact, ...]:
        """What this gateway holds against issuing ``lot`` from the place with this path."""
        texts = [
            f"local alarm: {key.place} is outside {key.rule} since {track.outside_since:%Y-%m-%d %H:%M} UTC"
            for key, track in self._watched.open_at(path)
        ]
        here = {key.place for key, _ in self._watched.open_at(path)}
        texts += [hold.text for hold in self._holds.values() if hold.lot == lot.key and hold.place not in here]
        return tuple(HoldFact(HoldKind.EXPOSURE, text) for text in texts)

    def alarm_at(self, place: str) -> str:
        """Why nothing may be put into ``place`` now: a local alarm there or in what it stands in; '' without one."""
        if not place:
            return ""
        open_now = self._watched.open_at(self._known.path_of(place))
        alarms = [f"location {key.place} is in alarm, outside {key.rule}" for key, _ in open_now]
        return "; ".join(dict.fromkeys(alarms))

    def safe_place(self, instead_of: str) -> DeskPlace | None:
        """The nearest other place under the same policy that was measured lately, all of it within the limits."""
        policies, path = self._known.policies_over(instead_of), self._known.path_of(instead_of)
        if not policies:
            return None
        outside = {key.place for key, track in self._watched.tracks.items() if track.outside_since is not None}
        fit = [
            place
            for place in self._known.places()
            if place.name not in path
            and place.kind in STORES
            and self._known.policies_over(place.name)[:1] == policies[:1]
            and not outside & set(place.path)
            and self._clock.mono_s() - self._good_mono_s.get(place.name, -FRESH_S) < FRESH_S
        ]
        return min(fit, key=lambda place: (-len(set(place.path) & set(path)), place.name), default=None)

    def is_outside(self, reading: Reading) -> bool:
        """Whether a reading breaks a limit of its place, as far as the desk tells: then it is never thinned away."""
        for metric, value in reading.values.items():
            policy = policy_for(metric, self._known.policies_over(self._known.place_of_channel(reading.device, metric)))
            limits = policy.limits if policy else ()
            if any(is_about(rule.metric, metric) and not rule.is_back(value) for rule in limits):
                return True
        return False

    def open_alarms(self) -> tuple[tuple[TrackKey, Track], ...]:
        """Every excursion that is open now."""
        return tuple((key, track) for key, track in self._watched.tracks.items() if track.opened)

    def quiet_s(self) -> float:
        """Seconds since an alarm last cleared, or since the start."""
        return self._clock.mono_s() - self._cleared_mono_s

    async def ledger_has_spoken(self) -> None:
        """A desk came that was asked for when the ledger knew all that this gateway knows: it decides from here on."""
        kept = {key: hold for key, hold in self._holds.items() if not hold.cleared}
        if len(kept) != len(self._holds):
            self._holds = kept
            await self._save()

    def _judge(self, reading: Reading, metric: str, value: float) -> tuple[Alarm, ...]:
        place = self._known.place_of_channel(reading.device, metric)
        limits = self._known.limits_on(reading.device, metric)
        if place is None or not limits:
            return ()
        self._watched, alarms = heard(
            self._watched, reading.device, metric, value, self._time(), place=place, rules=limits
        )  # fmt: skip
        self._good_mono_s[place] = self._clock.mono_s()
        for alarm in alarms:
            if alarm.is_open:
                self._hold_all_in(place, alarm)
            elif not self._watched.open_at((place,)):
                self._mark_cleared(place)
        return alarms

    def _hold_all_in(self, place: str, alarm: Alarm) -> None:
        text = f"local alarm: was in {place} while it was outside {alarm.key.rule} ({alarm.value:g})"
        for lot in self._known.lots_in(place):
            self._hold(lot, place, text)

    def _hold_what_arrived(self, place: str) -> None:
        for key, _ in self._watched.open_at(self._known.path_of(place)):
            for lot in self._known.lots_in(place):
                self._hold(lot, key.place, f"local alarm: came to {place} while {key.place} was outside {key.rule}")

    def _hold(self, lot: LotNow, place: str, text: str) -> None:
        if len(self._holds) < HELD_MAX:
            self._holds[(lot.key, place)] = LocalHold(*lot.key, place, text)
            self._holds_changed += 1

    def _mark_cleared(self, place: str) -> None:
        self._cleared_mono_s = self._clock.mono_s()
        self._holds_changed += 1
        for at, hold in list(self._holds.items()):
            if hold.place == place:
                self._holds[at] = LocalHold(*hold.lot, hold.place, hold.text, cleared=True)

    def _notice(self, alarm: Alarm) -> Notice:
        data: dict[str, str | int | float | None] = {
            "place": alarm.key.place, "rule": alarm.key.rule, "metric": alarm.key.metric, "value": alarm.value,
            "limit": alarm.limit, "worst": alarm.change.worst, "began": written(alarm.change.began_at),
        }  # fmt: skip
        kind = NoticeKind.ALARM if alarm.is_open else NoticeKind.ALARM_CLEARED
        _log.warning("%s", alarm.text)
        return Notice(stamp(self._clock), kind, f"{alarm.key.device}/{alarm.key.metric}", alarm.text, data)

    def _time(self) -> datetime:
        return self._began_at + timedelta(seconds=self._clock.mono_s() - self._began_mono_s)

    def _standing(self) -> tuple[int, list[tuple[TrackKey, datetime | None, bool]]]:
        # Not `worst`: it changes with many readings, and the disk is not worth it.
        return self._holds_changed, [(k, t.outside_since, t.opened) for k, t in self._watched.tracks.items()]

    async def _save(self) -> None:
        async with self._saving:
            try:
                await asyncio.to_thread(self._store.keep, self._watched, tuple(self._holds.values()))
            except OSError as error:
                _log.error("local alarms could not be kept on the disk (%s): a restart forgets them", error.strerror)


def _rows(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {str(at): row for at, row in enumerate(rows, start=1)}
