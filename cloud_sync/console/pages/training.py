"""Training: procedures, who has read and signed them, and whose role waits for that."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request

from cloud_sync.actions.governance import training
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger, Now
from cloud_sync.console.page_route import PageRoute, Visitor
from cloud_sync.console.rendering import render
from cloud_sync.console.signing import signable
from cloud_sync.console.table import Column, Show, list_page, table
from cloud_sync.domain.signatures import RecordKind
from cloud_sync.errors import NotFound
from cloud_sync.storage.database import Row

router = APIRouter(route_class=PageRoute)
Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]


def _path(row: Row) -> str:
    return f"/training/{row['code']}/{row['version']}"


SOPS = (
    Column("code", "Procedure", link=_path),
    Column("version", "Version", Show.NUMBER),
    Column("title", "Title"),
    Column("effective_from", "In force from", Show.WHEN),
    Column("approved_by", "Approved by"),
    Column("signed_at", "You signed it", Show.WHEN),
)
MISSING = (
    Column("person", "Who"),
    Column("role", "Role", filters=True),
    Column("code", "Procedure", link=_path),
    Column("version", "Version", Show.NUMBER),
    Column("until", "Due", Show.WHEN),
    Column("state", "State", Show.TAG, filters=True, value=lambda row: "overdue" if row["is_late"] else "open"),
)
REQUIREMENTS = (
    Column("role", "Role", filters=True),
    Column("code", "Procedure"),
    Column("grace_days", "Grace period, days", Show.NUMBER),
    Column("required_since", "Since", Show.WHEN),
    Column("set_by", "Set by"),
)


@router.get("/training")
def training_page(request: Request, database: Ledger, actor: Visitor, now: Now) -> Any:
    """Training due; procedures; and which roles ask for them."""
    zone = house_zone(database)
    everybody = training.missing_of_everybody(database, now)
    return list_page(
        request, "training.html", mine=[row for row in everybody if row["person"] == actor.name], zone=zone,
        missing=table(request, "training", MISSING, everybody, zone=zone),
        sops=table(request, "procedures", SOPS, training.list_sops(database, person=actor.name), zone=zone,
                   prefix="s_"),
        requirements=table(request, "requirements", REQUIREMENTS, training.list_requirements(database), zone=zone,
                           prefix="r_"),
    )  # fmt: skip


@router.get("/training/{code}/{version}")
def sop_page(
    code: Code, version: Annotated[int, Path(ge=1, le=100_000)], request: Request, database: Ledger, actor: Visitor
) -> Any:
    """A procedure, to be read and signed."""
    rows = training.list_sops(database, person=actor.name)
    found = [row for row in rows if (row["code"], row["version"]) == (code, version)]
    if not found:
        raise NotFound(f"there is no version {version} of {code}", "See Training for those there are.")
    return render(
        request, "sop.html", sop=found[0], zone=house_zone(database),
        signing=signable(database, RecordKind.SOP, f"{code}:{version}", actor),
    )  # fmt: skip
