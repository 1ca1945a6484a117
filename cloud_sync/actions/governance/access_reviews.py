"""The periodic review of accesses: each account, token and badge is confirmed or taken back by somebody else."""

from contextlib import suppress
from datetime import date, datetime
from typing import Any

from cloud_sync.actions.access import revoke_token_in
from cloud_sync.actions.people.accounts import lock_in
from cloud_sync.errors import Conflict, Invalid, NotAllowed, NotFound
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries


def open_review(
    database: Database, *, title: str, due_on: date, next_due_on: date, at: datetime, actor: str
) -> dict[str, Any]:
    """Begin a review of everybody who may do something now. Raises ``Invalid``, ``Conflict`` while one is open."""
    if not at.date() <= due_on < next_due_on:
        raise Invalid("a review is due from today on, and the next one after it", "Check both dates.")
    with database.transaction() as connection:
        review_id: int | None = queries("access_reviews").open_review(
            connection, title=title, due_on=due_on, next_due_on=next_due_on, actor=actor, at=at
        )
        if review_id is None:
            raise Conflict("a review is open already", "Finish it first: GET /v1/access-reviews.")
        lines = queries("access_reviews").fill_review(connection, id=review_id)
        data = {"due_on": due_on.isoformat(), "next_due_on": next_due_on.isoformat(), "lines": lines}
        _tell(connection, review_id, "access_review_opened", title, actor, data)
        return _shown(connection, review_id)


def decide(database: Database, line_id: int, decision: str, *, reason: str, at: datetime, actor: str) -> dict[str, Any]:
    """Confirm an access, or take it back at once (``confirmed``, ``revoked``); the last decision closes the review.

    Gives the line. Raises ``NotFound``, ``NotAllowed`` for one's own access, ``Conflict``."""
    with database.transaction() as connection:
        line: Row | None = queries("access_reviews").review_line(connection, id=line_id)
        if line is None:
            raise NotFound(f"there is no line {line_id}", "See GET /v1/access-reviews for the open review.")
        review = queries("access_reviews").review(connection, id=line["review_id"])
        if line["decision"] is not None:
            raise Conflict(f"{line['name']} was {line['decision']} by {line['decided_by']}")
        if line["person"].lower() == actor.lower():
            raise NotAllowed("nobody reviews their own access", "Another reviewer decides on it.")
        if decision == "revoked":
            _revoke(connection, line, reason, at, actor)
        queries("access_reviews").decide_line(
            connection, id=line_id, decision=decision, actor=actor, at=at, reason=reason
        )
        data = {"review": review["id"], "kind": line["kind"], "roles": line["roles"]}
        add_event(connection, actor=actor, kind=f"access_{decision}", subject=f"{line['kind']}:{line['name']}",
                  reason=reason, data=data)  # fmt: skip
        if not any(row["decision"] is None for row in _lines(connection, review["id"])):
            queries("access_reviews").close_review(connection, id=review["id"], actor=actor, at=at)
            _tell(connection, review["id"], "access_review_closed", review["title"], actor, {})
        found: dict[str, Any] = queries("access_reviews").review_line(connection, id=line_id)
        return found


def list_reviews(database: Database) -> list[Row]:
    """Reviews, the newest first, with how many ``lines`` they have and how many are ``waiting``."""
    with database.transaction() as connection:
        return list(queries("access_reviews").reviews(connection))


def review_of(database: Database, review_id: int) -> dict[str, Any]:
    """A review with its lines. Raises ``NotFound``."""
    with database.transaction() as connection:
        return _shown(connection, review_id)


def _revoke(connection: Connection, line: Row, reason: str, at: datetime, actor: str) -> None:
    """Take it back: who has been asked gives out nothing by it."""
    match line["kind"]:
        case "account":
            lock_in(connection, line["name"], reason=f"access review: {reason}", at=at, actor=actor)
            queries("access_reviews").end_roles(connection, person=line["name"])
        case "token":
            with suppress(NotFound):  # it may be over by now
                revoke_token_in(connection, line["name"], actor=actor)
        case _:
            queries("access_reviews").end_badge(connection, name=line["name"])


def _lines(connection: Connection, review_id: int) -> list[Row]:
    return list(queries("access_reviews").review_lines(connection, id=review_id))


def _shown(connection: Connection, review_id: int) -> dict[str, Any]:
    row: Row | None = queries("access_reviews").review(connection, id=review_id)
    if row is None:
        raise NotFound(f"there is no review {review_id}", "See GET /v1/access-reviews for those there are.")
    lines = _lines(connection, review_id)
    waiting = sum(line["decision"] is None for line in lines)
    return {**row, "lines": len(lines), "waiting": waiting, "accesses": lines}


def _tell(connection: Connection, review_id: int, kind: str, reason: str, actor: str, data: dict[str, Any]) -> None:
    add_event(connection, actor=actor, kind=kind, subject=f"access_review:{review_id}", reason=reason, data=data)
