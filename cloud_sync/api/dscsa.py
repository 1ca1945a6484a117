"""The Drug Supply Chain Security Act: products, partners and their licences, transaction data, messages."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from cloud_sync.actions.interop import partners, transactions
from cloud_sync.actions.interop.transactions import Transaction
from cloud_sync.api.access import (
    ApiRoute,
    Holder,
    Ledger,
    Listing,
    Now,
    Qualifier,
    Reader,
    Receiver,
    Resolver,
    TransactionTeller,
)
from cloud_sync.api.problems import answers
from cloud_sync.api.schemas.common import Id, Listed, Name, WhyIn
from cloud_sync.api.schemas.dscsa import (
    CaseMadeOut,
    DamageIn,
    LicenceIn,
    LicenceOut,
    MessageOut,
    PartnerIn,
    PartnerOut,
    PartnerShownOut,
    ProductIn,
    ProductOut,
    TransactionListedOut,
    TransactionOut,
)


async def _as_sent(request: Request) -> bytes:
    return await request.body()


AsSent = Annotated[bytes, Depends(_as_sent)]
"""The body byte for byte."""

router = APIRouter(tags=["DSCSA"], prefix="/dscsa", route_class=ApiRoute, responses=answers(404, 409))


@router.put("/products/{item}", summary="Trace an item", response_model=ProductOut)
def keep_product(item: Name, product: ProductIn, database: Ledger, actor: Qualifier) -> Any:
    """Say that an item is a product under the act, and what transaction information tells of it."""
    return partners.keep_product(database, item, **product.model_dump(), actor=actor.name)


@router.post("/products/{item}/forget", summary="Trace an item no longer", status_code=204)
def forget_product(item: Name, why: WhyIn, database: Ledger, actor: Qualifier) -> None:
    """Say that an item is no product under the act."""
    partners.forget_product(database, item, why.reason, actor=actor.name)


@router.get("/products", summary="List traced items", response_model=Listed[ProductOut])
def list_products(database: Ledger, _: Reader, page: Listing) -> Any:
    """Items that are products under the act."""
    return page.of(partners.list_products(database, rows_max=page.rows_max, rows_skipped=page.offset))


@router.put("/partners/{place}", summary="Keep a trading partner", response_model=PartnerOut)
def keep_partner(place: Name, partner: PartnerIn, database: Ledger, actor: Qualifier) -> Any:
    """Say which business is behind a supplier or customer, or behind a site of ours."""
    return partners.keep_partner(database, place, **partner.model_dump(), actor=actor.name)


@router.get("/partners", summary="List trading partners", response_model=Listed[PartnerOut])
def list_partners(database: Ledger, _: Reader, page: Listing, now: Now) -> Any:
    """Suppliers, customers and our own sites, and why some may not be traded with today."""
    return page.of(partners.list_partners(database, now.date(), rows_max=page.rows_max, rows_skipped=page.offset))


@router.get("/partners/{place}", summary="See a trading partner", response_model=PartnerShownOut)
def show_partner(place: Name, database: Ledger, _: Reader, now: Now) -> Any:
    """A partner with its licences, who looked them up and when."""
    return partners.show_partner(database, place, now.date())


@router.post("/partners/{place}/licences", summary="Keep a licence", status_code=201, response_model=LicenceOut)
def add_licence(place: Name, licence: LicenceIn, database: Ledger, actor: Qualifier, now: Now) -> Any:
    """Keep that you looked up a partner's licence, and where."""
    return partners.add_licence(database, place, **licence.model_dump(), at=now, actor=actor.name)


@router.post("/licences/{licence_id}/withdraw", summary="Withdraw a licence", response_model=LicenceOut)
def withdraw_licence(licence_id: Id, why: WhyIn, database: Ledger, actor: Qualifier, now: Now) -> Any:
    """Say that a licence is not valid any more."""
    return partners.withdraw_licence(database, licence_id, why.reason, at=now, actor=actor.name)


@router.post(
    "/partners/{place}/transactions", summary="Take transaction information", status_code=201,
    response_model=TransactionOut, responses={200: {"description": "The very same was told before"}},
)  # fmt: skip
def tell_transaction(
    place: Name,
    told: Transaction,
    sent: AsSent,
    database: Ledger,
    actor: TransactionTeller,
    now: Now,
    response: Response,
) -> Any:
    """Transaction information and statement of one shipment, as its seller tells it. It is compared with what came.

    What is incomplete, or meant for another buyer, is kept and becomes a case.
    """
    if actor.connection:
        partners.check_connection(database, place, actor.connection)
    shown, is_new = transactions.tell_transaction(database, place, sent, at=now, actor=actor.name)
    response.status_code = 201 if is_new else 200
    return shown


_EPCIS: dict[str, Any] = {
    transactions.EPCIS_XML: {"schema": {"type": "string"}},
    transactions.EPCIS_JSON: {"schema": {"type": "object"}},
}


@router.post(
    "/partners/{place}/transactions/epcis", summary="Take transaction information as EPCIS", status_code=201,
    response_model=TransactionOut, responses={200: {"description": "The very same was told before"}},
    openapi_extra={"requestBody": {"required": True, "content": _EPCIS}},
)  # fmt: skip
def tell_transaction_as_epcis(
    place: Name, sent: AsSent, request: Request, database: Ledger, actor: TransactionTeller, now: Now,
    response: Response,
) -> Any:  # fmt: skip
    """The same as a document of EPCIS of one shipment, after the guideline of GS1 US: XML 1.2 or 2.0, or JSON-LD."""
    if actor.connection:
        partners.check_connection(database, place, actor.connection)
    is_xml = "xml" in request.headers.get("content-type", "") or sent.lstrip().startswith(b"<")
    shown, is_new = transactions.tell_transaction_as_epcis(
        database, place, sent, is_xml=is_xml, at=now, actor=actor.name
    )
    response.status_code = 201 if is_new else 200
    return shown


@router.get("/transactions", summary="List transaction information", response_model=Listed[TransactionListedOut])
def list_transactions(
    database: Ledger,
    _: Reader,
    page: Listing,
    direction: Literal["in", "out"] | None = None,
    partner: Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")] = None,
    order: Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")] = None,
    only_open: bool = False,
) -> Any:
    """What was told with shipments and receipts, the newest first."""
    return page.of(
        transactions.list_transactions(
            database, direction=direction, partner=partner, order=order, only_open=only_open, rows_max=page.rows_max,
            rows_skipped=page.offset,
        )
    )  # fmt: skip


@router.get("/transactions/{record_id}", summary="See transaction information", response_model=TransactionOut)
def show_transaction(record_id: Id, database: Ledger, _: Reader) -> Any:
    """What was told of one shipment, and how much of it came or left."""
    return transactions.show_transaction(database, record_id)


@router.get("/transactions/{record_id}/epcis", summary="Get it as EPCIS", response_model=dict[str, Any])
def transaction_as_epcis(record_id: Id, database: Ledger, _: Reader) -> Any:
    """The receipts or shipments that a record is about, as an EPCIS 2.0 document, with the statement of the seller."""
    return transactions.epcis_of(database, record_id)


@router.get(
    "/transactions/{record_id}/epcis-1.2", summary="Get it as EPCIS 1.2 XML", response_class=Response,
    responses={200: {"content": {"application/xml": {"schema": {"type": "string"}}}}},
)  # fmt: skip
def transaction_as_epcis_xml(record_id: Id, request: Request, database: Ledger, _: Reader, now: Now) -> Response:
    """Transaction information and statement as partners in the United States read them: master data, statement and
    shipping events, after the guideline of GS1 US."""
    prefix: str = request.app.state.label_settings.company_prefix
    content = transactions.epcis_xml_of(database, record_id, own_prefix=prefix, at=now)
    return Response(content, media_type=transactions.EPCIS_XML)


@router.post("/transactions/{record_id}/finish", summary="Finish a receipt", response_model=TransactionOut)
def finish_receipt(record_id: Id, database: Ledger, actor: Receiver, now: Now) -> Any:
    """Say that all that comes of it has come: what is missing now is a shortage, and the supplier is told."""
    return transactions.finish_receipt(database, record_id, at=now, actor=actor.name)


@router.post("/transactions/{record_id}/void", summary="Void transaction information", response_model=TransactionOut)
def void_transaction(record_id: Id, why: WhyIn, database: Ledger, actor: Resolver, now: Now) -> Any:
    """Say that it was replaced or withdrawn by its seller."""
    return transactions.void_transaction(database, record_id, why.reason, at=now, actor=actor.name)


@router.post("/damage", summary="Report damaged product", status_code=201, response_model=CaseMadeOut)
def report_damaged(damage: DamageIn, database: Ledger, actor: Holder, now: Now) -> Any:
    """Product that arrived damaged is held where it is, and its supplier is told."""
    return {"case_id": transactions.report_damaged(database, **damage.model_dump(), at=now, actor=actor.name)}


@router.get("/messages", summary="List messages to partners", response_model=Listed[MessageOut])
def list_partner_messages(
    database: Ledger,
    _: Reader,
    page: Listing,
    partner: Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")] = None,
    only_waiting: bool = False,
) -> Any:
    """What partners have to be told, the newest first."""
    return page.of(
        transactions.list_messages(
            database, partner=partner, only_waiting=only_waiting, rows_max=page.rows_max, rows_skipped=page.offset
        )
    )


@router.post("/messages/{message_id}/sent", summary="Note a message as sent", response_model=MessageOut)
def note_sent(message_id: Id, how: WhyIn, database: Ledger, actor: Resolver, now: Now) -> Any:
    """Note that a partner was told, and how."""
    return transactions.note_sent(database, message_id, how.reason, at=now, actor=actor.name)


@router.post("/messages/{message_id}/answered", summary="Note a partner's answer", response_model=MessageOut)
def note_answered(message_id: Id, said: WhyIn, database: Ledger, actor: Resolver, now: Now) -> Any:
    """Note what a partner answered."""
    return transactions.note_answered(database, message_id, said.reason, at=now, actor=actor.name)
