"""Who gets an alert, in which message, and when that goes out."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cloud_sync.domain.alerts import (
    DIGEST_EVERY,
    FLAPPING_ALERTS,
    FLAPPING_WITHIN,
    KINDS,
    SOON,
    Cover,
    QuietHours,
    Rota,
    Severity,
    due_at,
    on_call,
    takes,
)
from cloud_sync.notify.alert import NewAlert, keep_alert
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries

ROTA = "rota:"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Line:
    """That a message tells of an alert, by which subscription, at which step of its escalation (0: at once)."""

    alert_id: int
    subscription: str
    step: int


class Router:
    """Puts alerts into messages, within the caller's transaction, by the subscriptions as they are now."""

    def __init__(self, connection: Connection, at: datetime) -> None:
        self._connection = connection
        self._at = at
        self._subscriptions = list(queries("alerts").subscriptions(connection))
        self._active = {row["name"] for row in queries("alerts").targets(connection) if row["active"]}
        self._rotas = {row["name"]: _rota(row) for row in queries("alerts").rotas(connection)}
        self._covers = list(queries("alerts").covers(connection, at=at))
        # Messages of this transaction: nobody can begin to send them before it ends.
        self._open: dict[tuple[str, str], tuple[int, datetime]] = {}

    def route(self, alerts: Sequence[NewAlert]) -> int:
        """Keep alerts and let messages tell of them; gives how many are new."""
        often = self._often([alert.key for alert in alerts])
        lines: list[dict[str, Any]] = []
        kept = 0
        for alert in alerts:
            alert_id = keep_alert(self._connection, alert, self._at)
            if alert_id is None:
                continue
            kept += 1
            often[alert.key] += 1
            for row in self._takers(alert):
                message_id = self._message_for(alert, row, is_flapping=often[alert.key] > FLAPPING_ALERTS)
                if message_id is not None:
                    lines.append(_line(message_id, Line(alert_id, row["name"], 0)))
        if lines:
            queries("alerts").add_line(self._connection, lines)
        return kept

    def keep(self, alert: NewAlert) -> int | None:
        """The same for one alert; gives its id."""
        alert_id = keep_alert(self._connection, alert, self._at)
        if alert_id is None:
            return None
        is_flapping = self._often([alert.key])[alert.key] > FLAPPING_ALERTS
        for row in self._takers(alert):
            message_id = self._message_for(alert, row, is_flapping=is_flapping)
            if message_id is not None:
                queries("alerts").add_line(self._connection, [_line(message_id, Line(alert_id, row["name"], 0))])
        return alert_id

    def escalate(self, row: Row) -> None:
        """Tell the next one that nobody acknowledged an alert. ``row`` is one of ``due_escalations``."""
        target = self._target_of(row["goes_to"])
        if target is None:
            return
        bundle = f"escalation:{row['step']}:{_site(row['sites'])}"
        message_id = self._message(target, bundle, "escalation", SOON)
        line = Line(row["alert_id"], row["subscription"], row["step"])
        queries("alerts").add_line(self._connection, [_line(message_id, line)])

    def _often(self, keys: Sequence[str]) -> Counter[str]:
        since = self._at - FLAPPING_WITHIN
        rows = queries("alerts").alerts_lately(self._connection, keys=sorted(set(keys)), since=since)
        return Counter({row["key"]: row["times"] for row in rows})

    def _takers(self, alert: NewAlert) -> list[Row]:
        return [
            row
            for row in self._subscriptions
            if takes(
                kinds=row["kinds"], severity_min=Severity(row["severity_min"]), site_id=row["site_id"],
                kind=alert.kind, severity=alert.severity, sites=alert.sites,
            )
        ]  # fmt: skip

    def _message_for(self, alert: NewAlert, row: Row, *, is_flapping: bool) -> int | None:
        target = self._target_of(row["goes_to"])
        if target is None or target == alert.not_to:
            return None
        quiet_until = None if alert.severity is Severity.ACTION else _quiet_until(row, self._at)
        way = "flapping" if is_flapping else "quiet" if quiet_until else "alert"
        bundle = f"{way}:{_site(alert.sites)}"
        gathers_for = KINDS[alert.kind].gathers_for
        return self._message(target, bundle, "alert", gathers_for, is_flapping=is_flapping, quiet_until=quiet_until)

    def _message(
        self,
        target: str,
        bundle: str,
        reason: str,
        gathers_for: timedelta,
        *,
        is_flapping: bool = False,
        quiet_until: datetime | None = None,
    ) -> int:
        """The message of a bundle that nobody has begun to send, or a new one."""
        open_id, open_due = self._open.get((target, bundle), (0, self._at))
        if open_id and open_due <= self._at + gathers_for:
            return open_id
        since = self._at - DIGEST_EVERY
        rows = queries("alerts").recent_messages(self._connection, target=target, bundle=bundle, since=since)
        due = due_at(
            self._at, gathers_for=gathers_for, recent=[row["due_at"] for row in rows], is_flapping=is_flapping,
            quiet_until=quiet_until,
        )  # fmt: skip
        joined = queries("alerts").join_message(self._connection, target=target, bundle=bundle, due_at=due)
        message_id = joined or queries("alerts").add_message(
            self._connection, target=target, bundle=bundle, reason=reason, made_at=self._at, due_at=due
        )
        self._open[target, bundle] = int(message_id), due
        return int(message_id)

    def _target_of(self, goes_to: str) -> str | None:
        """The target, or who is on call; None, and said so, if that target is switched off."""
        target = goes_to
        if goes_to.startswith(ROTA):
            name = goes_to.removeprefix(ROTA)
            covers = [
                Cover(row["target"], row["begins_at"], row["ends_at"]) for row in self._covers if row["rota"] == name
            ]
            target = on_call(self._rotas[name], [each for each in covers if each.target in self._active], self._at)
        if target in self._active:
            return target
        log.error("alerts for %s go nowhere: target %s is switched off", goes_to, target)
        return None


def _rota(row: Row) -> Rota:
    return Rota(tuple(row["members"]), row["first_day"], row["handover"], row["days_each"], row["zone"])


def _quiet_until(row: Row, at: datetime) -> datetime | None:
    if row["quiet_from"] is None:
        return None
    return QuietHours(row["quiet_from"], row["quiet_until"], row["zone"]).end_after(at)


def _site(sites: Sequence[int]) -> str:
    return str(sites[0]) if len(sites) == 1 else "house"


def _line(message_id: int, line: Line) -> dict[str, Any]:
    return {"message_id": message_id, "alert_id": line.alert_id, "subscription": line.subscription, "step": line.step}
