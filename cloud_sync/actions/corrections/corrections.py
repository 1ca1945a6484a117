"""Corrections: proposed with their effect, confirmed by somebody else where stock is concerned, kept for ever.

The effect is found by doing it and forgetting it again, so that what is shown is what happens. Whoever confirms names
the effect they saw; if it is another one by then, nothing is done and the new one is shown.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from cloud_sync.domain.roles import Actor, Permission
from cloud_sync.errors import Conflict, NotAllowed, NotFound
from cloud_sync.posting.corrections.codes import ItemCode
from cloud_sync.posting.corrections.lots import LotExpiry, LotNumber
from cloud_sync.posting.corrections.place_policies import PlacePolicy
from cloud_sync.posting.corrections.places import Placed
from cloud_sync.posting.corrections.wanted import Correction, Subject
from cloud_sync.posting.reservations.broken_reservations import end_expired
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

ABOUT_STOCK = frozenset({"lot_expiry", "lot_number"})
"""Kinds that quality proposes and confirms."""


def propose(
    database: Database, kind: str, request: Mapping[str, Any], *, reason: str, at: datetime, actor: Actor
) -> dict[str, Any]:
    """Write down a correction and show what it would do. Nothing is changed by it.

    ``request`` is plain JSON: for ``lot_expiry`` lot_id, expires_on, expires_hour; for ``lot_number`` lot_id,
    lot_number; for ``code`` code, item, base_units; for ``place`` place, parent, zone; for ``place_policy`` place,
    policy. Raises ``NotFound``, ``Invalid``, ``Conflict``, ``NotAllowed``. ``at`` is now, aware UTC.
    """
    _check_may(actor, kind)
    with database.transaction() as connection:
        return propose_in(connection, kind, request, reason=reason, at=at, actor=actor.name)


def propose_in(
    connection: Connection, kind: str, request: Mapping[str, Any], *, reason: str, at: datetime, actor: str
) -> dict[str, Any]:
    """:func:`propose` in the caller's transaction, for whoever may."""
    wanted = wanted_of(kind, request)
    subject, effect = _tried(connection, wanted, at, actor)
    correction_id = queries("corrections").add_correction(
        connection,
        kind=wanted.kind,
        subject=subject.name,
        lot_id=subject.lot_id,
        request=Jsonb(dict(request)),
        before=Jsonb(subject.before),
        after=Jsonb(subject.after),
        reason=reason,
        effect=Jsonb(effect),
        needs_second_person=_needs_second_person(subject, effect),
        proposed_by=actor,
    )
    if correction_id is None:
        raise Conflict(f"a correction of {subject.name} waits already", "Confirm or reject that one first.")
    data = {"correction": correction_id, "before": subject.before, "after": subject.after}
    add_event(connection, actor=actor, kind="correction_proposed", subject=subject.name, reason=reason, data=data)
    return _shown(queries("corrections").correction(connection, id=correction_id))


def confirm(
    database: Database, correction_id: int, *, effect_seen: str, reason: str, at: datetime, actor: Actor
) -> dict[str, Any]:
    """Do what was proposed, if it has the effect that was shown. Where stock is concerned, not by who proposed it.

    Raises ``NotFound``, ``NotAllowed``, and ``Conflict`` if it was decided before or has another effect by now.
    """
    with database.transaction() as connection:
        row = _locked(connection, correction_id)
        _check_may(actor, row["kind"])
        wanted = wanted_of(row["kind"], row["request"])
        subject, effect = _tried(connection, wanted, at, actor.name)
        needs_second = row["needs_second_person"] or _needs_second_person(subject, effect)
        if needs_second and row["proposed_by"] == actor.name:
            raise NotAllowed(
                f"{actor.name} proposed correction {correction_id}: stock is concerned",
                "Ask a colleague to look at its effect and confirm it.",
            )
        is_as_shown = digest_of(effect) == effect_seen == digest_of(row["effect"]) and subject.before == row["before"]
        if is_as_shown:
            _apply(connection, wanted, subject, at, actor.name)
            _decide(connection, row, "confirmed", reason, actor.name)
        else:
            queries("corrections").show_effect(
                connection, id=correction_id, effect=Jsonb(effect), needs_second_person=needs_second
            )
    if not is_as_shown:
        raise Conflict(
            f"correction {correction_id} would do something else by now",
            "Read its effect again, and confirm that: GET /v1/corrections.",
        )
    with database.transaction() as connection:
        return _shown(queries("corrections").correction(connection, id=correction_id))


def reject(database: Database, correction_id: int, *, reason: str, actor: Actor) -> dict[str, Any]:
    """Leave things as they are. Raises ``NotFound``, ``NotAllowed``, ``Conflict`` if it was decided before."""
    with database.transaction() as connection:
        row = _locked(connection, correction_id)
        _check_may(actor, row["kind"])
        _decide(connection, row, "rejected", reason, actor.name)
        return _shown(queries("corrections").correction(connection, id=correction_id))


def list_corrections(
    database: Database, *, subject: str | None, only_open: bool, rows_max: int, rows_skipped: int = 0
) -> list[dict[str, Any]]:
    """Corrections, the newest first."""
    with database.transaction() as connection:
        rows = queries("corrections").corrections(
            connection, subject=subject, only_open=only_open, rows_max=rows_max, rows_skipped=rows_skipped
        )
        return [_shown(row) for row in rows]


def digest_of(effect: Mapping[str, Any]) -> str:
    """What an effect is named by: SHA-256 of it as canonical JSON, in hex."""
    return hashlib.sha256(json.dumps(effect, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def wanted_of(kind: str, request: Mapping[str, Any]) -> Correction:
    """The correction that a request asks for."""
    return _KINDS[kind](request)


def _tried(connection: Connection, wanted: Correction, at: datetime, actor: str) -> tuple[Subject, dict[str, Any]]:
    """The subject as it is now, and what the correction would do: it is done and forgotten again."""
    effect: dict[str, Any] = {}
    with connection.transaction() as attempt:
        subject = wanted.subject(connection)
        last = queries("corrections").last_event(connection)
        before = _stock(connection, subject)
        _apply(connection, wanted, subject, at, actor)
        followed = [dict(row) for row in queries("corrections").what_followed(connection, after=last)]
        effect = {"stock_before": before, "stock_after": _stock(connection, subject), "follows": followed}
        raise psycopg.Rollback(attempt)
    return subject, effect


def _apply(connection: Connection, wanted: Correction, subject: Subject, at: datetime, actor: str) -> None:
    """Do it, and end the reservations of what has expired by it."""
    wanted.apply(connection, subject, actor, at)
    end_expired(connection, subject.lot_ids, at=at)


def _stock(connection: Connection, subject: Subject) -> list[dict[str, Any]]:
    rows = queries("corrections").stock_of_lots(connection, lot_ids=subject.lot_ids)
    return [{**row, "expires_at": row["expires_at"].isoformat() if row["expires_at"] else None} for row in rows]


def _needs_second_person(subject: Subject, effect: Mapping[str, Any]) -> bool:
    return subject.in_use or bool(effect["stock_before"]) or bool(effect["follows"])


def _check_may(actor: Actor, kind: str) -> None:
    permission = Permission.DECIDE if kind in ABOUT_STOCK else Permission.CORRECT
    if not actor.may(permission):
        raise NotAllowed(f"{actor.name} ({actor.role}) may not {permission}", "Ask somebody with that permission.")


def _locked(connection: Connection, correction_id: int) -> Row:
    row: Row | None = queries("corrections").lock_correction(connection, id=correction_id)
    if row is None:
        raise NotFound(f"there is no correction {correction_id}", "See GET /v1/corrections for those there are.")
    if row["decision"] is not None:
        raise Conflict(f"correction {correction_id} was {row['decision']} by {row['decided_by']}")
    return row


def _decide(connection: Connection, row: Row, decision: str, reason: str, actor: str) -> None:
    queries("corrections").decide_correction(
        connection, id=row["id"], decision=decision, decided_by=actor, reason=reason
    )
    data = {"correction": row["id"], "before": row["before"], "after": row["after"]}
    add_event(connection, actor=actor, kind=f"correction_{decision}", subject=row["subject"], reason=reason, data=data)


def _shown(row: Row) -> dict[str, Any]:
    return {**row, "effect_digest": digest_of(row["effect"])}


def _lot_expiry(asked: Mapping[str, Any]) -> Correction:
    hour = asked["expires_hour"]
    return LotExpiry(
        asked["lot_id"], date.fromisoformat(asked["expires_on"]), time.fromisoformat(hour) if hour else None
    )


_KINDS: dict[str, Callable[[Mapping[str, Any]], Correction]] = {
    "lot_expiry": _lot_expiry,
    "lot_number": lambda asked: LotNumber(asked["lot_id"], asked["lot_number"]),
    "code": lambda asked: ItemCode(asked["code"], asked["item"], asked["base_units"]),
    "place": lambda asked: Placed(asked["place"], asked["parent"], asked["zone"]),
    "place_policy": lambda asked: PlacePolicy(asked["place"], asked["policy"]),
}
