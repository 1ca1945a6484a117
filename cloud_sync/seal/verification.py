"""Checks the whole ledger against its seal, and names the row that does not fit.

Every leaf is computed again from ``seal_row`` and held against its tile, every tile against the one above, every
checkpoint against the tree and its signature, every cosignature against its checkpoint; every row of evidence against
its latest leaf, and every batch against the key of its gateway. What somebody with all rights over the database could
do on both sides at once, only what was kept elsewhere shows: the checkpoints that gateways cosigned and keep, and those
in evidence files.
"""

import base64
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cloud_sync.seal.batch_signatures import keys_told
from cloud_sync.seal.epochs import Origins
from cloud_sync.seal.row_checks import Query, questions, side_by_side, tile_questions
from cloud_sync.seal.sealing import state_words
from cloud_sync.seal.tree import TILE_BYTES, TILE_WIDTH, root_of_prefix, top_of
from cloud_sync.storage.database import Connection, Database, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.seal.epochs import Epoch, epoch_of
from edge_agent.domain.seal.merkle import HASH_BYTES
from edge_agent.domain.seal.notes import (
    COSIGNATURE,
    Checkpoint,
    NoteFault,
    NoteSignature,
    cosignature_words,
    key_id,
    opened_line,
    opened_note,
)
from edge_agent.domain.wire.receipts import handover_words

CONNECTIONS = 3
"""As many as keep two processors busy, for each waits now and then until its rows can be hashed here."""
FINDINGS_MAX = 1000
"""Of each kind; one is enough to know, and a table that was emptied has millions."""

FAULTS = {
    "changed": "it is not what was sealed",
    "missing": "it was sealed and is gone",
    "unsealed": "it was never sealed: it did not come by way of the ledger",
    "overwritten": "it was changed although it must not change",
    "deleted": "it was deleted",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What does not fit: where, as ``table key``, and what is wrong."""

    where: str
    what: str


@dataclass(slots=True)
class Report:
    """What a check found."""

    size: int = 0
    """Leaves in the tree."""
    checkpoints: int = 0
    cosignatures: int = 0
    unsealed: int = 0
    """Rows that were committed after the last checkpoint."""
    findings: list[Finding] = field(default_factory=list)
    restores: list[str] = field(default_factory=list)
    """What restores of backups lost, as far as it is declared."""

    def add(self, where: str, what: str) -> None:
        """One more, up to a bound."""
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(where, what))


def verify(database: Database, kept_elsewhere: Sequence[str] = ()) -> Report:
    """Check everything. ``kept_elsewhere``: checkpoints (signed notes) that were kept outside of this database."""
    report = Report()
    with database.transaction() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        snapshot: str = queries("seal").share_snapshot(connection)
        with ThreadPoolExecutor(CONNECTIONS) as threads:
            ask = partial(_asked, database, snapshot)
            keys = keys_told(connection)
            last = queries("seal").last_checkpoint(connection)
            of_tables = list(questions(connection, keys))
            of_tiles = list(tile_questions(-(-last["size"] // TILE_WIDTH) if last else 0))
            asked = {part: threads.submit(ask, part.query) for part in side_by_side(of_tables, of_tiles)}
            outside = [threads.submit(ask, each) for each in (partial(_counted, last), _changes_without_event) if last]
            sizes = {row["size"] for row in queries("seal").checkpoints(connection)}
            restored = {row["restored_size"] for row in queries("backup").epochs(connection)}
            sizes |= restored | {_size_of(note) for note in kept_elsewhere}
            kept = _Tree({size // TILE_WIDTH for size in sizes})
            tree = _check_tiles(connection, report, last, kept, (asked.pop(part) for part in of_tiles))
            _check_checkpoints(connection, report, tree, kept_elsewhere)
            for part in of_tables:
                for row in asked.pop(part).result():
                    report.add(f"{row['of_table']} {row['row_name']}", FAULTS.get(row["fault"], row["fault"]))
            if last:
                _check_outside(connection, report, last, *(each.result() for each in outside))
    return report


def _asked(database: Database, snapshot: str, question: Query) -> list[Row]:
    """The answer of another connection that sees the same."""
    with database.transaction() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'".encode())
        return question(connection)


class _Tree:
    """The tree as its rows make it: all above level 0, and there what checkpoints end in."""

    def __init__(self, wanted: set[int]) -> None:
        self.wanted = wanted
        self.tiles: dict[tuple[int, int], bytes] = {}

    def read(self, level: int, number: int) -> bytes:
        return self.tiles.get((level, number), b"")

    def root(self, size: int) -> bytes:
        """Of the first ``size`` leaves; b"" if they are not all there."""
        try:
            return root_of_prefix(size, self.read)
        except IndexError:
            return b""


def _check_tiles(
    connection: Connection, report: Report, last: Row | None, tree: _Tree, parts: Iterable[Future[list[Row]]]
) -> _Tree:
    report.size = size = last["size"] if last else 0
    count = -(-size // TILE_WIDTH)
    above = bytearray()
    expected = leaves_there = 0
    for part in parts:
        for row in part.result():
            if row["n"] != expected:
                report.add(f"seal_tile 0/{expected}", "it is gone")
            expected = row["n"] + 1
            leaves_there += len(row["hashes"]) // HASH_BYTES
            _check_tile(connection, report, row)
            # What the rows say, not what the tile says: every root is computed from the rows themselves.
            leaves = bytes(row["leaves"] or b"")
            if row["n"] in tree.wanted:
                tree.tiles[0, row["n"]] = leaves
            if len(leaves) == TILE_BYTES:
                above += top_of(leaves)
    if expected < count:
        report.add(f"seal_tile 0/{expected}", "it is gone")
    if leaves_there > size:
        report.add(f"seal_checkpoint {leaves_there}", "the tree is larger than its latest checkpoint: one is gone")
    _check_levels(connection, report, tree, bytes(above))
    return tree


def _check_levels(connection: Connection, report: Report, tree: _Tree, hashes: bytes) -> None:
    """The tiles above the leaves, from the hashes of level 1 up."""
    stored = {(row["level"], row["n"]): bytes(row["hashes"]) for row in queries("seal").tiles_above(connection)}
    level = 1
    while hashes:
        above = b""
        for at in range(0, len(hashes), TILE_BYTES):
            number, tile = at // TILE_BYTES, hashes[at : at + TILE_BYTES]
            tree.tiles[level, number] = tile
            if stored.pop((level, number), None) != tile:
                report.add(f"seal_tile {level}/{number}", "it does not follow from the tiles below")
            if len(tile) == TILE_BYTES:
                above += top_of(tile)
        level, hashes = level + 1, above
    for level, number in stored:
        report.add(f"seal_tile {level}/{number}", "there is nothing below it")


def _check_tile(connection: Connection, report: Report, row: Row) -> None:
    hashes, leaves = bytes(row["hashes"]), bytes(row["leaves"] or b"")
    if hashes == leaves:
        return
    if row["found"] != row["wanted"]:
        report.add(f"seal_tile 0/{row['n']}", f"{row['wanted'] - row['found']} of its leaves are gone from seal_row")
        return
    for at in range(0, max(len(hashes), len(leaves)), HASH_BYTES):
        if hashes[at : at + HASH_BYTES] != leaves[at : at + HASH_BYTES]:
            leaf = queries("seal").leaf_of_tile(connection, n=row["n"], place=at // HASH_BYTES) or {}
            report.add(
                f"seal_row {leaf.get('id')}",
                f"leaf {row['n'] * TILE_WIDTH + at // HASH_BYTES}, of {leaf.get('of_table')} {leaf.get('row_name')}, "
                "is not the one in the tree",
            )


def _check_checkpoints(connection: Connection, report: Report, tree: _Tree, kept_elsewhere: Sequence[str]) -> None:
    keys = _check_keys(connection, report)
    origins = Origins(connection) if keys else None
    before = 0
    for row in queries("seal").checkpoints(connection):
        report.checkpoints += 1
        where = f"seal_checkpoint {row['size']}"
        if row["previous_size"] != before:
            report.add(f"seal_checkpoint {row['previous_size']}", "it is gone")
        before = row["size"]
        origin = origins.at(row["size"]) if origins else ""
        fault = _fault_of_note(row["note"], [origin], keys)
        checkpoint = Checkpoint(origin, row["size"], bytes(row["root"]))
        if fault or opened_note(row["note"])[0] != checkpoint:
            report.add(where, fault or "its text says something else than its columns")
        elif not any(_is_signed(key, bytes(row["state_signature"]), state_words(row)) for key in reversed(keys)):
            report.add(where, "what it covers, or its time, is not what was signed")
        elif tree.root(row["size"]) != checkpoint.root:
            report.add(where, "the tree of that size has another root now: what it covers was changed")
    for row in queries("seal").cosignatures(connection):
        report.cosignatures += 1
        if not row["is_known"] or not origins or not _is_cosigned(row, origins.at(row["size"])):
            report.add(f"seal_cosignature {row['size']} {row['name']}", "it is not a signature of this gateway")
    epochs = _check_epochs(report, tree, origins, keys) if origins else []
    for note in kept_elsewhere:
        _check_kept(report, tree, note, origins, epochs, keys)


def _check_epochs(report: Report, tree: _Tree, origins: Origins, keys: list[bytes]) -> list[Epoch]:
    """What the ledger signed when it was restored; each says where the log before ended."""
    epochs = []
    for row in origins.epochs:
        where = f"seal_epoch {row['number']}"
        epoch = epoch_of(row["statement"])
        if bytes(row["public_key"]) not in keys or not _is_signed(
            bytes(row["public_key"]), bytes(row["signature"]), epoch.words
        ):
            report.add(where, "this ledger has not signed it")
        elif epoch.restored.size != row["restored_size"] or tree.root(epoch.restored.size) != epoch.restored.root:
            report.add(where, "the rows that came back with the restore have another root now")
        epochs.append(epoch)
        lost = epoch.known.size - epoch.restored.size
        report.restores.append(
            f"restored from a backup at {row['begun_at']:%Y-%m-%d %H:%M} UTC by {row['begun_by']} ({row['reason']}): "
            f"{epoch.restored.size} sealed rows came back, {lost} that were signed after them are known to be lost"
        )
    return epochs


def _check_kept(
    report: Report, tree: _Tree, note: str, origins: Origins | None, epochs: list[Epoch], keys: list[bytes]
) -> None:
    names = [origins.first, *(each.origin for each in epochs)] if origins else [""]
    fault = _fault_of_note(note, names, keys)
    if fault:
        report.add("checkpoint kept elsewhere", fault)
        return
    checkpoint, _ = opened_note(note)
    where = f"checkpoint kept elsewhere, of {checkpoint.size} rows"
    ended = [each for each in epochs if each.restored.origin == checkpoint.origin]
    if ended and checkpoint.size > ended[0].restored.size:
        known = ended[0].known
        if checkpoint.size > known.size:
            report.add(where, f"the restore that ended this log tells of {known.size} rows: more were lost")
        elif checkpoint.size == known.size and checkpoint.root != known.root:
            report.add(where, "the restore that ended this log declared another root: this is another history")
        return
    if checkpoint.size > report.size:
        report.add(where, f"the ledger holds only {report.size}: it was set back to an older state")
    elif tree.root(checkpoint.size) != checkpoint.root:
        report.add(where, "the ledger's tree of that size has another root: this is another history")


def _check_keys(connection: Connection, report: Report) -> list[bytes]:
    """All keys that the ledger ever signed with; each but the first is handed over by one before."""
    keys: list[bytes] = []
    for row in queries("seal").ledger_keys_ever(connection):
        public, where = bytes(row["public_key"]), f"ledger_key {row['id']}"
        if Ed25519PrivateKey.from_private_bytes(bytes(row["private_key"])).public_key().public_bytes_raw() != public:
            report.add(where, "its private key belongs to another public key")
        previous = bytes(row["previous"] or b"")
        if keys and (
            previous not in keys
            or not _is_signed(previous, bytes(row["handover"]), handover_words(_text(public), _text(previous)))
        ):
            report.add(where, "no key before it has handed over to it")
        keys.append(public)
    return keys


def _fault_of_note(note: str, origins: Sequence[str], keys: list[bytes]) -> str:
    try:
        checkpoint, signatures = opened_note(note)
    except NoteFault as fault:
        return fault.reason
    if checkpoint.origin not in origins:
        return f"it is of another ledger or another restore of it, {checkpoint.origin}"
    return "" if any(_has_signed(checkpoint, each, keys) for each in signatures) else "this ledger has not signed it"


def is_signed_note(connection: Connection, note: str, origin: str) -> bool:
    """Whether this ledger has signed this checkpoint of the log ``origin``."""
    keys = [bytes(row["public_key"]) for row in queries("seal").ledger_keys_ever(connection)]
    return not _fault_of_note(note, [origin], keys)


def _has_signed(checkpoint: Checkpoint, signature: NoteSignature, keys: list[bytes]) -> bool:
    return signature.name == checkpoint.origin and any(
        signature.key_id == key_id(checkpoint.origin, key)
        and _is_signed(key, signature.signature, checkpoint.body.encode())
        for key in keys
    )


def _is_cosigned(row: Row, origin: str) -> bool:
    return is_cosignature(
        row["line"], row["name"], bytes(row["public_key"]), Checkpoint(origin, row["size"], row["root"])
    )


def is_cosignature(line: str, name: str, public_key: bytes, checkpoint: Checkpoint) -> bool:
    """Whether this line is the gateway's cosignature of the checkpoint."""
    try:
        cosigned = opened_line(line.rstrip("\n"))
    except NoteFault:
        return False
    at_s = int.from_bytes(cosigned.signature[:8], "big")
    return (
        cosigned.name == name
        and cosigned.key_id == key_id(name, public_key, COSIGNATURE)
        and _is_signed(public_key, cosigned.signature[8:], cosignature_words(checkpoint, at_s))
    )


def _size_of(note: str) -> int:
    try:
        return opened_note(note)[0].size
    except NoteFault:
        return 0  # it is reported with the others


def cosigned_at(line: str) -> datetime:
    """When a gateway signed, by its own clock."""
    return datetime.fromtimestamp(int.from_bytes(opened_line(line.rstrip("\n")).signature[:8], "big"), UTC)


def _covered(last: Row | None) -> dict[str, object]:
    return {"sealed_to": last["sealed_to"], "rows_after": last["rows_after"]} if last else {}


def _counted(last: Row | None, connection: Connection) -> list[Row]:
    return [queries("seal").sealed_count(connection, **_covered(last))]


def _changes_without_event(connection: Connection) -> list[Row]:
    return list(queries("seal").changes_without_event(connection, rows_max=FINDINGS_MAX))


def _check_outside(connection: Connection, report: Report, last: Row, counted: list[Row], changes: list[Row]) -> None:
    """Rows that the tree should have and has not, and changes of which no event tells."""
    (count,) = counted
    report.unsealed = count["rows"] - count["covered"]
    if count["covered"] != report.size:
        for row in queries("seal").rows_outside_tree(connection, **_covered(last), rows_max=FINDINGS_MAX):
            report.add(f"{row['of_table']} {row['row_name']}", "its seal is not in the tree")
    for row in changes:
        report.add(f"{row['of_table']} {row['row_name']}", "it was changed, and no event says by whom and why")


def _is_signed(public: bytes, signature: bytes, words: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, words)
    except (InvalidSignature, ValueError):
        return False
    return True


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
