"""Exception cases: what contradicts the ledger, or cannot be read, kept until somebody resolves it.

While a case that names a lot is open, the lot is held (view ``active_hold``).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from psycopg.types.json import Jsonb

from cloud_sync.posting.reservations.broken_reservations import break_reservations
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import LEDGER as LEDGER
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries


@dataclass(frozen=True, slots=True)
class Case:
    """A case to open. ``key`` says what it is about, within its kind, the same whatever arrived first.

    A case with ``lot_id`` holds the lot. With ``place_id`` it holds nothing by itself: the caller holds the goods.
    """

    kind: str
    key: str
    text: str
    lot_id: int | None = None
    evidence_id: int | None = None
    data: dict[str, Any] = field(default_factory=dict)
    place_id: int | None = None


def open_case(connection: Connection, case: Case) -> int | None:
    """Open ``case`` and give its id; None if one of this kind and key is open already.

    Reservations of stock that it holds are broken. The caller owns the lot.
    """
    case = replace(case, text=_without_prescription(case.text))
    case_id: int | None = queries("cases").add_case(
        connection,
        kind=case.kind,
        key=case.key,
        text=case.text,
        lot_id=case.lot_id,
        evidence_id=case.evidence_id,
        data=Jsonb(case.data),
        place_id=case.place_id,
    )
    if case_id is not None:
        data = {"kind": case.kind, "key": case.key, "lot": case.lot_id}
        add_event(connection, actor=LEDGER, kind="case_opened", subject=f"case:{case_id}", reason=case.text, data=data)
    if case_id is not None and case.lot_id is not None and case.place_id is None:
        break_reservations(connection, [case.lot_id])
    return case_id


def _without_prescription(text: str) -> str:
    """What a case says is sealed; the batch of its lot names the prescription, where it can be erased.

    >>> _without_prescription("pick of 1 although held: made for prescription RX-1 alone; expired")
    'pick of 1 although held: made for one prescription alone; expired'
    """
    return _PRESCRIPTION.sub("made for one prescription alone", text)


_PRESCRIPTION = re.compile(r"made for prescription .+? alone")


def count_case(connection: Connection, case: Case, times: int = 1) -> None:
    """Open ``case``, or count ``times`` more on the open one: however often it happens, it is one case.

    ``data`` of the case is that of the newest occurrence, and ``count``.
    """
    if open_case(connection, replace(case, data={**case.data, "count": times})) is not None:
        return
    known = latest_case(connection, case.kind, case.key)
    if known is not None:
        # Only counted: what strangers send without end must not fill the event log.
        data = Jsonb({**case.data, "count": known["data"].get("count", 1) + times})
        text = _without_prescription(case.text)
        queries("cases").amend_case(connection, id=known["id"], text=text, data=data)


def latest_case(connection: Connection, kind: str, key: str) -> Row | None:
    """The newest case about ``key``, open or resolved, locked."""
    return latest_cases(connection, kind, [key]).get(key)


def latest_cases(connection: Connection, kind: str, keys: Sequence[str]) -> dict[str, Row]:
    """The newest case about each of these keys that has one, open or resolved, locked."""
    rows = queries("cases").latest_cases(connection, kind=kind, keys=sorted(set(keys)))
    return {row["key"]: row for row in rows}


def amend_case(connection: Connection, case_id: int, text: str, data: dict[str, Any]) -> None:
    """Let an open case say something else; the event log keeps what it says since when."""
    text = _without_prescription(text)
    queries("cases").amend_case(connection, id=case_id, text=text, data=Jsonb(data))
    add_event(connection, actor=LEDGER, kind="case_amended", subject=f"case:{case_id}", reason=text, data=data)


def close_case(connection: Connection, case_id: int, *, actor: str, resolution: str) -> None:
    """Resolve an open case."""
    queries("cases").close_case(connection, id=case_id, resolved_by=actor, resolution=resolution)
    add_event(connection, actor=actor, kind="case_resolved", subject=f"case:{case_id}", reason=resolution)
