"""What people say of a production batch: steps, checks, equipment, deviations, tests, and who releases it."""

from collections.abc import Sequence
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
    exceptions_of,
    is_cleared,
    labels_counted,
    makers_of,
    open_points,
)
from cloud_sync.domain.signatures import RecordKind
from cloud_sync.errors import Conflict, Invalid, NotAllowed, NotFound
from cloud_sync.posting.quality_control.gates import check_operator
from cloud_sync.posting.signatures import check_two_accept
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.locks import lock_holds
from cloud_sync.storage.queries import queries


def do_step(database: Database, number: str, step: int, note: str, *, at: datetime, actor: str) -> Row:
    """A step of the master formulation record is done. Raises ``NotFound``, ``Conflict`` if it was done before."""
    with database.transaction() as connection:
        loaded = lock_batch(connection, number)
        check_unfinished(loaded)
        _check_step(loaded, step)
        check_may_work(connection, loaded, at=at, actor=actor)
        if any(fact.data["step"] == step for fact in loaded.record.of(FactKind.STEP)):
            raise Conflict(f"step {step} of batch {number} was done already")
        return add_batch_fact(connection, loaded, FactKind.STEP, {"step": step, "note": note}, at=at, actor=actor)


def check_may_work(connection: Connection, loaded: Loaded, *, at: datetime, actor: str) -> None:
    """Raise ``Conflict`` before the line is cleared, ``NotAllowed`` to whoever is not qualified for the preparation."""
    if not is_cleared(loaded.record):
        raise Conflict(
            f"the line for batch {loaded.row['number']} is not cleared",
            "Clear it, and have another person confirm that: POST "
            f"/v1/production-batches/{loaded.row['number']}/line-clearances.",
        )
    check_operator(connection, loaded.record.master_record.preparation, actor, at)


def clear_line(database: Database, number: str, note: str, *, at: datetime, actor: str) -> Row:
    """Nothing of another batch is left on the line. Raises ``Conflict`` while another batch is made in the room."""
    with database.transaction() as connection:
        loaded = lock_batch(connection, number)
        check_unfinished(loaded)
        if loaded.record.of(FactKind.LINE_CLEARED):
            raise Conflict(f"the line for batch {number} was cleared already", "Have another person confirm it.")
        beside = queries("quality_control").unfinished_beside(
            connection, batch_id=loaded.row["id"], room=loaded.row["room"]
        )
        if others := [row["number"] for row in beside]:
            raise Conflict(
                f"batch {', '.join(others)} is still made in {loaded.row['room']}", "Finish it, then clear the line."
            )
        return add_batch_fact(connection, loaded, FactKind.LINE_CLEARED, {"note": note}, at=at, actor=actor)


def confirm_clearance(database: Database, number: str, note: str, *, at: datetime, actor: str) -> Row:
    """A second person has seen that the line is clear. Raises ``NotAllowed`` for whoever cleared it, ``Conflict``."""
    with database.transaction() as connection:
        loaded = lock_batch(connection, number)
        check_unfinished(loaded)
        cleared = next(iter(loaded.record.of(FactKind.LINE_CLEARED)), None)
        if cleared is None:
            raise Conflict(f"the line for batch {number} is not cleared yet")
        if cleared.actor == actor:
            raise NotAllowed(f"{actor} cleared the line for batch {number}", "A second person has to confirm it.")
        if loaded.record.of(FactKind.CLEARANCE_CHECKED):
            raise Conflict(f"the clearance for batch {number} was confirmed already")
        return add_batch_fact(connection, loaded, FactKind.CLEARANCE_CHECKED, {"note": note}, at=at, actor=actor)


def record_control(
    database: Database, number: str, control: str, values: Sequence[float], note: str, *, at: datetime, actor: str
) -> Row:
    """The values of an in-process control, as many as its sampling plan asks for. Raises ``NotFound``, ``Invalid``."""
    with database.transaction() as connection:
        loaded = lock_batch(connection, number)
        check_undecided(loaded)
        asked = next((each for each in loaded.record.master_record.controls if each.name == control), None)
        if asked is None:
            known = ", ".join(each.name for each in loaded.record.master_record.controls) or "none"
            raise NotFound(f"batch {number} has no in-process control {control}", f"Its record asks for: {known}.")
        if len(values) != asked.samples:
            raise Invalid(
                f"{len(values)} values were given, the sampling plan of {control} asks for {asked.samples}",
                "Give all of them, and none that was not taken.",
            )
        data = {"control": control, "values": list(values), "note": note, "outside": asked.outside(values)}
        return add_batch_fact(connection, loaded, FactKind.CONTROL, data, at=at, actor=actor)


def count_labels(
    database: Database,
    number: str,
    *,
    issued: int,
    used: int,
    returned: int,
    destroyed: int,
    note: str,
    at: datetime,
    actor: str,
) -> Row:
    """Labels that were issued, used, returned and destroyed, beside those counted before.

    Raises ``Invalid`` where none were issued.
    """
    with database.transaction() as connection:
        loaded = lock_batch(connection, number)
        check_undecided(loaded)
        if issued + used + returned + destroyed == 0:
            raise Invalid("no labels were counted", "Give at least one number.")
        before = labels_counted(loaded.record)
        if before["issued"] + issued == 0:
            raise Invalid(f"no labels were issued for batch {number}", "Say how many were issued first.")
        data = {"issued": issued, "used": used, "returned": returned, "destroyed": destroyed, "note": note}
        return add_batch_fact(connection, loaded, FactKind.LABELS, data, at=at, actor=actor)


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
        if exceptions := exceptions_of(loaded.record):
            check_two_accept(
                connection, RecordKind.BATCH, number, exceptions, actor=actor, but=makers_of(loaded.record)
            )
        shown = shown_batch(connection, loaded)
        # What was seen when it was decided, for readings may be thinned out years later.
        data = {
            "reason": reason,
            "exceptions": list(exceptions),
            "environment": shown["environment"],
            "excursions": shown["excursions"],
        }
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
