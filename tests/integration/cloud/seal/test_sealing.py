"""What is committed is sealed, whatever the order of numbers and commits, by one process at a time."""

import psycopg
import pytest

from cloud_sync.seal.sealing import SealBroken, seal_once
from cloud_sync.seal.tree import GrowingTree, root_of_prefix
from cloud_sync.storage.database import Database
from cloud_sync.storage.events import add_event
from edge_agent.domain.seal.merkle import leaf_hash


def add(database: Database, count: int = 1, subject: str = "lot:1") -> None:
    with database.transaction() as connection:
        for number in range(count):
            add_event(connection, actor="amy", kind="tried", subject=subject, data={"n": number})


def seal_all(database: Database) -> int:
    """Seal until nothing is left (the first round makes the ledger's key, which is evidence as well); the size."""
    size = 0
    while sealed := seal_once(database):
        size = sealed.checkpoint.size
    return size


def sealed_rows(database: Database) -> list[int]:
    with psycopg.connect(database.url) as connection:
        rows = connection.execute(
            "SELECT entry FROM seal_tile, unnest(entries) WITH ORDINALITY AS e (entry, at)"
            " WHERE level = 0 ORDER BY n, at"
        ).fetchall()
    return [row for (row,) in rows]


def test_every_row_of_evidence_is_one_leaf_of_the_tree_that_is_signed(database: Database) -> None:
    add(database, 700)
    size = seal_all(database)
    with psycopg.connect(database.url) as connection:
        rows = connection.execute("SELECT id FROM seal_row ORDER BY id").fetchall()
        entries = connection.execute(
            "SELECT seal_entry(s) FROM seal_tile t, unnest(t.entries) WITH ORDINALITY AS e (id, at)"
            " JOIN seal_row s USING (id) WHERE t.level = 0 ORDER BY t.n, e.at"
        ).fetchall()
        (root,) = connection.execute("SELECT root FROM seal_checkpoint ORDER BY size DESC LIMIT 1").fetchone() or (b"",)
    assert sorted(sealed_rows(database)) == [row for (row,) in rows]
    assert size == len(rows) > 700
    tree = GrowingTree()
    list(tree.append(b"".join(leaf_hash(entry) for (entry,) in entries)))
    assert tree.root() == root


def test_a_transaction_that_commits_late_is_sealed_when_it_does_and_holds_nobody_up(database: Database) -> None:
    seal_all(database)
    with database.transaction() as late:
        add_event(late, actor="amy", kind="late", subject="lot:1")
        add(database, 300)
        before = seal_all(database)
        assert len(sealed_rows(database)) == before
        add(database, 2)
    after = seal_all(database)
    assert after == before + 3
    rows = sealed_rows(database)
    assert sorted(set(rows)) == list(range(min(rows), max(rows) + 1))
    assert rows != sorted(rows)


def test_a_transaction_that_was_rolled_back_leaves_nothing(database: Database) -> None:
    add(database)
    before = seal_all(database)
    with database.transaction() as connection:
        add_event(connection, actor="amy", kind="regretted", subject="lot:1")
        connection.rollback()
    assert seal_all(database) == 0
    add(database)
    assert seal_all(database) == before + 1


def test_nothing_is_sealed_twice_by_two_processes(database: Database) -> None:
    with Database.at_url(database.url) as other:
        add(database, 10)
        with database.transaction() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(x'5345414C'::int)")
            assert seal_once(other) is None
        size = seal_all(other)
        assert seal_all(database) == 0
    assert len(set(sealed_rows(database))) == size


def test_old_checkpoints_are_roots_of_the_tree_that_went_on(database: Database) -> None:
    sizes = []
    for count in (1, 300, 5, 260):
        add(database, count)
        sizes.append(seal_all(database))
    with psycopg.connect(database.url) as connection:
        tiles = {
            (level, n): hashes for level, n, hashes in connection.execute("SELECT level, n, hashes FROM seal_tile")
        }
        roots = dict(connection.execute("SELECT size, root FROM seal_checkpoint").fetchall())
    assert set(sizes) <= set(roots)
    for size, root in roots.items():
        assert root_of_prefix(size, lambda level, n: tiles[level, n]) == root


def test_a_tree_that_is_not_the_signed_one_is_not_built_upon(database: Database) -> None:
    add(database, 10)
    seal_all(database)
    with psycopg.connect(database.url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE seal_tile SET hashes = set_byte(hashes, 40, get_byte(hashes, 40) # 1)")
    add(database)
    with pytest.raises(SealBroken):
        seal_once(database)


def test_a_ledger_restored_on_another_server_goes_on_without_a_gap(database: Database) -> None:
    add(database, 300)
    seal_all(database)
    add(database, 20)  # written, and not yet sealed, when the dump was taken
    with psycopg.connect(database.url) as connection:
        # There, transactions have higher numbers than here.
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE seal_row SET xact = (xact::text::bigint + 1000000)::text::xid8")
        connection.execute(
            "UPDATE seal_checkpoint SET sealed_to = format('%s:%s:',"
            " 1000000 + pg_snapshot_xmin(sealed_to)::text::bigint,"
            " 1000000 + pg_snapshot_xmax(sealed_to)::text::bigint)::pg_snapshot"
        )
    add(database, 30)
    seal_all(database)
    add(database, 1)
    size = seal_all(database)
    rows = sealed_rows(database)
    assert len(set(rows)) == len(rows) == size
    assert sorted(rows) == list(range(min(rows), max(rows) + 1))
