"""Restores a backup into an empty database: all of it or nothing, into the version that made it, then on to this one.

A restored ledger is older than its receipts. So its sealed log goes on under another name (``seal/epochs.py``), and the
lanes that were further than they are now become cases until their gateways have sent them again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg.rows import dict_row
from pyrage import x25519

from cloud_sync.backup.archive import BackupUnusable, Source
from cloud_sync.backup.contents import Header, Opened
from cloud_sync.backup.marks import Marks
from cloud_sync.backup.places import Stored, StoredFile
from cloud_sync.errors import Conflict, DatabaseDown, Invalid
from cloud_sync.posting.cases import Case, open_case
from cloud_sync.seal.epochs import Origins, begin_epoch
from cloud_sync.seal.sealing import seal_in
from cloud_sync.seal.verification import is_signed_note
from cloud_sync.storage.database import Connection, Database, known_revisions, migrate
from cloud_sync.storage.events import add_event
from cloud_sync.storage.queries import queries
from edge_agent.domain.seal.notes import Checkpoint, NoteFault, opened_note

RESTORED_LANE = "restored_lane_behind"
"""The kind of the cases."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A ledger that was set back goes on. ``lost_rows``: sealed rows that are known to be gone; ``behind``: lanes of
    gateways that were further; ``unknown``: gateways that were enrolled since."""

    origin: str
    lost_rows: int
    behind: list[str]
    unknown: list[str]


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back, and how the ledger goes on."""

    header: Header
    rows: int
    begun: Begun


def restore(
    url: str,
    backup: Stored | Path,
    key: x25519.Identity,
    *,
    kept: Sequence[str] = (),
    marks: Marks | None = None,
    at: datetime,
    actor: str,
    reason: str,
) -> Restored:
    """Restore a backup into the empty database at ``url``, of the owner of its tables.

    ``kept``: checkpoints (signed notes) that were kept elsewhere. Before anything is changed, the whole file is read
    and compared. Raises ``BackupUnusable``, ``Conflict`` for a database that is not empty, ``Invalid``,
    ``DatabaseDown``.
    """
    stored = _stored(backup)
    with stored.opened() as file:
        header = _read_through(file, key)
    _check_target(url, header)
    migrate(url, to=header.revision)
    with stored.opened() as file:
        try:
            with psycopg.connect(url, row_factory=dict_row, connect_timeout=5) as connection:
                opened = Opened(file, key)
                if opened.header != header:
                    raise BackupUnusable("the backup was replaced while it was read", "Restore it again.")
                rows = _load(connection, opened)
                data = {"made_at": header.made_at.isoformat(), "rows": rows}
                begun = _begin_anew(connection, kept, marks, at=at, actor=actor, reason=reason, data=data)
        except psycopg.OperationalError as error:
            raise DatabaseDown(str(error).strip()) from error
    migrate(url)
    # The former server's transactions have other numbers: what was restored is sealed before anybody compares them.
    with psycopg.connect(url, row_factory=dict_row, connect_timeout=5) as connection:
        seal_in(connection)
    return Restored(header, rows, begun)


def declare_set_back(
    database: Database,
    *,
    kept: Sequence[str] = (),
    marks: Marks | None = None,
    at: datetime,
    actor: str,
    reason: str,
) -> Begun:
    """Say that the database was set back by other means than :func:`restore`: to a point in time, or a copy of a disk.

    To be said before the ledger starts, for it seals at once. Raises ``Conflict`` if the database still has all that
    ``kept`` and ``marks`` tell of: then it was not set back.
    """
    with database.transaction() as connection:
        begun = _begin_anew(connection, kept, marks, at=at, actor=actor, reason=reason, data={})
        if (kept or marks) and not (begun.lost_rows or begun.behind or begun.unknown):
            raise Conflict(
                "this database has all that the checkpoints and marks tell of: it was not set back",
                "Give later ones, or start the ledger as it is.",
            )
        return begun


def inspect(backup: Stored | Path, key: x25519.Identity) -> tuple[Header, int]:
    """What is in a backup, and how many rows, every one of them read. Raises ``BackupUnusable``."""
    with _stored(backup).opened() as file:
        opened = Opened(file, key)
        for _ in opened.tables():
            pass
        return opened.header, opened.rows


def _stored(backup: Stored | Path) -> Stored:
    return StoredFile(backup) if isinstance(backup, Path) else backup


def _read_through(file: Source, key: x25519.Identity) -> Header:
    opened = Opened(file, key)
    if opened.header.revision not in known_revisions():
        opened.close()
        raise BackupUnusable(
            f"the backup was made by version {opened.header.version} (schema {opened.header.revision}), which is newer "
            "than this one",
            "Install that version or a later one, and restore it with that.",
        )
    for _ in opened.tables():
        pass
    return opened.header


def _check_target(url: str, header: Header) -> None:
    what_to_do = "Restore into an empty database: another data_dir, or createdb. Nothing was changed."
    try:
        with psycopg.connect(url, row_factory=dict_row, connect_timeout=5) as connection:
            if queries("backup").is_empty_database(connection):
                return
            if not queries("backup").is_unused_ledger(connection):
                raise Conflict("there is a ledger in this database already, or something else", what_to_do)
            revision = queries("backup").revision(connection)
    except psycopg.OperationalError as error:
        raise DatabaseDown(str(error).strip()) from error
    if revision != header.revision:
        raise Conflict(f"the database is at schema {revision}, and the backup at {header.revision}", what_to_do)


def _load(connection: Connection, opened: Opened) -> int:
    tables = {row["name"]: row for row in queries("backup").tables_to_copy(connection)}
    loading = list(queries("backup").open_to_loading(connection))
    for row in loading:
        connection.execute(row["off"])
    connection.execute(queries("backup").empty_all(connection))
    for month in opened.header.months:
        queries("backup").make_month(connection, month=month)
    for table in opened.tables():
        known = tables.get(table.name)
        if known is None or known["columns"] != opened.header.tables.get(table.name):
            raise Invalid(
                f"table {table.name} of the backup is not one of schema {opened.header.revision}",
                "Restore it with the version of Lotwarden that made it.",
            )
        with connection.cursor().copy(known["copy_in"]) as copy:
            for part in table.parts:
                copy.write(part)
    for name, last_value in opened.header.sequences.items():
        queries("backup").set_sequence(connection, name=name, last_value=last_value)
    for row in reversed(loading):
        connection.execute(row["back"])
    return opened.rows


def _begin_anew(
    connection: Connection,
    kept: Sequence[str],
    marks: Marks | None,
    *,
    at: datetime,
    actor: str,
    reason: str,
    data: dict[str, object],
) -> Begun:
    known = _known(connection, [*kept, *([marks.checkpoint] if marks and marks.checkpoint else [])])
    epoch = begin_epoch(connection, known, at=at, actor=actor, reason=reason)
    behind, unknown = _behind(connection, marks.lanes if marks else [])
    data = {**data, "origin": epoch.origin, "restored_size": epoch.restored.size, "known_size": epoch.known.size}
    add_event(connection, actor=actor, kind="ledger_restored", subject="ledger", reason=reason, data=data)
    return Begun(epoch.origin, epoch.known.size - epoch.restored.size, behind, unknown)


def _known(connection: Connection, notes: Sequence[str]) -> Checkpoint | None:
    """The latest of checkpoints that were kept elsewhere, each signed by this very ledger."""
    origin = Origins(connection).now
    latest: Checkpoint | None = None
    for note in notes:
        try:
            checkpoint, _ = opened_note(note)
        except NoteFault as fault:
            raise Invalid(f"a kept checkpoint is none: {fault.reason}", "Give the file as it was saved.") from fault
        if checkpoint.origin != origin or not is_signed_note(connection, note, origin):
            raise Invalid(
                f"a kept checkpoint is of {checkpoint.origin}, and this backup of {origin}",
                "Give checkpoints of this ledger; see cloud-sync checkpoint, or seal.checkpoint on a gateway.",
            )
        if latest is None or checkpoint.size > latest.size:
            latest = checkpoint
    return latest


def _behind(connection: Connection, lanes: Sequence[dict[str, object]]) -> tuple[list[str], list[str]]:
    now = {
        (row["gateway"], row["journal"], row["lane"]): row["max_seq"]
        for row in queries("backup").lane_marks(connection)
    }
    gateways = {row["name"] for row in queries("backup").gateway_names(connection)}
    behind, unknown = [], set()
    for each in lanes:
        gateway, journal, lane = str(each["gateway"]), str(each["journal"]), str(each["lane"])
        had, has = int(str(each["max_seq"])), now.get((gateway, journal, lane), 0)
        if gateway not in gateways:
            unknown.add(gateway)
        elif had > has:
            text = (
                f"gateway {gateway} had sent {lane} 1 to {had}, and the restored ledger has them up to {has}. It sends "
                "them again if it still keeps them; this case closes when all is here. What is lost for ever is a case "
                "of its own"
            )
            key = f"{gateway}/{journal}/{lane}"
            case = open_case(connection, Case(RESTORED_LANE, key, text, data={"had": had, "has": has, "lane": lane}))
            queries("backup").expect_lane(
                connection, gateway=gateway, journal=journal, lane=lane, last_seq=had, case_id=case
            )
            behind.append(f"{gateway} {lane}: {has} of {had}")
    return behind, sorted(unknown)
