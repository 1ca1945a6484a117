"""Storage policies from files: new ones are added, edited ones are noticed and imported when somebody says so.

A policy never changes in the ledger, for readings stay judged by what was in force when they were taken. An edited file
becomes a policy of its own (``usp-refrigerator-v2``); the places that had the one before get it from then on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cloud_sync.actions.corrections.corrections import propose_in
from cloud_sync.posting.cases import LEDGER, Case, close_case, count_case, latest_case
from cloud_sync.posting.corrections.place_policies import lots_that_were_in
from cloud_sync.posting.monitoring.rule_tracks import judge_places
from cloud_sync.posting.policies import add_policy, check_silence, latest_version, next_name
from cloud_sync.storage.database import Connection, Database
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries
from edge_agent.domain.monitoring.policies import Policy

EDITED, UNWATCHED = "policy_file_edited", "policy_without_silence_rule"


@dataclass(frozen=True, slots=True)
class Imported:
    """The names of policies: added, those whose files were edited, and those that would not notice silence."""

    new: tuple[str, ...]
    edited: tuple[str, ...]
    unwatched: tuple[str, ...]


def import_policies(database: Database, policies: Sequence[Policy], *, actor: str) -> Imported:
    """Add the policies that the ledger does not have; open a case for each edited one, and for what notices no silence.

    A policy of a file that would hold stock and not notice that its sensor died is not added.
    """
    new, edited, unwatched = [], [], []
    for policy in policies:
        with database.transaction() as connection:
            latest = latest_version(connection, policy.name)
            if latest is None and policy.unguarded_silence:
                unwatched.append(policy.name)
            elif latest is None:
                add_policy(connection, policy, actor)
                new.append(policy.name)
            elif latest.model_copy(update={"name": policy.name}) != policy:
                edited.append(policy.name)
                _note_edited(connection, policy, latest)
    with database.transaction() as connection:
        for row in list(queries("master_data").policies(connection, rows_max=1000, rows_skipped=0)):
            _note_unwatched(connection, Policy.model_validate(row["body"]))
    return Imported(tuple(new), tuple(edited), tuple(unwatched))


def import_edited(database: Database, policies: Sequence[Policy], *, at: datetime, actor: str) -> dict[str, str]:
    """Let edited policies be in force from ``at`` on in the places that had them; gives the new name by the old one.

    Where stock has stood, a correction is proposed instead: another person confirms it.
    Raises ``Conflict`` for one that would not notice silence any more.
    """
    renamed: dict[str, str] = {}
    for policy in policies:
        with database.transaction() as connection:
            latest = latest_version(connection, policy.name)
            if latest is None or latest.model_copy(update={"name": policy.name}) == policy:
                continue
            check_silence(policy)
            newer = policy.model_copy(update={"name": next_name(policy.name, latest.name)})
            add_policy(connection, newer, actor)
            _put_in_force(connection, latest.name, newer.name, at, actor)
            case = latest_case(connection, EDITED, f"policy:{policy.name}")
            if case is not None and case["resolved_at"] is None:
                close_case(connection, case["id"], actor=LEDGER, resolution=f"imported as {newer.name} by {actor}")
            renamed[policy.name] = newer.name
    return renamed


def _put_in_force(connection: Connection, before: str, after: str, at: datetime, actor: str) -> None:
    """Where stock has stood, propose it: there a second person has to agree."""
    for row in list(queries("master_data").places_with_policy(connection, policy=before)):
        if lots_that_were_in(connection, row["id"]):
            asked = {"place": row["name"], "policy": after}
            why = f"the file of policy {before} was edited"
            propose_in(connection, "place_policy", asked, reason=why, at=at, actor=actor)
            continue
        queries("tracks").policy_was(connection, place_id=row["id"], policy=before, until=at)
        queries("master_data").set_policy(connection, place_id=row["id"], policy=after)
        data = {"policy": after, "before": before, "since": at.isoformat()}
        add_event(connection, actor=actor, kind="place_policy_changed", subject=f"place:{row['name']}", data=data)
        judge_places(connection, row["id"])


def _note_edited(connection: Connection, policy: Policy, latest: Policy) -> None:
    text = f"the file of policy {policy.name} was edited; the ledger still judges by {latest.name} as it was"
    data = {"import_with": f"cloud-sync import-policies --edited {policy.name}", "policy": policy.name}
    count_case(connection, Case(EDITED, f"policy:{policy.name}", text, data=data))


def _note_unwatched(connection: Connection, policy: Policy) -> None:
    case = latest_case(connection, UNWATCHED, f"policy:{policy.name}")
    if not policy.unguarded_silence or case is not None:
        return
    metrics = ", ".join(policy.unguarded_silence)
    text = f"policy {policy.name} limits {metrics} and does not notice a dead sensor: give its places another policy"
    count_case(connection, Case(UNWATCHED, f"policy:{policy.name}", text, data={"policy": policy.name}))
