"""Somebody has copied the key of a gateway, and says good readings beside its own."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import permutations

import pytest

from cloud_sync.actions.quality.case_resolution import both_versions, resolve_case
from cloud_sync.domain.dispositions import CaseDecision
from cloud_sync.domain.roles import Actor, Role
from cloud_sync.errors import Invalid
from cloud_sync.ingest.batches import store_batch, store_batches
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.storage.database import Database
from edge_agent.domain.monitoring.excursions import Side
from edge_agent.domain.monitoring.policies import NoDataRule, Policy, PolicyRule
from edge_agent.domain.wire.records import FORMER_JOURNALS, SEQ_END, Action, Lane, Notice, NoticeKind, Record
from edge_agent.domain.wire.wire import encode_record
from tests.support.builders import (
    COLD,
    GatewayWithKey,
    Ledger,
    ledger_with_two_fridges,
    line,
    minute,
    no_reading,
    reading,
    scan,
    stamp,
)

SLOW = Policy(
    name="cold",
    title="Refrigerator, 2 to 8 °C, 10 minutes",
    rules=(
        PolicyRule(
            name="too-warm", metric="temp_c", side=Side.ABOVE, limit=8.0, on_limit_is_outside=False, delay_s=600,
            source="USP <659>",
        ),
        NoDataRule(kind="no_data", name="silent", metric="temp_c", after_s=1800, source="SOP"),
    ),
)  # fmt: skip
QUALITY = Actor("quinn", (Role.QUALITY,))


@pytest.fixture
def gateway() -> GatewayWithKey:
    return GatewayWithKey()


@pytest.fixture
def thief(gateway: GatewayWithKey) -> GatewayWithKey:
    """With the gateway's own name and key, and a journal of its own."""
    return GatewayWithKey(gateway.name, str(uuid.UUID(int=2)), gateway.key)


@pytest.fixture
def ledger(database: Database, gateway: GatewayWithKey) -> Ledger:
    return ledger_with_two_fridges(database, gateway)


def tell(ledger: Ledger, *batches: bytes) -> None:
    for raw in batches:
        receipt = store_batch(ledger.database, raw)
        assert receipt.outcome is BatchOutcome.STORED, receipt.reason


def tell_together(ledger: Ledger, *batches: bytes) -> None:
    assert {receipt.outcome for receipt in store_batches(ledger.database, batches)} == {BatchOutcome.STORED}


def every(minutes: Sequence[float], celsius: float) -> list[Record]:
    return [reading(minute(each), celsius) for each in minutes]


def excursions(ledger: Ledger, rule: str = "too-warm") -> list[tuple[datetime, datetime | None]]:
    rows = ledger.rows("SELECT began_at, ended_at FROM excursion WHERE rule = %(r)s ORDER BY 1", {"r": rule})
    return [(row["began_at"], row["ended_at"]) for row in rows]


def held(ledger: Ledger) -> bool:
    return bool(ledger.rows("SELECT FROM exposure"))


def cases(ledger: Ledger) -> list[int]:
    rows = ledger.rows("SELECT id FROM exception_case WHERE kind = 'doubted_journal' AND resolved_at IS NULL")
    return [row["id"] for row in rows]


def decide(ledger: Ledger, decision: CaseDecision) -> None:
    (case,) = cases(ledger)
    resolve_case(ledger.database, case, "the disk was looked at", actor=QUALITY, decision=decision)


@pytest.fixture
def slow(ledger: Ledger) -> Ledger:
    """With a delay of ten minutes, and a rule on silence; stock is in the refrigerator."""
    ledger.run("INSERT INTO policy VALUES ('slow', %(b)s)", {"b": SLOW.model_dump_json()})
    ledger.run("UPDATE place SET policy = 'slow' WHERE policy = 'cold'")
    return ledger


def received(gateway: GatewayWithKey) -> bytes:
    return gateway.batch(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10)))


@pytest.mark.parametrize("store", [tell, tell_together], ids=["alone", "together"])
@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (0, 3, 1, 4, 2), (3, 4, 0, 1, 2), (4, 2, 3, 1, 0), (2, 4, 0, 3, 1)])
def test_good_readings_between_the_warm_ones_end_nothing_in_any_order(
    gateway: GatewayWithKey, thief: GatewayWithKey, slow: Ledger, order: tuple[int, ...], store: Callable[..., None]
) -> None:
    own = [gateway.batch(*every(range(first, first + 10), 9.0)) for first in (30, 40, 50)]
    between = [thief.batch(*every([each + 0.5 for each in range(first, first + 15)], 5.0)) for first in (30, 45)]
    said = [*own, *between]
    store(slow, received(gateway), *(said[each] for each in order))
    assert excursions(slow) == [(minute(30), None)]
    assert held(slow)
    assert len(cases(slow)) == 1


def test_an_excursion_that_is_known_is_not_withdrawn_by_what_a_second_journal_says_of_before(
    gateway: GatewayWithKey, thief: GatewayWithKey, ledger: Ledger
) -> None:
    tell(ledger, received(gateway), gateway.batch(*every([10], 5.0), *every(range(30, 35), 9.0), *every([36], 5.0)))
    known = excursions(ledger)
    tell(ledger, thief.batch(*every([each / 4 for each in range(120, 145)], 5.0)))
    assert excursions(ledger) == known
    assert held(ledger)


def test_what_a_second_journal_alone_found_too_warm_is_held_and_not_ended_by_the_first(
    gateway: GatewayWithKey, thief: GatewayWithKey, ledger: Ledger
) -> None:
    tell(ledger, received(gateway), gateway.batch(*every([20], 5.0)), thief.batch(*every([30], 9.0)))
    assert held(ledger)
    tell(ledger, gateway.batch(*every(range(31, 40), 5.0)))
    assert excursions(ledger) == [(minute(30), None)]


def test_a_second_journal_breaks_no_silence(gateway: GatewayWithKey, thief: GatewayWithKey, slow: Ledger) -> None:
    tell(slow, received(gateway), gateway.batch(*every([0], 5.0)), thief.batch(*every(range(1, 60), 5.0)))
    tell(slow, gateway.batch(no_reading(minute(60))))
    assert excursions(slow, "silent") == [(minute(0), None)]


def test_a_second_journal_with_a_hole_keeps_no_silence_from_being_judged(
    gateway: GatewayWithKey, thief: GatewayWithKey, slow: Ledger
) -> None:
    with_hole = thief.batch_at(1000, [encode_record(reading(minute(1), 5.0))], Lane.READINGS)
    tell(slow, gateway.batch(*every([0], 5.0)), with_hole, gateway.batch(no_reading(minute(60))))
    assert excursions(slow, "silent") == [(minute(0), None)]


def test_a_second_journal_does_not_vote_a_place_within_limits(
    gateway: GatewayWithKey, thief: GatewayWithKey, ledger: Ledger
) -> None:
    both = Policy(name="both", title="Both probes", rules=(COLD.rules[0].model_copy(update={"sensors": "all"}),))
    ledger.run("INSERT INTO policy VALUES ('both', %(b)s)", {"b": both.model_dump_json()})
    ledger.run("UPDATE place SET policy = 'both' WHERE name = 'fridge-a'")
    ledger.put_probe("fridge-a", "probe-c", gateway.name)
    warm = [reading(minute(each), 9.0, device) for each in (30, 31, 32) for device in ("probe-a", "probe-c")]
    tell(ledger, received(gateway), gateway.batch(*warm))
    tell(ledger, thief.batch(*[reading(minute(each + 0.5), 5.0, "probe-c") for each in (30, 31, 32)]))
    assert excursions(ledger) == [(minute(30), None)]


def test_a_scan_of_a_second_journal_takes_nothing_out_of_the_warm_place_afterwards(
    gateway: GatewayWithKey, thief: GatewayWithKey, ledger: Ledger
) -> None:
    tell(ledger, received(gateway), gateway.batch(*every([30], 9.0)))
    tell(ledger, thief.batch(scan(minute(20), Action.MOVE, "fridge-a", "fridge-b", line(10))))
    assert ledger.held()


def replaced(gateway: GatewayWithKey, at: datetime) -> Notice:
    return Notice(stamp(at), NoticeKind.NEW_JOURNAL, "journal", "set aside", {"journal": gateway.journal})


def lost(name: str, at: datetime) -> Notice:
    data = {"journal": name, "lane": "readings", "first": 3, "count": SEQ_END - 3}
    return Notice(stamp(at), NoticeKind.GAP, "journal", "lost", data)


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize("kind", ["replaced", "damaged", "damaged and nameless"])
def test_a_journal_that_was_announced_goes_on_where_the_old_one_ended(
    gateway: GatewayWithKey, thief: GatewayWithKey, ledger: Ledger, kind: str, is_late: bool
) -> None:
    said = replaced(gateway, minute(35)) if kind == "replaced" else lost(gateway.journal, minute(35))
    said = lost(FORMER_JOURNALS, minute(35)) if kind == "damaged and nameless" else said
    tell(ledger, received(gateway), gateway.batch(*every([30, 31], 9.0)))
    new = [thief.batch(said), thief.batch(*every([36, 37], 5.0))]
    tell(ledger, *(reversed(new) if is_late else new))
    assert excursions(ledger) == [(minute(30), minute(36))]
    assert cases(ledger) == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_an_announced_journal_is_doubted_if_the_old_one_goes_on(
    gateway: GatewayWithKey, thief: GatewayWithKey, ledger: Ledger, order: tuple[int, ...]
) -> None:
    tell(ledger, received(gateway), gateway.batch(*every([30, 31], 9.0)))
    rest = [
        thief.batch(replaced(gateway, minute(35))),
        thief.batch(*every(range(36, 50), 5.0)),
        gateway.batch(*every(range(36, 50), 9.0)),
    ]
    tell(ledger, *(rest[each] for each in order))
    assert excursions(ledger) == [(minute(30), None)]
    assert len(cases(ledger)) == 1


@pytest.mark.parametrize("store", [tell, tell_together], ids=["alone", "together"])
def test_an_announced_journal_that_tells_of_before_is_doubted(
    gateway: GatewayWithKey, thief: GatewayWithKey, ledger: Ledger, store: Callable[..., None]
) -> None:
    tell(ledger, received(gateway), gateway.batch(*every([30, 31, 32], 9.0)))
    known = excursions(ledger)
    tell(ledger, thief.batch(replaced(gateway, minute(40))))
    store(ledger, thief.batch(*every([30.5, 31.5], 5.0)), thief.batch(*every([32.5, 33], 5.0)))
    assert excursions(ledger) == known
    assert len(cases(ledger)) == 1


def test_the_first_journal_of_a_new_key_is_believed_and_a_second_one_is_not(
    gateway: GatewayWithKey, thief: GatewayWithKey, ledger: Ledger
) -> None:
    tell(ledger, received(gateway), gateway.batch(*every([30, 31], 9.0)))
    ledger.run("UPDATE gateway SET key_since = clock_timestamp()")
    tell(ledger, thief.batch(*every([36], 5.0)))
    assert excursions(ledger) == [(minute(30), minute(36))]
    assert cases(ledger) == []
    tell(ledger, replace(thief, journal=str(uuid.UUID(int=3))).batch_at(1, [encode_record(reading(minute(40), 9.0))],
         Lane.READINGS))  # fmt: skip
    assert len(cases(ledger)) == 1


def test_quality_accepts_a_journal_and_both_count_together(
    gateway: GatewayWithKey, thief: GatewayWithKey, ledger: Ledger
) -> None:
    tell(ledger, received(gateway), gateway.batch(*every([30, 31], 9.0)), thief.batch(*every([36, 37], 5.0)))
    assert excursions(ledger) == [(minute(30), None)]
    decide(ledger, CaseDecision.ACCEPTED)
    assert excursions(ledger) == [(minute(30), minute(36))]
    tell(ledger, thief.batch(*every([38], 9.0)), thief.batch(*every([39], 5.0)))
    assert excursions(ledger) == [(minute(30), minute(36)), (minute(38), minute(39))]
    assert cases(ledger) == []


def test_both_versions_are_shown(gateway: GatewayWithKey, thief: GatewayWithKey, ledger: Ledger) -> None:
    tell(ledger, gateway.batch(*every([30, 31], 9.0)), thief.batch(*every([29, 30.5, 40], 5.0)))
    (case,) = cases(ledger)
    (shown,) = both_versions(ledger.database, case)
    assert shown["name"] == "probe-a/temp_c"
    assert shown["doubted"] == {"readings": 3, "lowest": 5.0, "highest": 5.0}
    assert shown["trusted"] == {"readings": 2, "lowest": 9.0, "highest": 9.0}


def test_quality_rejects_a_journal_and_it_counts_for_nothing(
    gateway: GatewayWithKey, thief: GatewayWithKey, ledger: Ledger
) -> None:
    tell(ledger, received(gateway), gateway.batch(*every([20], 5.0)), thief.batch(*every([30], 9.0)))
    assert held(ledger)
    decide(ledger, CaseDecision.REJECTED)
    assert not held(ledger)
    tell(ledger, thief.batch(*every([40], 9.0)))
    assert excursions(ledger) == []
    assert ledger.rows("SELECT count(*) AS n FROM reading") == [{"n": 3}]


@pytest.mark.parametrize("decision", [CaseDecision.EXPLAINED, CaseDecision.CORRECTED])
def test_the_case_is_not_closed_without_a_word_on_the_journal(
    gateway: GatewayWithKey, thief: GatewayWithKey, ledger: Ledger, decision: CaseDecision
) -> None:
    tell(ledger, gateway.batch(*every([20], 5.0)), thief.batch(*every([30], 9.0)))
    with pytest.raises(Invalid, match="accepted or rejected"):
        decide(ledger, decision)
    assert len(cases(ledger)) == 1
