"""What the log shows to everybody who may read: checkpoints, tiles, entries (C2SP tlog-tiles) and proofs."""

import base64
from functools import cache

from cloud_sync.errors import Invalid, NotFound
from cloud_sync.seal.tree import TILE_WIDTH, ReadTile, consistency_proof, entry_bundle, inclusion_proof
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.seal.merkle import HASH_BYTES


def latest_note(database: Database) -> str:
    """The latest signed checkpoint, with what gateways have said to it. Raises ``NotFound`` before the first one."""
    with database.transaction() as connection:
        last = last_checkpoint(connection)
        lines = queries("seal").cosignature_lines(connection, size=last["size"])
        return str(last["note"]) + "".join(row["line"] for row in lines)


def tile(database: Database, level: int, number: int, width: int) -> bytes:
    """The first ``width`` hashes of a tile. Raises ``NotFound`` if there are not so many."""
    with database.transaction() as connection:
        hashes = bytes(queries("seal").tile(connection, level=level, n=number) or b"")
    if not 1 <= width <= TILE_WIDTH or len(hashes) < width * HASH_BYTES:
        raise NotFound("there is no such tile", "See the size in the latest checkpoint.")
    return hashes[: width * HASH_BYTES]


def entries(database: Database, number: int, width: int) -> bytes:
    """The bundle of the first ``width`` entries of tile ``number`` of level 0. Raises ``NotFound``."""
    with database.transaction() as connection:
        rows = list(queries("seal").entries_of_tile(connection, n=number, width=width))
    if not 1 <= width <= TILE_WIDTH or len(rows) < width:
        raise NotFound("there is no such bundle", "See the size in the latest checkpoint.")
    return entry_bundle(bytes(row["entry"]) for row in rows)


def continuation(database: Database, from_size: int) -> dict[str, object]:
    """The latest checkpoint, and the proof that it goes on from the tree of ``from_size`` leaves.

    Raises ``NotFound`` before the first checkpoint, ``Invalid`` if the tree was never so large.
    """
    with database.transaction() as connection:
        last = last_checkpoint(connection)
        if from_size > last["size"]:
            raise Invalid(
                f"the ledger has sealed {last['size']} rows, not {from_size}",
                "If it had sealed more, it was set back to an older state: tell quality, and run cloud-sync verify.",
            )
        proof = proof_of_continuation(connection, from_size, last["size"])
        return {"checkpoint": last["note"], "proof": [base64.b64encode(each).decode() for each in proof]}


def proof_of_continuation(connection: Connection, from_size: int, size: int) -> list[bytes]:
    """That the tree of ``size`` leaves begins with those of the smaller one."""
    return consistency_proof(from_size, size, _reader(connection))


def inclusion(connection: Connection, index: int, size: int) -> list[bytes]:
    """The proof that leaf ``index`` is in the tree of ``size`` leaves."""
    return inclusion_proof(index, size, _reader(connection))


def last_checkpoint(connection: Connection) -> Row:
    """The latest checkpoint. Raises ``NotFound`` before the first one."""
    last: Row | None = queries("seal").last_checkpoint(connection)
    if last is None:
        raise NotFound("nothing is sealed yet", "Start the ledger: cloud-sync serve seals within a second.")
    return last


def _reader(connection: Connection) -> ReadTile:
    @cache
    def read(level: int, number: int) -> bytes:
        return bytes(queries("seal").tile(connection, level=level, n=number) or b"")

    return read
