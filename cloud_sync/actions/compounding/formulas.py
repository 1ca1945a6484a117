"""What is compounded, and by which formulas: drafted by one person, approved by another."""

from psycopg.types.json import Jsonb

from cloud_sync.actions.master_data.master_data import item_named
from cloud_sync.domain.compounding import (
    Formula,
    Kind,
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


def draft_formula(database: Database, name: str, item: str, formula: Formula, *, actor: str) -> Row:
    """The next version of a formula; quality has to approve it. Raises ``NotFound``, ``Conflict``."""
    with database.transaction() as connection:
        queries("compounding").lock_formula_name(connection, name=name)
        item_id = item_named(connection, item)["id"]
        if queries("compounding").compounded(connection, item_id=item_id) is None:
            raise Conflict(f"{item} is not compounded", f"Say how first: PUT /v1/items/{item}/compounding.")
        for ingredient in formula.ingredients:
            if item_named(connection, ingredient.item)["id"] == item_id:
                raise Invalid(f"{item} cannot be its own ingredient")
        version = queries("compounding").add_formula(
            connection, name=name, item_id=item_id, body=Jsonb(formula.model_dump(mode="json")), drafted_by=actor
        )
        subject = f"formula:{name}/{version}"
        add_event(
            connection, actor=actor, kind="formula_drafted", subject=subject, data=formula.model_dump(mode="json")
        )
        return formula_version(connection, name, version)


def approve_formula(database: Database, name: str, version: int, reason: str, *, actor: str) -> Row:
    """Let a version be used. Raises ``NotFound``, ``NotAllowed`` for its drafter, ``Conflict`` if it is approved."""
    with database.transaction() as connection:
        row = formula_version(connection, name, version)
        if row["drafted_by"] == actor:
            raise NotAllowed(f"{actor} drafted formula {name} version {version}", "Somebody else has to approve it.")
        if not queries("compounding").approve_formula(connection, id=row["id"], approved_by=actor):
            raise Conflict(f"formula {name} version {version} is approved already")
        add_event(connection, actor=actor, kind="formula_approved", subject=f"formula:{name}/{version}", reason=reason)
        return formula_version(connection, name, version)


def list_formulas(database: Database, *, name: str | None, rows_max: int, rows_skipped: int) -> list[Row]:
    """Formulas, the newest version first."""
    with database.transaction() as connection:
        return list(
            queries("compounding").formulas(connection, name=name, rows_max=rows_max, rows_skipped=rows_skipped)
        )


def formula_version(connection: Connection, name: str, version: int) -> Row:
    """One version of a formula, with its item and who drafted and approved it. Raises ``NotFound``."""
    row: Row | None = queries("compounding").formula(connection, name=name, version=version)
    if row is None:
        raise NotFound(f"there is no formula {name} version {version}", "See GET /v1/formulas for those there are.")
    return row
