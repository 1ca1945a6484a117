"""Verification of product identifiers: asked of partners, answered to them (DSCSA)."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.interop import verification
from cloud_sync.actions.master_data.choices import verifiers_to_choose
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger, Now
from cloud_sync.api.schemas.dscsa import AskIn
from cloud_sync.console.forms import Field, checked
from cloud_sync.console.page_route import Holder, PageRoute, Visitor
from cloud_sync.console.table import Column, Show, list_page, table, tag
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.storage.database import Row

router = APIRouter(route_class=PageRoute)


def outcome_of(row: Row) -> str:
    """What came of a verification, in words."""
    if row["verified"] is None:
        return f"no answer: {row['error']}"
    more = f", {row['info'].lower()}" if row["info"] else ""
    if row["verified"]:
        return f"verified{more}"
    return f"not verified: {str(row['reason']).replace('_', ' ')}{more}"


def _tone(row: Row) -> str:
    return "warn" if row["verified"] is None else "ok" if row["verified"] else "bad"


VERIFICATIONS = (
    Column("at", "When", Show.WHEN),
    Column("direction", "Direction", filters=("asked", "answered")),
    Column("partner", "Partner", value=lambda row: row["partner"] or row["requester_gln"]),
    Column("gtin", "GTIN"),
    Column("lot_number", "Lot"),
    Column("serial", "Serial"),
    Column("expires_on", "Expiry", Show.DAY),
    Column("person", "By"),
    Column(
        "outcome", "Outcome", value=outcome_of, html=lambda row: tag(outcome_of(row), _tone(row)),
        link=lambda row: f"/cases/{row['case_id']}" if row["case_id"] else None,
    ),
)  # fmt: skip


@router.get("/verification")
def verification_page(request: Request, database: Ledger, _: Visitor) -> Any:
    """What was asked and answered, and the form to ask."""

    def found(wanted: ListRequest) -> list[Row]:
        page = wanted.page
        return verification.list_verifications(database, rows_max=page["rows_max"], rows_skipped=page["rows_skipped"])

    shown = table(
        request, "verifications", VERIFICATIONS, source=found, searches=False, zone=house_zone(database)
    )  # fmt: skip
    return list_page(request, "verification.html", verifications=shown, partners=verifiers_to_choose(database))


@router.post("/verification")
def ask_page(
    request: Request, database: Ledger, actor: Holder, now: Now, partner: Field = "", gtin: Field = "",
    lot_number: Field = "", serial: Field = "", expires_on: Field = "", context: Field = "dscsaSaleableReturn",
) -> Any:  # fmt: skip
    """Ask a partner."""
    asked = checked(
        AskIn, partner=partner, gtin=gtin.strip().zfill(14) if gtin.strip() else "", lot_number=lot_number.strip(),
        serial=serial.strip(), expires_on=expires_on or None, context=context,
    )  # fmt: skip
    verification.ask_verification(
        database, asked.partner, verification.identifier(asked.gtin, asked.lot_number, asked.serial, asked.expires_on),
        context=asked.context, private_hosts=request.app.state.connection_settings.private_hosts, at=now,
        actor=actor.name,
    )  # fmt: skip
    return RedirectResponse("/verification", 303)
