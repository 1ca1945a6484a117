"""Labels, issues, time zones and corrections in any order: what was issued late is always what the reference says."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from uuid import NAMESPACE_OID, uuid5

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud_sync.actions.access import actor_in_roles
from cloud_sync.actions.corrections.corrections import confirm, digest_of, propose
from cloud_sync.actions.master_data.zones import set_first_zone
from cloud_sync.domain.roles import Role
from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.records import Action
from tests.support.builders import GTIN, GatewayWithKey, Ledger, line, scan
from tests.support.recycled_databases import RecycledDatabases, empty
from tests.support.reference_model import Issue, late_issues

EXAMPLES = int(os.environ.get("LOTWARDEN_EXAMPLES", "16"))
ZONES = {"auckland": "Pacific/Auckland", "la": "America/Los_Angeles", "havana": "America/Havana"}
DAY = date(2026, 10, 31)
"""In Havana the clocks show midnight twice at the end of it."""
FIRST = datetime(2026, 10, 30, 20, tzinfo=UTC)

Expiry = tuple[date, time | None]
expiries = st.tuples(
    st.sampled_from([DAY, DAY + timedelta(days=1)]), st.sampled_from([None, None, time(0, 30), time(9)])
)


@dataclass(frozen=True)
class Said:
    """A box of a lot, received in a place or issued from it, with what its label says."""

    lot: str
    place: str
    at: datetime
    is_issue: bool
    expiry: Expiry


said = st.builds(
    Said,
    st.sampled_from(["L1", "L2"]),
    st.sampled_from(sorted(ZONES)),
    st.integers(0, 2 * 60).map(lambda half_hours: FIRST + timedelta(minutes=30 * half_hours)),
    st.booleans(),
    expiries,
)


@pytest.fixture(scope="module")
def shared(databases: RecycledDatabases) -> Iterator[Database]:
    with databases.lent() as url:
        opened = databases.open(url)
        yield opened


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="LOTWARDEN_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
@given(st.lists(said, min_size=2, max_size=8), st.none() | expiries, st.integers(0, 2**32))
def test_what_was_issued_late_does_not_depend_on_what_came_first(
    shared: Database, facts: list[Said], corrected: Expiry | None, seed: int
) -> None:
    ledger, random = new_ledger(shared), Random(seed)
    gateways = {site: GatewayWithKey(f"gw-{site}") for site in ZONES}
    for site, gateway in gateways.items():
        gateway.register(shared)
        ledger.run(
            "UPDATE gateway SET place_id = (SELECT id FROM place WHERE name = %(site)s) WHERE name = %(name)s",
            {"site": site, "name": gateway.name},
        )
    seqs = dict.fromkeys(ZONES, 0)
    issues, steps = [], []
    for number, fact in enumerate(facts):
        box = replace(line(1, fact.lot, expires_on=fact.expiry[0]), expires_hour=fact.expiry[1])
        ends = (fact.place, "st-mary") if fact.is_issue else ("acme", fact.place)
        done = scan(fact.at, Action.DISPENSE if fact.is_issue else Action.RECEIVE, *ends, box)
        done = replace(done, transaction=str(uuid5(NAMESPACE_OID, str(number))))
        gateway = gateways[fact.place]
        seqs[fact.place] += 1
        raw = gateway.batch(done)
        steps.append(lambda raw=raw: store_batch(shared, raw).outcome)
        if fact.is_issue:
            issues.append(
                Issue(f"{gateway.name}/{gateway.journal}/scans/{seqs[fact.place]}#1", fact.lot, fact.place, fact.at)
            )
    steps += [
        lambda site=site, zone=zone: set_first_zone(shared, site, zone, reason="asked", actor="amy")
        for site, zone in ZONES.items()
    ]
    random.shuffle(steps)
    assert BatchOutcome.REFUSED not in [step() for step in steps]
    known = {fact.lot for fact in facts}
    by_people = {"L1": corrected} if corrected and "L1" in known and correct(shared, ledger, corrected) else {}
    labels: dict[str, set[Expiry]] = {}
    for fact in facts:
        labels.setdefault(fact.lot, set()).add(fact.expiry)
    told = ledger.rows("SELECT key FROM exception_case WHERE kind = 'issued_while_expired' AND resolved_at IS NULL")
    assert {row["key"] for row in told} == late_issues(issues, labels, ZONES, by_people)


def new_ledger(database: Database) -> Ledger:
    empty(database.url)
    ledger = Ledger(database)
    ledger.add_item("insulin", GTIN)
    for name, kind in (("acme", "supplier"), ("st-mary", "customer"), *((site, "site") for site in ZONES)):
        ledger.add_place(name, kind)
    return ledger


def correct(database: Database, ledger: Ledger, expiry: Expiry) -> bool:
    """Correct the expiry of L1 by two people; whether it was another one before."""
    (lot,) = ledger.rows("SELECT id, expires_on, expires_hour FROM lot WHERE lot_number = 'L1'")
    if (lot["expires_on"], lot["expires_hour"]) == expiry:
        return False
    request = {
        "lot_id": lot["id"],
        "expires_on": expiry[0].isoformat(),
        "expires_hour": expiry[1].isoformat() if expiry[1] else None,
    }
    first, second = (actor_in_roles(database, name, Role.QUALITY) for name in ("q-1", "q-2"))
    proposed = propose(database, "lot_expiry", request, reason="test", at=FIRST, actor=first)
    seen = digest_of(proposed["effect"])
    confirm(database, proposed["id"], effect_seen=seen, reason="test", at=FIRST, actor=second)
    return True
