"""Cases that follow from positions alone: more left than came, a serial in two places. Later facts close them."""

from collections.abc import Iterable

from cloud_sync.posting.cases import LEDGER, Case, amend_case, close_case, latest_case, latest_cases, open_case
from cloud_sync.storage.database import Connection, Row

NEGATIVE = "negative_balance"
DUPLICATE = "duplicate_serial"
EXPLAINED = "later facts explain it"


def sync_negative_balances(connection: Connection, balances: Iterable[Row]) -> None:
    """Open, amend or close the case on each of these balances, of which ``since`` is None where it is none."""
    by_key = {row["key"]: row for row in balances}
    if not by_key:
        return
    known = latest_cases(connection, NEGATIVE, list(by_key))
    for key, balance in by_key.items():
        _sync(connection, known.get(key), None if balance["since"] is None else _negative(key, balance))


def sync_duplicate_serials(connection: Connection, stays: Iterable[Row]) -> None:
    """The same of serials, with the ``places`` that each is in."""
    for stay in stays:
        key = f"lot:{stay['lot_id']}/{stay['serial']}"
        _sync(
            connection,
            latest_case(connection, DUPLICATE, key),
            _duplicate(key, stay) if len(stay["places"]) > 1 else None,
        )


def _negative(key: str, balance: Row) -> Case:
    serial = f" serial {balance['serial']}" if balance["serial"] else ""
    since = f"{balance['since']:%Y-%m-%d %H:%M:%S} UTC"
    text = f"more left {balance['place']}{serial} than came: {balance['lowest']} at the lowest, since {since}"
    data = {"lowest": balance["lowest"], "since": balance["since"].isoformat(), "fact": balance["fact"]}
    return Case(NEGATIVE, key, text, balance["lot_id"], balance["evidence_id"], data)


def _duplicate(key: str, stay: Row) -> Case:
    text = f"serial {stay['serial']} is in {' and '.join(stay['places'])} at once"
    data = {"places": stay["places"], "fact": stay["fact"]}
    return Case(DUPLICATE, key, text, stay["lot_id"], stay["evidence_id"], data)


def _sync(connection: Connection, known: Row | None, case: Case | None) -> None:
    """Let the facts be told by ``case``, or by none. What a person resolved stays so until the facts change."""
    is_open = known is not None and known["resolved_at"] is None
    if case is None:
        if known is not None and is_open:
            close_case(connection, known["id"], actor=LEDGER, resolution=EXPLAINED)
    elif known is not None and known["data"] == case.data and (is_open or known["resolved_by"] != LEDGER):
        return
    elif known is not None and is_open:
        amend_case(connection, known["id"], case.text, case.data)
    else:
        open_case(connection, case)
