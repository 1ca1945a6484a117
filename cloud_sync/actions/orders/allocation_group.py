"""Allocations that come at the same moment, in one transaction and three round trips for all.

Only what is plain is done here: a request that was not made before, of an item that is known, for no prescription, and
covered by the first stock in FEFO order. Whatever else there is to an allocation is left to ``allocate``,
which does the same by itself; so is everything, if anything here fails.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary, ref

import psycopg

from cloud_sync.domain.fefo import AllocationPlan, plan
from cloud_sync.errors import Overtaken
from cloud_sync.posting.idempotency import answer_event, subject_of
from cloud_sync.posting.positions import position_of
from cloud_sync.posting.reservations.fefo_allocation import PlannedStock, PositionKey, key_of
from cloud_sync.posting.reservations.reservations import reserved
from cloud_sync.storage.columns import Column
from cloud_sync.storage.database import WARM_CONNECTIONS_MAX, Connection, Database, Row
from cloud_sync.storage.events import adding_events
from cloud_sync.storage.group_commit import GroupCommit
from cloud_sync.storage.locks import ROOMS, begin_together, lock_items_named
from cloud_sync.storage.queries import queries
from edge_agent.domain.stock.eligibility import Context

AT_ONCE_MAX = 16
"""Of one transaction: it owns the items of all."""
TRANSACTIONS_MAX = WARM_CONNECTIONS_MAX
"""At the same time, of one process: a second one where the first waits for something."""
READ_MAX = 5
"""What is free is read again if it was held meanwhile: alone, each would wait for the lot that is being held."""
SURELY = timedelta(days=2)
"""More than clocks that change, and days where stock is, can make of a shelf life."""
ALLOCATED = "allocated"
BEING_JUDGED = {"kind": "exposure", "text": "what was measured in its room is being judged at this moment"}
"""What blocks stock in a room whose holds are being written; nobody waits for it who finds other stock."""

_groups: "WeakKeyDictionary[Database, GroupCommit[AllocationRequest, dict[str, Any]]]" = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class AllocationRequest:
    """What is asked for. ``said`` is the request as it is kept, ``quantity`` base units."""

    client_id: UUID
    item: str
    owner: str
    quantity: int
    demand: str
    site: str | None
    shelf_life_min_days: int
    expires_at: datetime | None
    at: datetime
    actor: str
    said: dict[str, Any]

    @property
    def context(self) -> Context:
        """What is demanded of the stock."""
        return Context(at=self.at, owner=self.owner, shelf_life_min=timedelta(days=self.shelf_life_min_days))


class _HeldMeanwhile(Exception):
    """Stock that was free when it was read is held now: what is free has to be read again."""


def allocate_with_others(database: Database, request: AllocationRequest) -> dict[str, Any] | None:
    """The answer to this request, made together with what is asked at the same moment; None if it was not made."""
    group = _groups.get(database)
    if group is None:
        new = GroupCommit(partial(_allocate, ref(database)), at_once_max=AT_ONCE_MAX, leaders_max=TRANSACTIONS_MAX)
        group = _groups.setdefault(database, new)
    return group.answer(request)


def _allocate(database_ref: "ref[Database]", asked: Sequence[AllocationRequest]) -> Sequence[dict[str, Any] | None]:
    database = database_ref()
    assert database is not None  # noqa: S101 - who asks has it
    for _ in range(READ_MAX):
        try:
            with database.transaction(is_warm=True) as connection:
                return _allocate_in(connection, asked)
        except _HeldMeanwhile:
            continue
        except (Overtaken, psycopg.errors.CheckViolation):
            break
    return [None] * len(asked)


def _allocate_in(connection: Connection, asked: Sequence[AllocationRequest]) -> list[dict[str, Any] | None]:
    stock = _first_stock(connection, asked)
    if stock is None:  # nothing was stored; taken back, the connection would forget all plans that it keeps
        return [None] * len(asked)
    rows_of: dict[int, list[Row]] = defaultdict(list)
    for row in stock:
        row["holds"] = [*(row["holds"] or []), *([BEING_JUDGED] if row["is_judged"] else [])]
        rows_of[row["number"]].append(row)
    taken_before: dict[PositionKey, int] = defaultdict(int)
    planned: dict[UUID, PlannedStock] = {}
    for number, each in enumerate(asked, start=1):
        made = _planned(each, rows_of[number], taken_before)
        if made is not None:
            planned[each.client_id] = made
            for pick in made.plan.picks:
                taken_before[key_of(pick.position)] += pick.quantity
    covered = [each for each in asked if each.client_id in planned]
    answers = _kept(connection, covered, planned) if covered else {}
    return [answers.get(each.client_id) for each in asked]


def _first_stock(connection: Connection, asked: Sequence[AllocationRequest]) -> Iterable[Row] | None:
    """Of the items, which are ours from now on; None if all have to be looked at alone. All is asked at once; each sees
    what was stored when its turn came."""
    subjects = [subject_of(each.client_id) for each in asked]
    if len(set(subjects)) < len(subjects):
        return None
    wanted: Counter[tuple[str, str]] = Counter()
    for each in asked:
        wanted[each.item, each.owner] += each.quantity
    with connection.pipeline():
        begin_together(connection, subjects)
        needs_more = connection.execute(
            queries("reservations").any_needs_more.sql,
            {"subjects": subjects, "demands": [each.demand for each in asked]},
        )
        connection.execute(*lock_items_named([each.item for each in asked]))
        found = connection.execute(
            queries("availability").first_positions.sql,
            {
                "items": Column(each.item for each in asked),
                "owners": Column(each.owner for each in asked),
                "sites": Column(each.site for each in asked),
                "units_wanted": Column(wanted[each.item, each.owner] for each in asked),
                "lasting_until": Column(each.at + each.context.shelf_life_min + SURELY for each in asked),
                "rooms_key": ROOMS,
            },
            prepare=True,
        )
    return None if _only(needs_more) else found


def _only(asked: "psycopg.Cursor[Row]") -> Any:
    (row,) = asked.fetchall()
    (value,) = row.values()
    return value


def _planned(
    request: AllocationRequest, rows: Sequence[Row], taken_before: dict[PositionKey, int]
) -> PlannedStock | None:
    """What to take, or None if the first stock is not enough to say."""
    positions = [position_of(row) for row in rows]
    now = [
        replace(each, stock=replace(each.stock, reserved=each.stock.reserved + taken_before[key_of(each)]))
        if key_of(each) in taken_before
        else each
        for each in positions
    ]
    made: AllocationPlan = plan(now, request.quantity, request.context)
    if made.missing:
        return None
    marked = {row["lot_id"] for row in rows if row["is_wholly_exposed"]}
    more = rows[0]["wholly_exposed"] - len(marked)
    if marked and more and request.site is not None:
        return None  # how many more there are is counted at the site
    by_key = {(row["lot_id"], row["place_id"], row["serial"]): row for row in rows}
    return PlannedStock(made, by_key, more)


def _kept(
    connection: Connection, asked: Sequence[AllocationRequest], planned: dict[UUID, PlannedStock]
) -> dict[UUID, dict[str, Any]]:
    taken = [(each, pick) for each in asked for pick in planned[each.client_id].plan.picks]
    with connection.pipeline():
        added = connection.execute(
            queries("reservations").add_reservations_together.sql,
            {
                "client_ids": Column(each.client_id for each, _ in taken),
                "lot_ids": Column(pick.position.lot_id for _, pick in taken),
                "serials": Column(pick.position.serial for _, pick in taken),
                "place_ids": Column(pick.position.place_id for _, pick in taken),
                "quantities": Column(pick.quantity for _, pick in taken),
                "demands": Column(each.demand for each, _ in taken),
                "reserved_bys": Column(each.actor for each, _ in taken),
                "expires_at": Column(each.expires_at for each, _ in taken),
            },
        )
        held = connection.execute(
            queries("reservations").is_any_held_of.sql, {"client_ids": Column(each.client_id for each in asked)}
        )
    if _only(held):
        raise _HeldMeanwhile
    ids: dict[UUID, dict[PositionKey, int]] = defaultdict(dict)
    for row in added:
        ids[row["client_id"]][row["lot_id"], row["place_id"], row["serial"]] = row["id"]
    answers = {}
    for each in asked:
        result = reserved(planned[each.client_id], ids[each.client_id])
        answers[each.client_id] = {**result, "substitutes": []}
    with connection.pipeline():
        adding_events(
            connection,
            [
                answer_event(ALLOCATED, each.client_id, each.said, answers[each.client_id], actor=each.actor)
                for each in asked
            ],
        )
        connection.commit()
    return answers
