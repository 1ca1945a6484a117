"""Events of the log as alerts: what a message says of each, in the words of the trade."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from cloud_sync.domain.alerts import AlertKind, Severity
from cloud_sync.notify.alert import NewAlert
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.monitoring.policies import Policy
from edge_agent.domain.monitoring.quantity_words import shown_as, unit_of

LOTS_NAMED_MAX = 10
TOLD_OTHERWISE = {"excursion_alert"}
"""Kinds of cases that come with an alert of their own."""


def alert_of(connection: Connection, event: Row) -> NewAlert | None:
    """What there is to tell of an event; None if nothing."""
    return TELLERS[event["kind"]](connection, event)


def local(at: datetime, zone: str) -> str:
    """An instant where the goods are: ``29 Nov 2026 14:05 (Europe/Berlin)``."""
    return f"{at.astimezone(ZoneInfo(zone)):%d %b %Y %H:%M} ({zone})"


def _number(event: Row) -> int:
    return int(event["subject"].partition(":")[2])


def _excursion(connection: Connection, event: Row) -> NewAlert | None:
    row = queries("alerts").excursion_told(connection, excursion_id=_number(event))
    if row is None:
        return None
    is_over = event["kind"] != "excursion_opened"
    if event["kind"] == "excursion_amended" and not _ends_by(event):
        return _changed_after_decision(connection, event, row)
    is_silence = _is_no_data(row)
    kinds = (AlertKind.NO_DATA, AlertKind.NO_DATA_ENDED) if is_silence else (
        AlertKind.EXCURSION_BEGAN, AlertKind.EXCURSION_ENDED)  # fmt: skip
    place, began = row["place_title"] or row["place"], local(row["began_at"], row["zone"])
    probe = f"{row['device']} at gateway {row['gateway']}"
    rule = row["rule"].replace("-", " ").replace("_", " ")
    if event["kind"] == "excursion_withdrawn":
        title = f"{place}: {rule} withdrawn, late records show that it was none"
        text = f"It was reported for {began}, by {probe}. Lots held for it alone are available again."
    elif is_over:
        ended = datetime.fromisoformat(event["data"]["ended_at"])
        title = f"{place}: {rule} ended"
        text = f"From {began} to {local(ended, row['zone'])}, worst value {_worst(row, is_silence)}, by {probe}."
        text += " Exposed lots stay on hold until quality decides."
    else:
        title = f"{place}: no data" if is_silence else f"{place}: {rule}, {_worst(row, is_silence)}"
        text = f"Since {began}, by {probe}. Every lot that was exposed is on hold."
    site = _site_of(connection, row["place_id"])
    return NewAlert(
        kind=kinds[is_over],
        subject=event["subject"],
        key=f"excursion:{row['place_id']}:{row['rule']}:{'ended' if is_over else 'began'}",
        title=title,
        text=text,
        path=f"/rooms/{row['place']}",
        occurred_at=(row["ended_at"] or event["at"]) if is_over else row["began_at"],
        sites=site,
        place_id=row["place_id"],
        severity_said=None if is_over else Severity(row["severity"]),
        event_id=event["id"],
    )


def _changed_after_decision(connection: Connection, event: Row, row: Row) -> NewAlert | None:
    """Late records that widen an excursion bring back the holds that quality had lifted."""
    if not list(queries("excursions").dispositions_of(connection, excursion_id=row["id"])):
        return None
    place = row["place_title"] or row["place"]
    return NewAlert(
        kind=AlertKind.HOLD_WIDENED,
        subject=event["subject"],
        key=f"{event['subject']}:held",
        title=f"{place}: evidence changed after a decision",
        text=f"Late records changed the excursion of {local(row['began_at'], row['zone'])}. Lots that were released "
        "are on hold again where it is wider or worse: decide again.",
        path="/quarantine",
        occurred_at=event["at"],
        sites=_site_of(connection, row["place_id"]),
        place_id=row["place_id"],
        event_id=event["id"],
    )


def _ends_by(event: Row) -> bool:
    """Whether an amended excursion is over by that, and was not before."""
    return bool(event["data"].get("ended_at")) and not (event["data"].get("before") or {}).get("ended_at")


def _is_no_data(row: Row) -> bool:
    if row["policy"] is None:
        return bool(row["rule"] == "no_data")
    rules = Policy.model_validate(row["policy"]).rules
    return any(rule.name == row["rule"] and rule.kind == "no_data" for rule in rules)


def _worst(row: Row, is_silence: bool) -> str:
    if is_silence:
        return f"{row['worst'] / 60:.0f} min without a good value"
    unit = unit_of(row["metric"])
    return f"{row['worst']:.{shown_as(row['metric']).digits}f} {unit}".strip()


def _held_by_excursion(connection: Connection, event: Row) -> NewAlert | None:
    row = queries("alerts").excursion_told(connection, excursion_id=_number(event))
    if row is None:
        return None
    place = row["place_title"] or row["place"]
    before = _held_before(connection, event)
    new = [lot for lot in event["data"].get("lots", []) if lot not in before]
    if not new:
        return None  # goods that are on hold were moved
    why = f"exposed in {place} since {local(row['began_at'], row['zone'])}"
    alert = _held(connection, event, new, why, "/quarantine", is_wider=bool(before))
    sites = tuple(sorted({*alert.sites, *_site_of(connection, row["place_id"])}))
    return replace(alert, sites=sites, place_id=row["place_id"])


def _lots_held(connection: Connection, event: Row) -> NewAlert | None:
    if event["subject"].startswith("excursion:"):
        return _held_by_excursion(connection, event)
    row = queries("alerts").hold_told(connection, hold_id=_number(event))
    if row is None:
        return None
    # The event hold_placed, in the same transaction, tells of the lot itself.
    before = _held_before(connection, event) | ({row["lot_id"]} if row["placed_event"] is not None else set())
    new = [lot for lot in event["data"].get("lots", []) if lot not in before]
    return _held(connection, event, new, _why_held(row), "/quarantine", is_wider=bool(before)) if new else None


def _hold_placed(connection: Connection, event: Row) -> NewAlert | None:
    row = queries("alerts").hold_told(connection, hold_id=event["data"]["hold"])
    if row is None:
        return None
    held, path = {**event, "subject": f"hold:{event['data']['hold']}"}, f"/lots/{row['lot_id']}"
    alert = _held(connection, held, [row["lot_id"]], _why_held(row), path, is_wider=False)
    is_routine = row["kind"] == "receipt_inspection"
    return replace(alert, severity_said=Severity.INFO if is_routine else None)


def _why_held(row: Row) -> str:
    return f"{row['kind'].replace('_', ' ')} hold by {row['placed_by']}: {row['reason']}"


def _held_before(connection: Connection, event: Row) -> set[int]:
    rows = queries("alerts").lots_held_before(connection, subject=event["subject"], before=event["id"])
    return {row["id"] for row in rows}


def _held(connection: Connection, event: Row, lots: list[int], why: str, path: str, *, is_wider: bool) -> NewAlert:
    told = list(queries("alerts").lots_told(connection, lot_ids=lots, rows_max=LOTS_NAMED_MAX))
    names = ", ".join(f"{row['item']} {row['lot_number']}" for row in told)
    more = f" and {len(lots) - len(told)} more" if len(lots) > len(told) else ""
    here = tuple(row["id"] for row in queries("alerts").sites_of_lots(connection, lot_ids=lots))
    count = "1 lot" if len(lots) == 1 else f"{len(lots)} lots"
    return NewAlert(
        kind=AlertKind.HOLD_WIDENED if is_wider else AlertKind.HOLD_PLACED,
        subject=event["subject"],
        key=f"{event['subject']}:held",
        title=f"{count} more on hold: {names}{more}" if is_wider else f"{count} on hold: {names}{more}",
        text=f"{why[:1].upper()}{why[1:]}. Nobody can issue what is on hold until quality decides.",
        path=path,
        occurred_at=event["at"],
        sites=here,
        event_id=event["id"],
    )


def _case(connection: Connection, event: Row) -> NewAlert | None:
    row = queries("alerts").case_told(connection, case_id=_number(event))
    if row is None or row["kind"] in TOLD_OTHERWISE:
        return None
    lots = [row["lot_id"]] if row["lot_id"] else []
    sites = _site_of(connection, row["place_id"]) if row["place_id"] else tuple(
        found["id"] for found in queries("alerts").sites_of_lots(connection, lot_ids=lots))  # fmt: skip
    return NewAlert(
        kind=AlertKind.CASE_OPENED,
        subject=event["subject"],
        key=f"case:{row['kind']}",
        title=f"Exception: {row['kind'].replace('_', ' ')}",
        text=f"{event['reason']}." + (" The lot is on hold until the case is closed." if lots else ""),
        path=f"/cases#case-{_number(event)}",
        occurred_at=event["at"],
        sites=sites,
        place_id=row["place_id"],
        event_id=event["id"],
    )


def _recall(_: Connection, event: Row) -> NewAlert:
    is_mock = bool(event["data"].get("is_mock"))
    return NewAlert(
        kind=AlertKind.RECALL_OPENED,
        subject=event["subject"],
        key=event["subject"],
        title=f"{'Mock recall' if is_mock else 'Recall'} opened: {event['reason']}",
        text=f"Opened by {event['actor']}. The lots in its scope are on hold; recipients have to be told.",
        path=f"/recalls/{_number(event)}",
        occurred_at=event["at"],
        severity_said=Severity.INFO if is_mock else None,
        event_id=event["id"],
    )


def _approval(connection: Connection, event: Row) -> NewAlert:
    data, (kind, _, name) = event["data"], event["subject"].partition(":")
    names = [data[key] for key in ("from_place", "to_place", "place") if isinstance(data.get(key), str)]
    sites = tuple(row["id"] for row in queries("alerts").sites_of_place_names(connection, names=names))
    what = f"{data.get('kind', '')} order {name}".strip() if kind == "order" else f"correction of {kind} {name}"
    return NewAlert(
        kind=AlertKind.APPROVAL_WAITING,
        subject=event["subject"],
        key=event["subject"],
        title=f"{what[:1].upper()}{what[1:]} waits for approval",
        text=f"Requested by {event['actor']}." + (f" {event['reason']}" if event["reason"] else ""),
        path=f"/orders/{name}" if kind == "order" else "/audit",
        occurred_at=event["at"],
        sites=sites,
        event_id=event["id"],
    )


def _change(_: Connection, event: Row) -> NewAlert:
    """Something governed waits for a second person."""
    what, path = CHANGES[event["kind"]]
    subject = event["subject"].replace("_", " ").replace(":", " ")
    return NewAlert(
        kind=AlertKind.APPROVAL_WAITING,
        subject=event["subject"],
        key=f"{event['subject']}:{event['kind']}",
        title=f"{what} waits for approval: {subject}",
        text=f"Asked for by {event['actor']}. {event['reason']}",
        path=path,
        occurred_at=event["at"],
        event_id=event["id"],
    )


def _connection_paused(_: Connection, event: Row) -> NewAlert:
    name, why = event["subject"].partition(":")[2], event["reason"]
    return NewAlert(
        kind=AlertKind.CONNECTION_PAUSED,
        subject=event["subject"],
        key=event["subject"],
        title=f"Connection {name} is paused",
        text=f"{why[:1].upper()}{why[1:]}. Nothing is lost: what waits goes out once it is resumed.",
        path="/connections",
        occurred_at=event["at"],
        event_id=event["id"],
    )


def _site_of(connection: Connection, place_id: int) -> tuple[int, ...]:
    return tuple(row["id"] for row in queries("alerts").sites_of_place(connection, place_id=place_id))


CHANGES = {
    "controlled_change_proposed": ("A controlled change", "/changes"),
    "legal_hold_asked": ("A legal hold", "/retention"),
    "legal_hold_lift_asked": ("The lifting of a legal hold", "/retention"),
}
"""What waits for a second person: in words, and its page."""
TELLERS: Mapping[str, Callable[[Connection, Row], NewAlert | None]] = {
    "excursion_opened": _excursion,
    "excursion_closed": _excursion,
    "excursion_amended": _excursion,
    "excursion_withdrawn": _excursion,
    "lots_held": _lots_held,
    "hold_placed": _hold_placed,
    "case_opened": _case,
    "recall_opened": _recall,
    "order_added": _approval,
    "correction_proposed": _approval,
    "connection_paused": _connection_paused,
    **dict.fromkeys(CHANGES, _change),
}
"""By the kind of an event, what makes an alert of it."""
