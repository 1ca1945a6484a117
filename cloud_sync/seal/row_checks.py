"""What a check of the ledger asks of the rows themselves: of every table of evidence in blocks, and of every tile.

Rows and entries of the tree come as they were hashed and are hashed here, for hashing is what takes the time. Where a
block does not fit, or has more to it than rows that were added and never changed, the database looks at each row.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate

from cloud_sync.seal.batch_signatures import KeysOf, falsely_signed, keys_not_told
from cloud_sync.seal.many_hashes import leaf_hashes, salted_hashes
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.free_texts import may_be_erased
from cloud_sync.storage.queries import queries
from cloud_sync.storage.tables import TABLES, TableKind, TableRule

ROWS_AT_ONCE = 200_000
TILES_AT_ONCE = 512
BLOCK_ROWS = 4_000
"""Of a block that is hashed at once: what it says stays in the processor's cache."""

FAULTS_MAX = 1000
"""Of a kind; one is enough to know."""

Query = Callable[[Connection], list[Row]]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what is to be asked, and how many rows it is about."""

    query: Query
    rows: int = 1


def sealed_tables() -> Iterator[tuple[str, TableRule]]:
    """All tables whose rows are leaves."""
    for name, rule in TABLES.items():
        if rule.kind is TableKind.EVIDENCE and rule.is_sealed:
            yield name, rule


def questions(connection: Connection, keys: KeysOf) -> Iterator[Part]:
    """All that is to be asked about rows of evidence, in parts that several connections share."""
    for name, rule in sealed_tables():
        last = queries("seal").last_row_of(connection, of_table=name) or 0
        for first in range(0, last + 1, ROWS_AT_ONCE):
            # Whatever number somebody gave to a row, it is looked at.
            low = first or -(2**63)
            high = first + ROWS_AT_ONCE - 1 if first + ROWS_AT_ONCE <= last else 2**63 - 1
            starts = [low, *range(first + BLOCK_ROWS, min(first + ROWS_AT_ONCE, last + 1), BLOCK_ROWS)]
            blocks = zip(starts, [*(start - 1 for start in starts[1:]), high], strict=True)
            yield Part(partial(_faults, name, list(rule.not_sealed), list(blocks)), min(last + 1 - first, ROWS_AT_ONCE))
            if name == "evidence":
                yield Part(partial(_batches, low, high))
                yield Part(partial(_not_signed, keys, low, high))
    yield Part(_gateways)
    yield Part(_personal_data)
    yield Part(_erased_words)


def tile_questions(count: int) -> Iterator[Part]:
    """The same of ``count`` tiles of level 0, in their order."""
    # The last part looks beyond the end: nothing may be there.
    lows = range(0, count + 1, TILES_AT_ONCE)
    for low in lows:
        yield Part(partial(tiles, low, low + TILES_AT_ONCE - 1 if low < lows[-1] else 2**62), TILES_AT_ONCE)


def side_by_side(*kinds: Sequence[Part]) -> Iterator[Part]:
    """All parts of several kinds, so that all kinds come to their end together: one keeps the database busy, another
    this process.

    >>> some, others = [Part(list, 10), Part(dict, 10)], [Part(set, 5)]
    >>> [part.query.__name__ for part in side_by_side(some, others)]
    ['list', 'dict', 'set']
    """
    shares = [
        (done / sum(part.rows for part in parts), number, part)
        for number, parts in enumerate(kinds)
        for done, part in zip(accumulate(part.rows for part in parts), parts, strict=True)
    ]
    for _, _, part in sorted(shares, key=lambda share: share[:2]):
        yield part


def _faults(name: str, left_out: list[str], blocks: Sequence[tuple[int, int]], connection: Connection) -> list[Row]:
    """Blocks of rows are hashed here; where one does not fit, or has more to it, the database looks at each row."""
    found: list[Row] = []
    for low, high in blocks:
        asked = {"of_table": name, "left_out": left_out, "low": low, "high": high}
        (block,) = _binary(connection, "block_of_table", asked)
        if _fits(block):
            continue
        rows = queries("seal").faults_of_table(connection, **asked)
        found.extend({"of_table": name, **row} for row in rows)
    return found


def _fits(block: Row) -> bool:
    return bool(
        block["is_plain"]
        and block["row_ids"] == block["sealed_ids"]
        and salted_hashes(block["said"], block["salts"]) == block["hashes"]
    )


def _binary(connection: Connection, name: str, asked: dict[str, object]) -> list[Row]:
    """The rows of a query whose answers are many bytes: they come as they are, not as hexadecimal digits."""
    with connection.cursor(binary=True) as cursor:
        return cursor.execute(getattr(queries("seal"), name).sql, asked).fetchall()


def _batches(low: int, high: int, connection: Connection) -> list[Row]:
    rows = queries("seal").batches_that_differ(connection, low=low, high=high)
    return [{"of_table": "evidence", "fault": "its bytes do not have the digest beside them", **row} for row in rows]


def _not_signed(keys: KeysOf, low: int, high: int, connection: Connection) -> list[Row]:
    return [
        {"of_table": "evidence", "row_name": row["row_name"], "fault": f"gateway {row['gateway']} has not signed it"}
        for row in falsely_signed(keys, low, high, connection)
    ]


def _personal_data(connection: Connection) -> list[Row]:
    personal = queries("personal_data")
    other = "it has another hash than the one that is sealed"
    gone = "the personal data that it names are gone, and were not erased"
    return [
        *({"of_table": "personal_data", "fault": other, **row} for row in personal.values_that_differ(connection)),
        *({"of_table": "signature", "fault": gone, **row} for row in personal.names_that_are_gone(connection)),
    ]


def _erased_words(connection: Connection) -> list[Row]:
    """Only what two people agreed to is changed as erased, only words of free text, and only that is without a salt."""
    erased = queries("erased_words")
    sealed = [name for name, _ in sealed_tables()]
    kept = "an erasure changed it, and it is no free text"
    columns = [
        {"of_table": row["of_table"], "row_name": row["of_column"], "fault": kept}
        for row in erased.erased_columns(connection)
        if not may_be_erased(row["of_table"], row["of_column"])
    ]  # fmt: skip
    words = {
        True: "its words are gone although it waits for a decision",
        False: "it was decided on, and its words are still there",
    }
    return [
        *columns,
        *({"fault": "it was changed as erased, and no erasure that two people agreed to names it", **row}
          for row in erased.erasures_not_agreed(connection, rows_max=FAULTS_MAX)),
        *({"of_table": "erased_row", "fault": "it names a row that was not changed then", **row}
          for row in erased.erasures_not_done(connection, sealed=sealed, rows_max=FAULTS_MAX)),
        *({"fault": "words were to be erased from it, and it does not show that", **row}
          for row in erased.erased_rows_not_shown(connection)),
        *({"of_table": "seal_row", "fault": "its salt is gone, and no erasure took it", **row}
          for row in erased.salts_gone(connection, rows_max=FAULTS_MAX)),
        *({"of_table": "word_erasure", "fault": words[row["waits"]], "row_name": row["row_name"]}
          for row in erased.words_that_stay(connection)),
    ]  # fmt: skip


def _gateways(connection: Connection) -> list[Row]:
    fault = "it is believed by a key of which no event tells"
    return [{"of_table": "gateway", "fault": fault, **row} for row in keys_not_told(connection)]


def tiles(low: int, high: int, connection: Connection) -> list[Row]:
    """Tiles with the hashes of their ``leaves``, from the rows themselves."""
    found = []
    for row in _binary(connection, "tiles_with_entries", {"low": low, "high": high}):
        leaves = leaf_hashes(row["said"])
        if leaves == row["hashes"] and row["found"] == row["wanted"]:
            found.append({name: row[name] for name in ("n", "hashes", "found", "wanted")} | {"leaves": leaves})
        else:
            found.extend(queries("seal").checked_tiles(connection, low=row["n"], high=row["n"]))
    return found
