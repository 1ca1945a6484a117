"""Seals what was committed: leaves, tiles and a signed checkpoint. One process at a time.

A row that is written leaves its hash in ``seal_row`` in the same transaction (``migrations/versions/0023_seal.sql``).
Which of these are new is asked by snapshots: transactions that the last checkpoint did not see and that are visible
now. Neither numbers nor transactions come in the order of commits, and one that stays open holds nothing up.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from threading import Event, Thread
from typing import Any, Self

from cloud_sync.actions.gateways.ledger_keys import keys_in
from cloud_sync.errors import DatabaseDown, LedgerError, Overtaken
from cloud_sync.seal.epochs import origin_in
from cloud_sync.seal.tree import TILE_WIDTH, GrowingTree
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.seal.notes import Checkpoint, signature_line, signed_note

EVERY_S = 0.5
"""How long what is committed may wait for its checkpoint, and about a tenth of a second more."""
ROWS_AT_ONCE = 256 * 64
NOTHING_SEEN = "3:3:"
"""The snapshot of a transaction before all others: no row is visible in it."""

log = logging.getLogger(__name__)


class SealBroken(LedgerError):
    """The tree in the database is not the one that was signed. Nothing is sealed until a person has looked."""

    what_to_do = "Nothing more is sealed. Run cloud-sync verify, and keep the machine as it is."


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one round sealed."""

    checkpoint: Checkpoint
    rows: int


class Sealer:
    """The task that seals, in every process of the ledger; whichever is first in a round does it."""

    def __init__(self, database: Database, *, every_s: float = EVERY_S) -> None:
        self._database = database
        self._every_s = every_s
        self._stop = Event()
        self._thread = Thread(target=self._run, name="sealer", daemon=True)
        self._trouble = ""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        with suppress(DatabaseDown, Overtaken, SealBroken):
            seal_once(self._database)

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                seal_once(self._database)
                self._say("")
            except Overtaken:
                continue  # another process was quicker
            except DatabaseDown:
                self._say("sealing waits: the database does not answer")
            except SealBroken as error:
                self._say(f"{error}. {error.what_to_do}")

    def _say(self, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            log.error("%s", trouble)
        elif self._trouble and not trouble:
            log.warning("sealing goes on")
        self._trouble = trouble


def seal_once(database: Database) -> Sealed | None:
    """Seal all that is committed and not sealed yet; None if there is nothing, or somebody else is at it.

    Raises ``SealBroken`` if the stored tree does not have the root of its last checkpoint.
    """
    with database.transaction() as connection:
        return seal_in(connection)


def seal_in(connection: Connection) -> Sealed | None:
    """The same within a transaction that has written nothing itself."""
    if not queries("seal").may_seal(connection):
        return None
    return _seal(connection)


def _seal(connection: Connection) -> Sealed | None:
    last = queries("seal").last_checkpoint(connection) or {
        "size": 0,
        "root": GrowingTree().root(),
        "sealed_to": NOTHING_SEEN,
        "rows_after": 0,
    }
    now = queries("seal").snapshot(connection, sealed_to=last["sealed_to"])
    edge = list(queries("seal").edge_tiles(connection, size=last["size"]))
    tree = GrowingTree(last["size"], [bytes(row["hashes"] or b"") for row in edge])
    if tree.root() != bytes(last["root"]):
        raise SealBroken(f"the sealed tree is not the one of the checkpoint of {last['size']} rows")
    batches, rows_after = _new_rows(connection, last, now)
    entries = list(edge[0]["entries"] or [])
    for leaves in batches:
        entries = _append(connection, tree, entries, leaves)
    if tree.size == last["size"]:
        return None
    _keep(connection, tree.growing_tiles(), entries, tree.size // TILE_WIDTH)
    checkpoint = Checkpoint(origin_in(connection), tree.size, tree.root())
    state = {
        "size": tree.size,
        "previous_size": last["size"],
        "sealed_to": now["snapshot"],
        "rows_after": rows_after,
        "at": now["at"],
    }
    note, state_signature = _signed(connection, checkpoint, state)
    queries("seal").add_checkpoint(
        connection, root=checkpoint.root, note=note, state_signature=state_signature, **state
    )
    return Sealed(checkpoint, tree.size - last["size"])


def _new_rows(connection: Connection, last: Row, now: Row) -> tuple[Iterator[list[Row]], int]:
    """Rows to seal, a few thousand at once, and the number up to which another server wrote them."""
    if now["is_another_server"]:
        rows_after: int = queries("seal").rows_before_move(connection, snapshot=now["snapshot"])
        log.warning("the ledger was restored on another database server: sealing goes on after row %d", rows_after)
        left = _in_parts(connection, queries("seal").rows_left_behind.sql, {"rows_after": rows_after})
        last = {**last, "sealed_to": NOTHING_SEEN, "rows_after": rows_after}
    else:
        rows_after, left = last["rows_after"], iter(())
    asked = {"sealed_to": last["sealed_to"], "snapshot": now["snapshot"], "rows_after": rows_after}
    fresh = _in_parts(connection, queries("seal").new_rows.sql, asked)
    return (part for parts in (left, fresh) for part in parts), rows_after


def _in_parts(connection: Connection, sql: str, asked: dict[str, Any]) -> Iterator[list[Row]]:
    with connection.cursor("to_seal") as cursor:
        cursor.execute(sql, asked)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield rows


def _append(connection: Connection, tree: GrowingTree, entries: list[int], rows: list[Row]) -> list[int]:
    """Append leaves and keep the tiles that are full by them; gives the entries of the one that is not."""
    before = tree.size // TILE_WIDTH
    entries = [*entries, *(row["id"] for row in rows)]
    full = tree.append(b"".join([row["leaf"] for row in rows]))
    return _keep(connection, full, entries, before)


def _keep(connection: Connection, tiles: Iterable[tuple[int, int, bytes]], entries: list[int], first: int) -> list[int]:
    """Keep tiles; the entries begin with those of tile ``first`` of level 0. Gives the entries of no tile."""
    kept = []
    for level, number, hashes in tiles:
        of_tile, at = None, (number - first) * TILE_WIDTH
        if level == 0:
            of_tile = entries[at : at + TILE_WIDTH]
        kept.append({"level": level, "n": number, "hashes": hashes, "entries": of_tile})
    queries("seal").put_tile(connection, kept)
    done = sum(1 for each in kept if each["level"] == 0)
    return entries[done * TILE_WIDTH :]


def state_words(state: Row) -> bytes:
    """What is signed of a checkpoint beside its note: what it covers, and when it was made."""
    at = state["at"].astimezone(UTC).isoformat()
    said = (state["size"], state["previous_size"], state["sealed_to"], state["rows_after"], at)
    return "".join(f"{each}\n" for each in ("lotwarden seal state 1", *said)).encode()


def _signed(connection: Connection, checkpoint: Checkpoint, state: Row) -> tuple[str, bytes]:
    key = keys_in(connection).private
    public = key.public_key().public_bytes_raw()
    line = signature_line(checkpoint.origin, public, key.sign(checkpoint.body.encode()))
    return signed_note(checkpoint, line), key.sign(state_words(state))
