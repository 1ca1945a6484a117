"""What is told although no event says it: silence, what expires soon, targets that do not work.

Each is looked for in the database as it is now. What was not the case at the last look is told, and for some its end.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cloud_sync.domain.alerts import AlertKind
from cloud_sync.notify.alert import NewAlert
from cloud_sync.notify.controlled_due import controlled_due
from cloud_sync.notify.escalation import UNDELIVERED_AFTER
from cloud_sync.notify.fleet_conditions import fleet_conditions
from cloud_sync.notify.quality_due import quality_due
from cloud_sync.notify.records_due import calibrated, records_due
from cloud_sync.notify.routing import Router
from cloud_sync.notify.settings import AlertSettings
from cloud_sync.notify.tracing_due import tracing_due
from cloud_sync.notify.wording import local
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries

LOTS_MAX = 1000
NOTICES_FOR = timedelta(days=2)
"""How long what a gateway says once a day is taken for the case."""
NEARLY_FULL = 0.8
RESERVE_USED = {"warning": "80 %", "urgent": "90 %"}
"""What an eMMC means by the states of its reserve (JEDEC JESD84-B51, PRE_EOL_INFO)."""
ENDS: Mapping[AlertKind, AlertKind] = {
    AlertKind.GATEWAY_SILENT: AlertKind.GATEWAY_BACK,
    AlertKind.CHANNEL_SILENT: AlertKind.CHANNEL_BACK,
}
"""Kinds of which the end is told."""


def look_once(database: Database, settings: AlertSettings, at: datetime) -> int:
    """Tell what has begun and ended since the last look; gives how many alerts that made."""
    with database.transaction() as connection:
        if not queries("alert_conditions").may_look(connection):
            return 0
        found = {alert.key: alert for alert in _found(connection, settings, at)}
        known = {row["key"]: row for row in queries("alert_conditions").open_conditions(connection)}
        begun = [alert for key, alert in found.items() if key not in known]
        over = [row for key, row in known.items() if key not in found]
        if not begun and not over:
            return 0
        router = Router(connection, at)
        for alert in begun:
            alert_id = router.keep(alert)
            queries("alert_conditions").add_condition(
                connection, key=alert.key, kind=alert.kind.value, since=alert.occurred_at, alert_id=alert_id
            )
        queries("alert_conditions").end_conditions(connection, keys=[row["key"] for row in over])
        ended = [end for row in over if (end := _end_of(connection, row, at)) is not None]
        return len(begun) + router.route(ended)


def _end_of(connection: Connection, row: Row, at: datetime) -> NewAlert | None:
    kind = ENDS.get(AlertKind(row["kind"]))
    if kind is None:
        return None
    began = queries("alert_conditions").alert_by_id(connection, id=row["alert_id"])
    silent_for = round((at - row["since"]).total_seconds() / 60)
    return NewAlert(
        kind=kind,
        subject=began["subject"],
        key=f"{row['key']}:back",
        title=began["title"].replace(" silent", " back"),
        text=f"It was silent for {silent_for} min. What it recorded meanwhile is judged as it arrives.",
        path=began["path"],
        occurred_at=at,
        sites=tuple(began["sites"]),
        place_id=began["place_id"],
    )


def _found(connection: Connection, settings: AlertSettings, at: datetime) -> Iterator[NewAlert]:
    yield from _silence(connection, settings, at)
    yield from _expiry(connection, settings, at)
    yield from _notices(connection, settings, at)
    yield from records_due(connection, at)
    yield from tracing_due(connection, at)
    yield from quality_due(connection, at)
    yield from controlled_due(connection, at)
    yield from _low_stock(connection, at)
    yield from _failing_targets(connection, at)
    yield from _overdue_backup(connection, settings, at)
    yield from fleet_conditions(connection, at)


def _silence(connection: Connection, settings: AlertSettings, at: datetime) -> Iterator[NewAlert]:
    before = at - settings.silent_after
    for row in queries("alert_conditions").silent_gateways(connection, before=before):
        yield NewAlert(
            kind=AlertKind.GATEWAY_SILENT,
            subject=row["subject"],
            key=row["key"],
            title=f"Gateway {row['name']} silent",
            text=f"Nothing was received since {local(row['since'], 'UTC')}. It goes on recording if it has power; "
            "check its power and network. Until its journal arrives, the conditions in its rooms are unknown.",
            path=f"/gateways/{row['name']}",
            occurred_at=row["since"],
            sites=_sites(connection, row["place_id"]),
            place_id=row["place_id"],
        )
    for row in queries("alert_conditions").silent_channels(connection, at=at, before=before):
        yield NewAlert(
            kind=AlertKind.CHANNEL_SILENT,
            subject=row["subject"],
            key=row["key"],
            title=f"{row['place']}: {row['device']}/{row['metric']} silent",
            text=f"No good value since {local(row['since'], 'UTC')}, while gateway {row['gateway']} is connected. "
            "Check the sensor, its cable or battery.",
            path=f"/rooms/{row['place']}",
            occurred_at=row["since"],
            sites=_sites(connection, row["place_id"]),
            place_id=row["place_id"],
        )


def _expiry(connection: Connection, settings: AlertSettings, at: datetime) -> Iterator[NewAlert]:
    today = at.date()
    last_day = today + timedelta(days=settings.expiry_ahead_days)
    for row in queries("alert_conditions").lots_expiring(connection, today=today, last_day=last_day, rows_max=LOTS_MAX):
        days = (row["expires_on"] - today).days
        yield NewAlert(
            kind=AlertKind.EXPIRY_AHEAD,
            subject=row["subject"],
            key=row["key"],
            title=f"{row['item']} {row['lot_number']} expires on {row['expires_on']:%d %b %Y}",
            text=f"{days} days left. Use it first, move it to where it is used, or return it.",
            path=f"/lots/{row['lot_id']}",
            occurred_at=at,
            sites=tuple(row["sites"]),
        )


def _notices(connection: Connection, settings: AlertSettings, at: datetime) -> Iterator[NewAlert]:
    kinds = {"calibration_due": AlertKind.CALIBRATION_DUE, "certificate_expires": AlertKind.CERTIFICATE_DUE}
    asked = [*kinds, "statistics"]
    settled = calibrated(connection, at)
    for row in queries("alert_conditions").notices_since(connection, kinds=asked, since=at - NOTICES_FOR):
        if (kind := kinds.get(row["kind"])) is not None:
            # A newer certificate at the ledger outdoes the gateway's configuration.
            if kind is not AlertKind.CALIBRATION_DUE or (row["gateway"], row["subject"]) not in settled:
                yield _of_notice(connection, row, kind, row["subject"], row["text"])
            continue
        share = _used_share(row)
        if share >= NEARLY_FULL:
            text = f"{share:.0%} of the space of its journal is used: it cannot send. When it is full, old readings go."
            yield _of_notice(connection, row, AlertKind.DISK_FULL, row["subject"], text)
        if faults := wear_faults(row["data"], settings):
            disk = str(row["data"].get("disk", "disk"))
            text = f"{'; '.join(faults)}. Replace it soon: if it fails, what was not sent yet is lost."
            yield _of_notice(connection, row, AlertKind.DISK_WEAR, disk, text)


def wear_faults(data: Mapping[str, Any], settings: AlertSettings) -> list[str]:
    """What of a disk's wear is beyond the settings; what the disk does not say is not judged.

    >>> wear_faults({"disk_life_used_pct": 90, "disk_pre_eol": "normal"}, AlertSettings())
    ["90 % of the disk's life is used by its own estimate"]
    """
    faults = []
    used_pct, a_day = data.get("disk_life_used_pct"), data.get("disk_written_bytes_a_day")
    if isinstance(used_pct, int) and used_pct >= settings.disk_life_used_pct:
        said = f"{used_pct} %" if used_pct <= 100 else "More than all"
        faults.append(f"{said} of the disk's life is used by its own estimate")
    if (reserve := data.get("disk_pre_eol")) in RESERVE_USED:
        faults.append(f"{RESERVE_USED[reserve]} of its reserve blocks are used up")
    most_gb = settings.disk_written_gb_a_day_max
    if most_gb is not None and isinstance(a_day, int) and a_day > most_gb * 1e9:
        faults.append(f"{a_day / 1e9:.1f} GB a day are written to it, {most_gb:g} are set as the most")
    return faults


def _of_notice(connection: Connection, row: Row, kind: AlertKind, about: str, text: str) -> NewAlert:
    return NewAlert(
        kind=kind,
        subject=f"gateway:{row['gateway']}",
        key=f"{kind}:{row['gateway']}:{about}",
        title=f"Gateway {row['gateway']}: {kind.value.replace('_', ' ')}, {about}",
        text=text,
        path=f"/gateways/{row['gateway']}",
        occurred_at=row["at"],
        sites=_sites(connection, row["place_id"]),
        place_id=row["place_id"],
    )


def _used_share(row: Row) -> float:
    used, most = row["data"].get("used_bytes"), row["data"].get("bytes_max")
    return used / most if isinstance(used, int) and isinstance(most, int) and most > 0 else 0.0


def _low_stock(connection: Connection, at: datetime) -> Iterator[NewAlert]:
    for row in queries("orders").replenishment(connection, at=at):
        if row["usable"] >= row["reorder_point"]:
            continue
        yield NewAlert(
            kind=AlertKind.LOW_STOCK,
            subject=f"item:{row['item']}",
            key=f"stock:{row['item_id']}:{row['place_id']}",
            title=f"{row['item']} at {row['place']}: {row['usable']} left",
            text=f"The reorder point is {row['reorder_point']}, the target {row['par_level']}.",
            path="/orders",
            occurred_at=at,
            sites=_sites(connection, row["place_id"]),
            place_id=row["place_id"],
        )


def _failing_targets(connection: Connection, at: datetime) -> Iterator[NewAlert]:
    for row in queries("alert_conditions").failing_targets(connection, before=at - UNDELIVERED_AFTER):
        waiting = f"{row['unsent']} message waits" if row["unsent"] == 1 else f"{row['unsent']} messages wait"
        yield NewAlert(
            kind=AlertKind.UNDELIVERED,
            subject=f"alert_target:{row['name']}",
            key=row["key"],
            title=f"Alerts to {row['name']} are not delivered",
            text=f"Since {local(row['since'], 'UTC')}: {row['last_error']}. {waiting}; the ledger goes on trying.",
            path="/alerts",
            occurred_at=row["since"].astimezone(UTC),
            not_to=row["name"],
        )


def _overdue_backup(connection: Connection, settings: AlertSettings, at: datetime) -> Iterator[NewAlert]:
    standing = queries("backup").backup_standing(connection)
    since = standing["last_at"] or standing["first_event_at"]
    if settings.backup_overdue is None or since is None or at - since < settings.backup_overdue:
        return
    last = f"The last good one is of {local(since, 'UTC')}" if standing["last_at"] else "None was ever made"
    yield NewAlert(
        kind=AlertKind.BACKUP_OVERDUE,
        subject="ledger",
        key=f"backup:{since:%Y%m%dT%H%M%S}",
        title="Backup of the ledger overdue",
        text=f"{last}. Run cloud-sync backup DIR and look at its timer: what is lost after it, gateways send again for "
        "as long only as they keep it.",
        path="/administration",
        occurred_at=at,
    )


def _sites(connection: Connection, place_id: int | None) -> tuple[int, ...]:
    if place_id is None:
        return ()
    return tuple(row["id"] for row in queries("alerts").sites_of_place(connection, place_id=place_id))
