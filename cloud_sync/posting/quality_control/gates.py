"""What compounding waits for: operators who passed their media fill, and raw materials that passed their tests.

At the desk both are refusals. What a dock reports has happened: it is booked, and a case says what was wrong with it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cloud_sync.domain.bud import Preparation
from cloud_sync.domain.quality_plans import READ, MaterialPlan, QualificationPlan, unqualified, untested
from cloud_sync.errors import Conflict, NotAllowed
from cloud_sync.posting.cases import Case, open_case
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries

UNQUALIFIED = "unqualified_operator"
UNTESTED = "untested_material"


@dataclass(frozen=True, slots=True)
class Consumed:
    """A movement into a batch that was reported: ids of lot and place of production, operator, time and evidence."""

    fact: str
    lot_id: int
    place_id: int
    operator: str
    at: datetime
    evidence_id: int | None


def operator_faults(
    connection: Connection, preparation: Preparation, people: Iterable[tuple[str, datetime]]
) -> list[str]:
    """Why some of these people might not compound this preparation at that time, in words; empty: all might."""
    asked = sorted(set(people))
    if not asked:
        return []
    rows = queries("quality_control").qualification_standing(
        connection, preparation=preparation.value, persons=[name for name, _ in asked], ats=[at for _, at in asked]
    )
    return sorted({f"{row['person']} {fault}" for row in rows if (fault := _unqualified(row)) is not None})


def check_operator(connection: Connection, preparation: Preparation, person: str, at: datetime) -> None:
    """Raise ``NotAllowed`` where a plan asks for a media fill of whoever compounds this, and theirs is missing."""
    if faults := operator_faults(connection, preparation, [(person, at)]):
        raise NotAllowed(
            "; ".join(faults),
            "Somebody who is qualified has to do it; or fill medium, and have quality accept it: POST /v1/media-fills.",
        )


def material_faults(connection: Connection, lot_ids: Iterable[int], at: datetime) -> dict[int, str]:
    """By lot, why it may not be used as a raw material yet; others are not among them."""
    found = {}
    for row in queries("quality_control").material_standing(connection, lot_ids=sorted(set(lot_ids))):
        if (fault := material_fault(row, at)) is not None:
            found[row["lot_id"]] = f"lot {row['lot_number']} of {row['item']} {fault} (plan {row['plan']})"
    return found


def material_fault(row: Row, at: datetime) -> str | None:
    """The same of one row of ``material_standing``, without the lot."""
    plan = READ.validate_python(row["body"])
    assert isinstance(plan, MaterialPlan)  # noqa: S101 - the query asks for these
    return untested(
        plan, sampled_at=row["taken_at"], decision=row["decision"], exposed_until=row["exposed_until"],
        is_exposed=row["is_exposed"], at=at,
    )  # fmt: skip


def check_materials(connection: Connection, lot_ids: Iterable[int], at: datetime) -> None:
    """Raise ``Conflict`` with all raw materials among these lots that may not be used yet."""
    if faults := material_faults(connection, lot_ids, at):
        raise Conflict(
            "; ".join(faults.values()),
            "Have it sampled, tested and accepted first: POST /v1/material-samples.",
        )


def tell_consumption(connection: Connection, consumed: Sequence[Consumed]) -> None:
    """Open cases on what went into batches though it was not tested, or by somebody who is not qualified.

    The caller owns the lots.
    """
    batches = {row["place_id"]: row for row in _batches(connection, {each.place_id for each in consumed})}
    for each in consumed:
        if each.place_id not in batches:
            continue
        for text in material_faults(connection, [each.lot_id], each.at).values():
            told = f"consumed although {text}"
            open_case(connection, Case(UNTESTED, each.fact, told, each.lot_id, each.evidence_id))
        batch = batches[each.place_id]
        for text in operator_faults(connection, Preparation(batch["preparation"]), [(each.operator, each.at)]):
            key = f"batch:{batch['number']}/operator:{each.operator}"
            data = {"batch": batch["number"], "operator": each.operator}
            told = f"batch {batch['number']}: {text}, and took components in"
            open_case(connection, Case(UNQUALIFIED, key, told, evidence_id=each.evidence_id, data=data))


def _batches(connection: Connection, place_ids: Iterable[int]) -> list[Row]:
    ids = sorted(place_ids)
    return list(queries("quality_control").batches_at(connection, place_ids=ids)) if ids else []


def _unqualified(row: Row) -> str | None:
    plan = READ.validate_python(row["body"])
    assert isinstance(plan, QualificationPlan)  # noqa: S101 - the query asks for these
    return unqualified(row["plan"], plan, filled_at=row["taken_at"], decision=row["decision"], at=row["at"])
