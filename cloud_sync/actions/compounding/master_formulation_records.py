"""What is compounded, and by which master formulation records: drafted by one person, approved by another."""

from psycopg.types.json import Jsonb

from cloud_sync.actions.master_data.master_data import item_named
from cloud_sync.domain.compounding import (
    Kind,
    MasterFormulationRecord,
)
from cloud_sync.errors import Conflict, Invalid, NotAllowed, NotFound
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries


def set_compounded(database: Database, item: str, kind: Kind, *, actor: str) -> None:
    """Say that an item is compounded for one patient (503A) or for stock (503B). Raises ``NotFound``, ``Conflict``."""
    with database.transaction() as connection:
        item_id = item_named(connection, item)["id"]
        if queries("compounding").set_compounded(connection, item_id=item_id, kind=kind.value):
            add_event(
                connection, actor=actor, kind="item_compounded", subject=f"item:{item}", data={"kind": kind.value}
            )
            return
        known = queries("compounding").compounded(connection, item_id=item_id)
        if known != kind.value:
            raise Conflict(f"{item} is compounded under {known} already", "Make another item for the other section.")


def draft_master_record(database: Database, name: str, item: str, body: MasterFormulationRecord, *, actor: str) -> Row:
    """The next version of a master formulation record; quality has to approve it. Raises ``NotFound``, ``Conflict``."""
    with database.transaction() as connection:
        queries("compounding").lock_master_record_name(connection, name=name)
        item_id = item_named(connection, item)["id"]
        if queries("compounding").compounded(connection, item_id=item_id) is None:
            raise Conflict(f"{item} is not compounded", f"Say how first: PUT /v1/items/{item}/compounding.")
        for ingredient in body.ingredients:
            if item_named(connection, ingredient.item)["id"] == item_id:
                raise Invalid(f"{item} cannot be its own ingredient")
        version = queries("compounding").add_master_record(
            connection, name=name, item_id=item_id, body=Jsonb(body.model_dump(mode="json")), drafted_by=actor
        )
        subject = f"master_formulation_record:{name}/{version}"
        add_event(
            connection,
            actor=actor,
            kind="master_formulation_record_drafted",
            subject=subject,
            data=body.model_dump(mode="json"),
        )
        return master_record_version(connection, name, version)


def approve_master_record(database: Database, name: str, version: int, reason: str, *, actor: str) -> Row:
    """Let a version be used. Raises ``NotFound``, ``NotAllowed`` for its drafter, ``Conflict`` if it is approved."""
    with database.transaction() as connection:
        row = master_record_version(connection, name, version)
        if row["drafted_by"] == actor:
            raise NotAllowed(
                f"{actor} drafted master formulation record {name} version {version}",
                "Somebody else has to approve it.",
            )
        if not queries("compounding").approve_master_record(connection, id=row["id"], approved_by=actor):
            raise Conflict(f"master formulation record {name} version {version} is approved already")
        add_event(
            connection,
            actor=actor,
            kind="master_formulation_record_approved",
            subject=f"master_formulation_record:{name}/{version}",
            reason=reason,
        )
        return master_record_version(connection, name, version)


def list_master_records(database: Database, *, name: str | None, rows_max: int, rows_skipped: int) -> list[Row]:
    """Master formulation records, the newest version first."""
    with database.transaction() as connection:
        return list(
            queries("compounding").master_records(connection, name=name, rows_max=rows_max, rows_skipped=rows_skipped)
        )


def master_record_version(connection: Connection, name: str, version: int) -> Row:
    """One version of a master formulation record, its item, and who drafted and approved it. Raises ``NotFound``."""
    row: Row | None = queries("compounding").master_record(connection, name=name, version=version)
    if row is None:
        raise NotFound(
            f"there is no master formulation record {name} version {version}",
            "See GET /v1/master-formulation-records for those there are.",
        )
    return row
