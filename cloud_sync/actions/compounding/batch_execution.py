"""What people say of a production batch: steps, checks, equipment, deviations, tests, and who releases it."""

from datetime import datetime

from cloud_sync.actions.compounding.batch_records import (
    Loaded,
    add_batch_fact,
    check_undecided,
    check_unfinished,
    load_batch,
    lock_batch,
    shown_batch,
)
from cloud_sync.domain.compounding import (
    FactKind,
    Topic,
    makers_of,
    open_points,
)
from cloud_sync.errors import Conflict, NotAllowed, NotFound
from cloud_sync.storage.database import Database, Row
from cloud_sync.storage.locks import lock_holds


def do_step(database: Database, number: str, step: int, note: str, *, at: datetime, actor: str) -> Row:
    """A step of the master formulation record is done. Raises ``NotFound``, ``Conflict`` if it was done before."""
    with database.transaction() as connection:
        loaded = lock_batch(connection, number)
        check_unfinished(loaded)
        _check_step(loaded, step)
        if any(fact.data["step"] == step for fact in loaded.record.of(FactKind.STEP)):
            raise Conflict(f"step {step} of batch {number} was done already")
        return add_batch_fact(connection, loaded, FactKind.STEP, {"step": step, "note": note}, at=at, actor=actor)


def check_step(database: Database, number: str, step: int, note: str, *, at: datetime, actor: str) -> Row:
    """A second person confirms a step. Raises ``NotAllowed`` for whoever did it, ``Conflict`` if nobody did."""
    with database.transaction() as connection:
        loaded = lock_batch(connection, number)
        _check_step(loaded, step)
        done = next((fact for fact in loaded.record.of(FactKind.STEP) if fact.data["step"] == step), None)
        if done is None:
            raise Conflict(f"step {step} of batch {number} is not done yet")
        if done.actor == actor:
            raise NotAllowed(f"{actor} did step {step}", "A second person has to check it.")
        if any(fact.data["step"] == step for fact in loaded.record.of(FactKind.CHECK)):
            raise Conflict(f"step {step} of batch {number} was checked already")
        return add_batch_fact(connection, loaded, FactKind.CHECK, {"step": step, "note": note}, at=at, actor=actor)


def use_equipment(database: Database, number: str, equipment: str, serial: str, *, at: datetime, actor: str) -> Row:
    """Which piece of equipment was used."""
    with database.transaction() as connection:
        loaded = lock_batch(connection, number)
        check_unfinished(loaded)
        data = {"equipment": equipment, "serial": serial}
        return add_batch_fact(connection, loaded, FactKind.EQUIPMENT, data, at=at, actor=actor)


def deviate(database: Database, number: str, topic: Topic, text: str, *, at: datetime, actor: str) -> Row:
    """Something was not as the master formulation record says; quality has to assess it."""
    with database.transaction() as connection:
        loaded = lock_batch(connection, number)
        check_undecided(loaded)
        data = {"topic": topic.value, "text": text}
        return add_batch_fact(connection, loaded, FactKind.DEVIATION, data, at=at, actor=actor)


def assess(database: Database, number: str, deviation: int, conclusion: str, *, at: datetime, actor: str) -> Row:
    """Quality's conclusion on a deviation. Raises ``NotFound``, ``Conflict``, ``NotAllowed`` for who reported it."""
    with database.transaction() as connection:
        loaded = lock_batch(connection, number)
        check_undecided(loaded)
        reported = loaded.record.of(FactKind.DEVIATION)
        if not 1 <= deviation <= len(reported):
            raise NotFound(f"batch {number} has no deviation {deviation}", "The batch record numbers them from 1.")
        if reported[deviation - 1].actor == actor:
            raise NotAllowed(f"{actor} reported deviation {deviation}", "Somebody else has to assess it.")
        if any(fact.data["deviation"] == deviation for fact in loaded.record.of(FactKind.ASSESSMENT)):
            raise Conflict(f"deviation {deviation} of batch {number} is assessed already")
        data = {"deviation": deviation, "conclusion": conclusion}
        return add_batch_fact(connection, loaded, FactKind.ASSESSMENT, data, at=at, actor=actor)


def record_test(
    database: Database, number: str, test: str, result: str, passed: bool, *, at: datetime, actor: str
) -> Row:
    """A release test's result; the latest of a test counts, and all stay on record."""
    with database.transaction() as connection:
        loaded = lock_batch(connection, number)
        check_undecided(loaded)
        data = {"test": test, "result": result, "passed": passed}
        return add_batch_fact(connection, loaded, FactKind.TEST, data, at=at, actor=actor)


def release(database: Database, number: str, reason: str, *, at: datetime, actor: str) -> Row:
    """Quality releases the products. Raises ``NotAllowed`` for who made it, ``Conflict`` with every open point."""
    with database.transaction() as connection:
        loaded = lock_batch(connection, number)
        check_undecided(loaded)
        if actor in makers_of(loaded.record):
            raise NotAllowed(
                f"{actor} had a hand in batch {number}", "Somebody else with the role quality releases it."
            )
        lock_holds(connection)
        loaded = load_batch(connection, number)  # again: holds stand still from here on
        if points := open_points(loaded.record):
            raise Conflict(
                f"batch {number} may not be released: {'; '.join(points)}",
                "Do what is missing, or report a deviation and have it assessed. Failed tests and holds stay.",
            )
        shown = shown_batch(connection, loaded)
        # What was seen when it was decided, for readings may be thinned out years later.
        data = {"reason": reason, "environment": shown["environment"], "excursions": shown["excursions"]}
        return add_batch_fact(connection, loaded, FactKind.RELEASED, data, at=at, actor=actor)


def reject(database: Database, number: str, reason: str, *, at: datetime, actor: str) -> Row:
    """Quality rejects the batch: its products stay blocked, to be destroyed. Raises ``Conflict`` if it was decided."""
    with database.transaction() as connection:
        loaded = lock_batch(connection, number)
        check_undecided(loaded)
        lock_holds(connection)
        return add_batch_fact(connection, loaded, FactKind.REJECTED, {"reason": reason}, at=at, actor=actor)


def _check_step(loaded: Loaded, step: int) -> None:
    steps = loaded.record.master_record.steps
    if not 1 <= step <= len(steps):
        raise NotFound(
            f"{loaded.row['master_formulation_record']} has no step {step}",
            f"Its steps are numbered 1 to {len(steps)}.",
        )
