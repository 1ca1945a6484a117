"""Shortages: who gets how much of what there is, proposed by care priority and days of cover, approved by people.

While a shortage is approved and not over, requisitions for the item are held to the shares
(``posting/planning/rationing``).
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any

from cloud_sync.actions.master_data.master_data import item_named, place_named
from cloud_sync.domain.care_priority import URGENT
from cloud_sync.errors import Conflict, Invalid, NotAllowed, NotFound
from cloud_sync.planning.shortage import Claim, shares
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

USED_OVER = timedelta(weeks=13)

SHARED_MIN = 0.5
"""A second person approves where less than this share of what is wanted is there, or where an urgent claim gets less
than it wants."""
DAYS_MAX = 365
ASK_OTHER = "Ask a colleague: one person alone must not be able to do it."


def open_shortage(
    database: Database, *, item: str, site: str, until: date, reason: str, at: datetime, actor: str
) -> Row:
    """Open a shortage of an item at a site until a day, with a proposal of who gets what; gives it.

    Raises ``NotFound``, ``Invalid``, and ``Conflict`` where one is open already, or nobody wants the item there.
    """
    days = (until - at.date()).days
    if not 0 < days <= DAYS_MAX:
        raise Invalid(
            f"{until} is not within the next {DAYS_MAX} days", "Give the day on which supply is expected again."
        )
    with database.transaction() as connection:
        item_id, place = item_named(connection, item)["id"], place_named(connection, site)
        if place["kind"] != "site":
            raise Invalid(f"{site} is a {place['kind']}, not a site", "Name the site whose stock is shared.")
        asked = {"item_id": item_id, "site_id": place["id"]}
        supply = queries("shortages").supply_of(connection, **asked, at=at)
        rows = list(queries("shortages").claims_on(connection, **asked, since=at - USED_OVER, at=at))
        own = {
            row["place_id"]: row["units"]
            for row in queries("shortages").stock_of_recipients(
                connection, item_id=item_id, place_ids=[row["place_id"] for row in rows], at=at
            )
        }
        claims = [_claim(row, own.get(row["place_id"], 0), days) for row in rows]
        wanted = sum(claim.wanted for claim in claims)
        if not wanted:
            raise Conflict(f"nobody got {item} from {site} lately, or asks for it", "There is nothing to share.")
        found = shares(supply, claims)
        second = supply < SHARED_MIN * wanted or any(
            each.priority <= URGENT and each.share < each.wanted for each in found
        )
        shortage_id = queries("shortages").add_shortage(
            connection, **asked, until_day=until, supply=supply, wanted=wanted, needs_second_person=second,
            reason=reason,
            opened_by=actor, opened_at=at,
        )  # fmt: skip
        if shortage_id is None:
            raise Conflict(f"a shortage of {item} at {site} is open already", "Override its shares, or end it first.")
        for row, claim, share in zip(rows, claims, found, strict=True):
            queries("shortages").add_share(
                connection, shortage_id=shortage_id, place_id=row["place_id"], priority=claim.priority, rate=claim.rate,
                stock=claim.stock, wanted=claim.wanted, proposed=share.share, why=share.why,
            )  # fmt: skip
        data = {"item": item, "site": site, "supply": supply, "wanted": wanted}
        _event(connection, shortage_id, "shortage_opened", reason, actor, data)
        return _shortage(connection, shortage_id)


def _claim(row: Row, stock: int, days: int) -> Claim:
    """What is used until the day beyond what the recipient has in a store of its own, or what is asked for, if that is
    more."""
    rate = row["used"] / USED_OVER.days
    return Claim(row["place"], row["priority"], rate, stock, max(ceil(rate * days) - stock, row["asked"], 0))


def override_share(
    database: Database, shortage_id: int, place: str, share: int, *, reason: str, at: datetime, actor: str
) -> Row:
    """Give a recipient another share than was proposed; gives the shortage. All shares together are at most the supply.

    Raises ``NotFound``, ``Conflict``.
    """
    with database.transaction() as connection:
        row = _locked(connection, shortage_id)
        of_place = {each["place"]: each for each in row["shares"]}
        if place not in of_place:
            raise NotFound(f"{place} has no share of shortage {shortage_id}", "Choose one of those that have.")
        total = sum(each["share"] for each in row["shares"]) - of_place[place]["share"] + share
        if total > row["supply"]:
            raise Conflict(
                f"the shares would be {total}, and there are only {row['supply']}", "Take it from somebody else first."
            )
        queries("shortages").add_override(
            connection, shortage_id=shortage_id, place_id=of_place[place]["place_id"], share=share, reason=reason,
            said_by=actor, said_at=at,
        )  # fmt: skip
        data = {"place": place, "before": of_place[place]["share"], "after": share}
        _event(connection, shortage_id, "shortage_overridden", reason, actor, data)
        return _shortage(connection, shortage_id)


def decide_shortage(
    database: Database, shortage_id: int, *, approve: bool, reason: str, at: datetime, actor: str
) -> Row:
    """Approve the shares, from when on requisitions are held to them, or reject them; gives the shortage.

    Raises ``NotFound``, ``Conflict``, ``NotAllowed`` where a second person has to.
    """
    decision = "approved" if approve else "rejected"
    with database.transaction() as connection:
        row = _locked(connection, shortage_id)
        if (row["decision"], row["decided_by"]) == (decision, actor):
            return row
        if row["decision"] is not None:
            raise Conflict(f"it was {row['decision']} by {row['decided_by']} already")
        if approve and row["needs_second_person"] and row["opened_by"] == actor:
            raise NotAllowed(f"{actor} opened it, and it hits urgent care: somebody else has to approve it", ASK_OTHER)
        queries("shortages").decide_shortage(
            connection, id=shortage_id, decision=decision, decided_by=actor, decided_at=at, decision_reason=reason
        )
        _event(connection, shortage_id, f"shortage_{decision}", reason, actor, {})
        return _shortage(connection, shortage_id)


def end_shortage(database: Database, shortage_id: int, *, reason: str, at: datetime, actor: str) -> Row:
    """There is enough again: orders are free. Gives the shortage. Raises ``NotFound``, ``Conflict``."""
    with database.transaction() as connection:
        row = _locked(connection, shortage_id)
        if row["ended_at"] is not None:
            return row
        if row["decision"] != "approved":
            raise Conflict("it is not approved", "Reject it instead.")
        queries("shortages").end_shortage(connection, id=shortage_id, ended_by=actor, ended_at=at, ended_reason=reason)
        _event(connection, shortage_id, "shortage_ended", reason, actor, {})
        return _shortage(connection, shortage_id)


def shortage(database: Database, shortage_id: int) -> Row:
    """One shortage with its shares and what may be given instead. Raises ``NotFound``."""
    with database.transaction() as connection:
        return _shortage(connection, shortage_id)


def list_shortages(database: Database, *, only_open: bool = False, rows_max: int, rows_skipped: int = 0) -> list[Row]:
    """Shortages, the newest first."""
    with database.transaction() as connection:
        rows = queries("shortages").shortages(
            connection, only_open=only_open, rows_max=rows_max, rows_skipped=rows_skipped
        )
        return [_with_state(row) for row in rows]


def _locked(connection: Connection, shortage_id: int) -> Row:
    queries("shortages").lock_shortage(connection, id=shortage_id)
    return _shortage(connection, shortage_id)


def _shortage(connection: Connection, shortage_id: int) -> Row:
    row: Row | None = queries("shortages").shortage_by_id(connection, id=shortage_id)
    if row is None:
        raise NotFound(f"there is no shortage {shortage_id}", "See GET /v1/shortages for those there are.")
    instead = queries("planning").substitutes_of_items(connection, item_ids=[row["item_id"]])
    return {
        **_with_state(row),
        "shares": list(queries("shortages").shares_of(connection, shortage_id=shortage_id)),
        "substitutes": [
            {
                "item": each["substitute"],
                "there": queries("shortages").supply_of(
                    connection, item_id=each["substitute_id"], site_id=row["site_id"], at=row["opened_at"]
                ),
            }
            for each in instead
        ],
    }


def _with_state(row: Row) -> Row:
    state = "over" if row["ended_at"] else row["decision"] or "to approve"
    took = (row["decided_at"] - row["opened_at"]).total_seconds() / 3600 if row["decided_at"] else None
    return {**row, "state": state, "response_hours": took}


def _event(
    connection: Connection, shortage_id: int, kind: str, reason: str, actor: str, data: Mapping[str, Any]
) -> None:
    add_event(connection, actor=actor, kind=kind, subject=f"shortage:{shortage_id}", reason=reason, data=dict(data))
