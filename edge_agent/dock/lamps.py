"""Lamps and buzzers that follow what happens: scans, and local alarms that open and close."""

from edge_agent.dock.effects import Feedback, Tone
from edge_agent.domain.wire.records import Notice, NoticeKind, Record
from edge_agent.drivers.gpio import Outputs

OPEN_MAX = 10_000


class Lamps:
    """Shows on ``Outputs`` what it is told: an ``Answer`` for docks, and a follower of records."""

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = outputs
        self._open: set[str] = set()
        self._has_not_booked = False

    async def give(self, feedback: Feedback) -> None:
        """A lamp or buzzer for a moment: good, or (warnings included) bad."""
        if feedback.tone is Tone.GOOD:
            self._outputs.good()
        elif feedback.tone is not Tone.PROMPT:
            self._outputs.bad()

    def follow(self, record: Record) -> None:
        """Alarm lamps are on from the first ``alarm`` notice until every one of them has its ``alarm_cleared``."""
        if not isinstance(record, Notice) or record.notice not in (NoticeKind.ALARM, NoticeKind.ALARM_CLEARED):
            return
        if record.notice is NoticeKind.ALARM and len(self._open) < OPEN_MAX:
            self._open.add(record.subject)
        else:
            self._open.discard(record.subject)
        self._show()

    def not_booked(self, is_any: bool) -> None:
        """The alarm lamp is also on while the ledger has scans of this gateway that it could not book."""
        if is_any is not self._has_not_booked:
            self._has_not_booked = is_any
            self._show()

    def ledger_unreachable(self, for_s: float) -> None:
        """How long the ledger has not been reached, in seconds; 0 if it is."""
        self._outputs.unreachable(for_s)

    def _show(self) -> None:
        self._outputs.alarm(bool(self._open) or self._has_not_booked)
