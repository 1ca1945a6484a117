"""Channels that nothing judges: each is a case, until it is judged or somebody says that it need not be."""

from collections.abc import Iterable, Sequence

from cloud_sync.posting.cases import LEDGER, Case, close_case, latest_cases, open_case
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.monitoring.judged import Judged, judged_by, place_in_name
from edge_agent.domain.monitoring.policies import Policy

NOT_JUDGED = "channel_not_judged"
TEXTS = {
    Judged.NO_PLACE: "{name} measures and has no place, so nothing judges it",
    Judged.NO_POLICY: "{name} measures in {place}, where no storage policy holds, so nothing judges it",
    Judged.NO_RULE: "{name} measures in {place}, whose storage policy has no rule about {metric}, so nothing judges it",
}
WHAT_TO_DO = {
    Judged.NO_PLACE: "Say where it measures (PUT /v1/channels/{id}/place)",
    Judged.NO_POLICY: "Give the place a policy",
    Judged.NO_RULE: "Give the place a policy that judges it",
}


def note_unjudged(connection: Connection, channel_ids: Iterable[int] | None = None) -> None:
    """Open a case for each of these channels (None: all) that nothing judges; close those of the others."""
    ids = None if channel_ids is None else sorted(set(channel_ids))
    rows = list(queries("unjudged").channels_to_judge(connection, channel_ids=ids))
    cases = latest_cases(connection, NOT_JUDGED, [_key(row) for row in rows])
    places: set[str] | None = None
    for row in rows:
        judged = judged_of(row)
        case = cases.get(_key(row))
        is_open = case is not None and case["resolved_at"] is None
        if judged.is_silent_gap and not is_open:
            if places is None:
                places = {each["name"] for each in queries("unjudged").places_to_propose(connection)}
            open_case(connection, _case(row, judged, place_in_name(row["device"], places)))
        elif is_open and case is not None and case["data"].get("why") != judged.value:
            how = "it is judged now" if not judged.is_silent_gap else "reported again"
            close_case(connection, case["id"], actor=LEDGER, resolution=row["on_purpose"] or how)
            if judged.is_silent_gap:
                open_case(connection, _case(row, judged, None))


def note_new_channels(connection: Connection, gateway_id: int, devices: Sequence[str], metrics: Sequence[str]) -> None:
    """Channels of a gateway that were heard of for the first time."""
    rows = queries("unjudged").channels_of_devices(connection, gateway_id=gateway_id, devices=devices, metrics=metrics)
    note_unjudged(connection, [row["id"] for row in rows])


def judged_of(row: Row) -> Judged:
    """What becomes of a channel's values (a row of ``channels_to_judge``)."""
    if row["on_purpose"] is not None:
        return Judged.NOT_NEEDED
    policies = [Policy.model_validate(body) for body in row["policies"]]
    return judged_by(row["metric"], row["place"], policies)


def _key(row: Row) -> str:
    return f"channel:{row['id']}"


def _case(row: Row, judged: Judged, proposed: str | None) -> Case:
    names = {"name": f"{row['gateway']}: {row['device']} {row['metric']}", "id": row["id"]}
    names |= {"place": row["place"], "metric": row["metric"]}
    hint = f"; {proposed} is proposed by its name" if proposed else ""
    text = f"{TEXTS[judged].format(**names)}. {WHAT_TO_DO[judged].format(**names)}{hint}, or say that it is on purpose."
    data = {"channel": row["id"], "why": judged.value, "place": row["place"], "proposed_place": proposed}
    return Case(NOT_JUDGED, _key(row), text, data=data)
