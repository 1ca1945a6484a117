"""Rooms as they are now: values, limits, excursions, and what lies in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cloud_sync.domain.list_request import ListRequest
from cloud_sync.domain.room_state import Limits, RoomState, channel_state, limits_of, worst
from cloud_sync.domain.uncertain_times import NO_EARLIEST
from cloud_sync.errors import NotFound
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.monitoring.judged import Judged, judged_by, policy_for
from edge_agent.domain.monitoring.policies import Policy

HISTORY_STEPS = 24
HISTORY_STEP = timedelta(minutes=30)
LATELY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class ChannelNow:
    """One channel of a room: its latest good value, what is allowed, and what it was before, oldest first.

    ``missed_quality`` says why the device has given no good value since, if it has not.
    """

    id: int
    gateway: str
    device: str
    metric: str
    value: float | None
    at: datetime | None
    is_synced: bool
    limits: Limits
    judged: Judged
    state: RoomState
    missed_quality: str
    history: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class LotsIn:
    """How many lots lie in each place, by its id (None: nobody has counted them yet), and how many of them are held."""

    lots: Mapping[int, int] | None = None
    held: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RoomNow:
    """A place with its channels; ``lots`` (None: not counted yet) and ``lots_held`` count those at and below it."""

    id: int
    name: str
    title: str
    kind: str
    site: str
    site_title: str
    zone: str
    is_zone_known: bool
    policy: str | None
    lots: int | None
    lots_held: int
    channels: tuple[ChannelNow, ...] = ()
    excursions: tuple[Row, ...] = field(default=())

    @property
    def state(self) -> RoomState:
        """The worst of its channels; an excursion of an alert alone is one as well."""
        if self.excursions:
            return RoomState.EXCURSION
        return worst(channel.state for channel in self.channels)


def rooms_now(database: Database, at: datetime, counted: LotsIn, *, name: str | None = None) -> tuple[RoomNow, ...]:
    """Every room of the house at ``at``, by site and name; ``counted`` may be older. Or the one called ``name``,
    without what its channels measured before."""
    with database.transaction() as connection:
        rows = list(queries("overview").rooms(connection, name=name))
        if not rows:
            return ()
        place_id = rows[0]["id"] if name is not None else None
        channels = _channels(connection, at, place_id=place_id)
        excursions = _by_place(queries("overview").open_excursions(connection))
    return tuple(
        RoomNow(
            **row,
            lots=None if counted.lots is None else counted.lots.get(row["id"], 0),
            lots_held=counted.held.get(row["id"], 0),
            channels=channels.get(row["id"], ()),
            excursions=tuple(excursions.get(row["id"], ())),
        )
        for row in rows
    )


def lots_in_rooms(database: Database) -> dict[int, int]:
    """By id of a room, how many lots lie at and below it. Reads all stock: ask now and then, not all the time."""
    with database.transaction() as connection:
        return {row["place_id"]: row["lots"] for row in queries("overview").lots_in_rooms(connection)}


def held_in_rooms(database: Database) -> dict[int, int]:
    """By id of a place, how many of the lots at and below it are held there. Reads all that is held."""
    with database.transaction() as connection:
        return {row["place_id"]: row["lots_held"] for row in queries("overview").held_in_rooms(connection)}


def room_now(database: Database, name: str, at: datetime) -> RoomNow:
    """One room, its lots not counted and its channels without their history. Raises ``NotFound``."""
    found = rooms_now(database, at, LotsIn(), name=name)
    if not found:
        raise NotFound(f"there is no room {name}", "See the page Now for those there are.")
    return found[0]


def residents_between(
    database: Database, room: RoomNow, since: datetime, until: datetime, wanted: ListRequest
) -> list[Row]:
    """Lots that were in a room between two instants: when each came and left, the last that came first.

    Of a room where much comes and goes, those of the last days fill a page, and no others are read for it.
    """
    is_descending = wanted.is_descending or not wanted.sort
    page, find = wanted.page, queries("overview").residents_between
    asked = {"place_id": room.id, "since": since, "until": until, "is_descending": is_descending, **page}
    with database.transaction() as connection:
        if is_descending:
            lately = list(find(connection, came_from=until - LATELY, **asked))
            if len(lately) == page["rows_max"]:
                return lately
        return list(find(connection, came_from=NO_EARLIEST, **asked))


def calibrations_due(database: Database, room: RoomNow) -> dict[int, str]:
    """By channel: the day (ISO) on which the calibration of its device is due, where its gateway has reminded of it."""
    with database.transaction() as connection:
        ids = [channel.id for channel in room.channels]
        return {row["channel_id"]: row["due"] for row in queries("fleet").calibrations_due(connection, channel_ids=ids)}


def house_zone(database: Database) -> str:
    """The time zone of all sites if they share one, else UTC: for times that belong to no place."""
    with database.transaction() as connection:
        zones = [row["zone"] for row in queries("overview").zones_of_sites(connection)]
    return zones[0] if len(zones) == 1 else "UTC"


def todo(database: Database) -> Row:
    """How many things wait for somebody: cases, channels_not_judged, excursions_open."""
    with database.transaction() as connection:
        counts: Row = queries("overview").todo(connection)
    return counts


def _channels(connection: Connection, at: datetime, place_id: int | None) -> dict[int, tuple[ChannelNow, ...]]:
    steps = range(HISTORY_STEPS, -1, -1) if place_id is None else ()
    marks = [at - HISTORY_STEP * step for step in steps]
    rows = list(queries("overview").channels_now(connection, place_id=place_id, at=at, marks=marks))
    asked = {
        row["id"]: row
        for row in queries("unjudged").channels_to_judge(connection, channel_ids=[row["id"] for row in rows])
    }
    found: dict[int, list[ChannelNow]] = {}
    for row in rows:
        found.setdefault(row["place_id"], []).append(_channel(row, asked[row["id"]], at))
    return {place: tuple(channels) for place, channels in found.items()}


def _channel(row: Row, asked: Row, at: datetime) -> ChannelNow:
    policies: Sequence[Policy] = [Policy.model_validate(body) for body in asked["policies"]]
    judged = Judged.NOT_NEEDED if asked["on_purpose"] else judged_by(row["metric"], asked["place"], policies)
    policy = policy_for(row["metric"], policies)
    rules = policy.rules_for(row["metric"]) if policy else ()
    is_missing = row["missed_at"] is not None and (row["at"] is None or row["missed_at"] > row["at"])
    return ChannelNow(
        id=row["id"], gateway=row["gateway"], device=row["device"], metric=row["metric"], value=row["value"],
        at=row["at"], is_synced=bool(row["synced"]), limits=limits_of(rules), judged=judged,
        state=channel_state(row["value"], row["at"], at, rules, judged),
        missed_quality=row["missed_quality"] if is_missing else "", history=tuple(row["history"] or ()),
    )  # fmt: skip


def _by_place(rows: Sequence[Row]) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in rows:
        found.setdefault(row["place_id"], []).append(row)
    return found
