"""Erasing what the ledger knows of a person: one asks for it, another one does it, and the seal still fits.

Events and signatures hold tokens in place of names and addresses; with the values and their salts gone, what is sealed
says nothing of the person. The short name (``amy``) stays: it is what tells one person's acts from another's.
"""

import secrets
from datetime import datetime
from typing import Any

from cloud_sync.actions.alerts.targets import check_unused
from cloud_sync.actions.governance.retention_rules import kept_until
from cloud_sync.actions.people.passwords import hash_of
from cloud_sync.domain.personal_data import TOKEN
from cloud_sync.errors import Conflict, NotAllowed, NotFound
from cloud_sync.interop.hospital.naming import names
from cloud_sync.posting.governance.legal_holds import check_person_may_go, check_prescription_may_go
from cloud_sync.posting.personal_data import keep_prescription_apart, values_of
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries


def erase(
    database: Database, person: str, *, reason: str, although_signed: bool = False, at: datetime, actor: str
) -> dict[str, Any]:
    """Ask for the erasure of a person, or do what another one asked for.

    Gives ``state`` (``waits`` or ``erased``), ``asked_by`` and how many ``values`` are concerned. Raises ``NotFound``
    if nothing is kept of such a person, ``NotAllowed`` for oneself, and ``Conflict`` while their name belongs to
    records that must be kept, unless ``although_signed``.
    """
    if actor == person:
        raise NotAllowed("nobody erases themselves", "Ask two administrators to do it.")
    with database.transaction() as connection:
        prescription, unread = person, list[int]()
        account: Row | None = queries("accounts").account(connection, person=person)
        if account is None:
            person = queries("personal_data").token_of_prescription(connection, value=person) or person
            unread = _unread_about(connection, prescription)
        else:
            person = account["person"]
        values = list(queries("personal_data").values_of_person(connection, person=person))
        if unread and not values:
            # Only messages that nobody understood name them: by their token they are erased like anybody.
            person = keep_prescription_apart(connection, prescription)
            values = list(queries("personal_data").values_of_person(connection, person=person))
        if not values and account is None:
            raise NotFound(
                f"nothing is kept of {person}",
                "Give the name of an account or alert target, or a prescription of an order.",
            )
        left = sum(not row["is_erased"] for row in values)
        if account is None:
            check_prescription_may_go(connection, person, prescription)
            _check_named(connection, person, prescription, at, although_signed)
        else:
            check_person_may_go(connection, person)
            _check_signed(connection, person, at, although_signed)
        for target in list(queries("personal_data").targets_of(connection, person=person)):
            check_unused(connection, target["name"])  # else alerts would go to nobody
        asked = queries("personal_data").open_erasure(connection, person=person)
        if asked is None or asked["asked_by"] == actor:
            if queries("personal_data").ask_erasure(connection, person=person, reason=reason, actor=actor, at=at):
                add_event(connection, actor=actor, kind="erasure_asked", subject=_subject(person), reason=reason)
            return {"person": person, "state": "waits", "asked_by": actor, "values": left}
        queries("personal_data").erase_values(connection, person=person, at=at)
        queries("hospital").erase_messages_about(connection, patient=person)
        queries("hospital").erase_documents(connection, document_ids=unread)
        if queries("personal_data").empty_targets(connection, person=person):
            queries("alerts").withdraw_messages(connection, target=person, at=at)
        if account is not None:
            _empty_account(connection, account["person"], at, actor, reason)
        queries("personal_data").erasure_done(connection, id=asked["id"], actor=actor, at=at)
        data = {"erasure": asked["id"], "asked_by": asked["asked_by"], "values": left}
        add_event(connection, actor=actor, kind="erased", subject=_subject(person), reason=reason, data=data)
        return {"person": person, "state": "erased", "asked_by": asked["asked_by"], "values": left}


def list_erasures(database: Database) -> list[Row]:
    """Erasures that were asked for, the latest first: person, reason, asked_by, asked_at, done_by, done_at."""
    with database.transaction() as connection:
        return list(queries("personal_data").erasures(connection))


def _unread_about(connection: Connection, said: str) -> list[int]:
    """Documents of hospitals that nobody understood and that name them: by what somebody says, or what a token is."""
    known = [row["value"] for row in values_of(connection, [said]) if row["value"] != "erased"]
    value = known[0] if known else said
    rows = queries("hospital").unread_messages(connection) if value and not TOKEN.fullmatch(value) else ()
    return [row["document_id"] for row in rows if names(bytes(row["content"]), value)]


def _subject(person: str) -> str:
    return person if TOKEN.fullmatch(person) else f"account:{person}"


def _check_signed(connection: Connection, person: str, at: datetime, although_signed: bool) -> None:
    signed_at: datetime | None = queries("personal_data").last_signed_at(connection, person=person)
    if signed_at is None or although_signed:
        return
    until = kept_until(connection, "signed_names", signed_at)
    if until > at:
        raise Conflict(
            f"{person} signed records, the last one on {signed_at:%Y-%m-%d}: the printed name belongs to them until "
            f"{until:%Y-%m-%d} (21 CFR 11.50)",
            "Ask again after that day; or, if the law wants it sooner, say although_signed (--although-signed).",
        )


def _check_named(connection: Connection, token: str, value: str, at: datetime, although_signed: bool) -> None:
    named_at: datetime | None = queries("legal_holds").prescription_last_named_at(connection, token=token, value=value)
    if named_at is None or although_signed:
        return
    until = kept_until(connection, "prescriptions", named_at)
    if until > at:
        raise Conflict(
            f"records of {named_at:%Y-%m-%d} name this prescription: it is kept until {until:%Y-%m-%d}",
            "Ask again after that day; or, if the law wants it sooner, say although_signed (--although-signed).",
        )


def _empty_account(connection: Connection, person: str, at: datetime, actor: str, reason: str) -> None:
    personal = queries("personal_data")
    unknown = hash_of(secrets.token_urlsafe(32))
    personal.empty_account(connection, person=person, password_hash=unknown, at=at, reason="erased")
    personal.withdraw_all_roles(connection, person=person)
    queries("identities").unlink_identities(connection, person=person)
    personal.forget_addresses(connection, person=person)
    queries("accounts").forget_recovery_codes(connection, person=person)
    queries("security_keys").remove_keys(connection, person=person)
    queries("accounts").forget_attempts(connection, person=person.lower())
    for row in list(personal.tokens_of_person(connection, person=person)):
        queries("access").revoke_token(connection, name=row["name"])
        add_event(connection, actor=actor, kind="token_revoked", subject=f"token:{row['name']}", reason=reason)
