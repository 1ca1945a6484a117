"""What stability data support now, and what of it another person has approved."""

from datetime import timedelta

from cloud_sync.domain.bud import BUD_LIMITS, BudRefusedError, GivenBud, Storage, decide_bud
from cloud_sync.domain.compounding import MasterFormulationRecord
from cloud_sync.domain.quality_plans import READ, StabilityProtocol, supported_days
from cloud_sync.errors import Conflict
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.stock.expiry import Expiry, expiry_of, zone_named


def supported_now(connection: Connection, plan_name: str, protocol: StabilityProtocol) -> int:
    """Days that the samples accepted so far support."""
    accepted: dict[int, set[int]] = {}
    for row in queries("quality_control").accepted_pulls(connection, name=plan_name):
        accepted.setdefault(row["lot_id"], set()).add(row["day"])
    return supported_days(protocol, {lot: frozenset(days) for lot, days in accepted.items()})


def approved_beyond_use(connection: Connection, item_id: int, storage: Storage) -> timedelta | None:
    """The longest time from compounding to the beyond-use date by approved stability data; None: there are none.

    Never longer than the data say today, whatever they said when it was approved.
    """
    row = queries("quality_control").beyond_use_support(connection, item_id=item_id, storage=storage.value)
    if row is None:
        return None
    plan = queries("quality_control").plan(connection, name=row["plan_name"], version=None)
    protocol = READ.validate_python(plan["body"])
    assert isinstance(protocol, StabilityProtocol)  # noqa: S101 - a plan stays of its kind
    days = min(row["days"], supported_now(connection, row["plan_name"], protocol))
    return timedelta(days=days) if days else None


def check_extension(connection: Connection, lot: Row, expiry: Expiry) -> None:
    """Raise ``Conflict`` where a correction extends the beyond-use date of a compounded lot past what supports it.

    That is the table of the chapters, approved stability data, and the expiry of its components.
    """
    made = queries("quality_control").compounded_lot(connection, lot_id=lot["id"])
    if made is None or made["began_at"] is None:
        return
    zone = zone_named(made["zone"])
    before = expiry_of(lot["expires_on"], lot["expires_hour"], lot["expires_exactly"])
    if before is not None and expiry.at(zone) <= before.at(zone):
        return
    record = MasterFormulationRecord.model_validate(made["body"])
    supported = approved_beyond_use(connection, made["item_id"], record.storage)
    limit = BUD_LIMITS.get((record.preparation, record.storage))
    ask = "Have stability data approved first: POST /v1/changes, kind beyond_use."
    if limit is None and supported is None:
        raise Conflict(
            f"lot {lot['lot_number']} was compounded here, and no approved data support a later beyond-use date", ask
        )
    components = queries("compounding").components(connection, place_id=made["place_id"])
    expiries = [row["expires_at"] for row in components if row["expires_at"] is not None]
    try:
        decide_bud(
            made["began_at"], record.preparation, record.storage, expiries, GivenBud(expiry.at(zone), "correction"),
            zone=zone, supported=supported,
        )  # fmt: skip
    except BudRefusedError as error:
        raise Conflict(f"beyond-use date of lot {lot['lot_number']} refused: {error}", ask) from error
