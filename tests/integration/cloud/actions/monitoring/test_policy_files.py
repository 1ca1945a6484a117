"""Policies from files: edited ones are noticed, and in force only when somebody says so, from then on."""

from typing import Any

import pytest

from cloud_sync.actions.monitoring.policy_files import import_edited, import_policies
from cloud_sync.errors import Conflict
from edge_agent.domain.monitoring.policies import Policy
from tests.integration.conftest import Said
from tests.support.builders import Ledger, minute, reading

SILENT = {"kind": "no_data", "name": "silent", "metric": "temp_c", "after_s": 36000, "source": "test"}


def policy(limit: float, *more: dict[str, Any]) -> Policy:
    high = {"name": "high", "metric": "temp_c", "side": "above", "limit": limit, "on_limit_is_outside": False,
            "delay_s": 0, "source": "test"}  # fmt: skip
    return Policy.model_validate({"name": "file", "title": "", "rules": [high, *more]})


def excursions(ledger: Ledger) -> set[tuple[Any, ...]]:
    return {(began, ended) for _, rule, began, ended, _ in ledger.excursions() if rule == "high"}


def test_an_edited_file_is_a_case_until_it_is_imported_and_judges_from_then_on(ledger: Ledger, say: Said) -> None:
    first, second, third = policy(8, SILENT), policy(12, SILENT), policy(6, SILENT)
    assert import_policies(ledger.database, [first], actor="amy").new == ("file",)
    ledger.run("UPDATE place SET policy = 'file' WHERE name = 'fridge-a'")
    say(reading(minute(1), 10.0), reading(minute(2), 5.0), reading(minute(11), 10.0), reading(minute(12), 5.0))
    assert import_policies(ledger.database, [second], actor="amy").edited == ("file",)
    assert "policy_file_edited" in ledger.open_cases()
    assert len(excursions(ledger)) == 2
    renamed = import_edited(ledger.database, [second], at=minute(5), actor="amy")
    assert renamed == {"file": "file-v2"}
    assert excursions(ledger) == {(minute(1), minute(2))}
    assert "policy_file_edited" not in ledger.open_cases()
    assert import_policies(ledger.database, [second], actor="amy").edited == ()
    assert import_edited(ledger.database, [second], at=minute(6), actor="amy") == {}
    assert import_edited(ledger.database, [third], at=minute(20), actor="amy") == {"file": "file-v3"}
    assert ledger.rows("SELECT policy FROM place WHERE name = 'fridge-a'") == [{"policy": "file-v3"}]
    assert [event["data"]["policy"] for event in ledger.events("place_policy_changed")] == ["file-v2", "file-v3"]


def test_a_policy_that_would_not_notice_a_dead_sensor_is_not_taken_and_an_older_one_is_a_case(ledger: Ledger) -> None:
    blind = policy(8)
    imported = import_policies(ledger.database, [blind], actor="amy")
    assert (imported.new, imported.unwatched) == ((), ("file",))
    assert "policy_without_silence_rule" in ledger.open_cases(), "the tests' own policy, from before that was asked for"
    accepted = blind.model_copy(update={"silence_accepted": "a person looks every hour"})
    assert import_policies(ledger.database, [accepted], actor="amy").new == ("file",)
    with pytest.raises(Conflict, match="would not notice a dead sensor"):
        import_edited(ledger.database, [blind], at=minute(1), actor="amy")
