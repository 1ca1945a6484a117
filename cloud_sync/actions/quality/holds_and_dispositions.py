"""Holds, exposures and decisions: what blocks stock, and who unblocks it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cloud_sync.actions.master_data.master_data import place_named
from cloud_sync.domain.dispositions import Decision, may_follow
from cloud_sync.domain.signatures import RecordKind
from cloud_sync.errors import Conflict, NotAllowed, NotFound
from cloud_sync.posting.holds import check_goods, lift, place_hold_on
from cloud_sync.posting.positions import lot_of
from cloud_sync.posting.reservations.broken_reservations import break_reservations
from cloud_sync.posting.signatures import check_two_free, check_two_release
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import lock_holds
from cloud_sync.storage.queries import queries


def listed(database: Database, name: str, **filters: Any) -> list[Row]:
    """Rows of one of the lists of ``quality.sql``: excursions, exposures, holds_now, placed_holds, dispositions, cases.

    Raises ``NotFound`` if the filters name a place that does not exist.
    """
    with database.transaction() as connection:
        if filters.get("place") is not None:
            place_named(connection, filters["place"])
        return list(getattr(queries("quality"), name)(connection, **filters))


def place_hold(
    database: Database,
    *,
    lot_id: int,
    place: str | None,
    serial: str | None = None,
    reason: str,
    at: datetime,
    actor: str,
) -> Row:
    """Hold a lot (or one serial of it) wherever it is, or the goods of it that are at and below one place ``at`` now.

    It follows the goods and ends by :func:`lift_hold` only. Their open reservations are broken. Raises ``NotFound``,
    and ``Conflict`` if none are there.
    """
    with database.transaction() as connection:
        lock_holds(connection)
        lot_of(connection, lot_id)
        held_place = place_named(connection, place) if place else None
        check_goods(connection, lot_id=lot_id, serial=serial, place=held_place)
        hold_id = place_hold_on(
            connection,
            kind="manual",
            lot_id=lot_id,
            place_id=held_place["id"] if held_place else None,
            serial=serial,
            reason=reason,
            placed_by=actor,
            at=at,
        )
        data = {"hold": hold_id, "place": place, "serial": serial}
        add_event(connection, actor=actor, kind="hold_placed", subject=f"lot:{lot_id}", reason=reason, data=data)
        return _hold(connection, hold_id)


def hold_of(database: Database, hold_id: int) -> Row:
    """A hold that was placed. Raises ``NotFound``."""
    with database.transaction() as connection:
        return _hold(connection, hold_id)


def lift_hold(database: Database, hold_id: int, reason: str, *, actor: str) -> Row:
    """End a hold that somebody else placed. Raises ``NotFound``, ``NotAllowed``, ``Conflict``."""
    with database.transaction() as connection:
        lock_holds(connection)
        hold = _hold(connection, hold_id)
        if hold["lifted_at"] is not None:
            raise Conflict(f"{hold['lifted_by']} lifted hold {hold_id} at {hold['lifted_at']:%Y-%m-%d %H:%M} UTC")
        if hold["placed_by"] == actor:
            raise NotAllowed(f"{actor} placed this hold", "Somebody else with the role quality has to lift it.")
        if hold["case_id"] is not None:
            path = f"/v1/cases/{hold['case_id']}/resolve"
            raise Conflict(f"hold {hold_id} belongs to case {hold['case_id']}", f"Resolve the case: POST {path}")
        check_two_free(connection, RecordKind.HOLD, str(hold_id), [hold["lot_id"]], actor=actor, but=hold["placed_by"])
        lift(connection, hold_id, lot_id=hold["lot_id"], reason=reason, actor=actor)
        return _hold(connection, hold_id)


def decide(
    database: Database,
    *,
    excursion_id: int,
    lot_id: int,
    decision: Decision,
    reason: str,
    actor: str,
    places: Sequence[str] = (),
) -> tuple[Row, bool]:
    """Decide on the exposure of a lot; gives the disposition and whether it is new.

    With ``places``, for the stock that is at or below one of them, as long as it is there; without, wherever it is.

    It covers the evidence as it is now: if that changes, the hold is back. Saying the same again is harmless. Raises
    ``NotFound`` without exposure, ``Conflict`` while the excursion is open or after another decision.
    """
    with database.transaction() as connection:
        lock_holds(connection)
        place_ids = _place_ids(connection, places)
        row, is_new = _decided(
            connection, excursion_id, lot_id, decision, reason, actor, places=places, place_ids=place_ids
        )
        if is_new and decision is not Decision.RELEASE:
            break_reservations(connection, [lot_id])
        return row, is_new


def decide_event(
    database: Database,
    *,
    excursion_ids: Sequence[int],
    lot_ids: Sequence[int] = (),
    decision: Decision,
    reason: str,
    actor: str,
    places: Sequence[str] = (),
) -> list[Row]:
    """One decision on every exposure of these lots (none: all lots) to any of these excursions: all of it, or nothing.

    Gives the dispositions. Raises as ``decide`` does.
    """
    with database.transaction() as connection:
        lock_holds(connection)
        rows = list(queries("quality").lots_exposed_to(connection, excursion_ids=sorted(set(excursion_ids))))
        pairs = [(row["excursion_id"], row["lot_id"]) for row in rows if not lot_ids or row["lot_id"] in set(lot_ids)]
        missing = sorted(set(lot_ids) - {lot_id for _, lot_id in pairs})
        if missing or not pairs:
            which = f"lot {missing[0]}" if missing else "any lot"
            raise NotFound(
                f"none of these excursions exposed {which}",
                "See GET /v1/exposures?excursion=... for what each of them exposed.",
            )
        place_ids = _place_ids(connection, places)
        told = [
            _decided(connection, excursion_id, lot_id, decision, reason, actor, places=places, place_ids=place_ids)
            for excursion_id, lot_id in pairs
        ]
        if decision is not Decision.RELEASE:
            break_reservations(connection, sorted({row["lot_id"] for row, is_new in told if is_new}))
        return [row for row, _ in told]


def _decided(
    connection: Connection,
    excursion_id: int,
    lot_id: int,
    decision: Decision,
    reason: str,
    actor: str,
    *,
    places: Sequence[str],
    place_ids: list[int] | None,
) -> tuple[Row, bool]:
    """The disposition, and whether it is new. The caller owns the holds."""
    evidence = queries("quality").excursion_to_decide(connection, excursion_id=excursion_id, lot_id=lot_id)
    if evidence is None or not evidence["exposed"]:
        raise NotFound(
            f"lot {lot_id} was not exposed to excursion {excursion_id}",
            "See GET /v1/exposures?lot=... for its exposures.",
        )
    if evidence["ended_at"] is None:
        raise Conflict(
            f"excursion {excursion_id} is still open",
            "Decide when it has ended: until then it may get worse. If the sensor died, end it by what was seen:"
            f" POST /v1/excursions/{excursion_id}/end.",
        )
    _check_who(connection, lot_id, decision, actor)
    every = _dispositions(connection, excursion_id, lot_id)
    earlier = every if place_ids is None else [each for each in every if each["place_ids"] in (None, place_ids)]
    latest = earlier[-1] if earlier else None
    if latest and (latest["place_ids"], latest["same_evidence"], latest["decision"]) == (place_ids, True, decision):
        return latest, False
    if not may_follow(tuple((Decision(d["decision"]), d["same_evidence"]) for d in earlier), decision):
        raise Conflict(
            f"{earlier[-1]['decided_by']} decided {earlier[-1]['decision']} before; {decision} may not follow",
            "On the same evidence a decision only becomes stricter: release, reject, destroy.",
        )
    if decision is Decision.RELEASE:
        was_rejected = any(each["decision"] != Decision.RELEASE for each in every)
        check_two_release(connection, excursion_id, lot_id, evidence, was_rejected=was_rejected, actor=actor)
    disposition_id: int = queries("quality").add_disposition(
        connection,
        excursion_id=excursion_id,
        lot_id=lot_id,
        decision=decision,
        reason=reason,
        decided_by=actor,
        began_at=evidence["began_at"],
        ended_at=evidence["ended_at"],
        worst=evidence["worst"],
        places=place_ids,
    )
    data = {
        "disposition": disposition_id,
        "excursion": excursion_id,
        "decision": decision,
        "places": sorted(set(places)),
    }
    add_event(connection, actor=actor, kind="exposure_decided", subject=f"lot:{lot_id}", reason=reason, data=data)
    return _dispositions(connection, excursion_id, lot_id)[-1], True


def _place_ids(connection: Connection, places: Sequence[str]) -> list[int] | None:
    return sorted(place_named(connection, place)["id"] for place in set(places)) or None


def _check_who(connection: Connection, lot_id: int, decision: Decision, actor: str) -> None:
    """Whoever holds a lot by hand does not release it alone. Raises ``NotAllowed``."""
    if decision is not Decision.RELEASE:
        return
    if actor in {row["placed_by"] for row in queries("quality").open_holds_of_lot(connection, lot_id=lot_id)}:
        raise NotAllowed(
            f"{actor} holds lot {lot_id} by hand and may not release it",
            "Somebody else with the role quality has to decide.",
        )


def _hold(connection: Connection, hold_id: int) -> Row:
    row: Row | None = queries("quality").hold_by_id(connection, hold_id=hold_id)
    if row is None:
        raise NotFound(
            f"there is no hold {hold_id}", "See GET /v1/holds/placed; holds by exposure are lifted by a disposition."
        )
    return row


def _dispositions(connection: Connection, excursion_id: int, lot_id: int) -> list[Row]:
    return list(
        queries("quality").dispositions(
            connection, excursion_id=excursion_id, lot_id=lot_id, rows_max=1000, rows_skipped=0
        )
    )
