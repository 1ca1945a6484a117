"""An excursion is of a place and a rule; its probes are the evidence, and may have to agree."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from cloud_sync.ingest.batches import store_batch
from cloud_sync.storage.database import Database
from edge_agent.domain.monitoring.policies import Policy
from edge_agent.domain.wire.records import Action
from tests.integration.conftest import Said
from tests.support.builders import GatewayWithKey, Ledger, line, minute, no_reading, reading, scan
from tests.support.ledger_api import NOW, Api, api_on


def judge_by(ledger: Ledger, sensors: str | int, **more: Any) -> None:
    rules = [
        {"name": "high", "metric": "temp_c", "side": "above", "limit": 8, "on_limit_is_outside": False, "delay_s": 0,
         "source": "test", "sensors": sensors} | more,
        {"kind": "no_data", "name": "silent", "metric": "temp_c", "after_s": 600, "source": "test",
         "severity": "alert", "sensors": sensors},
    ]  # fmt: skip
    ledger.add_policy(Policy.model_validate({"name": "test", "title": "", "rules": rules}))
    ledger.run("UPDATE place SET policy = 'test' WHERE name = 'fridge-a'")
    ledger.put_probe("fridge-a", "probe-2")
    ledger.put_probe("fridge-a", "probe-3")


def found(ledger: Ledger, rule: str = "high") -> set[tuple[str, datetime, datetime | None, float]]:
    return {(d, began, ended, worst) for d, name, began, ended, worst in ledger.excursions() if name == rule}


def at(number: float, a: float | None = None, b: float | None = None, c: float | None = None) -> list[Any]:
    names = ("probe-a", "probe-2", "probe-3")
    return [
        reading(minute(number), value, device)
        for device, value in zip(names, (a, b, c), strict=True)
        if value is not None
    ]


def test_two_probes_that_are_warm_together_make_one_excursion_with_both_as_evidence(ledger: Ledger, say: Said) -> None:
    judge_by(ledger, "any")
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    say(*at(1, 9, 5), *at(2, 9, 12), *at(3, 5, 11), *at(4, 5, 5))
    assert found(ledger) == {("probe-2", minute(1), minute(4), 12.0)}
    rows = ledger.rows(
        "SELECT c.device, e.worst FROM probe_excursion e JOIN channel c ON c.id = e.channel_id ORDER BY 1"
    )
    assert [(row["device"], row["worst"]) for row in rows] == [("probe-2", 12.0), ("probe-a", 9.0)]
    assert len(ledger.events("excursion_opened")) == 1
    assert ledger.rows("SELECT count(*) AS n FROM exposure")[0]["n"] == 1


def test_excursions_that_a_late_reading_joins_become_one_and_part_again(
    ledger: Ledger, gateway: GatewayWithKey, say: Said
) -> None:
    judge_by(ledger, "any")
    say(*at(1, 9), *at(2, 5), *at(6, 10), *at(7, 5))
    assert found(ledger) == {("probe-a", minute(1), minute(2), 9.0), ("probe-a", minute(6), minute(7), 10.0)}
    say(*at(1.5, None, 11), *at(6.5, None, 5))
    assert found(ledger) == {("probe-2", minute(1), minute(7), 11.0)}
    say(*at(1.6, None, 5))
    assert found(ledger) == {("probe-2", minute(1), minute(2), 11.0), ("probe-a", minute(6), minute(7), 10.0)}


def test_where_all_have_to_agree_one_warm_probe_is_no_excursion(ledger: Ledger, say: Said) -> None:
    judge_by(ledger, "all")
    say(*at(1, 9, 5, 5), *at(2, 9, 5, 9), *at(3, 9, 10, 9))
    assert found(ledger) == {("probe-3", minute(3), None, 9.0)} or found(ledger) == {("probe-a", minute(3), None, 9.0)}
    say(*at(4, 9, 5, 9))
    assert {(began, ended) for _, began, ended, _ in found(ledger)} == {(minute(3), minute(4))}


def test_two_of_three_and_the_second_worst_counts(ledger: Ledger, say: Said) -> None:
    judge_by(ledger, 2)
    say(*at(1, 20, 5, 5), *at(2, 20, 9, 5), *at(3, 20, 10, 5), *at(4, 20, 5, 5))
    assert found(ledger) == {("probe-2", minute(2), minute(4), 10.0)}


def test_a_second_probe_speaks_where_the_first_died_while_it_was_warm(ledger: Ledger, say: Said) -> None:
    judge_by(ledger, "all")
    say(*at(1, 20, 20), *at(2, 20, 20))
    say(*at(9, None, 5))
    assert {(began, ended) for _, began, ended, _ in found(ledger)} == {(minute(1), minute(9))}
    say(*at(13, None, 20))
    assert {(began, ended) for _, began, ended, _ in found(ledger)} == {(minute(1), minute(9)), (minute(13), None)}


def test_a_place_is_silent_where_all_its_probes_are(ledger: Ledger, say: Said) -> None:
    judge_by(ledger, "all")
    say(*at(0, 5, 5, 5), *at(8, None, 5))
    say(no_reading(minute(15)))
    assert found(ledger, "silent") == set()
    say(no_reading(minute(18)))
    assert {(began, ended) for _, began, ended, _ in found(ledger, "silent")} == {(minute(8), None)}


def test_an_alert_of_a_place_is_one_case(ledger: Ledger, say: Said) -> None:
    judge_by(ledger, "any", severity="alert")
    say(*at(1, 9, 9, 9), *at(2, 5, 5, 5), *at(3, 9, 9, 9))
    assert ledger.open_cases() == ["excursion_alert"]


# One event, one decision


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        yield opened


def warm_fridge(ledger: Ledger, gateway: GatewayWithKey) -> None:
    say = Said(ledger, gateway)
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(5, "L1"), line(6, "L2"), line(7, "L3")))
    say(*at(1, 9, 9), *at(2, 1, 1), *at(3, 5, 5))


def test_quality_decides_a_whole_event_at_once(ledger: Ledger, gateway: GatewayWithKey, api: Api) -> None:
    ledger.put_probe("fridge-a", "probe-2")
    warm_fridge(ledger, gateway)
    shown = api.reader.rows("/v1/excursions")
    assert {row["rule"]: len(row["probes"]) for row in shown} == {"too-warm": 2, "too-cold": 2}
    ids = [row["id"] for row in shown]
    body = {"excursion_ids": ids, "decision": "release", "reason": "within the maker's allowance"}
    only = api.quality.post("/v1/dispositions/event", body | {"lot_ids": [1]})
    assert (only.status_code, len(only.json())) == (201, 2)
    assert {lot for lot, _, _ in ledger.held()} == {"L2", "L3"}
    every = api.quality.post("/v1/dispositions/event", body)
    assert (every.status_code, len(every.json())) == (201, 6)
    assert ledger.held() == set()


def test_a_decision_on_an_event_is_taken_wholly_or_not_at_all(
    ledger: Ledger, gateway: GatewayWithKey, api: Api
) -> None:
    warm_fridge(ledger, gateway)
    store_batch(ledger.database, gateway.batch(*at(5, 20)))
    ids = [row["id"] for row in api.reader.rows("/v1/excursions")]
    body = {"excursion_ids": ids, "decision": "release", "reason": "within the maker's allowance"}
    refused = api.quality.post("/v1/dispositions/event", body)
    assert (refused.status_code, "still open" in refused.json()["error"]) == (409, True)
    assert api.quality.post("/v1/dispositions/event", body | {"lot_ids": [99]}).status_code == 404
    assert api.operator.post("/v1/dispositions/event", body).status_code == 403
    assert api.reader.rows("/v1/dispositions") == []


def test_a_dead_sensor_s_excursion_is_ended_by_quality_at_the_api(
    ledger: Ledger, gateway: GatewayWithKey, api: Api
) -> None:
    store_batch(ledger.database, gateway.batch(*at(1, 20)))
    (row,) = api.reader.rows("/v1/excursions")
    body = {"ended_at": minute(30).isoformat(), "reason": "probe died, replaced", "evidence": "thermometer T-14"}
    path = f"/v1/excursions/{row['id']}/end"
    assert api.operator.post(path, body).status_code == 403
    late = api.quality.post(path, body | {"ended_at": "2999-01-01T00:00:00Z"})
    assert late.status_code == 422
    ended = api.quality.ok("POST", path, json=body)
    assert datetime.fromisoformat(ended["ended_at"]) == minute(30)
    assert minute(30) < NOW
    assert api.quality.post(path, body).status_code == 409
