"""A house that trades under the Drug Supply Chain Security Act, and what its partners tell."""

from typing import Any

from tests.support.ledger_api import LATER, Api, movement

GTIN = "00361414567894"
NDC = "61414-5678-9"
US = {"business_name": "St Mary Pharmacy Inc.", "street": "1 Main St", "city": "Austin", "state": "TX",
      "postal_code": "78701", "gln": "0614141000012"}  # fmt: skip
ACME = {"business_name": "Acme Drug Co.", "street": "9 Dock Rd", "city": "Dallas", "state": "TX",
        "postal_code": "75201", "gln": "0614141999996"}  # fmt: skip
CLINIC = {"business_name": "West Clinic", "street": "7 Hill St", "city": "Waco", "state": "TX", "postal_code": "76701"}
PRODUCT = {"product_name": "Insulin lispro", "strength": "100 U/mL", "dosage_form": "injection",
           "container_size": "10 mL in 1 vial"}  # fmt: skip
STATES = dict.fromkeys(
    ("is_authorized", "received_from_authorized", "received_information", "did_not_ship_suspect", "had_systems",
     "did_not_provide_false", "did_not_alter_history"), True,
)  # fmt: skip


def trading_house(api: Api, *, licences: bool = True) -> None:
    """A site with an address, a supplier and a customer with licences, and a traced item."""
    api.place("acme", "supplier")
    api.place("main", "site")
    api.place("fridge-a", parent="main")
    api.place("clinic", "customer")
    api.administrator.ok("PUT", "/v1/items/insulin", json={"gtins": {GTIN: 1}, "ndc": NDC, "reason": "new"})
    api.quality.ok("PUT", "/v1/dscsa/products/insulin", json=PRODUCT)
    for place, business in (("main", US), ("acme", ACME), ("clinic", CLINIC)):
        api.quality.ok("PUT", f"/v1/dscsa/partners/{place}", json=business)
    if licences:
        licence(api, "acme", "wholesale_distributor", "W-77")
        licence(api, "clinic", "dispenser", "P-12")


def licence(api: Api, place: str, kind: str, number: str, valid_until: str = "2027-12-31") -> dict[str, Any]:
    body = {
        "kind": kind,
        "number": number,
        "state": "TX",
        "valid_until": valid_until,
        "verified_with": "state register",
    }
    row: dict[str, Any] = api.quality.ok("POST", f"/v1/dscsa/partners/{place}/licences", json=body)
    return row


def line(lot: str, containers: int, serials: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    """A line of transaction information."""
    told = {**PRODUCT, "ndc": NDC, "gtin": GTIN, "lot_number": lot, "containers": containers, "expires_on": LATER}
    return {**told, "serials": list(serials), **more}


def party(business: dict[str, str]) -> dict[str, str]:
    return {("name" if key == "business_name" else key): value for key, value in business.items()}


def information(reference: str, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Transaction information and statement as the supplier sends it."""
    return {
        "reference": reference, "transaction_on": "2026-05-31", "seller": party(ACME), "buyer": party(US),
        "lines": list(lines), "statement": STATES, **more,
    }  # fmt: skip


def tell(api: Api, reference: str, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    told = information(reference, *lines, **more)
    row: dict[str, Any] = api.operator.ok("POST", "/v1/dscsa/partners/acme/transactions", json=told)
    return row


def receive(api: Api, lot: str, quantity: int, serials: tuple[str, ...] = (), **more: Any) -> int:
    """Goods of the traced item come in; with serials, one unit each. Gives the lot's id."""
    stock = {"item": "insulin", "lot_number": lot, "expires_on": LATER}
    lines = [{**stock, "quantity": 1, "serial": serial} for serial in serials] or [{**stock, "quantity": quantity}]
    moved = api.operator.ok("POST", "/v1/movements", json=movement("receive", "acme", "fridge-a", lines, **more))
    return int(moved[0]["lot_id"])


def ship(api: Api, lot: str, quantity: int, serials: tuple[str, ...] = (), **more: Any) -> Any:
    stock = {"item": "insulin", "lot_number": lot}
    lines = [{**stock, "quantity": 1, "serial": serial} for serial in serials] or [{**stock, "quantity": quantity}]
    return api.operator.post("/v1/movements", movement("ship", "fridge-a", "clinic", lines, **more))


def open_codes(api: Api) -> dict[str, dict[str, Any]]:
    """Open discrepancies by their code."""
    rows = api.reader.rows("/v1/cases", kind="transaction_mismatch", only_open=True)
    return {row["data"]["code"]: row for row in rows}


def held(api: Api, lot_id: int) -> set[str | None]:
    """What of a lot is held: serials, None for all of it."""
    return {row["serial"] for row in api.reader.rows("/v1/holds", lot=lot_id)}


def waiting(api: Api) -> dict[str, dict[str, Any]]:
    """Messages that wait to be sent, by what they are about."""
    return {row["kind"]: row for row in api.reader.rows("/v1/dscsa/messages", only_waiting=True)}
