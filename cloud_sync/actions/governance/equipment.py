"""Equipment and its calibrations: what measures, where, and which certificate says how well until when."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from psycopg.types.json import Jsonb

from cloud_sync.actions.master_data.master_data import place_named
from cloud_sync.errors import Conflict, Invalid, NotFound
from cloud_sync.posting.cases import Case, open_case
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

FAILED = "calibration_failed"


def keep_equipment(
    database: Database,
    name: str,
    *,
    title: str = "",
    maker: str = "",
    model: str = "",
    serial_number: str = "",
    gateway: str | None = None,
    device: str = "",
    place: str | None = None,
    in_use: bool = True,
    reason: str,
    actor: str,
) -> Row:
    """Add a piece of equipment, or change it to be like this. Raises ``NotFound``, ``Invalid``, and ``Conflict`` if
    another one in use is said to be the same device of a gateway."""
    if (gateway is None) != (device == ""):
        raise Invalid("a device is named together with its gateway", "Give both, or neither.")
    with database.transaction() as connection:
        gateway_id = queries("equipment").gateway_id(connection, name=gateway) if gateway else None
        if gateway and gateway_id is None:
            raise NotFound(f"there is no gateway {gateway}", "See GET /v1/gateways for those there are.")
        if gateway_id is not None and in_use:
            other = queries("equipment").device_taken(connection, gateway_id=gateway_id, device=device, name=name)
            if other:
                raise Conflict(f"{other} is this device already", f"Take {other} out of use first.")
        before = _equipment(connection, name)
        queries("equipment").keep_equipment(
            connection, name=name, title=title, maker=maker, model=model, serial_number=serial_number,
            gateway_id=gateway_id, device=device, place_id=place_named(connection, place)["id"] if place else None,
            active=in_use,
        )  # fmt: skip
        now = _shown(connection, name)
        told = ("title", "maker", "model", "serial_number", "gateway", "device", "place", "in_use")
        data = {"before": {key: before[key] for key in told} if before else None, "after": {k: now[k] for k in told}}
        add_event(connection, actor=actor, kind="equipment_kept", subject=f"equipment:{name}", reason=reason, data=data)
        return now


def add_calibration(
    database: Database,
    name: str,
    *,
    certificate: str,
    laboratory: str,
    calibrated_on: date,
    due_on: date,
    passed: bool,
    points: Sequence[dict[str, Any]],
    reference: str,
    sha256: str,
    note: str = "",
    at: datetime,
    actor: str,
) -> Row:
    """File a certificate. ``points``: at, deviation, uncertainty (None: not stated), unit.

    One that did not pass opens a case: what was measured since the one before is in doubt.
    Raises ``NotFound``, ``Invalid``, ``Conflict``.
    """
    if not calibrated_on < due_on:
        raise Invalid("the next calibration is due before this one was done", "Check both dates.")
    if calibrated_on > at.date():
        raise Invalid(f"this calibration would be on {calibrated_on}, which is not yet", "Check the date.")
    with database.transaction() as connection:
        before = _shown(connection, name)
        added: int | None = queries("equipment").add_calibration(
            connection, equipment=name, certificate=certificate, laboratory=laboratory, calibrated_on=calibrated_on,
            due_on=due_on, passed=passed, points=Jsonb(list(points)), reference=reference, sha256=sha256, note=note,
            actor=actor, at=at,
        )  # fmt: skip
        if added is None:
            raise Conflict(f"certificate {certificate} of {name} is filed already", "See GET /v1/calibrations.")
        data = {"calibration": added, "certificate": certificate, "passed": passed, "due_on": due_on.isoformat(),
                "sha256": sha256}  # fmt: skip
        add_event(
            connection, actor=actor, kind="calibration_added", subject=f"equipment:{name}", reason=note, data=data
        )
        if not passed:
            since = f"since {before['calibrated_on']}" if before["calibrated_on"] else "so far"
            text = f"{name} did not pass its calibration ({certificate}): what it measured {since} is in doubt"
            open_case(connection, Case(FAILED, f"equipment:{name}/{certificate}", text, data={"equipment": name}))
        rows = queries("equipment").calibrations(connection, equipment=name)
        return next(row for row in rows if row["id"] == added)


def list_equipment(database: Database) -> list[Row]:
    """Equipment, each with its latest certificate, ``calibrated_on``, ``due_on`` and ``passed`` (None: never)."""
    with database.transaction() as connection:
        return list(queries("equipment").equipment(connection, name=None))


def list_calibrations(database: Database, *, name: str | None = None) -> list[Row]:
    """Calibrations of a piece of equipment, or of all, the newest first."""
    with database.transaction() as connection:
        return list(queries("equipment").calibrations(connection, equipment=name))


def _equipment(connection: Connection, name: str) -> Row | None:
    return next(iter(queries("equipment").equipment(connection, name=name)), None)


def _shown(connection: Connection, name: str) -> Row:
    row = _equipment(connection, name)
    if row is None:
        raise NotFound(f"there is no equipment {name}", "See GET /v1/equipment for what there is, or add it.")
    return row
