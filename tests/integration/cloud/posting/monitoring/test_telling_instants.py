"""What is left out of a look at readings because it changes nothing for a rule, changes nothing."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random

import pytest
from psycopg.rows import tuple_row

from cloud_sync.actions.monitoring.retention import make_months
from cloud_sync.domain.excursion_detection import DetectionState, FoundExcursion, fold
from cloud_sync.posting.monitoring.rule_evaluation import Subject, of_rule
from cloud_sync.storage.queries import queries
from edge_agent.domain.monitoring.excursions import Rule, Side
from edge_agent.domain.monitoring.signals import Instant
from tests.support.builders import Ledger, minute

NEAR = (4.0, 7.0, 7.5, 8.0, 8.5, 9.0, 1.5, 2.0, 2.5, 3.0)
"""Round the limits of 2 and 8 with a hysteresis of half a degree or none: outside, on it, between, and back."""
ENDLESS = {"first": None, "before": None, "at_most": None}


def outcome(instants: Iterable[Instant], rule: Rule) -> tuple[DetectionState, list[FoundExcursion]]:
    state, found = DetectionState(), list[FoundExcursion]()
    for now, ended in fold(state, instants, rule):
        state, found = now, [*found, *ended]
    return state, found


@pytest.mark.parametrize("seed", range(12))
def test_excursions_are_the_same_without_what_tells_nothing(ledger: Ledger, seed: int) -> None:
    random = Random(seed)
    side, limit = random.choice(((Side.ABOVE, 8.0), (Side.BELOW, 2.0)))
    rule = Rule(
        "limit", "temp_c", side, limit, random.random() < 0.5,
        delay_s=random.choice((0.0, 120.0)), hysteresis=random.choice((0.0, 0.5)), gap_s=random.choice((None, 90.0)),
    )  # fmt: skip
    calm = random.choice((0.0, 0.5, 0.9))
    values = [5.0 if random.random() < calm else random.choice(NEAR) for _ in range(300)]
    times: list[datetime] = [minute(0)]
    for _ in values[1:]:
        times.append(times[-1] + timedelta(seconds=random.choice((30, 60, 100, 200))))
    with ledger.database.transaction() as connection:
        make_months(connection, times[0], times[-1])
    ledger.run(
        "INSERT INTO reading (channel_id, at, seq, value, evidence_id)"
        " SELECT 5, at, number, value, 1 FROM unnest(%(ats)s::timestamptz[], %(values)s::float8[])"
        " WITH ORDINALITY AS said (at, value, number)",
        {"ats": times, "values": values},
    )

    parameters = {**ENDLESS, **of_rule(Subject(5, 1, rule))}
    with ledger.database.transaction() as connection, connection.cursor(row_factory=tuple_row) as cursor:
        every = cursor.execute(queries("tracks").instants.sql, parameters).fetchall()
        telling = cursor.execute(queries("tracks").telling_instants.sql, parameters).fetchall()

    assert len(every) == len(values) and set(telling) <= set(every)
    assert outcome(telling, rule) == outcome(every, rule)
    if calm == 0.9:
        assert len(telling) < len(every) * 0.8
