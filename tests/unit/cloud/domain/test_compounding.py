"""Beyond-use dates, yields, states and what keeps a batch from release."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from cloud_sync.domain.bud import (
    BUD_LIMITS,
    NO_SUCH_STORAGE,
    BudRefusedError,
    GivenBud,
    NoBudRuleError,
    Preparation,
    Storage,
    decide_bud,
)
from cloud_sync.domain.compounding import (
    BatchFact,
    BatchRecord,
    BatchState,
    BatchStep,
    Component,
    FactKind,
    Ingredient,
    Kind,
    MasterFormulationRecord,
    Product,
    close_out,
    makers_of,
    open_points,
    state_of,
    yield_of,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
instants = st.datetimes(datetime(2026, 5, 1), datetime(2027, 5, 1), timezones=st.just(UTC))  # noqa: DTZ001
MASTER_RECORD = MasterFormulationRecord(
    quantity=100,
    preparation=Preparation.CATEGORY_1,
    storage=Storage.ROOM,
    ingredients=(Ingredient(item="drug", quantity=10, tolerance_pct=10),),
    steps=(BatchStep(text="weigh", second_check=True),),
    yield_min_pct=90,
    yield_max_pct=105,
)


def fact(kind: FactKind, actor: str = "amy", **data: object) -> BatchFact:
    return BatchFact(kind, actor, NOW, data)


DRUG = Component("drug", "D1", 10, 0, 0, 10, NOW + timedelta(days=30), expiry_required=True)
DONE = BatchRecord(
    kind=Kind.FOR_STOCK,
    master_record=MASTER_RECORD,
    quantity=100,
    planned_by="pat",
    facts=(
        fact(FactKind.STEP, step=1),
        fact(FactKind.CHECK, "bob", step=1),
        fact(FactKind.YIELD),
        fact(FactKind.FINISHED),
    ),
    components=(DRUG,),
    products=(Product("P1", 100, NOW + timedelta(hours=12)),),
    holds=(),
    is_monitored=True,
    was_measured=True,
    operators=frozenset({"sue"}),
)


CHECKED = sorted(key for key, limit in BUD_LIMITS.items() if limit.is_verified)


@given(st.sampled_from(CHECKED), st.lists(instants, max_size=4), instants)
def test_a_beyond_use_date_is_within_the_table_and_every_component(
    rule: tuple[Preparation, Storage], components: list[datetime], at: datetime
) -> None:
    try:
        bud = decide_bud(at, *rule, components)
    except BudRefusedError:
        assert min(components) <= at
        return
    assert at < bud.at <= min([at + BUD_LIMITS[rule].longest, *components])
    assert bud.at in {at + BUD_LIMITS[rule].longest, *components}
    assert (bud.source == "earliest expiry of a component") == (bud.at < at + BUD_LIMITS[rule].longest)


@given(st.sampled_from(list(Preparation)), st.sampled_from(list(Storage)), st.lists(instants, max_size=3), instants,
       instants)  # fmt: skip
def test_a_given_date_is_taken_as_it_is_or_refused(
    preparation: Preparation, storage: Storage, components: list[datetime], at: datetime, wanted: datetime
) -> None:
    assume((preparation, storage) not in NO_SUCH_STORAGE)
    limit = BUD_LIMITS.get((preparation, storage))
    bounds = [*components, *([at + limit.longest] if limit else [])]
    may = at < wanted <= min(bounds, default=wanted)
    given_bud = GivenBud(wanted, "study")
    if may:
        assert decide_bud(at, preparation, storage, components, given_bud).at == wanted
    else:
        with pytest.raises(BudRefusedError):
            decide_bud(at, preparation, storage, components, given_bud)


def test_hours_matter() -> None:
    at = datetime(2026, 6, 1, 23, 30, tzinfo=UTC)
    assert decide_bud(at, Preparation.CATEGORY_1, Storage.ROOM, []).at == datetime(2026, 6, 2, 11, 30, tzinfo=UTC)


def test_without_an_entry_there_is_no_default() -> None:
    with pytest.raises(NoBudRuleError, match="enter one with its source"):
        decide_bud(NOW, Preparation.OTHER, Storage.ROOM, [NOW + timedelta(days=1)])


def test_a_batch_with_everything_done_has_no_open_points() -> None:
    assert open_points(DONE) == ()


@pytest.mark.parametrize(
    ("record", "point"),
    [
        (replace(DONE, facts=DONE.facts[:3]), "not finished"),
        (replace(DONE, facts=DONE.facts[1:]), "step 1 was not done"),
        (replace(DONE, facts=(DONE.facts[0], *DONE.facts[2:])), "not checked by a second person"),
        (replace(DONE, components=()), "0 of drug were used"),
        (
            replace(DONE, components=(DRUG, replace(DRUG, item="dye"))),
            "which the master formulation record does not name",
        ),
        (replace(DONE, components=(replace(DRUG, used=9),)), "1 of lot D1 (drug) are not accounted for"),
        (replace(DONE, components=(replace(DRUG, expires_at=None),)), "no expiry on record"),
        (replace(DONE, components=(replace(DRUG, expires_at=NOW),)), "after the earliest expiry"),
        (replace(DONE, products=(replace(DONE.products[0], expires_at=None),)), "no beyond-use date"),
        (replace(DONE, was_measured=False), "no readings from the run"),
        (replace(DONE, holds=("exposed",)), "on hold: exposed"),
        (
            replace(DONE, master_record=MASTER_RECORD.model_copy(update={"equipment": ("hood",)})),
            "no hood is on record",
        ),
        (
            replace(DONE, master_record=MASTER_RECORD.model_copy(update={"tests": ("sterility",)})),
            "no result of sterility",
        ),
        (replace(DONE, facts=(*DONE.facts, fact(FactKind.TEST, test="ph", passed=False, result="3"))), "ph failed: 3"),
        (replace(DONE, facts=(*DONE.facts, fact(FactKind.DEVIATION, topic="other", text="late"))), "is not assessed"),
    ],
)
def test_whatever_is_missing_is_named(record: BatchRecord, point: str) -> None:
    (named,) = open_points(record)
    assert point in named


@given(st.integers(1, 10**6), st.integers(0, 2 * 10**6))
@example(100, 90)
@example(100, 89)
@example(100, 105)
@example(100, 106)
def test_a_yield_outside_its_limits_is_an_open_point_until_a_deviation_on_it_is_assessed(
    planned: int, made: int
) -> None:
    drug = replace(DRUG, consumed=planned, used=planned)
    master_record = MASTER_RECORD.model_copy(update={"ingredients": (Ingredient(item="drug", quantity=100),)})
    product = replace(DONE.products[0], quantity=made)
    record = replace(DONE, quantity=planned, master_record=master_record, components=(drug,), products=(product,))
    assert yield_of(record)[0] == made
    within = 90 * planned <= 100 * made <= 105 * planned
    assert (open_points(record) == ()) is within
    assessed = (fact(FactKind.DEVIATION, topic="yield", text="spilled"), fact(FactKind.ASSESSMENT, deviation=1))
    assert open_points(replace(record, facts=(*record.facts, *assessed))) == ()


@given(st.integers(1, 1000), st.integers(0, 1000), st.integers(0, 1000))
def test_closing_out_accounts_for_every_unit(consumed: int, returned: int, scrapped: int) -> None:
    part = replace(DRUG, consumed=consumed, returned=returned, scrapped=scrapped, used=0)
    closed = replace(part, used=close_out([part]).get("D1", 0))
    assert closed.left == min(0, consumed - returned - scrapped)


def test_everybody_who_had_a_hand_in_it_is_a_maker() -> None:
    assert makers_of(DONE) == {"pat", "amy", "bob", "sue"}


@pytest.mark.parametrize(
    ("record", "state"),
    [
        (replace(DONE, facts=(), components=()), BatchState.PLANNED),
        (replace(DONE, facts=()), BatchState.IN_PROCESS),
        (DONE, BatchState.FINISHED),
        (replace(DONE, holds=("exposed",)), BatchState.HELD),
        (replace(DONE, facts=(*DONE.facts, fact(FactKind.RELEASED))), BatchState.RELEASED),
        (replace(DONE, facts=(*DONE.facts, fact(FactKind.RELEASED)), holds=("evidence changed",)), BatchState.HELD),
        (replace(DONE, facts=(*DONE.facts, fact(FactKind.REJECTED)), holds=("exposed",)), BatchState.REJECTED),
    ],
)
def test_a_state_follows_from_the_record(record: BatchRecord, state: BatchState) -> None:
    assert state_of(record) is state
