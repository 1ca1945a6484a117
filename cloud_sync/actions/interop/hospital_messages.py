"""HL7 messages: kept as they came, read by the sender's field map, booked, and answered. Sent twice, they are booked
once."""

import json
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from psycopg.types.json import Jsonb

from cloud_sync.actions.interop.field_maps import FieldMaps, LoadedMap
from cloud_sync.actions.interop.hospital_orders import take_orders
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.domain.roles import Actor
from cloud_sync.errors import Conflict, DatabaseDown, Invalid, LedgerError, NotAllowed, NotFound
from cloud_sync.ingest.mllp.receiver import Peer, SenderSection, sender_of
from cloud_sync.interop.hospital.acknowledgement import AckCode, MessageFault, acknowledge, reject_unreadable
from cloud_sync.interop.hospital.facts import LINES_MAX, Told
from cloud_sync.interop.hospital.hl7 import Hl7Fault, Message, parse
from cloud_sync.interop.hospital.translation import NotUnderstood, translate
from cloud_sync.posting.cases import LEDGER, Case, close_case, count_case, latest_case
from cloud_sync.posting.interop.documents import keep_document
from cloud_sync.posting.interop.hospital import MessageSource, book_facts, cases_of_facts
from cloud_sync.storage.database import Connection, Database, Row, again_if_overtaken
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries
from edge_agent.domain.stock.expiry import zone_named

MEDIA_TYPE = "x-application/hl7-v2+er7"
NOT_UNDERSTOOD = "hospital_message_not_understood"
UNBOOKED = frozenset({"not_understood", "refused"})
"""Outcomes of messages of which nothing is booked."""
STRANGERS = "hl7"
"""Who told what no sender of ours can have told."""
OUTCOMES = {
    "booked": "booked", "with_cases": "with cases", "ordered": "ordered", "noted": "noted",
    "not_understood": "not understood", "refused": "refused",
}  # fmt: skip


_log = logging.getLogger("cloud_sync.hl7")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message, and what its sender is told."""

    outcome: str
    answer: AckCode
    text: str
    faults: tuple[MessageFault, ...] = ()


@again_if_overtaken
def take_message(database: Database, maps: FieldMaps, peer: Peer, content: bytes, *, at: datetime) -> bytes:
    """Keep a message, book what it says, and give the acknowledgement, once all of that is committed.

    Raises ``DatabaseDown``: nothing was stored, and nothing is to be answered.
    """
    try:
        header = parse(content, charset="iso-8859-1")
    except Hl7Fault as fault:
        return _take_unreadable(database, maps, peer, content, fault, at)
    name = sender_of(maps.section, peer, header.application, header.facility) if maps.section is not None else None
    if name is None:
        text = (
            f"{header.application or '(empty)'} at {header.facility or '(empty)'} from {peer.address} is no sender of "
            "this ledger; see [hl7.senders] in its configuration"
        )
        return _keep_refused(
            database, header, f"{STRANGERS} {peer.address}", content, Outcome("refused", AckCode.REJECTED, text), at
        )
    try:
        return _answered(database, maps, header, name, content, at)
    except DatabaseDown:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is
        # One message never keeps those behind it from coming in: it is kept, and waits for a person.
        _log.exception("a message of %s could not be processed", name)
        told = str(error) if isinstance(error, LedgerError) else type(error).__name__
        outcome = Outcome("not_understood", AckCode.ERROR, f"the ledger could not process it: {told}")
        return _keep_refused(database, header, name, content, outcome, at)


def _answered(database: Database, maps: FieldMaps, header: Message, name: str, content: bytes, at: datetime) -> bytes:
    loaded = maps.of(name)
    try:
        message = parse(content, charset=loaded.field_map.charset)
    except Hl7Fault as fault:
        faults = (MessageFault(fault.reason, fault.code, "MSH", 1, 18),)
        return _keep_refused(
            database, header, name, content, Outcome("refused", AckCode.REJECTED, fault.reason, faults), at
        )
    sender = maps.sender(name)
    assert sender is not None  # noqa: S101 - it was found there
    with database.transaction() as connection:
        outcome, outcome_id = _take(connection, message, name, sender, loaded, content, at)
    return acknowledge(message, outcome.answer, outcome.text, outcome.faults, at=at, own_id=str(outcome_id))


def read_again(database: Database, maps: FieldMaps, message_id: int, *, at: datetime, actor: Actor) -> Row:
    """Read a message that was not understood or was refused once more, by its sender's map as it is now; gives it.

    Raises ``NotFound``; ``Conflict`` if it is booked already, was erased, or its sender is no more in the
    configuration.
    """
    with database.transaction() as connection:
        row = _message(connection, message_id)
        if row["outcome"] not in UNBOOKED:
            raise Conflict(f"message {message_id} is {OUTCOMES[row['outcome']]} already")
        if row["content"] is None or row["format"] != "hl7v2":
            raise Conflict(f"message {message_id} cannot be read again", "Its sender has to send it again.")
        loaded = maps.of(row["connection"])
        try:
            message = parse(bytes(row["content"]), charset=loaded.field_map.charset)
        except Hl7Fault as fault:
            raise Conflict(f"message {message_id} is still unreadable: {fault.reason}") from fault
        sender = maps.sender(row["connection"])
        assert sender is not None  # noqa: S101 - its map was found
        source = MessageSource(row["id"], row["connection"], sender.owner, row["received_at"])
        outcome = _booked(connection, message, _in_scope(connection, source, sender), loaded, sender.site)
        _keep_outcome(connection, source, outcome, loaded, at=at, by_whom=actor.name, is_again=True)
        add_event(connection, actor=actor.name, kind="hospital_message_read_again",
                  subject=f"hospital-message:{message_id}", data={"outcome": outcome.outcome})  # fmt: skip
        return _message(connection, message_id)


def list_messages(database: Database, wanted: ListRequest) -> list[Row]:
    """Messages, the latest first."""
    with database.transaction() as connection:
        return list(
            queries("hospital").messages_listed(
                connection, connection_name=wanted.choice("connection"), outcome=wanted.choice("outcome"),
                words=wanted.words, **wanted.page,
            )
        )  # fmt: skip


def message_of(database: Database, message_id: int) -> tuple[Row, list[Row], list[Row]]:
    """A message, what became of it each time, and the cases that are open because of it. Raises ``NotFound``."""
    with database.transaction() as connection:
        row = _message(connection, message_id)
        outcomes = list(queries("hospital").outcomes(connection, message_id=message_id))
        facts = [f"hospital/{message_id}#{number}" for number in range(1, LINES_MAX + 1)]
        return row, outcomes, cases_of_facts(connection, facts)


def _take(
    connection: Connection,
    message: Message,
    name: str,
    sender: SenderSection,
    loaded: LoadedMap,
    content: bytes,
    at: datetime,
) -> tuple[Outcome, int]:
    kept = keep_document(connection, "hl7v2", content, MEDIA_TYPE, name)
    before = queries("hospital").message_of_document(connection, document_id=kept.id)
    if before is not None and (before["outcome"] not in UNBOOKED or before["map_sha256"] == loaded.sha256):
        # Told before, and nothing has changed since: the same answer.
        return _known(before), before["outcome_id"]
    if before is not None:
        source = _in_scope(connection, MessageSource(before["id"], name, sender.owner, at), sender)
    else:
        source = _new_message(connection, message, name, sender.site, sender.owner, kept.id, at)
    outcome = _reused(connection, message, source) or _booked(connection, message, source, loaded, sender.site)
    is_again = before is not None
    return outcome, _keep_outcome(connection, source, outcome, loaded, at=at, by_whom=name, is_again=is_again)


def _new_message(
    connection: Connection, message: Message, name: str, site: str | None, owner: str, document_id: int, at: datetime
) -> MessageSource:
    message_id: int | None = queries("hospital").add_message(
        connection, document_id=document_id, connection_name=name, format="hl7v2", kind=message.type,
        control_id=message.control_id, site=site, owner=owner, received_at=at,
    )  # fmt: skip
    if message_id is None:
        raise _unknown_scope(name, site, owner)
    return MessageSource(message_id, name, owner, at)


def _in_scope(connection: Connection, source: MessageSource, sender: SenderSection) -> MessageSource:
    """The message, speaking for the site and the owner that its sender has by now."""
    if not queries("hospital").set_scope(
        connection, message_id=source.message_id, site=sender.site, owner=sender.owner
    ):
        raise _unknown_scope(source.connection, sender.site, sender.owner)
    return source


def _unknown_scope(name: str, site: str | None, owner: str) -> Conflict:
    return Conflict(f"[hl7.senders.{name}]: there is no site {site}, or no owner {owner}", "Correct the configuration.")


def _reused(connection: Connection, message: Message, source: MessageSource) -> Outcome | None:
    """What to say of a message whose control id is none, or that of another message."""
    if not message.control_id:
        fault = MessageFault(
            "the message has no control ID: by it, the same sent twice is booked once", "101", "MSH", 1, 10
        )
        return Outcome("refused", AckCode.REJECTED, fault.text, (fault,))
    other = queries("hospital").message_with_control_id(
        connection, connection_name=source.connection, control_id=message.control_id, but_id=source.message_id
    )
    if other is None:
        return None
    text = (
        f"control ID {message.control_id} was that of another message (number {other}): if this is a message of its "
        "own, let it be read again; if it is the same one sent again with other bytes, leave it"
    )
    return Outcome("not_understood", AckCode.ERROR, text, (MessageFault(text, "205", "MSH", 1, 10),))


def _booked(
    connection: Connection, message: Message, source: MessageSource, loaded: LoadedMap, site: str | None
) -> Outcome:
    """Book what a message says. What fails leaves nothing behind."""
    try:
        told = translate(message, loaded.field_map, zone=_zone(connection, site, loaded))
    except NotUnderstood as fault:
        if fault.is_refused:
            return Outcome("refused", AckCode.REJECTED, str(fault), fault.faults)
        return Outcome("not_understood", AckCode.ERROR, str(fault), fault.faults)
    try:
        with connection.transaction():
            return _done(connection, source, told)
    except (Conflict, Invalid, NotAllowed, NotFound) as error:
        text = f"{error}. {error.what_to_do}"
        return Outcome("not_understood", AckCode.ERROR, text, (MessageFault(text, "207"),))


def _zone(connection: Connection, site: str | None, loaded: LoadedMap) -> tzinfo | None:
    """That of the sender's map, or of its site; None: nobody has said it, and it is not guessed."""
    name = loaded.field_map.zone or (queries("hospital").zone_of_site(connection, name=site) if site else None)
    return zone_named(name) if name else None


def _done(connection: Connection, source: MessageSource, told: Told) -> Outcome:
    if told.is_note:
        return Outcome("noted", AckCode.ACCEPTED, "kept; nothing is booked of it")
    if told.orders:
        numbers = take_orders(connection, source, told.orders)
        return Outcome("ordered", AckCode.ACCEPTED, f"ordered: {', '.join(numbers)}")
    cases = book_facts(connection, source, told.facts)
    lines = f"{len(told.facts)} line{'s' if len(told.facts) > 1 else ''}"
    if cases:
        return Outcome(
            "with_cases", AckCode.ACCEPTED, f"{lines} kept; exceptions: {'; '.join(case['text'] for case in cases)}"
        )
    return Outcome("booked", AckCode.ACCEPTED, f"{lines} booked")


def _keep_outcome(
    connection: Connection,
    source: MessageSource,
    outcome: Outcome,
    loaded: LoadedMap | None,
    *,
    at: datetime,
    by_whom: str,
    is_again: bool = False,
) -> int:
    outcome_id: int = queries("hospital").add_outcome(
        connection, message_id=source.message_id, outcome=outcome.outcome, answer=outcome.answer.value,
        text=outcome.text, faults=Jsonb([_as_data(fault) for fault in outcome.faults]),
        map_sha256=loaded.sha256 if loaded else "", by_whom=by_whom, at=at,
    )  # fmt: skip
    if outcome.outcome in UNBOOKED:
        text = (
            f"messages of {source.connection} are not booked; the latest is number {source.message_id}: {outcome.text}"
        )
        count_case(connection, Case(NOT_UNDERSTOOD, source.connection, text, data={"message": source.message_id}))
    elif is_again and not queries("hospital").not_understood(connection, connection_name=source.connection):
        case = latest_case(connection, NOT_UNDERSTOOD, source.connection)
        if case is not None and case["resolved_at"] is None:
            close_case(connection, case["id"], actor=LEDGER, resolution="all of its messages are booked by now")
    return outcome_id


def _take_unreadable(
    database: Database, maps: FieldMaps, peer: Peer, content: bytes, fault: Hl7Fault, at: datetime
) -> bytes:
    there = maps.section.senders if maps.section is not None else {}
    names = [name for name, sender in there.items() if sender.is_from(peer.address, peer.cert_sha256)]
    name = names[0] if len(names) == 1 else f"{STRANGERS} {peer.address}"
    outcome = Outcome("refused", AckCode.REJECTED, fault.reason, (MessageFault(fault.reason, fault.code),))
    outcome_id = _refused(database, None, name, content, outcome, at)
    return reject_unreadable(fault.reason, fault.code, at=at, own_id=str(outcome_id))


def _keep_refused(
    database: Database, message: Message, name: str, content: bytes, outcome: Outcome, at: datetime
) -> bytes:
    outcome_id = _refused(database, message, name, content, outcome, at)
    faults = outcome.faults or (MessageFault(outcome.text, "207"),)
    return acknowledge(message, outcome.answer, outcome.text, faults, at=at, own_id=str(outcome_id))


def _refused(
    database: Database, message: Message | None, name: str, content: bytes, outcome: Outcome, at: datetime
) -> int:
    with database.transaction() as connection:
        kept = keep_document(connection, "hl7v2", content, MEDIA_TYPE, name)
        before = queries("hospital").message_of_document(connection, document_id=kept.id)
        if before is not None and before["outcome_id"] is not None:
            return int(before["outcome_id"])
        message_id: int = queries("hospital").add_message(
            connection, document_id=kept.id, connection_name=name, format="hl7v2",
            kind=message.type if message else "unreadable", control_id=message.control_id if message else "", site=None,
            owner="house", received_at=at,
        )  # fmt: skip
        return _keep_outcome(
            connection, MessageSource(message_id, name, "house", at), outcome, None, at=at, by_whom=name
        )


def _known(before: Row) -> Outcome:
    faults = tuple(MessageFault(**each) for each in before["faults"])
    return Outcome(before["outcome"], AckCode(before["answer"]), before["text"], faults)


def _as_data(fault: MessageFault) -> dict[str, Any]:
    return {"text": fault.text, "code": fault.code, "segment": fault.segment, "sequence": fault.sequence,
            "field": fault.field, "component": fault.component}  # fmt: skip


def _message(connection: Connection, message_id: int) -> Row:
    row: Row | None = queries("hospital").message(connection, id=message_id)
    if row is None:
        raise NotFound(f"there is no message {message_id}", "See the list of hospital messages.")
    return row


def shown_segments(content: bytes | None, format_: str, *, with_patients: bool) -> Sequence[str]:
    """What was sent, line by line for people; what is about the patient is masked unless it may be seen."""
    if content is None:
        return ["(erased)"]
    text = content.decode("utf-8", "backslashreplace")
    if format_ != "hl7v2":
        try:
            resource = json.loads(text)
        except ValueError:
            return ["(not shown)"]
        if isinstance(resource, dict) and not with_patients:
            resource = {name: HIDDEN if name in PATIENT_FIELDS else value for name, value in resource.items()}
        return json.dumps(resource, indent=2, ensure_ascii=False).splitlines()
    return [
        line if with_patients or line[:3] not in PATIENT_SEGMENTS else f"{line[:3]} {HIDDEN}"
        for line in re.split(r"[\r\n]+", text)
        if line
    ]


HIDDEN = "(personal data, not shown)"
PATIENT_SEGMENTS = frozenset(
    {"PID", "PD1", "NK1", "GT1", "IN1", "IN2", "IN3", "MRG", "ACC", "DG1", "AL1", "NTE", "OBX"}
)
"""Segments that hold a patient's data."""
PATIENT_FIELDS = frozenset({"subject", "deliverFor", "note", "text", "performer", "receiver"})
