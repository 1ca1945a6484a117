"""A gateway speaks for its own site: what it says of other places is evidence and a case, never an effect.

Suppliers, customers and the like are nobody's site: goods come from there and go there, but at one end of each movement
is a place of the gateway's own site. A gateway that stands nowhere yet is waited for, as an unknown place is.
"""

import re
from collections.abc import Sequence

from cloud_sync.domain.booking import BookingLine, NotBooked, Why
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries

_TOLD = re.compile(r"hospital/([0-9]{1,18})#")
_SCANNED = re.compile(r"([^/]+)/[0-9a-f-]{36}/scans/[0-9]{1,19}#")


def out_of_scope(connection: Connection, lines: Sequence[BookingLine]) -> dict[str, NotBooked]:
    """By fact, the lines that a gateway or a connection told and may not speak for; others are not among them."""
    return {**_out_of_scope_of_messages(connection, lines), **_out_of_scope_of_gateways(connection, lines)}


def _out_of_scope_of_messages(connection: Connection, lines: Sequence[BookingLine]) -> dict[str, NotBooked]:
    told = [(line, int(match[1])) for line in lines if (match := _TOLD.match(line.fact))]
    if not told:
        return {}
    rows = queries("hospital").facts_out_of_scope(
        connection,
        message_ids=[message_id for _, message_id in told],
        from_names=[line.from_place for line, _ in told],
        to_names=[line.to_place for line, _ in told],
    )
    found: dict[str, NotBooked] = {}
    for row in rows:
        line, message_id = told[row["number"] - 1]
        text = (
            f"{row['connection']} reports in message {message_id} a {line.action} from {line.from_place} to "
            f"{line.to_place}, outside its own site: nothing was booked. Find out what happened, and book it by hand"
        )
        found[line.fact] = NotBooked(line, Why.OUTSIDE_SITE, text)
    return found


def _out_of_scope_of_gateways(connection: Connection, lines: Sequence[BookingLine]) -> dict[str, NotBooked]:
    told = [(line, match[1]) for line in lines if (match := _SCANNED.match(line.fact))]
    if not told:
        return {}
    ways = sorted({(gateway, line.from_place or "", line.to_place or "") for line, gateway in told})  # few
    rows = queries("movements").lines_out_of_scope(
        connection,
        gateways=[gateway for gateway, _, _ in ways],
        from_names=[from_name for _, from_name, _ in ways],
        to_names=[to_name for _, _, to_name in ways],
    )
    why_not = {ways[row["number"] - 1]: _why(row) for row in rows}
    found: dict[str, NotBooked] = {}
    for line, gateway in told:
        why = why_not.get((gateway, line.from_place or "", line.to_place or ""))
        if why is not None:
            found[line.fact] = NotBooked(line, why, _text(gateway, line.action, line.from_place, line.to_place, why))
    return found


def count_fault(connection: Connection, gateway: str, place: str | None) -> str | None:
    """Why this gateway may not speak of a count in that place; None if it may."""
    rows = list(
        queries("movements").lines_out_of_scope(connection, gateways=[gateway], from_names=[place], to_names=[place])
    )
    return _text(gateway, "count", place, place, _why(rows[0])) if rows else None


def _why(row: Row) -> Why:
    return Why.OUTSIDE_SITE if row["is_placed"] else Why.GATEWAY_WITHOUT_PLACE


def _text(gateway: str, action: str, from_place: str | None, to_place: str | None, why: Why) -> str:
    if why is Why.GATEWAY_WITHOUT_PLACE:
        return f"gateway {gateway} has no location assigned: assign one, and the {action} is booked"
    return (
        f"gateway {gateway} reports a {action} from {from_place} to {to_place}, outside its own site: nothing was "
        "booked. Find out what happened, and book it by hand"
    )
