"""Where a channel has been for some time, said afterwards: judged in both places until quality has decided.

People put a probe elsewhere and say so later, or take it for another one. What it measured meanwhile may be of either
place, so it counts in both: what was out of limits is held in both, and nothing is freed by it.
"""

from datetime import datetime, timedelta
from typing import Any

from cloud_sync.domain.dispositions import CaseDecision
from cloud_sync.errors import Invalid
from cloud_sync.posting.cases import Case, open_case
from cloud_sync.posting.monitoring.rule_tracks import assign_channel, judge_again
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries

CHANNEL_STATEMENT = "channel_statement"
"""The kind of the cases."""
_TIME = "%Y-%m-%d %H:%M"


def state_earlier(
    connection: Connection, channel_id: int, place_id: int | None, *, since: datetime, at: datetime, actor: str
) -> int:
    """Say ``at`` that time that a channel has been in a place (None: nowhere) ``since``; gives the id of the case.

    From ``at`` on it is there. What it measured between is judged in both places.
    """
    ids = [row["id"] for row in queries("tracks").with_versions(connection, channel_ids=[channel_id])]
    channel = next(
        row for row in queries("tracks").lock_channels(connection, channel_ids=ids) if row["id"] == channel_id
    )
    before = channel["place_id"]
    moved_at: datetime | None = queries("tracks").last_assigned(connection, channel_id=channel_id)
    if moved_at is not None and moved_at >= at:
        at = moved_at + timedelta(microseconds=1)  # two things said at one instant: this one comes after
    if before != place_id:
        assign_channel(connection, channel_id, place_id, since=at, actor=actor)
    said: dict[str, Any] = {"channel_id": channel_id, "place_id": place_id, "since": since, "until": at}
    statement = queries("tracks").add_statement(connection, **said, said_by=actor)
    judge_again(connection, ids)
    name = f"{channel['device']}/{channel['metric']}"
    names = {row["id"]: row["name"] for row in queries("tracks").place_names(connection, ids=[before, place_id])}
    found = [
        {**row, "began_at": row["began_at"].isoformat(), "ended_at": row["ended_at"] and row["ended_at"].isoformat()}
        for row in queries("tracks").excursions_in_span(connection, channel_id=channel_id, first=since, before=at)
    ]
    data = {
        "by": actor,
        "statement": statement,
        "channel": channel_id,
        "since": since.isoformat(),
        "until": at.isoformat(),
        "recorded": {"place": names.get(before)},
        "stated": {"place": names.get(place_id)},
        "excursions": found,
    }
    add_event(connection, actor=actor, kind="channel_stated", subject=f"channel:{channel_id}", data=data)
    text = (
        f"{actor} says that {name} has measured {_where(names.get(place_id))} since {since:{_TIME}} UTC, and it was "
        f"{_where(names.get(before))} as far as was known until {at:{_TIME}} UTC. What it measured meanwhile counts in "
        "both places. Accept the case if evidence proves it, and it counts in the new place only; reject it otherwise"
    )
    case_id = open_case(
        connection, Case(CHANNEL_STATEMENT, f"channel:{channel_id}/statement:{statement}", text, data=data)
    )
    assert case_id is not None  # noqa: S101 - each statement has a key of its own
    return case_id


def decide_on_statement(connection: Connection, case: Row, decision: CaseDecision, *, actor: str) -> None:
    """Quality's word on such a case. Raises ``Invalid`` if it is neither accepted nor rejected."""
    if decision not in (CaseDecision.ACCEPTED, CaseDecision.REJECTED):
        raise Invalid(
            "where a channel was is accepted or rejected: otherwise both would count for ever",
            "Send the decision accepted (it was there) or rejected (it was not).",
        )
    ids = [row["id"] for row in queries("tracks").with_versions(connection, channel_ids=[case["data"]["channel"]])]
    list(queries("tracks").lock_channels(connection, channel_ids=ids))
    queries("tracks").decide_statement(
        connection, id=case["data"]["statement"], decision=decision.value, decided_by=actor
    )
    judge_again(connection, ids)


def _where(place: str | None) -> str:
    return f"in {place}" if place else "nowhere"
