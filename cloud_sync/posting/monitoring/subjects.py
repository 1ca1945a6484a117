"""By which rules channels are and were judged."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import Any

from cloud_sync.domain.excursion_detection import PolicySpell, rule_spells, rules_for
from cloud_sync.posting.monitoring.rule_evaluation import Subject
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.intervals import Interval
from edge_agent.domain.monitoring.policies import Policy

POLICIES_CACHED = 256


def subjects_of(connection: Connection, channel_ids: Iterable[int]) -> list[Subject[Any]]:
    """Every rule on every one of these channels, in force or not any more."""
    ids = sorted(channel_ids)
    dated = [row["id"] for row in queries("tracks").dated_channels(connection, channel_ids=ids)]
    rows: dict[int, list[Row]] = {}
    for row in queries("tracks").policies_of_channels(connection, channel_ids=sorted(set(ids) - set(dated))):
        rows.setdefault(row["channel_id"], []).append(row)
    subjects: list[Subject[Any]] = [
        Subject(channel_id, policies[0]["place_id"], rule)
        for channel_id, policies in rows.items()
        for rule in rules_for(policies[0]["metric"], [_policy(row["body"]) for row in policies])
    ]
    subjects += _dated_subjects(connection, dated) if dated else []
    return [each if not each.rule.start_delay_s else _started(connection, each) for each in subjects]


def _dated_subjects(connection: Connection, channel_ids: list[int]) -> list[Subject[Any]]:
    rows: dict[tuple[int, int | None], list[Row]] = {}
    for row in queries("tracks").policy_spells_of_channels(connection, channel_ids=channel_ids):
        rows.setdefault((row["channel_id"], row["statement"]), []).append(row)
    subjects = []
    for (channel_id, statement), spells in rows.items():
        policies = [
            PolicySpell(row["place_id"], _policy(row["body"]), Interval(row["since"], row["until"])) for row in spells
        ]
        for each in rule_spells(spells[0]["metric"], policies):
            subjects.append(Subject(channel_id, each.place_id, each.rule, each.in_force, statement=statement))
    return subjects


def _started(connection: Connection, subject: Subject[Any]) -> Subject[Any]:
    """Without what the device measured too soon after it began to measure in the place."""
    first = queries("tracks").first_good_after(connection, channel_id=subject.channel_id, at=subject.in_force.first)
    if first is None:
        return subject
    begins = first + timedelta(seconds=subject.rule.start_delay_s)
    return replace(subject, in_force=subject.in_force.cut(Interval(begins)), started_at=first)


@lru_cache(POLICIES_CACHED)
def _policy(body: str) -> Policy:
    return Policy.model_validate_json(body)
