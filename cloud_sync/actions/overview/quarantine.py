"""What is held and waits for a decision, event by event."""

from typing import Any

from cloud_sync.domain.signatures import why_two_release
from cloud_sync.errors import NotFound
from cloud_sync.posting.signatures import exposures_to_sign, rules_of_release, signers_of_release
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.queries import queries

LOTS_COUNTED_MAX = 1000


def queue(database: Database, *, rows_max: int) -> tuple[list[Row], list[Row]]:
    """Excursions that hold stock, those that can be decided first; and every other hold. ``lots`` counts up to
    ``LOTS_COUNTED_MAX``, and is one more where there are more."""
    with database.transaction() as connection:
        return (
            list(queries("overview").exposure_queue(connection, lots_max=LOTS_COUNTED_MAX + 1, rows_max=rows_max)),
            list(queries("overview").other_holds(connection, rows_max=rows_max)),
        )


def event(database: Database, excursion_id: int) -> dict[str, Any]:
    """An ``excursion``, the ``rule`` that it broke (empty if no policy has it any more), the ``lots`` it exposed with
    where they are now, and its ``versions``. Raises ``NotFound``.

    Of each lot: ``sha256`` of what a decision on it signs, its ``signatures``, the ``signers`` of its release on this
    evidence, and ``why_two`` people have to sign it (empty: they need not).
    """
    with database.transaction() as connection:
        rows = list(queries("quality").excursion_row(connection, excursion_id=excursion_id))
        if not rows:
            raise NotFound(f"there is no excursion {excursion_id}", "It may have been withdrawn. See Quarantine.")
        excursion = rows[0]
        lots = list(queries("overview").lots_of_event(connection, excursion_id=excursion_id))
        signing = exposures_to_sign(connection, excursion_id, [lot["lot_id"] for lot in lots])
        rules = rules_of_release(connection, excursion_id)
        told = queries("papers").rule_of_excursion(connection, excursion_id=excursion_id)
        lot_ids = [lot["lot_id"] for lot in lots]
        facts = queries("signatures").release_facts(connection, excursion_id=excursion_id, lot_ids=lot_ids)
        used_up = {row["lot_id"] for row in facts if row["is_allowance_used"]}
        lasted = (excursion["ended_at"] or excursion["began_at"]) - excursion["began_at"]

        def signed(lot: Row) -> Row:
            known = signing.get(lot["lot_id"], {"sha256": "", "signatures": []})
            why = why_two_release(
                rules,
                lasted=lasted,
                controlled_schedule=lot["controlled_schedule"] or "",
                was_rejected=lot["was_rejected"],
                is_allowance_used=lot["lot_id"] in used_up,
            )
            return {**lot, **known, "why_two": why, "signers": sorted(signers_of_release(known["signatures"]))}

        return {
            "excursion": excursion,
            "rule": told["rule"] if told else {},
            "lots": [signed(lot) for lot in lots],
            "versions": list(queries("quality").versions(connection, excursion_id=excursion_id, rows_max=100)),
        }
