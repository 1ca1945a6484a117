-- name: may_seal()$
-- Whether nobody else seals at this moment; then it is this transaction's until it ends.
SELECT pg_try_advisory_xact_lock(x'5345414C'::int);

-- name: last_checkpoint()^
-- The latest checkpoint, and what it covers. Index: seal_checkpoint_pkey.
SELECT size, root, note, at, sealed_to::text AS sealed_to, rows_after FROM seal_checkpoint ORDER BY size DESC LIMIT 1;

-- name: snapshot(sealed_to)^
-- What is committed by now, and whether the transactions that the last checkpoint covers are this server's.
SELECT now.snapshot::text AS snapshot,
       pg_snapshot_xmax(:sealed_to::pg_snapshot) > pg_snapshot_xmax(now.snapshot) AS is_another_server
FROM pg_current_snapshot() AS now (snapshot);

-- name: new_rows(sealed_to, snapshot, rows_after)
-- Rows that were committed since the last checkpoint, with the hashes of their leaves. Numbers and transactions are not in
-- the order of commits, so what counts is what each snapshot sees. Index: seal_row_xact.
SELECT s.id, sha256('\x00'::bytea || seal_entry(s)) AS leaf
FROM seal_row s
WHERE s.xact >= pg_snapshot_xmin(:sealed_to::pg_snapshot)
  AND NOT pg_visible_in_snapshot(s.xact, :sealed_to::pg_snapshot)
  AND pg_visible_in_snapshot(s.xact, :snapshot::pg_snapshot)
  AND s.id > :rows_after
ORDER BY s.xact, s.id;

-- name: rows_before_move(snapshot)$
-- After a ledger was restored on another server: up to which number rows were written on the one before.
SELECT greatest((SELECT coalesce(max(id), 0) FROM seal_row WHERE xact >= pg_snapshot_xmax(:snapshot::pg_snapshot)),
                (SELECT coalesce(max(entry), 0) FROM seal_tile, unnest(entries) AS entry WHERE level = 0));

-- name: rows_left_behind(rows_after)
-- Rows that the server before had not sealed yet.
SELECT s.id, sha256('\x00'::bytea || seal_entry(s)) AS leaf
FROM seal_row s
WHERE s.id <= :rows_after
  AND NOT EXISTS (SELECT FROM seal_tile t, unnest(t.entries) AS entry WHERE t.level = 0 AND entry = s.id)
ORDER BY s.id;

-- name: edge_tiles(size)
-- The last, growing tile of each level of a tree of so many leaves, from level 0 up. Index: seal_tile_pkey.
SELECT l.level, t.hashes, t.entries
FROM generate_series(0, 6) AS l (level)
LEFT JOIN seal_tile t ON t.level = l.level AND t.n = :size / (256::numeric ^ (l.level + 1))::bigint
    AND mod(:size / (256::numeric ^ l.level)::bigint, 256) > 0
WHERE :size >= (256::numeric ^ l.level)::bigint OR l.level = 0
ORDER BY l.level;

-- name: put_tile(level, n, hashes, entries)*!
-- Keep a tile; the last of each level grows.
INSERT INTO seal_tile (level, n, hashes, entries)
VALUES (:level, :n, :hashes, :entries)
ON CONFLICT (level, n) DO UPDATE SET hashes = excluded.hashes, entries = excluded.entries;

-- name: add_checkpoint(size, root, note, sealed_to, rows_after)!
-- Sign what is there.
INSERT INTO seal_checkpoint (size, root, note, sealed_to, rows_after)
VALUES (:size, :root, :note, :sealed_to::pg_snapshot, :rows_after);

-- name: first_ledger_key()$
-- The key that this ledger began with: it names the log for ever.
SELECT public_key FROM ledger_key ORDER BY id LIMIT 1;

-- name: tile(level, n)$
-- The hashes of a tile. Index: seal_tile_pkey.
SELECT hashes FROM seal_tile WHERE level = :level AND n = :n;

-- name: entries_of_tile(n, width)
-- The entries of the first leaves of a tile of level 0. Index: seal_tile_pkey, seal_row_pkey.
SELECT seal_entry(s) AS entry
FROM seal_tile t, unnest(t.entries) WITH ORDINALITY AS e (id, at)
JOIN seal_row s ON s.id = e.id
WHERE t.level = 0 AND t.n = :n AND e.at <= :width
ORDER BY e.at;

-- name: checkpoint_of_size(size)^
-- The checkpoint of exactly so many leaves. Index: seal_checkpoint_pkey.
SELECT size, root, note, at FROM seal_checkpoint WHERE size = :size;
