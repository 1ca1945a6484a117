"""Trading partners: the business behind each supplier and customer, its licences, and which items are traced
(DSCSA)."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse

from cloud_sync.actions.interop import partners
from cloud_sync.actions.master_data.choices import items_to_choose
from cloud_sync.actions.overview.record_lists import partners_listed, products_listed
from cloud_sync.actions.overview.rooms import house_zone
from cloud_sync.api.access import Ledger, Now
from cloud_sync.api.schemas.dscsa import LicenceIn, PartnerIn, ProductIn
from cloud_sync.console.forms import Field, Reason, Word, checked, name_of, reason_of, whole
from cloud_sync.console.page_route import PageRoute, Qualifier, Visitor
from cloud_sync.console.table import Column, Show, list_page, table, tag
from cloud_sync.domain.list_request import ListRequest
from cloud_sync.storage.database import Row

router = APIRouter(route_class=PageRoute)


def state_of(row: Row) -> str:
    """Whether a partner may be traded with."""
    if row["kind"] == "site":
        return "ourselves"
    return "not authorised" if row["why_not"] else "authorised"


STATE_TONES = {"authorised": "ok", "not_authorised": "bad"}
PARTNERS = (
    Column("name", "Place", link=lambda row: f"/trading-partners/{row['name']}"),
    Column("business_name", "Business"),
    Column("kind", "Kind", filters=("supplier", "customer", "site")),
    Column("city", "City"),
    Column("gln", "GLN"),
    Column("valid_until", "Licence until", Show.DAY),
    Column(
        "state", "State", Show.TAG, filters=("authorised", "not authorised", "ourselves"),
        html=lambda row: tag(row["state"].replace("_", " "), STATE_TONES.get(row["state"], "")),
    ),
)  # fmt: skip
PARTNER_SORTS = ("name", "business_name", "kind", "city", "gln", "valid_until", "state")
PRODUCTS = (
    Column("item", "Item", link=lambda row: f"/administration/items/{row['item']}"),
    Column("product_name", "Product"),
    Column("strength", "Strength"),
    Column("dosage_form", "Dosage form"),
    Column("container_size", "Container"),
    Column("ndc", "NDC"),
)
PRODUCT_SORTS = ("item", "product_name", "strength", "dosage_form", "ndc")
LICENCES = (
    Column("kind", "Kind", Show.WORDS),
    Column("number", "Number"),
    Column("state", "State"),
    Column("valid_until", "Valid until", Show.DAY),
    Column("verified_by", "Verified by"),
    Column("verified_at", "Verified", Show.WHEN),
    Column("verified_with", "Where"),
    Column("withdrawn", "Withdrawn", value=lambda row: row["withdrawn_reason"] or ""),
)


@router.get("/trading-partners")
def partners_page(request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """All partners, whether they are authorised, and the items that are traced."""
    zone = house_zone(database)

    def found(wanted: ListRequest) -> list[Row]:
        return partners_listed(database, wanted, on=now.date())

    return list_page(
        request, "trading_partners.html",
        partners=table(request, "trading-partners", PARTNERS, source=found, sorts=PARTNER_SORTS, zone=zone),
        products=table(
            request, "traced-items", PRODUCTS, source=lambda wanted: products_listed(database, wanted),
            sorts=PRODUCT_SORTS, zone=zone, prefix="p_",
        ),
        items=items_to_choose(database),
    )  # fmt: skip


@router.post("/trading-partners/products")
def keep_product(
    database: Ledger, actor: Qualifier, item: Field = "", product_name: Field = "", ingredients: Word = "",
    strength: Field = "", dosage_form: Field = "", container_size: Field = "", container_units: Field = "1",
) -> Any:  # fmt: skip
    """Trace an item from now on."""
    told = checked(
        ProductIn, product_name=product_name, ingredients=ingredients, strength=strength, dosage_form=dosage_form,
        container_size=container_size, container_units=whole(container_units, "the number of units in a container"),
    )  # fmt: skip
    partners.keep_product(database, name_of(item), **told.model_dump(), actor=actor.name)
    return RedirectResponse("/trading-partners", 303)


@router.get("/trading-partners/{name}")
def partner_page(name: str, request: Request, database: Ledger, _: Visitor, now: Now) -> Any:
    """A partner and its licences."""
    partner = partners.show_partner(database, name_of(name), now.date())
    zone = house_zone(database)
    return list_page(
        request, "trading_partner.html", partner=partner, state=state_of(partner), zone=zone,
        licences=table(request, "licences", LICENCES, partner["licences"], zone=zone),
    )  # fmt: skip


@router.post("/trading-partners/{name}/business")
def keep_partner(
    name: str, database: Ledger, actor: Qualifier, business_name: Word = "", street: Word = "", city: Word = "",
    state: Word = "", postal_code: Word = "", country: Word = "", gln: Word = "", category: Word = "",
    contact: Word = "", telephone: Word = "", email: Word = "", verification_url: Word = "",
    verification_token: Word = "", connection: Field = "",
) -> Any:  # fmt: skip
    """Keep the business."""
    told = checked(
        PartnerIn, business_name=business_name, street=street, city=city, state=state, postal_code=postal_code,
        country=country or "US", gln=gln.replace(" ", ""), category=category, contact=contact, telephone=telephone,
        email=email, verification_url=verification_url, verification_token=verification_token,
        connection=connection.strip(),
    )  # fmt: skip
    partners.keep_partner(database, name_of(name), **told.model_dump(), actor=actor.name)
    return RedirectResponse(f"/trading-partners/{name_of(name)}", 303)


@router.post("/trading-partners/{name}/licences")
def add_licence(
    name: str, database: Ledger, actor: Qualifier, now: Now, kind: Field = "", number: Field = "", state: Field = "",
    valid_until: Field = "", verified_with: Word = "",
) -> Any:  # fmt: skip
    """Keep that somebody looked a licence up."""
    told = checked(
        LicenceIn, kind=kind, number=number, state=state.strip().upper(), valid_until=valid_until or None,
        verified_with=verified_with,
    )  # fmt: skip
    partners.add_licence(database, name_of(name), **told.model_dump(), at=now, actor=actor.name)
    return RedirectResponse(f"/trading-partners/{name_of(name)}", 303)


@router.post("/trading-partners/{name}/withdraw")
def withdraw(
    name: str, database: Ledger, actor: Qualifier, now: Now, licence: Annotated[int, Form(ge=1, le=2**63 - 1)],
    reason: Reason = "",
) -> Any:  # fmt: skip
    """Say that a licence is not valid any more."""
    partners.withdraw_licence(database, licence, reason_of(reason, "withdrawing a licence"), at=now, actor=actor.name)
    return RedirectResponse(f"/trading-partners/{name_of(name)}", 303)
