"""Transaction information and statements inside the caller's transaction: kept as they come, made as goods go out."""

from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from psycopg.types.json import Jsonb
from pydantic import ValidationError

from cloud_sync.domain.booking import NewMovement
from cloud_sync.interop.dscsa.discrepancies import Code
from cloud_sync.interop.dscsa.transaction import Line, Statement, Transaction, encode, faults_of, is_about
from cloud_sync.posting.cases import LEDGER, Case, open_case
from cloud_sync.posting.interop.partner_deliveries import TRANSACTION, send_to_partner
from cloud_sync.posting.interop.partners import our_parties, party_at, traced_items, why_not
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries
from edge_agent.domain.barcodes.item_codes import code_of_case
from edge_agent.domain.barcodes.ndc import parse_ndc

INCOMPLETE = "transaction_incomplete"
NOT_AUTHORISED = "partner_not_authorised"


def keep_told(
    connection: Connection,
    told: Transaction,
    *,
    partner_id: int,
    document_id: int | None,
    told_by: str,
    at: datetime,
) -> tuple[int, bool]:
    """Keep what a supplier told of a shipment; gives the record's id, and whether it is new.

    What is incomplete, meant for others, or told before under another number does not count until somebody has decided;
    it is kept all the same.
    """
    record_id, is_new = _add(connection, "in", told, partner_id, document_id=document_id, told_by=told_by, at=at)
    if is_new:
        judge_record(connection, record_id, told, partner_id)
    return record_id, is_new


def judge_record(connection: Connection, record_id: int, told: Transaction, partner_id: int) -> None:
    """Say why a record does not count, or that it does."""
    faults = list(faults_of(told))
    fault: Code | None = Code.INCOMPLETE_DATA if faults else None
    ours = our_parties(connection)
    if ours and not is_about(told.buyer, ours):
        fault = Code.WRONG_CONSIGNEE
        faults.append(f"the buyer is {told.buyer.name}, which is none of ours")
    before = [] if fault else _told_before(connection, record_id, told, partner_id)
    if before:
        fault = Code.DUPLICATE_DATA
        faults.append(f"the same product was told in {', '.join(before)}")
    queries("transactions").judge_record(
        connection, transaction_id=record_id, fault=fault.value if fault else None, faults=faults
    )


def _told_before(connection: Connection, record_id: int, told: Transaction, partner_id: int) -> list[str]:
    lines = {
        row["line"]: row["item_id"] for row in queries("transactions").lines_of(connection, transaction_id=record_id)
    }
    pairs = [
        (lines[number], serial)
        for number, line in enumerate(told.lines, start=1)
        if lines[number] is not None
        for serial in serials_of(line)
    ]
    rows = queries("transactions").told_before(
        connection,
        partner_id=partner_id,
        reference=told.reference,
        transaction_id=record_id,
        item_ids=[item_id for item_id, _ in pairs],
        serials=[serial for _, serial in pairs],
    )
    return [f"{row['reference']} (record {row['id']})" for row in rows]


def serials_of(line: Line) -> tuple[str, ...]:
    """The serials of a line as the ledger writes them."""
    return line.serials


def note_shipments(
    connection: Connection, shipped: Sequence[NewMovement], places: dict[int, Row], at: datetime
) -> None:
    """Make transaction information and statement for what left to customers, one for each customer and order.

    A customer that is no authorised trading partner, and an information that lacks something, become cases: the goods
    have left all the same.
    """
    to_customers = [each for each in shipped if places[each.to_place]["kind"] == "customer"]
    if not to_customers:
        return
    lots = {
        row["id"]: row
        for row in queries("transactions").facts_of_lots(connection, lot_ids=sorted({m.lot_id for m in to_customers}))
    }
    products = traced_items(connection, (row["item_id"] for row in lots.values()))
    groups: dict[tuple[int, str, int], list[NewMovement]] = {}
    for each in to_customers:
        if lots[each.lot_id]["item_id"] in products:
            groups.setdefault((each.to_place, each.order_ref, each.from_place), []).append(each)
    for (customer_id, _, _), movements in sorted(groups.items()):
        _note_shipment(connection, customer_id, movements, lots, products, places, at)


def _note_shipment(
    connection: Connection,
    customer_id: int,
    movements: Sequence[NewMovement],
    lots: dict[int, Row],
    products: dict[int, Row],
    places: dict[int, Row],
    at: datetime,
) -> None:
    first = min(movements, key=lambda each: (each.occurred_at, each.fact))
    on = first.occurred_at.date()
    fault = why_not(connection, [customer_id], on)[customer_id]
    name = places[customer_id]["name"]
    if fault:
        text = f"product was shipped to {name}, which is not an authorised trading partner: {fault}"
        data = {"partner": name, "order": first.order_ref}
        open_case(connection, Case(NOT_AUTHORISED, f"shipment:{first.fact}", text, data=data))
    made = _made(connection, customer_id, movements, lots, products)
    if made is None:
        text = f"no transaction information can be made for the shipment to {name}: a name or serial is too long for it"
        data = {"partner": name, "order": first.order_ref}
        open_case(connection, Case(INCOMPLETE, f"shipment:{first.fact}", text, data=data))
        return
    told, line_of = made
    record_id, _ = _add(connection, "out", told, customer_id, document_id=None, told_by=LEDGER, at=at)
    faults = list(faults_of(told))
    queries("transactions").judge_record(
        connection, transaction_id=record_id, fault=Code.INCOMPLETE_DATA.value if faults else None, faults=faults
    )
    queries("transactions").link_shipped(
        connection,
        transaction_id=record_id,
        facts=[each.fact for each in movements],
        lines=[line_of[each.lot_id] for each in movements],
    )
    send_to_partner(connection, customer_id, TRANSACTION, encode(told))
    if faults:
        text = f"the transaction information for the shipment to {name} is not complete: {'; '.join(faults)}"
        data = {"record": record_id, "partner": name, "order": first.order_ref, "faults": faults}
        open_case(connection, Case(INCOMPLETE, f"record:{record_id}", text, data=data))


def _made(
    connection: Connection,
    customer_id: int,
    movements: Sequence[NewMovement],
    lots: dict[int, Row],
    products: dict[int, Row],
) -> tuple[Transaction, dict[int, int]] | None:
    """What is told of a shipment, and which line each lot has; None for what cannot be told: the goods have left."""
    first = min(movements, key=lambda each: (each.occurred_at, each.fact))
    try:
        lines, line_of = _lines(movements, lots, products)
        untold = {row["id"] for row in queries("transactions").untold_lots(connection, lot_ids=sorted(line_of))}
        return Transaction(
            reference=f"LW-{sha256(first.fact.encode()).hexdigest()[:12].upper()}",
            order=first.order_ref,
            transaction_on=first.occurred_at.date(),
            shipped_on=None,
            seller=party_at(connection, first.from_place),
            buyer=party_at(connection, customer_id),
            lines=tuple(lines),
            statement=_statement(received=not untold),
        ), line_of
    except ValidationError:
        return None


def _statement(*, received: bool) -> Statement:
    """What we state of goods of ours. Nobody states that data were received which were not."""
    return Statement(
        is_authorized=True,
        received_from_authorized=received,
        received_information=received,
        did_not_ship_suspect=True,
        had_systems=True,
        did_not_provide_false=True,
        did_not_alter_history=True,
    )


def _lines(
    movements: Sequence[NewMovement], lots: dict[int, Row], products: dict[int, Row]
) -> tuple[list[Line], dict[int, int]]:
    """A line for each lot, and which line each lot has."""
    lines, line_of = [], {}
    for number, lot_id in enumerate(sorted({each.lot_id for each in movements}), start=1):
        lot = lots[lot_id]
        product = products[lot["item_id"]]
        moved = [each for each in movements if each.lot_id == lot_id]
        units = sum(each.quantity for each in moved)
        line_of[lot_id] = number
        lines.append(
            Line(
                product_name=product["product_name"],
                strength=product["strength"],
                dosage_form=product["dosage_form"],
                ndc=product["ndc"],
                container_size=product["container_size"],
                containers=max(1, -(-units // product["container_units"])),
                lot_number=lot["lot_number"],
                expires_on=lot["expires_on"],
                gtin=product["gtin"] or "",
                serials=tuple(sorted({each.serial for each in moved if each.serial and not code_of_case(each.serial)})),
            )
        )
    return lines, line_of


def _add(
    connection: Connection,
    direction: str,
    told: Transaction,
    partner_id: int,
    *,
    document_id: int | None,
    told_by: str,
    at: datetime,
) -> tuple[int, bool]:
    content = encode(told)
    digest = sha256(content).hexdigest()
    row: Row | None = queries("transactions").add_record(
        connection,
        direction=direction,
        partner_id=partner_id,
        reference=told.reference,
        order_ref=told.order,
        transaction_on=told.transaction_on,
        content=Jsonb(told.model_dump(mode="json")),
        sha256=digest,
        fault=None,
        faults=[],
        document_id=document_id,
        told_by=told_by,
        told_at=at,
    )
    if row is None:
        known: int = queries("transactions").record_by_sha(
            connection, direction=direction, partner_id=partner_id, sha256=digest
        )
        return known, False
    _add_lines(connection, row["id"], told)
    data = {"reference": told.reference, "order": told.order, "lines": len(told.lines), "sha256": digest}
    kind = "transaction_told" if direction == "in" else "transaction_made"
    add_event(connection, actor=told_by, kind=kind, subject=f"transaction:{row['id']}", data=data)
    return int(row["id"]), True


def _add_lines(connection: Connection, record_id: int, told: Transaction) -> None:
    by_gtin, by_ndc = _items(connection, told)
    columns: dict[str, list[Any]] = {
        name: [] for name in ("lines", "item_ids", "gtins", "ndcs", "lot_numbers", "quantities")
    }
    numbers: list[int] = []
    serials: list[str] = []
    items = {item_id for item_id, _ in (*by_gtin.values(), *by_ndc.values())}
    units_of = {item_id: row["container_units"] for item_id, row in traced_items(connection, items).items()}
    for number, line in enumerate(told.lines, start=1):
        item_id, units = by_gtin.get(line.gtin) or by_ndc.get(ndc_of(line)) or (None, None)
        each = units or units_of.get(item_id or 0, 1)
        values = (number, item_id, line.gtin, line.ndc, line.lot_number, line.containers * each)
        for column, value in zip(columns.values(), values, strict=True):
            column.append(value)
        numbers += [number] * len(line.serials)
        serials += serials_of(line)
    queries("transactions").add_lines(connection, transaction_id=record_id, **columns)
    if serials:
        queries("transactions").add_serials(connection, transaction_id=record_id, lines=numbers, serials=serials)


Known = dict[str, tuple[int, int | None]]
"""Item id and base units of one container, by code."""


def _items(connection: Connection, told: Transaction) -> tuple[Known, Known]:
    """Items by GTIN and by NDC."""
    rows = list(
        queries("transactions").items_by_code(
            connection,
            gtins=sorted({line.gtin for line in told.lines if line.gtin}),
            ndcs=sorted({ndc_of(line) for line in told.lines if line.ndc}),
        )
    )
    by_gtin: Known = {row["gtin"]: (row["item_id"], row["base_units"]) for row in rows if row["gtin"]}
    by_ndc: Known = {row["ndc"]: (row["item_id"], None) for row in rows if row["ndc"]}
    return by_gtin, by_ndc


def ndc_of(line: Line) -> str:
    """The NDC of a line as items have it; as it was told if it cannot be read."""
    try:
        return str(parse_ndc(line.ndc))
    except ValueError:
        return line.ndc


def lines_on(connection: Connection, record_id: int) -> list[Row]:
    """Lines of a record with the items and lots that they are about."""
    return list(queries("transactions").lines_of(connection, transaction_id=record_id))


def is_later(shipped: date, transaction: date) -> bool:
    """Whether the date of shipment has to be told beside that of the transaction: more than 24 hours lie between."""
    return (shipped - transaction).days > 1
