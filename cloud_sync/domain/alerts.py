"""Alerts: what there is to tell, how urgent it is, whose turn it is, and when a message goes out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from zoneinfo import ZoneInfo


class Severity(StrEnum):
    """How urgent an alert is. ``action``: product is at risk, and no quiet hours delay it."""

    INFO = "info"
    ALERT = "alert"
    ACTION = "action"

    @property
    def rank(self) -> int:
        """0 for the least urgent."""
        return list(Severity).index(self)


class AlertKind(StrEnum):
    """What an alert is about."""

    EXCURSION_BEGAN = "excursion_began"
    EXCURSION_ENDED = "excursion_ended"
    NO_DATA = "no_data"
    NO_DATA_ENDED = "no_data_ended"
    HOLD_PLACED = "hold_placed"
    HOLD_WIDENED = "hold_widened"
    GATEWAY_SILENT = "gateway_silent"
    GATEWAY_BACK = "gateway_back"
    CHANNEL_SILENT = "channel_silent"
    CHANNEL_BACK = "channel_back"
    CASE_OPENED = "case_opened"
    RECALL_OPENED = "recall_opened"
    APPROVAL_WAITING = "approval_waiting"
    EXPIRY_AHEAD = "expiry_ahead"
    CALIBRATION_DUE = "calibration_due"
    CERTIFICATE_DUE = "certificate_due"
    AGREEMENT_DUE = "agreement_due"
    ACCESS_REVIEW_DUE = "access_review_due"
    QUALITY_DUE = "quality_due"
    SUSPECT_DUE = "suspect_due"
    TRACING_REQUEST_DUE = "tracing_request_due"
    LICENCE_DUE = "licence_due"
    CONTROLLED_DUE = "controlled_due"
    RECEIPT_UNFINISHED = "receipt_unfinished"
    DISK_FULL = "disk_full"
    DISK_WEAR = "disk_wear"
    LOW_STOCK = "low_stock"
    UNDELIVERED = "undelivered"
    BACKUP_OVERDUE = "backup_overdue"
    CONFIG_DRIFT = "config_drift"
    ROLL_OUT_STOPPED = "roll_out_stopped"
    CONNECTION_PAUSED = "connection_paused"


SOON = timedelta(seconds=1)
"""How long an urgent message waits for others of the same moment."""
GATHERING = timedelta(seconds=20)
"""How long a message waits whose cause is minutes old: one power cut is many silent channels."""


@dataclass(frozen=True, slots=True)
class KindRule:
    """How alerts of a kind are treated. ``gathers_for``: how long a message waits for others."""

    severity: Severity
    words: str
    gathers_for: timedelta = SOON
    needs_acknowledgement: bool = True


KINDS: Mapping[AlertKind, KindRule] = MappingProxyType(
    {
        AlertKind.EXCURSION_BEGAN: KindRule(Severity.ACTION, "excursion began"),
        AlertKind.EXCURSION_ENDED: KindRule(Severity.INFO, "excursion ended", needs_acknowledgement=False),
        AlertKind.NO_DATA: KindRule(Severity.ACTION, "no data", GATHERING),
        AlertKind.NO_DATA_ENDED: KindRule(Severity.INFO, "data again", GATHERING, needs_acknowledgement=False),
        AlertKind.HOLD_PLACED: KindRule(Severity.ACTION, "hold placed"),
        AlertKind.HOLD_WIDENED: KindRule(Severity.ACTION, "hold widened"),
        AlertKind.GATEWAY_SILENT: KindRule(Severity.ALERT, "gateway silent", GATHERING),
        AlertKind.GATEWAY_BACK: KindRule(Severity.INFO, "gateway back", GATHERING, needs_acknowledgement=False),
        AlertKind.CHANNEL_SILENT: KindRule(Severity.ALERT, "channel silent", GATHERING),
        AlertKind.CHANNEL_BACK: KindRule(Severity.INFO, "channel back", GATHERING, needs_acknowledgement=False),
        AlertKind.CASE_OPENED: KindRule(Severity.ALERT, "exception case opened"),
        AlertKind.RECALL_OPENED: KindRule(Severity.ACTION, "recall opened"),
        AlertKind.APPROVAL_WAITING: KindRule(Severity.INFO, "waiting for approval", GATHERING),
        AlertKind.EXPIRY_AHEAD: KindRule(Severity.INFO, "expires soon", GATHERING),
        AlertKind.CALIBRATION_DUE: KindRule(Severity.INFO, "calibration due", GATHERING),
        AlertKind.CERTIFICATE_DUE: KindRule(Severity.ALERT, "certificate expires soon", GATHERING),
        AlertKind.AGREEMENT_DUE: KindRule(Severity.ALERT, "agreement with a supplier ends", GATHERING),
        AlertKind.ACCESS_REVIEW_DUE: KindRule(Severity.ALERT, "review of accesses is due", GATHERING),
        AlertKind.QUALITY_DUE: KindRule(Severity.ALERT, "quality control is due", GATHERING),
        AlertKind.SUSPECT_DUE: KindRule(Severity.ACTION, "suspect product: a clock runs out"),
        AlertKind.TRACING_REQUEST_DUE: KindRule(Severity.ACTION, "a regulator waits for an answer"),
        AlertKind.LICENCE_DUE: KindRule(Severity.INFO, "licence of a trading partner ends", GATHERING),
        AlertKind.CONTROLLED_DUE: KindRule(Severity.ALERT, "controlled item: a deadline runs", GATHERING),
        AlertKind.RECEIPT_UNFINISHED: KindRule(Severity.INFO, "receipt not finished", GATHERING),
        AlertKind.DISK_FULL: KindRule(Severity.ALERT, "gateway's journal nearly full", GATHERING),
        AlertKind.DISK_WEAR: KindRule(Severity.ALERT, "gateway's disk worn", GATHERING),
        AlertKind.LOW_STOCK: KindRule(Severity.INFO, "below the reorder point", GATHERING),
        AlertKind.UNDELIVERED: KindRule(Severity.ACTION, "alerts not delivered"),
        AlertKind.BACKUP_OVERDUE: KindRule(Severity.ALERT, "backup overdue"),
        AlertKind.CONFIG_DRIFT: KindRule(Severity.ALERT, "gateway's configuration is not the ledger's", GATHERING),
        AlertKind.ROLL_OUT_STOPPED: KindRule(Severity.ALERT, "release stopped"),
        AlertKind.CONNECTION_PAUSED: KindRule(Severity.ALERT, "connection to another system paused"),
    }
)


@dataclass(frozen=True, slots=True)
class Rota:
    """Targets that are on call in turn, each ``days_each`` days, from ``handover`` on, by the clocks of ``zone``."""

    members: tuple[str, ...]
    first_day: date
    handover: time
    days_each: int
    zone: str


@dataclass(frozen=True, slots=True)
class Cover:
    """Somebody stands in for whoever would be on call."""

    target: str
    begins_at: datetime
    ends_at: datetime


def on_call(rota: Rota, covers: Sequence[Cover], at: datetime) -> str:
    """The target whose turn it is. Of several covers the one that began last counts. Somebody always is.

    >>> week = Rota(("amy", "bo"), date(2026, 1, 5), time(8), 7, "Europe/Berlin")
    >>> on_call(week, (), datetime.fromisoformat("2026-01-12T06:59:00Z"))
    'amy'
    >>> on_call(week, (), datetime.fromisoformat("2026-01-12T07:00:00Z"))
    'bo'
    """
    standing_in = [each for each in covers if each.begins_at <= at < each.ends_at]
    if standing_in:
        return max(standing_in, key=lambda each: each.begins_at).target
    local = at.astimezone(ZoneInfo(rota.zone))
    day = local.date() - timedelta(days=local.time() < rota.handover)
    turn = (day - rota.first_day).days // rota.days_each
    return rota.members[turn % len(rota.members)]


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From when until when nothing but product risk is told, by the clocks of ``zone``; it may span midnight."""

    begins: time
    ends: time
    zone: str

    def end_after(self, at: datetime) -> datetime | None:
        """When they end, if they last at ``at``; None if they do not.

        >>> night = QuietHours(time(22), time(6), "UTC")
        >>> night.end_after(datetime.fromisoformat("2026-01-05T23:00:00Z")).isoformat()
        '2026-01-06T06:00:00+00:00'
        >>> night.end_after(datetime.fromisoformat("2026-01-05T12:00:00Z"))
        """
        local = at.astimezone(ZoneInfo(self.zone))
        now = local.time()
        spans_midnight = self.begins > self.ends
        is_quiet = (now >= self.begins or now < self.ends) if spans_midnight else self.begins <= now < self.ends
        if not is_quiet:
            return None
        day = local.date() + timedelta(days=spans_midnight and now >= self.begins)
        return datetime.combine(day, self.ends, ZoneInfo(self.zone)).astimezone(at.tzinfo)


def takes(
    *,
    kinds: Sequence[str],
    severity_min: Severity,
    site_id: int | None,
    kind: AlertKind,
    severity: Severity,
    sites: Sequence[int],
) -> bool:
    """Whether a subscription takes an alert: no kinds is all of them, and what is of no site goes to every site."""
    is_kind = not kinds or kind.value in kinds
    is_site = site_id is None or not sites or site_id in sites
    return is_kind and is_site and severity.rank >= severity_min.rank


FLAPPING_ALERTS = 3
FLAPPING_WITHIN = timedelta(hours=1)
FLAPPING_EVERY = timedelta(minutes=15)
"""What was told so often within that time is told in one list every so often."""

MESSAGES_AT_ONCE = 5
DIGEST_EVERY = timedelta(minutes=1)
"""After so many messages about one site to one target within that time, the next is a list of what came meanwhile."""


def due_at(
    now: datetime,
    *,
    gathers_for: timedelta,
    recent: Sequence[datetime],
    is_flapping: bool = False,
    quiet_until: datetime | None = None,
) -> datetime:
    """When a new message goes out. ``recent``: when the last ones of the same bundle went or go out."""
    if is_flapping:
        return max(now + FLAPPING_EVERY, quiet_until or now)
    due = now + gathers_for
    last = sorted(recent)[-MESSAGES_AT_ONCE:]
    if len(last) == MESSAGES_AT_ONCE and last[0] > now - DIGEST_EVERY:
        due = max(due, last[-1] + DIGEST_EVERY)
    return max(due, quiet_until or due)


RETRY_FIRST = timedelta(seconds=5)
RETRY_MAX = timedelta(minutes=15)


def retry_after(failures: int, spread: float) -> timedelta:
    """How long a target is left alone after so many failures in a row; ``spread`` from 0 to 1 keeps many from trying
    together.

    >>> [retry_after(each, 0.5).total_seconds() for each in (1, 2, 3, 20)]
    [5.0, 10.0, 20.0, 900.0]
    """
    wait: timedelta = min(RETRY_FIRST * 2 ** min(failures - 1, 20), RETRY_MAX)
    return wait * (0.8 + 0.4 * spread)
