"""What partners told against what came, inside the caller's transaction: discrepancies become cases, holds and
messages.

Everything is worked out again from sums whenever data or goods arrive, so their order does not count. A case that
later data
explain is closed by the ledger, and its holds with it; one that a person resolved stays so until the facts change.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from cloud_sync.domain.booking import NewMovement
from cloud_sync.interop.dscsa.discrepancies import (
    RULES,
    CameLot,
    Code,
    Discrepancy,
    Holds,
    ToldLot,
    compare,
    told_in_words,
)
from cloud_sync.posting.cases import LEDGER, Case, amend_case, close_case, latest_cases, open_case
from cloud_sync.posting.holds import lift, lift_holds_of_case, place_hold_on
from cloud_sync.posting.interop.partner_deliveries import send_message
from cloud_sync.posting.interop.partners import traced_items
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries
from edge_agent.domain.barcodes.item_codes import code_of_case

MISMATCH = "transaction_mismatch"
EXPLAINED = "later data explain it"
ORIGIN = "transaction_data"
"""Origin of the holds on serials that go with such a case."""
SERIALS_HELD_MAX = 500
"""With more serials than this the lot is held."""


def check_receipts(connection: Connection, supplier_id: int, lots: Iterable[tuple[int, str]], at: datetime) -> None:
    """Compare again what a supplier told and what came of these lots (item id, lot number), and of those that are open.

    The caller owns the holds (``locks.lock_holds``).
    """
    wanted = sorted(set(lots))
    products = traced_items(connection, (item_id for item_id, _ in wanted))
    wanted = [(item_id, number) for item_id, number in wanted if item_id in products]
    if not wanted:
        return
    items = sorted({item_id for item_id, _ in wanted})
    supplier = queries("trading_partners").partner_by_place(connection, place_id=supplier_id)
    open_cases = list(queries("transactions").open_mismatches(connection, supplier_id=supplier_id, item_ids=items))
    numbers = sorted({number for _, number in wanted} | {each["data"]["lot_number"] for each in open_cases})
    queries("transactions").link_received(connection, supplier_id=supplier_id, item_ids=items, lot_numbers=numbers)
    told, came, lot_ids = _both_sides(connection, supplier_id, items, numbers)
    keys: dict[str, tuple[Discrepancy, Row, list[int]]] = {}
    for item_id in items:
        for found in compare(told.get(item_id, []), came.get(item_id, [])):
            key = f"supplier:{supplier_id}/item:{item_id}/lot:{found.lot_number}/{found.code}"
            keys[key] = (found, products[item_id], lot_ids.get((item_id, found.lot_number), []))
    still = keys.keys() | {f"{key}/{lot_id}" for key, (_, _, ids) in keys.items() for lot_id in ids}
    for case in open_cases:
        if case["key"] not in still and case["data"]["code"] not in _NOT_COMPARED:
            explain(connection, case["id"])
    known = latest_cases(connection, MISMATCH, list(keys))
    for key, (found, product, ids) in keys.items():
        _sync(connection, key, found, product, supplier, ids, known.get(key), at)


_NOT_COMPARED = frozenset({Code.DAMAGED, Code.CONCEALED_OVERAGE, Code.CONCEALED_SHORTAGE, Code.DUPLICATE_PRODUCT})
"""What is found otherwise, and does not end because sums fit."""


def _both_sides(
    connection: Connection, supplier_id: int, items: Sequence[int], numbers: Sequence[str]
) -> tuple[dict[int, list[ToldLot]], dict[int, list[CameLot]], dict[tuple[int, str], list[int]]]:
    """What was told and what came by item, and the lots with each number."""
    asked = {"supplier_id": supplier_id, "item_ids": list(items)}
    rows = list(queries("transactions").told_lots(connection, **asked, lot_numbers=list(numbers)))
    every = sorted({*numbers, *(row["lot_number"] for row in rows)})
    serials: dict[tuple[int, str, str | None], set[str]] = {}
    for row in queries("transactions").told_lot_serials(connection, **asked, lot_numbers=every):
        serials.setdefault((row["item_id"], row["lot_number"], row["fault"]), set()).add(row["serial"])
    told: dict[int, list[ToldLot]] = {}
    for row in rows:
        known = frozenset(serials.get((row["item_id"], row["lot_number"], row["fault"]), ()))
        fault = Code(row["fault"]) if row["fault"] else None
        told.setdefault(row["item_id"], []).append(
            ToldLot(row["lot_number"], row["quantity"], known, row["is_finished"], fault)
        )
    return told, *_came(connection, asked, every)


def _came(
    connection: Connection, asked: dict[str, Any], numbers: Sequence[str]
) -> tuple[dict[int, list[CameLot]], dict[tuple[int, str], list[int]]]:
    sums: dict[tuple[int, str], tuple[int, set[str]]] = {}
    lot_ids: dict[tuple[int, str], list[int]] = {}
    for row in queries("transactions").came_lots(connection, **asked, lot_numbers=list(numbers)):
        key = (row["item_id"], row["lot_number"])
        quantity, serials = sums.get(key, (0, set()))
        # The packages in a sealed case are told one by one, and read when it is opened.
        if row["serial"] and row["quantity"] > 0 and not code_of_case(row["serial"]):
            serials.add(row["serial"])
        sums[key] = (quantity + row["quantity"], serials)
        if row["lot_id"] not in lot_ids.setdefault(key, []):
            lot_ids[key].append(row["lot_id"])
    came: dict[int, list[CameLot]] = {}
    for (item_id, number), (quantity, serials) in sums.items():
        came.setdefault(item_id, []).append(CameLot(number, quantity, frozenset(serials)))
    return came, lot_ids


def _sync(
    connection: Connection,
    key: str,
    found: Discrepancy,
    product: Row,
    supplier: Row,
    lot_ids: list[int],
    known: Row | None,
    at: datetime,
) -> None:
    """Open or amend the case on a discrepancy."""
    text = told_in_words(found, item=product["item"], supplier=supplier["name"])
    data = {
        "code": found.code.value,
        "supplier": supplier["name"],
        "supplier_id": supplier["place_id"],
        "item": product["item"],
        "item_id": product["item_id"],
        "lot_number": found.lot_number,
        "quantity": found.quantity,
        "serials": list(found.serials[:SERIALS_HELD_MAX]),
        "told_lot": found.told_lot,
        "lots": lot_ids,
    }
    is_open = known is not None and known["resolved_at"] is None
    if known is not None and known["data"] == data and (is_open or known["resolved_by"] != LEDGER):
        return
    if known is not None and is_open:
        if lot_ids and not known["data"]["lots"]:
            explain(connection, known["id"])  # goods have come that it has to hold
        else:
            amend_case(connection, known["id"], text, data)
            hold_serials(connection, known["id"], found, lot_ids, text, at)
            return
    open_discrepancy(connection, key, found, text, data, lot_ids, supplier["place_id"], at)


def open_discrepancy(
    connection: Connection,
    key: str,
    found: Discrepancy,
    text: str,
    data: dict[str, Any],
    lot_ids: Sequence[int],
    supplier_id: int,
    at: datetime,
) -> int | None:
    """Open the case, hold what its code says, and write the message to the partner; gives the case's id if it is new.

    Of lots with the same number of several owners each is held, by a case of its own. The caller owns the holds.
    """
    rule = RULES[found.code]
    holds_serials = rule.holds is Holds.SERIALS and 0 < len(found.serials) <= SERIALS_HELD_MAX
    held = [] if rule.holds is Holds.NOTHING or holds_serials else list(lot_ids)
    first: int | None = None
    for number, lot_id in enumerate(held or [None]):
        case_key = key if number == 0 else f"{key}/{lot_id}"
        case_id = open_case(connection, Case(MISMATCH, case_key, text, lot_id, data=data))
        if number == 0:
            first = case_id
    if first is None:
        return None
    if holds_serials:
        hold_serials(connection, first, found, lot_ids, text, at)
    write_message(connection, first, found, text, supplier_id, at)
    return first


def hold_serials(
    connection: Connection, case_id: int, found: Discrepancy, lot_ids: Sequence[int], text: str, at: datetime
) -> None:
    """Let the holds of a case be on the serials of its discrepancy, and on no others. The caller owns the holds."""
    if RULES[found.code].holds is not Holds.SERIALS or not lot_ids:
        return
    rows = list(queries("transactions").serials_held(connection, case_id=case_id))
    wanted = set(found.serials[:SERIALS_HELD_MAX])
    for row in rows:
        if row["serial"] not in wanted:
            lift(connection, row["id"], lot_id=row["lot_id"], reason=EXPLAINED, actor=LEDGER)
    for serial in sorted(wanted - {row["serial"] for row in rows}):
        place_hold_on(
            connection,
            kind="exception",
            lot_id=lot_ids[-1],
            place_id=None,
            serial=serial,
            reason=f"{RULES[found.code].words}: {text}",
            placed_by=LEDGER,
            at=at,
            origin=ORIGIN,
            case_id=case_id,
        )


def write_message(
    connection: Connection, case_id: int, found: Discrepancy, text: str, partner_id: int, at: datetime
) -> None:
    """What the partner has to be told of a case."""
    rule = RULES[found.code]
    message_id: int | None = queries("transactions").add_message(
        connection,
        partner_id=partner_id,
        kind=found.code.value,
        case_id=case_id,
        subject=f"{rule.words[0].upper()}{rule.words[1:]}: lot {found.lot_number}",
        body=f"{text[0].upper()}{text[1:]}. {rule.ask}",
        data=Jsonb({"code": found.code.value, "lot_number": found.lot_number, "quantity": found.quantity,
                    "serials": list(found.serials), "told_lot": found.told_lot}),
        made_at=at,
        due_at=None,
    )  # fmt: skip
    if message_id is not None:
        send_message(connection, message_id, at)
        data = {"case": case_id, "code": found.code.value}
        add_event(
            connection, actor=LEDGER, kind="partner_message_made", subject=f"partner_message:{message_id}", data=data
        )


def tell_duplicate(connection: Connection, case_id: int, movement: NewMovement, lot: Row, supplier: Row) -> None:
    """A serial came that is here already: its supplier is told, if it is of a product under the act."""
    if lot["item_id"] not in traced_items(connection, [lot["item_id"]]):
        return
    found = Discrepancy(Code.DUPLICATE_PRODUCT, lot["lot_number"], movement.quantity, (movement.serial,))
    text = told_in_words(found, item=lot["item"], supplier=supplier["name"])
    write_message(connection, case_id, found, text, supplier["id"], movement.occurred_at)


def explain(connection: Connection, case_id: int) -> None:
    """Close a case that later data explain, with its holds and what was not sent about it. The caller owns the
    holds."""
    lift_holds_of_case(connection, case_id, reason=EXPLAINED, actor=LEDGER)
    close_case(connection, case_id, actor=LEDGER, resolution=EXPLAINED)
    queries("transactions").withdraw_messages(connection, case_id=case_id)
