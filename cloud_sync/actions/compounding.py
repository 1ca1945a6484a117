"""Formulas and production batches: what goes in, what is done, what comes out, and who releases it.

Locks: the batch first, then those of ``storage/locks.py``; nobody who holds one of those waits for a batch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from cloud_sync.actions.bookings import book, rebook_cases
from cloud_sync.actions.master_data import item_named, place_named
from cloud_sync.actions.movements import CLOCKS_MAY_DIFFER, Line, Transfer, move_in, moved_before
from cloud_sync.actions.requests import answer, answered_before
from cloud_sync.domain.booking import NewMovement
from cloud_sync.domain.bud import BudRefusedError, GivenBud, NoBudRuleError, decide_bud
from cloud_sync.domain.compounding import (
    BatchFact,
    Component,
    FactKind,
    Formula,
    Kind,
    Product,
    Record,
    State,
    Topic,
    made_pct,
    makers_of,
    open_points,
    state_of,
    yield_of,
)
from cloud_sync.errors import Conflict, Invalid, NotAllowed, NotFound
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.events import add_event
from cloud_sync.storage.locks import own_holds
from cloud_sync.storage.queries import queries
from edge_agent.domain.records import Action

USED_UP = "used-up"
"""The place where ingredients end that are in a product now."""


@dataclass(frozen=True, slots=True)
class Yield:
    """What came out, in base units, as which lot, to which place. ``bud`` only where a person gives it."""

    lot_number: str
    quantity: int
    to_place: str
    occurred_at: datetime
    bud: GivenBud | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A batch as it is now, and the rows it was read from."""

    row: Row
    record: Record
    components: list[Row]
    products: list[Row]
    began_at: datetime | None
    ended_at: datetime | None


def set_compounded(database: Database, item: str, kind: Kind, *, actor: str) -> None:
    """Say that an item is compounded for one patient (503A) or for stock (503B). Raises ``NotFound``, ``Conflict``."""
    with database.transaction() as connection:
        item_id = item_named(connection, item)["id"]
        if queries("compounding").set_compounded(connection, item_id=item_id, kind=kind.value):
            add_event(
                connection, actor=actor, kind="item_compounded", subject=f"item:{item}", data={"kind": kind.value}
            )
            return
        known = queries("compounding").compounded(connection, item_id=item_id)
        if known != kind.value:
            raise Conflict(f"{item} is compounded under {known} already", "Make another item for the other section.")


def draft_formula(database: Database, name: str, item: str, formula: Formula, *, actor: str) -> Row:
    """The next version of a formula; quality has to approve it. Raises ``NotFound``, ``Conflict``."""
    with database.transaction() as connection:
        queries("compounding").own_formula_name(connection, name=name)
        item_id = item_named(connection, item)["id"]
        if queries("compounding").compounded(connection, item_id=item_id) is None:
            raise Conflict(f"{item} is not compounded", f"Say how first: PUT /v1/items/{item}/compounding.")
        for ingredient in formula.ingredients:
            if item_named(connection, ingredient.item)["id"] == item_id:
                raise Invalid(f"{item} is an ingredient of itself")
        version = queries("compounding").add_formula(
            connection, name=name, item_id=item_id, body=Jsonb(formula.model_dump(mode="json")), drafted_by=actor
        )
        subject = f"formula:{name}/{version}"
        add_event(
            connection, actor=actor, kind="formula_drafted", subject=subject, data=formula.model_dump(mode="json")
        )
        return _formula(connection, name, version)


def approve_formula(database: Database, name: str, version: int, reason: str, *, actor: str) -> Row:
    """Let a version be used. Raises ``NotFound``, ``NotAllowed`` for its drafter, ``Conflict`` if it is approved."""
    with database.transaction() as connection:
        row = _formula(connection, name, version)
        if row["drafted_by"] == actor:
            raise NotAllowed(f"{actor} drafted formula {name} version {version}", "Somebody else has to approve it.")
        if not queries("compounding").approve_formula(connection, id=row["id"], approved_by=actor):
            raise Conflict(f"formula {name} version {version} is approved already")
        add_event(connection, actor=actor, kind="formula_approved", subject=f"formula:{name}/{version}", reason=reason)
        return _formula(connection, name, version)


def list_formulas(database: Database, *, name: str | None, rows_max: int, rows_skipped: int) -> list[Row]:
    """Formulas, the newest version first."""
    with database.transaction() as connection:
        return list(
            queries("compounding").formulas(connection, name=name, rows_max=rows_max, rows_skipped=rows_skipped)
        )


def plan_batch(
    database: Database,
    *,
    number: str,
    formula: str,
    version: int | None,
    room: str,
    quantity: int,
    prescription: str,
    owner: str,
    actor: str,
) -> Row:
    """A batch, and the production place of its name in ``room``. ``version`` None: the newest approved one.

    Raises ``NotFound``, ``Invalid``, ``Conflict``.
    """
    with database.transaction() as connection:
        own_holds(connection)
        wanted = version or queries("compounding").newest_approved(connection, name=formula)
        if wanted is None:
            raise Conflict(f"no version of formula {formula} is approved", "Have quality approve one.")
        row = _formula(connection, formula, wanted)
        if row["approved_by"] is None:
            raise Conflict(f"formula {formula} version {wanted} is not approved", "Have quality approve it first.")
        _check_prescription(row, prescription)
        if queries("master_data").owner_by_name(connection, name=owner) is None:
            raise NotFound(f"there is no owner {owner}", "See GET /v1/owners for those there are, or create it.")
        place_id = _add_place(connection, number, room)
        batch_id = queries("compounding").add_batch(
            connection,
            place_id=place_id,
            formula_id=row["id"],
            quantity=quantity,
            prescription=prescription,
            owner=owner,
            planned_by=actor,
        )
        data = {"formula": formula, "version": wanted, "room": room, "quantity": quantity, "prescription": prescription}
        add_event(
            connection, actor=actor, kind="batch_planned", subject=_subject(number), data={"id": batch_id, **data}
        )
        rebook_cases(connection, actor=actor)
        return _shown(connection, _loaded(connection, number))


def batch_record(database: Database, number: str) -> Row:
    """The whole batch record as it is now. Raises ``NotFound``."""
    with database.transaction() as connection:
        return _shown(connection, _loaded(connection, number))


def list_batches(database: Database, *, rows_max: int, rows_skipped: int) -> list[Row]:
    """Batches, the newest first: number, item, state, what is open."""
    with database.transaction() as connection:
        rows = list(queries("compounding").batches(connection, rows_max=rows_max, rows_skipped=rows_skipped))
        return [_summary(_loaded(connection, row["number"])) for row in rows]


def consume(
    database: Database,
    number: str,
    *,
    from_place: str,
    lines: tuple[Line, ...],
    occurred_at: datetime,
    client_id: UUID,
    at: datetime,
    actor: str,
) -> list[Row]:
    """Take ingredients into a batch; gives the movements. Blocked stock is refused with all reasons.

    Raises ``NotFound``, ``Invalid``, ``Conflict``.
    """
    with database.transaction() as connection:
        loaded = _own(connection, number)
        transfer = Transfer(Action.CONSUME, from_place, number, occurred_at, number)
        if before := moved_before(connection, transfer, lines, client_id=client_id):
            return before
        _check_unfinished(loaded)
        named = {ingredient.item for ingredient in loaded.record.formula.ingredients}
        for line in lines:
            if line.item not in named:
                raise Invalid(
                    f"{line.item} is no ingredient of {loaded.row['formula']} version {loaded.row['version']}",
                    f"The formula names {', '.join(sorted(named))}.",
                )
        return move_in(connection, transfer, lines, client_id=client_id, at=at, actor=actor)


def do_step(database: Database, number: str, step: int, note: str, *, at: datetime, actor: str) -> Row:
    """A step of the formula is done. Raises ``NotFound``, ``Conflict`` if it was done before."""
    with database.transaction() as connection:
        loaded = _own(connection, number)
        _check_unfinished(loaded)
        _check_step(loaded, step)
        if any(fact.data["step"] == step for fact in loaded.record.of(FactKind.STEP)):
            raise Conflict(f"step {step} of batch {number} was done already")
        return _add_fact(connection, loaded, FactKind.STEP, {"step": step, "note": note}, at=at, actor=actor)


def check_step(database: Database, number: str, step: int, note: str, *, at: datetime, actor: str) -> Row:
    """A second person confirms a step. Raises ``NotAllowed`` for whoever did it, ``Conflict`` if nobody did."""
    with database.transaction() as connection:
        loaded = _own(connection, number)
        _check_step(loaded, step)
        done = next((fact for fact in loaded.record.of(FactKind.STEP) if fact.data["step"] == step), None)
        if done is None:
            raise Conflict(f"step {step} of batch {number} is not done yet")
        if done.actor == actor:
            raise NotAllowed(f"{actor} did step {step}", "A second person has to check it.")
        if any(fact.data["step"] == step for fact in loaded.record.of(FactKind.CHECK)):
            raise Conflict(f"step {step} of batch {number} was checked already")
        return _add_fact(connection, loaded, FactKind.CHECK, {"step": step, "note": note}, at=at, actor=actor)


def use_equipment(database: Database, number: str, equipment: str, serial: str, *, at: datetime, actor: str) -> Row:
    """Which piece of equipment was used."""
    with database.transaction() as connection:
        loaded = _own(connection, number)
        _check_unfinished(loaded)
        data = {"equipment": equipment, "serial": serial}
        return _add_fact(connection, loaded, FactKind.EQUIPMENT, data, at=at, actor=actor)


def deviate(database: Database, number: str, topic: Topic, text: str, *, at: datetime, actor: str) -> Row:
    """Something was not as the formula says; quality has to assess it."""
    with database.transaction() as connection:
        loaded = _own(connection, number)
        _check_undecided(loaded)
        data = {"topic": topic.value, "text": text}
        return _add_fact(connection, loaded, FactKind.DEVIATION, data, at=at, actor=actor)


def assess(database: Database, number: str, deviation: int, conclusion: str, *, at: datetime, actor: str) -> Row:
    """Quality's conclusion on a deviation. Raises ``NotFound``, ``Conflict``, ``NotAllowed`` for who reported it."""
    with database.transaction() as connection:
        loaded = _own(connection, number)
        _check_undecided(loaded)
        reported = loaded.record.of(FactKind.DEVIATION)
        if not 1 <= deviation <= len(reported):
            raise NotFound(f"batch {number} has no deviation {deviation}", "The batch record numbers them from 1.")
        if reported[deviation - 1].actor == actor:
            raise NotAllowed(f"{actor} reported deviation {deviation}", "Somebody else has to assess it.")
        if any(fact.data["deviation"] == deviation for fact in loaded.record.of(FactKind.ASSESSMENT)):
            raise Conflict(f"deviation {deviation} of batch {number} is assessed already")
        data = {"deviation": deviation, "conclusion": conclusion}
        return _add_fact(connection, loaded, FactKind.ASSESSMENT, data, at=at, actor=actor)


def take_out(database: Database, number: str, made: Yield, *, client_id: UUID, at: datetime, actor: str) -> Row:
    """Product leaves the batch as a lot with a beyond-use date, blocked until the batch is released.

    The same under the same ``client_id`` again changes nothing. Raises ``NotFound``, ``Invalid``, ``Conflict``.
    """
    request = {
        "batch": number,
        "lot_number": made.lot_number,
        "quantity": made.quantity,
        "to_place": made.to_place,
        "occurred_at": made.occurred_at.isoformat(),
        "bud": [made.bud.at.isoformat(), made.bud.reason] if made.bud else None,
    }
    with database.transaction() as connection:
        loaded = _own(connection, number)
        if answered_before(connection, "yielded", client_id, request):
            return _shown(connection, loaded)
        _check_unfinished(loaded)
        if made.occurred_at > at + CLOCKS_MAY_DIFFER:
            raise Invalid("occurred_at is in the future", "Check the client's clock.")
        own_holds(connection)
        target = _checked_target(connection, made.to_place)
        bud = _bud(loaded, made)
        lot_id = _product_lot(connection, loaded, made.lot_number, bud.at)
        facts = [f"api/{client_id}#1"]
        event_id = answer(connection, "yielded", client_id, request, facts, actor=actor)
        data = {"lot_number": made.lot_number, "quantity": made.quantity, "beyond_use_at": bud.at.isoformat(),
                "source": bud.source}  # fmt: skip
        _add_fact(connection, loaded, FactKind.YIELD, data, at=made.occurred_at, actor=actor)
        movement = NewMovement(
            fact=facts[0],
            lot_id=lot_id,
            quantity=made.quantity,
            from_place=loaded.row["place_id"],
            to_place=target["id"],
            occurred_at=made.occurred_at,
            action=Action.RECEIVE.value,
            operator=actor,
            order_ref=number,
        )
        book(connection, [movement], event_id=event_id)
        return _shown(connection, _loaded(connection, number))


def finish(database: Database, number: str, *, occurred_at: datetime, at: datetime, actor: str) -> Row:
    """Nothing more comes out; what is still in the batch of its ingredients is used up.

    Raises ``NotFound``, ``Invalid``, ``Conflict`` if it was finished before or nothing went in.
    """
    with database.transaction() as connection:
        loaded = _own(connection, number)
        _check_unfinished(loaded)
        if not loaded.components:
            raise Conflict(f"nothing was consumed by batch {number}", "Consume its ingredients first.")
        last_at = max([row["last_at"] for row in loaded.products] + [row["first_at"] for row in loaded.components])
        if occurred_at > at + CLOCKS_MAY_DIFFER or occurred_at < last_at:
            raise Invalid(
                f"batch {number} cannot be finished at {occurred_at:%Y-%m-%d %H:%M:%S} UTC",
                f"Its last movement was at {last_at:%Y-%m-%d %H:%M:%S} UTC, and it is not in the future.",
            )
        own_holds(connection)
        used_up = _used_up_place(connection)
        made, pct = yield_of(loaded.record)
        _add_fact(connection, loaded, FactKind.FINISHED, {"made": made, "pct": pct}, at=occurred_at, actor=actor)
        event_id = add_event(connection, actor=actor, kind="batch_closed_out", subject=_subject(number))
        left = list(queries("compounding").left_in_batch(connection, place_id=loaded.row["place_id"]))
        book(
            connection,
            [
                NewMovement(
                    fact=f"batch/{loaded.row['id']}/used#{line}",
                    lot_id=row["lot_id"],
                    serial=row["serial"],
                    quantity=row["quantity"],
                    from_place=loaded.row["place_id"],
                    to_place=used_up,
                    occurred_at=occurred_at,
                    action=Action.CONSUME.value,
                    operator=actor,
                    order_ref=number,
                )
                for line, row in enumerate(left, start=1)
            ],
            event_id=event_id,
        )
        return _shown(connection, _loaded(connection, number))


def record_test(
    database: Database, number: str, test: str, result: str, passed: bool, *, at: datetime, actor: str
) -> Row:
    """A release test's result; the latest of a test counts, and all stay on record."""
    with database.transaction() as connection:
        loaded = _own(connection, number)
        _check_undecided(loaded)
        data = {"test": test, "result": result, "passed": passed}
        return _add_fact(connection, loaded, FactKind.TEST, data, at=at, actor=actor)


def release(database: Database, number: str, reason: str, *, at: datetime, actor: str) -> Row:
    """Quality releases the products. Raises ``NotAllowed`` for who made it, ``Conflict`` with every open point."""
    with database.transaction() as connection:
        loaded = _own(connection, number)
        _check_undecided(loaded)
        if actor in makers_of(loaded.record):
            raise NotAllowed(
                f"{actor} had a hand in batch {number}", "Somebody else with the role quality releases it."
            )
        own_holds(connection)
        loaded = _loaded(connection, number)  # again: holds stand still from here on
        if points := open_points(loaded.record):
            raise Conflict(
                f"batch {number} may not be released: {'; '.join(points)}",
                "Do what is missing, or report a deviation and have it assessed. Failed tests and holds stay.",
            )
        shown = _shown(connection, loaded)
        # What was seen when it was decided, for readings may be thinned out years later.
        data = {"reason": reason, "environment": shown["environment"], "excursions": shown["excursions"]}
        return _add_fact(connection, loaded, FactKind.RELEASED, data, at=at, actor=actor)


def reject(database: Database, number: str, reason: str, *, at: datetime, actor: str) -> Row:
    """Quality rejects the batch: its products stay blocked, to be destroyed. Raises ``Conflict`` if it was decided."""
    with database.transaction() as connection:
        loaded = _own(connection, number)
        _check_undecided(loaded)
        own_holds(connection)
        return _add_fact(connection, loaded, FactKind.REJECTED, {"reason": reason}, at=at, actor=actor)


def _formula(connection: Connection, name: str, version: int) -> Row:
    row: Row | None = queries("compounding").formula(connection, name=name, version=version)
    if row is None:
        raise NotFound(f"there is no formula {name} version {version}", "See GET /v1/formulas for those there are.")
    return row


def _check_prescription(formula: Row, prescription: str) -> None:
    for_patient = formula["kind"] == Kind.FOR_PATIENT
    if for_patient and not prescription:
        raise Invalid(
            f"{formula['item']} is made for one patient at a time (503A)", "Name the prescription it is made for."
        )
    if prescription and not for_patient:
        raise Invalid(f"{formula['item']} is made for stock (503B)", "Leave the prescription out.")


def _add_place(connection: Connection, number: str, room: str) -> int:
    above = place_named(connection, room)
    if above["kind"] != "room":
        raise Invalid(f"{room} is a {above['kind']}, not a room", "Name the room that the batch is made in.")
    if not queries("master_data").add_place(
        connection, name=number, title="", kind="production", parent_id=above["id"], policy=None
    ):
        raise Conflict(f"there is a place or batch {number} already", "Give each batch a number of its own.")
    return int(place_named(connection, number)["id"])


def _used_up_place(connection: Connection) -> int:
    queries("master_data").add_place(
        connection, name=USED_UP, title="Used up in products", kind="used_up", parent_id=None, policy=None
    )
    return int(place_named(connection, USED_UP)["id"])


def _own(connection: Connection, number: str) -> Loaded:
    queries("compounding").own_batch(connection, batch_id=_batch(connection, number)["id"])
    return _loaded(connection, number)


def _batch(connection: Connection, number: str) -> Row:
    row: Row | None = queries("compounding").batch(connection, number=number)
    if row is None:
        raise NotFound(f"there is no production batch {number}", "See GET /v1/production-batches for those there are.")
    return row


def _loaded(connection: Connection, number: str) -> Loaded:
    row = _batch(connection, number)
    facts = [
        BatchFact(FactKind(fact["kind"]), fact["actor"], fact["occurred_at"], fact["data"])
        for fact in queries("compounding").facts(connection, batch_id=row["id"])
    ]
    components = list(queries("compounding").components(connection, place_id=row["place_id"]))
    products = list(queries("compounding").products(connection, batch_id=row["id"], place_id=row["place_id"]))
    holds = queries("compounding").holds_on_batch(
        connection,
        lot_ids=[each["lot_id"] for each in products],
        place_id=row["place_id"],
        ancestors=row["ancestors"],
        is_decided=any(fact.kind in {FactKind.RELEASED, FactKind.REJECTED} for fact in facts),
    )
    began_at = min([each["first_at"] for each in components], default=None)
    ended_at = next((fact.at for fact in facts if fact.kind is FactKind.FINISHED), None)
    record = Record(
        kind=Kind(row["kind"]),
        formula=Formula.model_validate(row["body"]),
        quantity=row["quantity"],
        planned_by=row["planned_by"],
        facts=tuple(facts),
        components=tuple(_component(each) for each in components),
        products=tuple(Product(each["lot_number"], each["quantity"], each["expires_at"]) for each in products),
        holds=tuple(hold["text"] for hold in holds),
        is_monitored=queries("compounding").policies_above(connection, ancestors=row["ancestors"]),
        was_measured=any(channel["readings"] for channel in _environment(connection, row, began_at, ended_at)),
        operators=frozenset(name for each in (*components, *products) for name in each["operators"]),
    )
    return Loaded(row, record, components, products, began_at, ended_at)


def _component(row: Row) -> Component:
    keys = ("item", "lot_number", "consumed", "returned", "scrapped", "used", "expires_at", "expiry_required")
    return Component(**{key: row[key] for key in keys})


def _environment(connection: Connection, row: Row, began_at: datetime | None, ended_at: datetime | None) -> list[Row]:
    if began_at is None:
        return []
    return list(
        queries("compounding").environment(
            connection,
            ancestors=row["ancestors"],
            room_id=row["ancestors"][-2],  # the last is the batch's own place, and it always stands in a room
            began_at=began_at,
            ended_at=ended_at or datetime.max.replace(tzinfo=began_at.tzinfo),
        )
    )


def _excursions(connection: Connection, loaded: Loaded) -> list[Row]:
    if loaded.began_at is None:
        return []
    return list(
        queries("compounding").excursions_during(
            connection,
            ancestors=loaded.row["ancestors"],
            began_at=loaded.began_at,
            ended_at=loaded.ended_at or datetime.max.replace(tzinfo=loaded.began_at.tzinfo),
        )
    )


def _check_step(loaded: Loaded, step: int) -> None:
    steps = loaded.record.formula.steps
    if not 1 <= step <= len(steps):
        raise NotFound(f"{loaded.row['formula']} has no step {step}", f"Its steps are numbered 1 to {len(steps)}.")


def _check_unfinished(loaded: Loaded) -> None:
    _check_undecided(loaded)
    if loaded.record.of(FactKind.FINISHED):
        raise Conflict(f"batch {loaded.row['number']} is finished", "Report what happened since as a deviation.")


def _check_undecided(loaded: Loaded) -> None:
    for kind in (FactKind.RELEASED, FactKind.REJECTED):
        if loaded.record.of(kind):
            raise Conflict(f"batch {loaded.row['number']} was {kind} already")


def _checked_target(connection: Connection, to_place: str) -> Row:
    target = place_named(connection, to_place)
    if target["kind"] not in {"room", "bin", "site"}:
        raise Invalid(
            f"product does not leave a batch for {target['kind']} {to_place}",
            "Take it to a room or bin; it leaves from there once it is released.",
        )
    return target


def _bud(loaded: Loaded, made: Yield) -> Any:
    if loaded.began_at is None:
        raise Conflict(f"nothing was consumed by batch {loaded.row['number']}", "Consume its ingredients first.")
    if made.occurred_at < loaded.began_at:
        raise Invalid(
            f"batch {loaded.row['number']} began at {loaded.began_at:%Y-%m-%d %H:%M:%S} UTC, after its product"
        )
    formula = loaded.record.formula
    within = [each for each in loaded.record.components if each.consumed > each.returned]
    components = [each.expires_at for each in within if each.expires_at is not None]
    try:
        return decide_bud(loaded.began_at, formula.preparation, formula.storage, components, made.bud)
    except NoBudRuleError as error:
        raise Conflict(str(error), "Give beyond_use_at and the reason for it.") from error
    except BudRefusedError as error:
        raise Conflict(f"beyond-use date refused: {error}", "Give an earlier one.") from error


def _product_lot(connection: Connection, loaded: Loaded, lot_number: str, expires_at: datetime) -> int:
    row = loaded.row
    dates: Mapping[str, Any] = {"expires_on": expires_at.date(), "expires_at": expires_at}
    queries("availability").add_lot(
        connection, item_id=row["item_id"], lot_number=lot_number, owner=row["owner"], **dates
    )
    lot = queries("availability").lot_by_number(connection, item=row["item"], lot_number=lot_number, owner=row["owner"])
    queries("compounding").limit_expiry(connection, lot_id=lot["id"], **dates)
    return int(lot["id"])


def _add_fact(
    connection: Connection, loaded: Loaded, kind: FactKind, data: dict[str, Any], *, at: datetime, actor: str
) -> Row:
    number = loaded.row["number"]
    event_id = add_event(connection, actor=actor, kind=f"batch_{kind}", subject=_subject(number), data=data)
    queries("compounding").add_fact(
        connection,
        batch_id=loaded.row["id"],
        kind=kind.value,
        actor=actor,
        occurred_at=at,
        data=Jsonb(data),
        event_id=event_id,
    )
    return _shown(connection, _loaded(connection, number))


def _subject(number: str) -> str:
    return f"batch:{number}"


def _summary(loaded: Loaded) -> Row:
    row, record = loaded.row, loaded.record
    made, _ = yield_of(record)
    keys = ("number", "item", "formula", "version", "room", "quantity", "prescription", "owner", "planned_by",
            "planned_at", "kind")  # fmt: skip
    state = state_of(record)
    return {
        **{key: row[key] for key in keys},
        "state": state,
        "holds": list(record.holds),
        "open_points": [] if state in {State.RELEASED, State.REJECTED} else list(open_points(record)),
        "made": made,
        "made_pct": made_pct(made, row["quantity"]),
    }


def _shown(connection: Connection, loaded: Loaded) -> Row:
    record = loaded.record
    expected: dict[str, float] = {
        each.item: record.formula.expected(each, record.quantity) for each in record.formula.ingredients
    }
    environment = _environment(connection, loaded.row, loaded.began_at, loaded.ended_at)
    return {
        **_summary(loaded),
        "formula_body": loaded.row["body"],
        "expected": expected,
        "components": [
            {**each, "left": _component(each).left, "expires_at": _told(each["expires_at"]), "first_at": None}
            for each in loaded.components
        ],
        "products": [
            {key: _told(each[key]) for key in ("lot_id", "lot_number", "quantity", "expires_at")}
            for each in loaded.products
        ],
        "facts": [
            {"kind": fact.kind.value, "actor": fact.actor, "at": _told(fact.at), "data": dict(fact.data)}
            for fact in record.facts
        ],
        "began_at": _told(loaded.began_at),
        "ended_at": _told(loaded.ended_at),
        "environment": [{key: _told(value) for key, value in each.items()} for each in environment],
        "excursions": [{key: _told(value) for key, value in each.items()} for each in _excursions(connection, loaded)],
    }


def _told(value: Any) -> Any:
    """As JSON has it."""
    return value.isoformat() if isinstance(value, datetime) else value
