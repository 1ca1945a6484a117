"""Verification of product identifiers (GS1 Lightweight Messaging): asked by others and answered, asked of others."""

from datetime import date, datetime
from typing import Any
from uuid import uuid4

from cloud_sync.actions.interop.partners import partner_place
from cloud_sync.domain.roles import Actor, Role
from cloud_sync.errors import Conflict, Invalid, NotAllowed, NotFound
from cloud_sync.interop.dscsa.verification import (
    Answer,
    Context,
    Identifier,
    KnownPackage,
    address_of,
    answer_in,
    expiry_day,
    judge,
    message_of,
)
from cloud_sync.notify.outside import NotDelivered, get_json
from cloud_sync.posting.cases import LEDGER, Case, open_case
from cloud_sync.posting.holds import place_hold_on
from cloud_sync.posting.interop.partners import why_not
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.locks import lock_holds
from cloud_sync.storage.queries import pipeline, queries

FAILED = "verification_failed"
CHARACTERS_MAX = 100


def answer_verification(
    database: Database,
    asked: Identifier,
    *,
    context: str,
    correlation: str,
    requester_gln: str,
    at: datetime,
    actor: Actor,
) -> dict[str, Any]:
    """The answer to a partner's question, as it is sent; question and answer are kept.

    Raises ``NotFound`` for a GTIN that is none of ours, ``NotAllowed`` for a partner that is not authorised.
    """
    ask, suspects = queries("verification"), queries("suspects")
    serials = [asked.serial, f"(01){asked.gtin}(21){asked.serial}"]  # a case is known by both its codes
    with database.transaction() as connection:
        # A partner waits for the answer: all that it takes is asked in one round trip.
        known = pipeline(
            connection,
            partner=(ask.partner_with_gln.sql, {"gln": requester_gln}),
            packages=(ask.known_packages.sql, {"gtin": asked.gtin, "serials": serials}),
            item=(suspects.item_of_gtin.sql, {"gtin": asked.gtin}),
            ours=(ask.our_gln.sql, {}),
        )
        partner_id = _requester(connection, next(iter(known["partner"]), None), requester_gln, at.date(), actor)
        if not known["item"]:
            raise NotFound(f"GTIN {asked.gtin} is none of ours", "Ask the manufacturer of the product.")
        answer = judge(asked, tuple(_package(row) for row in known["packages"]), on=at.date())
        _keep(
            connection, "answered", asked, answer, partner_id=partner_id, context=context, correlation=correlation,
            requester_gln=requester_gln, person=actor.name, at=at,
        )  # fmt: skip
    gln = next((row["gln"] for row in known["ours"]), "")
    return message_of(answer, at=at, responder_gln=gln, correlation=correlation)


def _requester(connection: Connection, partner: Row | None, gln: str, on: date, actor: Actor) -> int | None:
    if Role.PARTNER not in actor.roles:
        return partner["place_id"] if partner else None
    if partner is None:
        raise NotAllowed(
            f"{gln or 'an empty GLN'} is not known as a trading partner", "Send your own GLN as reqGLN, as we know it."
        )
    if fault := why_not(connection, [partner["place_id"]], on)[partner["place_id"]]:
        raise NotAllowed(
            f"{partner['name']} is not an authorised trading partner: {fault}", "Show us a licence that is valid."
        )
    return int(partner["place_id"])


def _package(row: Row) -> KnownPackage:
    return KnownPackage(
        row["lot_number"], row["expires_on"], row["is_recalled"], row["is_suspect"], row["is_illegitimate"]
    )


def ask_verification(
    database: Database,
    partner: str,
    asked: Identifier,
    *,
    context: str,
    private_hosts: frozenset[str],
    at: datetime,
    actor: str,
) -> Row:
    """Ask a partner whether a product identifier is its own; gives what was asked and answered.

    What is not verified becomes a case that holds the package, or its lot where the ledger does not know it apart. No
    answer is kept as such. Raises ``NotFound``, ``Conflict`` for a partner without an address for it.
    """
    correlation = str(uuid4())
    with database.transaction() as connection:
        place = partner_place(connection, partner)
        known = queries("trading_partners").partner_by_place(connection, place_id=place["id"])
        gln: str | None = queries("verification").our_gln(connection)
        token: str | None = queries("trading_partners").verification_token(connection, place_id=place["id"])
    if not known["verification_url"]:
        raise Conflict(
            f"{partner} has no address at which it answers verifications",
            "Write its address with the trading partner: verification_url.",
        )
    address = address_of(
        known["verification_url"], asked, context=Context(context), requester_gln=gln or "", correlation=correlation
    )
    answer, error = None, ""
    try:
        answer = answer_in(
            get_json(address, private_hosts, token=token or "")
        )  # nobody waits for a partner within a transaction
    except (NotDelivered, ValueError) as failed:
        error = str(failed)
    with database.transaction() as connection:
        case_id = None
        if answer is not None and not answer.is_verified:
            lock_holds(connection)
            case_id = _hold_failed(connection, asked, answer, partner, at)
        verification_id = _keep(
            connection, "asked", asked, answer, partner_id=place["id"], context=context, correlation=correlation,
            requester_gln=gln or "", person=actor, at=at, error=error, case_id=case_id,
        )  # fmt: skip
        row: Row = queries("verification").verification_by_id(connection, verification_id=verification_id)
        return row


def _hold_failed(connection: Connection, asked: Identifier, answer: Answer, partner: str, at: datetime) -> int | None:
    """A case about a package that its maker does not know as its own. The caller owns the holds."""
    lots = list(queries("verification").lot_of_package(connection, gtin=asked.gtin, lot_number=asked.lot_number))
    why = answer.reason.value if answer.reason else "no reason"
    more = f", {answer.info.value}" if answer.info else ""
    text = f"{partner} does not verify {asked.gtin} lot {asked.lot_number} serial {asked.serial}: {why}{more}"
    data = {"gtin": asked.gtin, "lot_number": asked.lot_number, "serial": asked.serial, "partner": partner,
            "lots": [row["lot_id"] for row in lots]}  # fmt: skip
    case = Case(FAILED, f"gtin:{asked.gtin}/{asked.serial}/lot:{asked.lot_number}", text, data=data)
    case_id = open_case(connection, case)
    if case_id is None:
        return None
    for row in lots:
        place_hold_on(
            connection, kind="exception", lot_id=row["lot_id"], place_id=None, serial=asked.serial,
            reason=text, placed_by=LEDGER, at=at, origin=FAILED, case_id=case_id,
        )  # fmt: skip
    return case_id


def _keep(
    connection: Connection,
    direction: str,
    asked: Identifier,
    answer: Answer | None,
    *,
    partner_id: int | None,
    context: str,
    correlation: str,
    requester_gln: str,
    person: str,
    at: datetime,
    error: str = "",
    case_id: int | None = None,
) -> int:
    verification_id: int = queries("verification").add_verification(
        connection,
        direction=direction,
        partner_id=partner_id,
        gtin=asked.gtin,
        lot_number=asked.lot_number,
        serial=asked.serial,
        expires_on=asked.expires_on,
        context=context,
        correlation=correlation,
        requester_gln=requester_gln,
        verified=answer.is_verified if answer else None,
        reason=answer.reason.value if answer and answer.reason else None,
        info=answer.info.value if answer and answer.info else None,
        error=error,
        case_id=case_id,
        person=person,
        at=at,
    )
    return verification_id


def list_verifications(
    database: Database, *, direction: str | None = None, serial: str | None = None, rows_max: int, rows_skipped: int = 0
) -> list[Row]:
    """What was asked and answered, the newest first."""
    with database.transaction() as connection:
        return list(
            queries("verification").verifications(
                connection, direction=direction, serial=serial, rows_max=rows_max, rows_skipped=rows_skipped
            )
        )


def expiry_of(said: str, on: date) -> date | None:
    """YYMMDD as a day; None for nothing. Raises ``Invalid``."""
    if not said:
        return None
    try:
        return expiry_day(said, on=on)
    except ValueError as error:
        raise Invalid(f"exp: {error}", "Write it as on the label: YYMMDD.") from error


def identifier(gtin: str, lot_number: str, serial: str, expires_on: date | None) -> Identifier:
    """A product identifier as people type it. Raises ``Invalid``."""
    if not (len(gtin) == 14 and gtin.isascii() and gtin.isdigit()):
        raise Invalid(f"{gtin} is no GTIN of 14 digits", "Write all 14 digits; put zeros in front of a shorter one.")
    for name, value in (("lot", lot_number), ("serial", serial)):
        if not 1 <= len(value) <= CHARACTERS_MAX or any(not " " <= sign <= "~" for sign in value):
            raise Invalid(
                f"{name} is missing, too long, or has signs that no label has", "Read it from the DataMatrix."
            )
    return Identifier(gtin, lot_number, serial, expires_on)


def check_connectivity(database: Database, gtin: str) -> dict[str, str]:
    """Who answers for a GTIN. Raises ``NotFound`` for one that is none of ours."""
    with database.transaction() as connection:
        if queries("suspects").item_of_gtin(connection, gtin=gtin) is None:
            raise NotFound(f"GTIN {gtin} is none of ours", "Ask the manufacturer of the product.")
        return {"responderGLN": queries("verification").our_gln(connection) or ""}
