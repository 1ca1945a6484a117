"""Files of temperature loggers: those of shipments hold what came with them, those of rooms are readings like any."""

import base64
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg.types.json import Jsonb

from cloud_sync.actions.gateways.ledger_keys import keys_in
from cloud_sync.actions.master_data.master_data import place_named
from cloud_sync.actions.orders.orders import lock_order
from cloud_sync.domain.movements import INTERNAL
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.ingest.batches import store_batches
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.interop.loggers.judgement import BrokenRule, Judgement, judge_file
from cloud_sync.interop.loggers.model import ZONE, DeviceAlarm, LoggerFile, at_utc, metrics_of, zone_of
from cloud_sync.interop.loggers.reading import read_logger
from cloud_sync.interop.loggers.records import batches_of, records_of
from cloud_sync.interop.questions import Answers, Asks, NotUnderstood, Question
from cloud_sync.posting.holds import hold_what_came, reach_holds
from cloud_sync.posting.interop.documents import keep_document
from cloud_sync.posting.interop.loggers import hold_reason, origin_of
from cloud_sync.posting.monitoring.archived_readings import archived_channels_in, bring_home
from cloud_sync.posting.monitoring.rule_tracks import assign_channel
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import lock_holds
from cloud_sync.storage.queries import queries
from edge_agent.domain.monitoring.policies import Policy

DOCUMENT = "logger_file"
LOGGERS = uuid.UUID("0e8a3a8e-6b4b-5f5c-8b0e-0d6f1a6f7c55")
"""The name space of the journals that stand for loggers."""
BEFORE = timedelta(days=1)
NO_ITEMS: Mapping[str, list[int]] = {}
EXPORT_AGAIN = "Export it from the logger again, or map it as a table."


@dataclass(frozen=True, slots=True)
class LoggerPreview:
    """What a file says before anything is made of it. ``questions``: what has to be answered first."""

    file: LoggerFile | None
    zone: str
    first_at: datetime | None
    last_at: datetime | None
    lowest: float | None
    highest: float | None
    questions: tuple[Question, ...] = ()


def look_at(content: bytes, answers: Answers) -> LoggerPreview:
    """Read a file, and change nothing. Raises ``Invalid`` for one that cannot be read."""
    try:
        file, zone = _read(content, answers)
        first, last = (at_utc(each, zone) for each in file.span)
    except Asks as asks:
        return LoggerPreview(None, "", None, None, None, None, asks.questions)
    except NotUnderstood as error:
        raise Invalid(
            f"the file cannot be read: {error}", "Export it from the logger again, or map it as a table."
        ) from error
    lowest, highest = _extremes(file)
    return LoggerPreview(file, file.zone or answers.get(ZONE.key, ""), first, last, lowest, highest)


def attach_to_order(
    database: Database,
    content: bytes,
    media_type: str,
    order: str,
    answers: Answers,
    *,
    policy: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    at: datetime,
    actor: str,
    told_by: str | None = None,
) -> Row:
    """Judge the logger of a shipment, by the policies that its items need, and hold what came of those it broke.

    ``policy`` stands in for items that name none. ``since`` and ``until`` bound the time of transport; without them all
    that the logger measured counts. What comes later for the order is held as well. The same file again changes
    nothing. Gives the file as it is kept. Raises ``NotFound``, ``Invalid``.
    """
    file, zone = _understood(content, answers)
    with database.transaction() as connection:
        lock_holds(connection)
        order_row = lock_order(connection, order).row
        document = keep_document(connection, DOCUMENT, content, media_type, told_by=told_by or actor)
        known = queries("loggers").logger_file_brought(
            connection, document_id=document.id, order_id=order_row["id"], place_id=None
        )
        if known is not None:
            return _shown(connection, known)
        by_policy = _policies(connection, order, order_row["id"], policy)
        judgements = {
            name: judge_file(file, _policy(connection, name), zone, since=since, until=until) for name in by_policy
        }
        file_id = _keep(
            connection, file, answers, zone, document.id, judgements, order_id=order_row["id"],
            items_of={name: [item["id"] for item in items] for name, items in by_policy.items()}, at=at, actor=actor,
        )  # fmt: skip
        for name, judgement in judgements.items():
            if judgement.holds:
                ids = [item["id"] for item in by_policy[name]]
                _hold_received(connection, order, file_id, file, judgement, ids)
        return _shown(connection, file_id)


def bring_for_room(
    database: Database,
    content: bytes,
    media_type: str,
    place: str,
    answers: Answers,
    *,
    at: datetime,
    actor: str,
    told_by: str | None = None,
) -> Row:
    """Take in what a logger measured in a room without a gateway: its readings are judged by the policies there.

    A logger stands where its first file said; one that was moved is moved like every channel. What is known of a longer
    export already is passed over. Gives the file as it is kept. Raises ``NotFound``, ``Invalid``, ``Conflict``.
    """
    file, zone = _understood(content, answers)
    with database.transaction() as connection:
        room = place_named(connection, place)
        if room["kind"] not in INTERNAL:
            raise Invalid(f"{place} is a {room['kind']}", "Name the room or refrigerator in which the logger was.")
        document = keep_document(connection, DOCUMENT, content, media_type, told_by=told_by or actor)
        known = queries("loggers").logger_file_brought(
            connection, document_id=document.id, order_id=None, place_id=room["id"]
        )
        if known is not None:
            return _shown(connection, known)
        gateway_id, raws = _batches(connection, file, zone, room, actor)
    refused = [each for each in store_batches(database, raws) if each.outcome not in _AS_STORED]
    if refused:
        raise Conflict(f"the readings could not be stored: {refused[0].reason}", "Bring the file again in a moment.")
    with database.transaction() as connection:
        queries("loggers").is_not_heard(connection, id=gateway_id)
        judgements = {
            name: judge_file(file, _policy(connection, name), zone) for name in _policy_over(connection, room)
        }
        file_id = _keep(
            connection, file, answers, zone, document.id, judgements, place_id=room["id"], gateway_id=gateway_id, at=at,
            actor=actor,
        )  # fmt: skip
        return _shown(connection, file_id)


def bring_to_wait(
    database: Database, content: bytes, media_type: str, answers: Answers, *, at: datetime, actor: str
) -> Row:
    """Keep a file whose order, or room, nobody knows yet; it is judged when it is attached. The same file again changes
    nothing. Raises ``Invalid`` for one that cannot be read."""
    file, zone = _understood(content, answers)
    with database.transaction() as connection:
        document = keep_document(connection, DOCUMENT, content, media_type, told_by=actor)
        known = queries("loggers").logger_file_brought(
            connection, document_id=document.id, order_id=None, place_id=None
        )
        if known is None:
            known = _keep(connection, file, answers, zone, document.id, {}, at=at, actor=actor)
        return _shown(connection, known)


def attach_waiting(
    database: Database,
    file_id: int,
    *,
    order: str | None = None,
    place: str | None = None,
    policy: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    at: datetime,
    actor: str,
) -> Row:
    """Say to which order, or room, a file belongs that waited: it is judged as if it were brought now, with the answers
    that were given then. Raises ``NotFound``, ``Invalid``, and ``Conflict`` for one that does not wait."""
    with database.transaction() as connection:
        row = _shown(connection, file_id)
        if row["verdict"] != WAITING:
            raise Conflict(f"logger file {file_id} belongs to something already", "Bring its file for another order.")
        kept = queries("interop").document(connection, id=row["document_id"])
    content, media_type, told_by = bytes(kept["content"]), kept["media_type"], kept["told_by"]
    if order is not None:
        return attach_to_order(
            database, content, media_type, order, row["answers"], policy=policy, since=since, until=until, at=at,
            actor=actor, told_by=told_by,
        )  # fmt: skip
    assert place is not None  # noqa: S101 - one of them is named
    return bring_for_room(database, content, media_type, place, row["answers"], at=at, actor=actor, told_by=told_by)


WAITING = "waiting"
_AS_STORED = (BatchOutcome.STORED, BatchOutcome.DUPLICATE)


def list_files(
    database: Database, *, order: str | None = None, place: str | None = None, rows_max: int, rows_skipped: int = 0
) -> list[Row]:
    """Files of loggers, the newest first."""
    with database.transaction() as connection:
        return list(
            queries("loggers").logger_files(
                connection, order=order, place=place, rows_max=rows_max, rows_skipped=rows_skipped
            )
        )


def logger_file(database: Database, file_id: int) -> Row:
    """A file with all that was made of it. Raises ``NotFound``."""
    with database.transaction() as connection:
        return _shown(connection, file_id)


def _shown(connection: Connection, file_id: int) -> Row:
    row: Row | None = queries("loggers").logger_file(connection, id=file_id)
    if row is None:
        raise NotFound(f"there is no file {file_id} of a logger", "See GET /v1/logger-files for those there are.")
    return row


def _read(content: bytes, answers: Answers) -> tuple[LoggerFile, ZoneInfo | timezone]:
    file = read_logger(content, answers)
    return file, zone_of(file.zone or answers[ZONE.key])


def _understood(content: bytes, answers: Answers) -> tuple[LoggerFile, ZoneInfo | timezone]:
    try:
        return _read(content, answers)
    except Asks as asks:
        first = asks.questions[0]
        keys = ", ".join(each.key for each in asks.questions)
        raise Invalid(f"the file does not say everything. {first.text}", f"Answer these: {keys}.") from asks
    except NotUnderstood as error:
        raise Invalid(
            f"the file cannot be read: {error}", "Export it from the logger again, or map it as a table."
        ) from error


def _policies(connection: Connection, number: str, order_id: int, policy: str | None) -> dict[str, list[Row]]:
    """The items of an order by the policy that their storage asks for. Raises ``Invalid`` where nothing says one."""
    items = list(queries("loggers").items_of_order(connection, order_id=order_id))
    by_policy: dict[str, list[Row]] = {}
    for item in items:
        name = item["storage_class"] or policy
        if name is None:
            raise Invalid(
                f"{item['name']} of order {number} names no storage policy: nothing says what its logger must keep to",
                "Give the item a storage_class, or name a policy for this shipment.",
            )
        by_policy.setdefault(name, []).append(item)
    return by_policy


def _policy(connection: Connection, name: str) -> Policy:
    row = queries("master_data").policy_by_name(connection, name=name)
    if row is None:
        raise NotFound(f"there is no policy {name}", "See GET /v1/policies for those there are.")
    return Policy.model_validate(row["body"])


def _policy_over(connection: Connection, room: Row) -> list[str]:
    """The nearest policy over a room, if there is one."""
    row = queries("loggers").policy_over(connection, place_id=room["id"])
    return [row["policy"]] if row is not None else []


def _keep(
    connection: Connection,
    file: LoggerFile,
    answers: Answers,
    zone: ZoneInfo | timezone,
    document_id: int,
    judgements: Mapping[str, Judgement],
    *,
    order_id: int | None = None,
    place_id: int | None = None,
    gateway_id: int | None = None,
    items_of: Mapping[str, list[int]] = NO_ITEMS,
    at: datetime,
    actor: str,
) -> int:
    first, last = (at_utc(each, zone) for each in file.span)
    lowest, highest = _extremes(file)
    broken = [
        _json(each) | {"policy": name, "items": items_of.get(name, [])}
        for name, found in judgements.items()
        for each in found.broken
    ]
    judged = "broken" if broken else "kept" if order_id is not None else WAITING
    verdict = "judged_in_place" if place_id is not None else judged
    explanation = " ".join(f"{name}: {found.explanation}" for name, found in judgements.items())
    unjudged = [
        f"No rule of {name} is about {', '.join(found.unjudged)}."
        for name, found in judgements.items()
        if found.unjudged
    ]
    file_id: int = queries("loggers").add_logger_file(
        connection, document_id=document_id, order_id=order_id, place_id=place_id, gateway_id=gateway_id,
        format=file.format, is_verified=file.is_verified, device=file.device, serial=file.serial,
        zone=file.zone or answers[ZONE.key], answers=Jsonb(dict(answers)), first_at=first, last_at=last,
        readings=len(file.good) or len(file.days), lowest=lowest, highest=highest, device_verdict=file.verdict,
        device_alarms=[_alarm(each) for each in file.alarms], policies=list(judgements), verdict=verdict,
        broken=Jsonb(broken), explanation=explanation, notes=[*file.notes, *unjudged], brought_by=actor, brought_at=at,
    )  # fmt: skip
    data = {"serial": file.serial, "document": document_id, "verdict": verdict, "device_verdict": file.verdict}
    subject = f"logger_file:{file_id}"
    add_event(connection, actor=actor, kind="logger_file_brought", subject=subject, reason=explanation, data=data)
    return file_id


def _hold_received(
    connection: Connection, order: str, file_id: int, file: LoggerFile, judgement: Judgement, item_ids: list[int]
) -> None:
    """Hold what was received of these items for the order."""
    reason = hold_reason(file_id, file.serial, judgement.policy, judgement.broken[0].text)
    held = []
    for row in list(queries("loggers").receipts_of_order(connection, number=order, item_ids=item_ids)):
        hold_id, _ = hold_what_came(
            connection, kind="exception", fact=row["fact"], place_id=row["to_place"], reason=reason,
            origin=origin_of(file_id),
        )  # fmt: skip
        held.append(hold_id)
    reach_holds(connection, held)


def _batches(
    connection: Connection, file: LoggerFile, zone: ZoneInfo | timezone, room: Row, actor: str
) -> tuple[int, list[bytes]]:
    """The gateway that stands for a logger, and signed batches of what is new in the file."""
    name = f"logger-{file.serial}"
    journal = str(uuid.uuid5(LOGGERS, name))
    first, last = (at_utc(each, zone) for each in file.span)
    key = Ed25519PrivateKey.from_private_bytes(keys_in(connection).derived(f"lotwarden {name}".encode(), size=32))
    gateway_id = _gateway(connection, name, key.public_key().public_bytes_raw(), first - BEFORE, room, actor)
    _place_channels(connection, gateway_id, file, room, actor)
    bring_home(connection, archived_channels_in(connection, gateway_id))
    known = queries("loggers").readings_known(connection, gateway_id=gateway_id, first=first, last=last)
    stored = {(row["metric"], row["at"]) for row in known}
    days = queries("loggers").envelopes_known(connection, gateway_id=gateway_id, first=first, last=last)
    stored |= {("temp_c", row["ended_at"]) for row in days}
    records = records_of(file, zone, journal, frozenset(stored))
    before = queries("loggers").last_of_lane(connection, gateway_id=gateway_id, journal=journal)
    raws = batches_of(
        records, gateway=name, journal=journal, first=before["last_seq"] + 1 if before else 1,
        previous=before["digest"] if before else None, sign=key.sign,
    )  # fmt: skip
    return gateway_id, raws


def _gateway(connection: Connection, name: str, key: bytes, since: datetime, room: Row, actor: str) -> int:
    public = {"public_key": base64.b64encode(key).decode()}
    site = queries("loggers").site_of(connection, place_id=room["id"])
    if queries("loggers").add_logger_gateway(connection, name=name, public_key=key, registered_at=since, place_id=site):
        add_event(connection, actor=actor, kind="gateway_added", subject=f"gateway:{name}", data=public)
    row = queries("loggers").logger_gateway(connection, name=name)
    if row["revoked_at"] is not None:
        raise Conflict(f"{name} was revoked", "Its files are not taken in for rooms any more.")
    if bytes(row["public_key"]) != key:
        queries("loggers").change_logger_key(connection, id=row["id"], public_key=key)
        add_event(connection, actor=actor, kind="gateway_key_replaced", subject=f"gateway:{name}", data=public)
    queries("loggers").known_since(connection, id=row["id"], registered_at=since)
    return int(row["id"])


def _place_channels(connection: Connection, gateway_id: int, file: LoggerFile, room: Row, actor: str) -> None:
    metrics = sorted(metrics_of(file))
    queries("tracks").add_channels(
        connection, gateway_id=gateway_id, devices=[file.serial] * len(metrics), metrics=metrics
    )
    for channel in list(queries("loggers").channels_of_logger(connection, gateway_id=gateway_id)):
        if channel["place_id"] is None:
            assign_channel(connection, channel["id"], room["id"], actor=actor)
        elif channel["place_id"] != room["id"]:
            raise Conflict(
                f"logger {file.serial} is recorded in another place",
                "If it was moved, say when (PUT /v1/channels/ID/place), then bring the file for its new place.",
            )


def _extremes(file: LoggerFile) -> tuple[float, float]:
    values = [each.value for each in file.good if each.value is not None and each.metric == "temp_c"]
    values += [value for day in file.days for value in (day.least, day.greatest)]
    if not values:
        raise Invalid("the file has no temperature", "Check that it was exported with its readings.")
    return min(values), max(values)


def _json(broken: BrokenRule) -> dict[str, Any]:
    ended = broken.ended_at.astimezone(UTC).isoformat() if broken.ended_at else None
    return asdict(broken) | {"began_at": broken.began_at.astimezone(UTC).isoformat(), "ended_at": ended}


def _alarm(alarm: DeviceAlarm) -> str:
    state = f"alarm at {alarm.alarmed_at:%Y-%m-%d %H:%M} by its clock" if alarm.alarmed_at else "no alarm"
    return f"{alarm}: {state}" + (f", {alarm.outside_minutes} min beyond it" if alarm.outside_minutes else "")
