"""Facts of a hospital's systems become movements, inside the caller's transaction.

They are booked as scans are: never refused. What cannot be booked (an unknown item or place, no lot) is a case that
holds the line, and is booked when what was unknown is added. What is booked although it was held or expired becomes
a case, too. A time that was told afterwards counts as late as it was told, wherever it decides on a hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cloud_sync.domain.booking import ROUTES, BookingLine, Why
from cloud_sync.domain.typed_times import CLOCKS_MAY_DIFFER, latest_of
from cloud_sync.interop.hospital.facts import HospitalFact
from cloud_sync.posting.lots import judge_issues_again
from cloud_sync.posting.movements import EventLine, book_lines
from cloud_sync.posting.personal_data import keep_prescription_apart
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import add_events
from cloud_sync.storage.locks import lock_holds
from cloud_sync.storage.queries import queries
from edge_agent.domain.stock.eligibility import ISSUING


@dataclass(frozen=True, slots=True)
class MessageSource:
    """Which message tells, over which connection, for whose stock, and when it came (aware UTC)."""

    message_id: int
    connection: str
    owner: str
    received_at: datetime

    def fact(self, number: int) -> str:
        """The identity of one of its facts, counted from 1."""
        return f"hospital/{self.message_id}#{number}"


def book_facts(connection: Connection, source: MessageSource, facts: Sequence[HospitalFact]) -> list[Row]:
    """Book what a message tells; gives the cases (id, kind, text) that are open because of it.

    Telling it again changes nothing.
    """
    lines = [_line(source, number, fact) for number, fact in enumerate(facts, start=1)]
    if any(code.startswith("item:") for line in lines for code in line.codes):
        # Names are no codes of labels, by which others see what a booking touches: own the holds at once.
        lock_holds(connection)
    event_ids = add_events(connection, [_event(source, line) for line in lines])
    # Where a message says afterwards when it was, what is known by now decides whether it was held then.
    book_lines(
        connection,
        [EventLine(line, event, is_timed=line.latest_at is None) for line, event in zip(lines, event_ids, strict=True)],
    )
    names = [line.fact for line in lines]
    for line, fact in zip(lines, facts, strict=True):
        keep_patient(connection, line.fact, fact.patient)
    late = [line.fact for line in lines if line.latest_at is not None and line.action in ISSUING]
    for lot_id in sorted({row["lot_id"] for row in queries("availability").moved(connection, facts=late)}):
        judge_issues_again(connection, lot_id=lot_id)
    return cases_of_facts(connection, names)


def keep_patient(connection: Connection, fact: str, patient: str) -> None:
    """Keep for whom a fact or an order was ("": for nobody), so that erasing them finds the message."""
    if patient:
        token = keep_prescription_apart(connection, patient)
        queries("hospital").keep_patient(connection, fact=fact, patient=token)


def cases_of_facts(connection: Connection, facts: Sequence[str]) -> list[Row]:
    """Cases (id, kind, text) that are open because of these facts."""
    return list(queries("hospital").open_cases_of_facts(connection, facts=list(facts), kinds=list(_KINDS)))


_KINDS = (*(why.value for why in Why), "issued_while_held", "issued_while_expired", "typed_time", "order_mismatch")
"""Kinds of cases whose key is a fact."""


def _line(source: MessageSource, number: int, fact: HospitalFact) -> BookingLine:
    at, latest_at = times_of(fact, source.received_at)
    gtin = next((code for code in fact.codes if ":" not in code), "")
    return BookingLine(
        fact=source.fact(number),
        action=fact.action,
        at=at,
        operator=f"{fact.operator} as told by {source.connection}" if fact.operator else source.connection,
        gtin=gtin,
        quantity=fact.quantity,
        lot=fact.lot,
        serial=fact.serial,
        expires_on=fact.expires_on,
        from_place=fact.from_place,
        to_place=fact.to_place or ROUTES[fact.action].to_kind,
        order=fact.order or None,
        scanned=f"line {number} of message {source.message_id} of {source.connection}",
        codes=tuple(code for code in fact.codes if code != gtin),
        expires_hour=fact.expires_hour,
        in_base_units=not fact.in_packs,
        owner=source.owner,
        latest_at=latest_at,
    )


def times_of(fact: HospitalFact, received_at: datetime) -> tuple[datetime, datetime | None]:
    """When it was, and as late as when it may have been (None: then).

    Nothing happened after it was told: a sender's clock that is ahead is not believed.
    """
    at = min(fact.earliest_at or received_at, received_at)
    if fact.earliest_at is not None and fact.earliest_at > received_at + CLOCKS_MAY_DIFFER:
        return received_at, received_at
    return at, latest_of(at, received_at)


def _event(source: MessageSource, line: BookingLine) -> dict[str, Any]:
    data = {
        "message": source.message_id,
        "action": line.action.value,
        "at": line.at.isoformat(),
        "codes": list(line.names),
        "lot": line.lot,
        "serial": line.serial,
        "quantity": line.quantity,
        "in_base_units": line.in_base_units,
        "from": line.from_place,
        "to": line.to_place,
        "order": line.order,
        "owner": line.owner,
    }
    return {
        "actor": line.operator,
        "kind": "hospital_told",
        "subject": f"hospital-message:{source.message_id}",
        "data": data,
    }
