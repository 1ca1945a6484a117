"""Trading under the Drug Supply Chain Security Act, so that each of its pages has something to show."""

import json
from datetime import date, datetime, timedelta

from cloud_sync.actions.interop import partners, suspects, tracing_requests, transactions
from cloud_sync.storage.database import Database
from tests.support.dscsa_parts import ACME, PRODUCT, US, information, line

TRACING_PAGES = {
    "trading-partners": "/trading-partners", "trading-partner": "/trading-partners/acme",
    "transaction-data": "/transaction-data", "transaction": "/transaction-data/1", "verification": "/verification",
    "suspects": "/suspects", "suspect": "/suspects/1", "tracing-requests": "/tracing-requests",
}  # fmt: skip
NO_BUSINESS = dict.fromkeys(partners.FIELDS, "") | {"country": "US", "verification_token": ""}


def trade(database: Database, at: datetime, gtin: str) -> None:
    """Partners with a licence, data of which some goods have not come, a suspicion, a question of the FDA."""
    partners.keep_product(
        database, "insulin", **{**PRODUCT, "ingredients": "", "container_units": 1}, actor="quinn"
    )  # fmt: skip
    for place, business in (("site", US), ("acme", ACME)):
        url = "https://vrs.acme.example/v1" if place == "acme" else ""
        partners.keep_partner(database, place, **{**NO_BUSINESS, **business, "verification_url": url}, actor="quinn")
    partners.add_licence(
        database, "acme", kind="wholesale_distributor", number="W-77", state="TX", valid_until=date(2027, 12, 31),
        verified_with="register of the state board", at=at, actor="quinn",
    )  # fmt: skip
    told = information("ASN-1", line("L3", 40, gtin=gtin), line("L77", 5, gtin=gtin), order="PO-1")
    record, _ = transactions.tell_transaction(database, "acme", json.dumps(told).encode(), at=at, actor="rita")
    transactions.finish_receipt(database, record["id"], at=at, actor="rita")
    with database.transaction() as connection:
        row = connection.execute("SELECT id FROM lot WHERE lot_number = 'L3'").fetchone()
    assert row is not None
    opened = suspects.open_suspect(
        database, lot_id=row["id"], serial="", source="own", classification="counterfeit", at=at - timedelta(hours=30),
        description="The hologram of three cartons is missing", actor="amy",
    )  # fmt: skip
    assert opened["stage"] == "investigating"
    tracing_requests.record_request(
        database, asked_by="FDA, J. Doe", reference="R-5", asked_at=at, gtin=gtin, lot_number="L3", serial="",
        actor="quinn",
    )  # fmt: skip
