"""Opening the journal for writing: made if there is none, repaired if it is damaged, brought to the present version."""

import logging
import os
import shutil
import sqlite3
import uuid
from dataclasses import replace
from pathlib import Path

from edge_agent.buffer.journal import Journal
from edge_agent.buffer.lock import lock_journal
from edge_agent.buffer.queries import MIGRATIONS, SCHEMA, SCHEMA_VERSION, SQL
from edge_agent.buffer.reader import FILE_NAME, Connect, connect_to_write, journal_error
from edge_agent.buffer.recovery import adopt_damaged, damage_of, set_aside
from edge_agent.buffer.replacement import adopt_replaced
from edge_agent.buffer.retention import BYTES_MAX, Limits
from edge_agent.domain.monitoring.thinning import MustKeep
from edge_agent.domain.wire.ids import GatewayName
from edge_agent.domain.wire.wire import Sign, Verify
from edge_agent.errors import JournalDamaged, JournalError
from edge_agent.host.fsync import sync_directory
from edge_agent.timekeeping.clock import Clock

PAGE_BYTES = 1024
"""A commit rewrites a few pages whatever it adds: small ones spare the SD card (``./dev bench`` counts the bytes)."""
LOG_PAGES_MAX = 1000
"""Pages in the log before it is folded into the file."""

_log = logging.getLogger("edge_agent.journal")


def start_journal(
    path: Path,
    gateway: GatewayName,
    *,
    sign: Sign,
    verify: Verify,
    clock: Clock,
    bytes_max: int = BYTES_MAX,
    reserve_bytes: int = 0,
    thin_window_s: int | None = None,
    must_keep: MustKeep | None = None,
    connect: Connect = connect_to_write,
) -> Journal:
    """Open the journal in directory ``path`` for writing, or make it.

    A damaged one is renamed to ``<path>-damaged-<time>``, never deleted; a new journal with a new id takes its
    place, keeps every batch that can still be read and proven by ``verify``, and records the loss as a gap.
    A journal of an older version is brought to this one. The limits are those of
    :class:`edge_agent.buffer.retention.Limits`.

    Raises ``JournalError`` if another process has it, if it belongs to another gateway or a newer version, or if
    the disk does not allow it.
    """
    limits = Limits(bytes_max, reserve_bytes, thin_window_s)
    if must_keep is not None:
        limits = replace(limits, must_keep=must_keep)
    lock = lock_journal(path)
    connection: sqlite3.Connection | None = None
    try:
        connection = _open_or_make(path, gateway, clock, connect)
        journal = Journal(path, connection, sign=sign, clock=clock, limits=limits, lock=lock)
        if journal.gateway != gateway:
            raise JournalError(
                f"{path} belongs to gateway {journal.gateway}, but the configuration says {gateway}: "
                f'write gateway.name = "{journal.gateway}", or move {path} away once the ledger has it all'
            )
        _adopt_if_possible(journal, verify)
        adopt_replaced(journal)
    except BaseException:
        if connection is not None:
            connection.close()
        os.close(lock)
        raise
    return journal


def _open_or_make(path: Path, gateway: GatewayName, clock: Clock, connect: Connect) -> sqlite3.Connection:
    if path.exists():
        damage = damage_of(path, connect)
        if damage is not None:
            aside = set_aside(path, clock.now())
            _log.error("journal is damaged (%s): set aside as %s, starting a new one", damage, aside)
    try:
        if not path.exists():
            _make(path, gateway, clock, connect)
        connection = connect(path)
        _tune(connection)
        _migrate(connection)
    except sqlite3.Error as error:
        raise journal_error(path, error) from error
    except OSError as error:
        raise JournalError(f"{path} cannot be made ({error.strerror}): free some space or make it writable") from error
    return connection


def _adopt_if_possible(journal: Journal, verify: Verify) -> None:
    """Recording goes on even where there is no room for what could be saved; the next start tries again."""
    try:
        adopt_damaged(journal, verify)
    except JournalDamaged:
        raise
    except JournalError as error:
        _log.error("a damaged journal could not be searched: %s. It is untouched; the next start tries again", error)


def _make(path: Path, gateway: GatewayName, clock: Clock, connect: Connect) -> None:
    """Made complete under another name first: a journal directory without a good file is damage, not a beginning."""
    fresh = path.with_name(path.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    (fresh / FILE_NAME).touch(mode=0o600)
    connection = connect(fresh)
    try:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        _tune(connection)
        connection.executescript(f"BEGIN IMMEDIATE; {SCHEMA}; COMMIT")
        connection.execute(
            SQL["create_journal"],
            {"id": str(uuid.uuid4()), "gateway": gateway, "created_at": clock.now().isoformat()},
        )
    finally:
        connection.close()
    sync_directory(fresh)
    fresh.rename(path)
    sync_directory(path.parent)


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring a file of an older version to this one; each step is one transaction."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    for step in range(version + 1, SCHEMA_VERSION + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {MIGRATIONS[step]}; COMMIT")
        _log.info("journal brought to schema version %d", step)


def _tune(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cache_size = -1024")  # KiB
    connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES_MAX}")
    connection.execute("PRAGMA journal_size_limit = 4194304")  # the log shrinks back after a burst
