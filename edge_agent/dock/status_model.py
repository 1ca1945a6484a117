"""What the local page shows, gathered as it happens. Plain data; bounded."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from edge_agent.buffer.desk_store import said_age
from edge_agent.buffer.stored_batch import JournalStatus
from edge_agent.config.model import GatewayConfig
from edge_agent.dock.effects import Feedback
from edge_agent.dock.offline_stock import OfflineStock
from edge_agent.dock.order_checklist import checklist, units_scanned
from edge_agent.dock.phrases import doing_of, next_needed
from edge_agent.dock.room_tiles import Channel, Probe, tiles
from edge_agent.dock.session_state import SessionState
from edge_agent.domain.monitoring.excursions import Track
from edge_agent.domain.monitoring.judged import Judged
from edge_agent.domain.monitoring.local_alarms import TrackKey
from edge_agent.domain.monitoring.quantity_words import label_of
from edge_agent.domain.stock.desk import DeskCase
from edge_agent.domain.wire.records import Notice, NoticeKind, Quality, Reading, Record, ScanLine
from edge_agent.domain.wire.request_signing import written
from edge_agent.timekeeping.clock import Clock

RECENT_MAX = 6
DEVICES_MAX = 500
LOST_MAX = 100
POLLS_UNTIL_OLD = 3
NOT_BOOKED_SHOWN_MAX = 5


@dataclass(slots=True)
class _Dock:
    waits_for: str = "Scan your badge."
    operator: str | None = None
    doing: str = ""
    open_items: tuple[ScanLine, ...] = ()
    order: str | None = None
    is_proven: bool = True
    recent: deque[dict[str, str]] = field(default_factory=lambda: deque(maxlen=RECENT_MAX))
    answers: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Device:
    reading: Reading
    good: Reading | None
    heard_mono_s: float
    good_mono_s: float


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """How the way to the ledger is."""

    up: bool
    for_s: float


@dataclass(frozen=True, slots=True)
class MachineStatus:
    """What only the running agent knows: its link, what of itself makes no progress, and its journal."""

    link: LinkStatus | None = None
    faults: tuple[str, ...] = ()
    journal: JournalStatus | None = None


NO_MACHINE = MachineStatus()
OpenAlarms = Callable[[], tuple[tuple[TrackKey, Track], ...]]


class StatusModel:
    """The state of docks and rooms; with that of the machine, all that the page shows."""

    def __init__(
        self, config: GatewayConfig, clock: Clock, known: OfflineStock, *, open_alarms: OpenAlarms = tuple
    ) -> None:
        """``open_alarms`` gives the local excursions that are open."""
        self.gateway: str = config.gateway.name
        self._open_alarms = open_alarms
        self.started_mono_s = clock.mono_s()
        self._clock = clock
        self._known = known
        self._old_after_s = config.desk.old_after_s
        self._sources: set[str] = set()
        self._docks: dict[str, _Dock] = {}
        self._devices: dict[str, _Device] = {}
        self._lost: dict[str, dict[str, str]] = {}
        self._version = 0
        self._news = asyncio.Event()
        self.records: dict[str, int] = {}
        self.notices: dict[str, int] = {}
        self.latency_s: dict[str, float] = {}
        """Of each polled device that answered: how long its last answer took."""
        self.follow(config)

    def follow(self, config: GatewayConfig) -> None:
        """Show the docks and devices of ``config`` from now on: what is no longer in it is neither shown nor missed."""
        self._docks = {scanner.name: self._docks.get(scanner.name, _Dock()) for scanner in config.scanner}
        self._poll_s = {device.name: device.poll_s for device in config.device}
        before, self._sources = self._sources, _sources_of(config)
        for name in before - self._sources:
            self._devices.pop(name, None)
            self._lost.pop(name, None)
            self.latency_s.pop(name, None)
        self.changed()

    def changed(self) -> None:
        """Something to show is new."""
        self._version += 1
        self._news.set()

    async def news(self, wait_s: float) -> None:
        """Return when something is new, or after ``wait_s``."""
        version = self._version
        try:
            async with asyncio.timeout(wait_s):
                while self._version == version:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return

    def heard(self, record: Record) -> None:
        """A record that was just taken."""
        self.records[record.kind] = self.records.get(record.kind, 0) + 1
        now_s = self._clock.mono_s()
        if isinstance(record, Reading):
            known = self._devices.get(record.device)
            if known is None and len(self._devices) >= DEVICES_MAX:
                return
            good, good_s = (known.good, known.good_mono_s) if known else (None, now_s)
            if record.quality is Quality.GOOD:
                good, good_s = record, now_s
            self._devices[record.device] = _Device(record, good, now_s, good_s)
            self.changed()
        elif isinstance(record, Notice):
            self._notice(record)

    def answered(self, dock: str, feedback: Feedback) -> None:
        """What a dock told its operator."""
        view = self._docks.get(dock)
        if view is None:
            return  # it has just been taken out of the configuration, and says good-bye
        view.answers[feedback.tone] = view.answers.get(feedback.tone, 0) + 1
        view.recent.appendleft({"tone": feedback.tone, "text": feedback.text, "at": written(self._clock.now())})
        self.changed()

    def scanner_proven(self, dock: str, is_proven: bool) -> None:
        """Whether the proof card has shown that a dock's scanner can be trusted."""
        view = self._docks.get(dock)
        if view is not None:
            view.is_proven = is_proven
            self.changed()

    def scanners(self) -> dict[str, bool]:
        """By dock, whether its scanner is proven."""
        return {name: dock.is_proven for name, dock in self._docks.items()}

    def stands(self, dock: str, state: SessionState) -> None:
        """Where a dock's operator stands now."""
        view = self._docks.get(dock)
        if view is None:
            return
        view.waits_for, view.operator = next_needed(state), state.operator
        view.open_items, view.order = state.items, state.order
        view.doing = doing_of(state) if state.action else ""
        self.changed()

    def state(self, machine: MachineStatus = NO_MACHINE) -> dict[str, Any]:
        """Everything the page shows, as JSON. Ages are seconds as of ``at``."""
        desk = self._known.desk
        age_s = desk.age_s(self._clock) if desk else None
        link = machine.link
        return {
            "gateway": self.gateway,
            "site": desk.snapshot.site if desk else None,
            "at": written(self._clock.now()),
            "clock_synced": self._clock.is_synced(),
            "docks": [self._dock_shown(name, dock) for name, dock in self._docks.items()],
            "rooms": self.rooms(),
            "alarms": self.alarms(machine.faults),
            "link": {"up": link.up, "for_s": round(link.for_s)} if link else None,
            "buffer": self._buffer(machine.journal),
            "desk": {
                "text": said_age(desk, self._clock),
                "age_s": age_s,
                "is_old": age_s is None or age_s > self._old_after_s,
            },
            "late": list(machine.faults),
        }

    def _dock_shown(self, name: str, dock: _Dock) -> dict[str, Any]:
        return {
            "name": name,
            "operator": dock.operator,
            "doing": dock.doing,
            "items": len(dock.open_items),
            "units": units_scanned(self._known, dock.open_items),
            "order": checklist(self._known, dock.order, dock.open_items),
            "waits_for": dock.waits_for,
            "is_proven": dock.is_proven,
            "recent": list(dock.recent),
        }

    def rooms(self) -> list[dict[str, Any]]:
        """One entry for each place: what measures there, in names and units for people."""
        return tiles(self._probes(), self._titled)

    def _probes(self) -> list[Probe]:
        now_s = self._clock.mono_s()
        found = []
        for name, device in self._devices.items():
            good = device.good.values if device.good else {}
            channels = tuple(
                Channel(
                    name,
                    metric,
                    value,
                    self._known.place_of_channel(name, metric) or "",
                    self._known.limits_on(name, metric),
                    self._known.judged(name, metric),
                )
                for metric, value in good.items()
            )
            quality, age_s = self._quality(name, device), round(now_s - device.good_mono_s, 1) if device.good else None
            place = self._known.place_of_device(name)
            found.append(Probe(name, quality, device.reading.detail, age_s, channels, place))
        return found

    def _quality(self, name: str, device: _Device) -> str:
        age_s = self._clock.mono_s() - device.heard_mono_s
        is_old = age_s > POLLS_UNTIL_OLD * self._poll_s.get(name, 60.0) + 10
        return "old" if is_old else device.reading.quality.value

    def devices(self) -> list[dict[str, Any]]:
        """One entry for each device, for machines: where, and each metric's value and worth."""
        return [
            {
                "device": name,
                "place": self._place_of(name, device.good.values if device.good else {}),
                "quality": self._quality(name, device),
                "metrics": device.good.values if device.good else {},
            }
            for name, device in sorted(self._devices.items())
        ]

    def alarms(self, faults: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        """What somebody should look at now: open excursions first, then devices that are lost, then our own trouble."""
        found: list[dict[str, Any]] = [
            {
                "kind": "excursion",
                "place": key.place,
                "rule": key.rule,
                "text": f"{self._titled(key.place)} is outside {key.rule} ({key.device})",
                "since": written(track.outside_since) if track.outside_since else None,
            }
            for key, track in self._open_alarms()
        ]
        found += [{"kind": "not_booked", **_told_case(case)} for case in self._known.not_booked[:NOT_BOOKED_SHOWN_MAX]]
        found += [{"kind": "lost", **lost} for lost in self._lost.values()]
        found += [{"kind": "late", "text": text, "since": None} for text in faults]
        found += [{"kind": "unjudged", **gap} for gap in self._unjudged()]
        return found

    def not_booked(self) -> int:
        """Scans of this gateway that the ledger could not book, as far as the desk names them."""
        return len(self._known.not_booked)

    def answers(self) -> dict[tuple[str, str], int]:
        """How often each dock answered in each tone."""
        return {(name, tone): count for name, dock in self._docks.items() for tone, count in dock.answers.items()}

    def ages_s(self) -> dict[str, float]:
        """Seconds since each device last gave a good reading."""
        now_s = self._clock.mono_s()
        return {name: now_s - device.good_mono_s for name, device in self._devices.items() if device.good}

    def desk_age_s(self) -> float | None:
        """Seconds since the desk was true."""
        return self._known.desk.age_s(self._clock) if self._known.desk else None

    def _notice(self, notice: Notice) -> None:
        self.notices[notice.notice.value] = self.notices.get(notice.notice.value, 0) + 1
        if notice.notice is NoticeKind.DEVICE_LOST and len(self._lost) < LOST_MAX:
            self._lost[notice.subject] = {"text": notice.text, "since": written(notice.stamp.at)}
        elif notice.notice is NoticeKind.DEVICE_BACK:
            self._lost.pop(notice.subject, None)
        self.changed()

    def _place_of(self, device: str, values: dict[str, float]) -> str:
        for metric in values:
            place = self._known.place_of_channel(device, metric)
            if place:
                return self._titled(place)
        return device

    def _titled(self, place: str) -> str:
        known = self._known.place(place)
        return (known.title if known else "") or place

    def unjudged(self) -> list[tuple[str, str, str]]:
        """(device, metric, why) of every channel that could guard product and that no rule judges."""
        return [
            (name, metric, judged.value)
            for name, device in sorted(self._devices.items())
            for metric in (device.good.values if device.good else {})
            if (judged := self._known.judged(name, metric)).is_silent_gap
        ]

    def _unjudged(self) -> list[dict[str, Any]]:
        """Where a policy rules and no rule of it judges what is measured, though product could hang on it: loud."""
        found: dict[str, list[str]] = {}
        for name, metric, why in self.unjudged():
            if why == Judged.NO_RULE:
                place = self._known.place_of_channel(name, metric) or name
                found.setdefault(place, []).append(f"{label_of(metric)} ({name})")
        hint = "Add a rule to its storage policy, or record at the ledger that this is on purpose"
        return [
            {"text": f"NOT JUDGED in {self._titled(place)}: {', '.join(names)}. {hint}", "since": None}
            for place, names in found.items()
        ]

    def _buffer(self, journal: JournalStatus | None) -> dict[str, Any] | None:
        if journal is None:
            return None
        oldest: list[datetime] = [lane.oldest for lane in journal.lanes if lane.oldest]
        return {
            "records": sum(lane.records for lane in journal.lanes),
            "share": journal.used_bytes / journal.bytes_max if journal.bytes_max else None,
            "oldest_s": max(0, round((self._clock.now() - min(oldest)).total_seconds())) if oldest else None,
            "set_aside": len(journal.set_aside),
        }


class ShownScan:
    """Tells the status model what a dock tells its operator; an ``Answer``."""

    def __init__(self, status_model: StatusModel, dock: str) -> None:
        self._status_model = status_model
        self._dock = dock

    async def give(self, feedback: Feedback) -> None:
        """On the page."""
        self._status_model.answered(self._dock, feedback)


def _told_case(case: DeskCase) -> dict[str, Any]:
    who = f" (scanned by {case.operator})" if case.operator else ""
    text = f"NOT BOOKED at the ledger{who}: {case.text}. Set the boxes aside and report case {case.number}"
    return {"text": text, "since": written(case.at)}


def _sources_of(config: GatewayConfig) -> set[str]:
    """Everything that a configuration names and that may be heard or lost."""
    sections = (config.device, config.bus, config.scanner, config.particle_sensor, config.contact)
    return {each.name for section in sections for each in section}
