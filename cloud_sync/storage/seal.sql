-- name: may_seal()$
-- Whether nobody else seals at this moment; then it is this transaction's until it ends.
SELECT pg_try_advisory_xact_lock(x'5345414C'::int);

-- name: last_checkpoint()^
-- The latest checkpoint, and what it covers. Index: seal_checkpoint_pkey.
SELECT size, root, note, at, sealed_to::text AS sealed_to, rows_after FROM seal_checkpoint ORDER BY size DESC LIMIT 1;

-- name: snapshot(sealed_to)^
-- What is committed by now, and whether the transactions that the last checkpoint covers are this server's.
SELECT now.snapshot::text AS snapshot, clock_timestamp() AS at,
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

-- name: add_checkpoint(size, previous_size, root, note, sealed_to, rows_after, at, state_signature)!
-- Keep a signed checkpoint.
INSERT INTO seal_checkpoint (size, previous_size, root, note, sealed_to, rows_after, at, state_signature)
VALUES (:size, :previous_size, :root, :note, :sealed_to::pg_snapshot, :rows_after, :at, :state_signature);

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

-- name: share_snapshot()$
-- What is committed now, for other connections to look at the same.
SELECT pg_export_snapshot();

-- name: tiles_with_entries(low, high)
-- Tiles of level 0 with the entries of their leaves as seal_row gives them now, one behind the other, and how many there are.
-- They come by their numbers: where the tile has them in another order, checked_tiles says what fits.
-- Index: seal_tile_pkey, seal_row_pkey.
SELECT t.n, t.hashes, a.said, a.found, cardinality(t.entries) AS wanted
FROM seal_tile t
CROSS JOIN LATERAL (
    SELECT convert_to(coalesce(string_agg(seal_entry_text(s), ''), ''), 'UTF8') AS said, count(*) AS found
    FROM seal_row s WHERE s.id = ANY(t.entries)
) a
WHERE t.level = 0 AND t.n BETWEEN :low AND :high
ORDER BY t.n;

-- name: checked_tiles(low, high)
-- Tiles of level 0 with the hashes of their leaves as seal_row gives them now, in the order of the tile.
SELECT t.n, t.hashes, a.leaves, a.found, cardinality(t.entries) AS wanted
FROM seal_tile t
CROSS JOIN LATERAL (
    SELECT string_agg(sha256('\x00'::bytea || seal_entry(s)), ''::bytea ORDER BY e.at) AS leaves, count(*) AS found
    FROM unnest(t.entries) WITH ORDINALITY AS e (id, at) JOIN seal_row s ON s.id = e.id
) a
WHERE t.level = 0 AND t.n BETWEEN :low AND :high
ORDER BY t.n;

-- name: tiles_above()
-- All tiles of the levels above the leaves.
SELECT level, n, hashes FROM seal_tile WHERE level > 0 ORDER BY level, n;

-- name: leaf_of_tile(n, place)^
-- What the leaf at this place of a tile is about, counted from 0.
SELECT e.id, s.of_table, coalesce(s.row_id::text, s.row_key) AS row_name
FROM seal_tile t, LATERAL (SELECT t.entries[:place::integer + 1] AS id) AS e LEFT JOIN seal_row s ON s.id = e.id
WHERE t.level = 0 AND t.n = :n;

-- name: block_of_table(of_table, left_out, low, high)^
-- Numbered rows of a table as they are to be hashed, and what was sealed of them. Index: seal_row_of_id.
SELECT row_ids, said, is_plain, sealed_ids, salts, hashes FROM seal_block(:of_table, :left_out, :low, :high);

-- name: faults_of_table(of_table, left_out, low, high)
-- Rows of a table that are not what was sealed.
SELECT row_name, fault FROM seal_faults(:of_table, :left_out, :low, :high);

-- name: last_row_of(of_table)$
-- The highest number of a row of this table that was ever sealed. Index: seal_row_of_id.
SELECT max(row_id) FROM seal_row WHERE of_table = :of_table AND row_id IS NOT NULL;

-- name: sealed_count(sealed_to, rows_after)^
-- How many rows there are, and how many of them the last checkpoint covers.
SELECT count(*) AS rows,
       count(*) FILTER (WHERE id <= :rows_after OR pg_visible_in_snapshot(xact, :sealed_to::pg_snapshot)) AS covered
FROM seal_row;

-- name: rows_outside_tree(sealed_to, rows_after, rows_max)
-- Rows that the last checkpoint should cover and does not.
SELECT of_table, coalesce(row_id::text, row_key) AS row_name
FROM seal_row s
WHERE (id <= :rows_after OR pg_visible_in_snapshot(xact, :sealed_to::pg_snapshot))
  AND NOT EXISTS (SELECT FROM seal_tile t, unnest(t.entries) AS entry WHERE t.level = 0 AND entry = s.id)
LIMIT :rows_max;

-- name: changes_without_event(rows_max)
-- Rows that were changed in a transaction that says nothing of it in the event log.
SELECT DISTINCT s.of_table, coalesce(s.row_id::text, s.row_key) AS row_name
FROM seal_row s
WHERE s.change IN ('U', 'E', 'M')
  AND NOT EXISTS (SELECT FROM seal_row e WHERE e.xact = s.xact AND e.of_table = 'event' AND e.change = 'I')
LIMIT :rows_max;

-- name: checkpoints()
-- All checkpoints, the oldest first.
SELECT size, previous_size, root, note, sealed_to::text AS sealed_to, rows_after, at, state_signature
FROM seal_checkpoint ORDER BY size;

-- name: ledger_keys_ever()
-- All keys with which the ledger ever signed.
SELECT id, public_key, private_key, previous, handover FROM ledger_key ORDER BY id;

-- name: cosignatures()
-- What gateways said to checkpoints, with all keys that they ever had by the event log.
SELECT c.size, c.public_key, c.line, g.name, k.root, k.note,
       g.public_key = c.public_key
       OR EXISTS (SELECT FROM event e WHERE e.subject = 'gateway:' || g.name
                  AND encode(c.public_key, 'base64') IN (e.data ->> 'public_key', e.data ->> 'revoked_public_key')) AS is_known
FROM seal_cosignature c JOIN gateway g ON g.id = c.gateway_id JOIN seal_checkpoint k ON k.size = c.size
ORDER BY c.size, g.name;

-- name: batches_that_differ(low, high)
-- Batches whose bytes do not have the digest beside them.
SELECT id::text AS row_name FROM evidence WHERE id BETWEEN :low AND :high AND sha256(raw) <> digest;

-- name: batches_to_check(low, high, rows_max)
-- Batches with their bytes, in parts. Index: evidence_pkey.
SELECT e.id, e.gateway_id, e.raw, g.name AS gateway
FROM evidence e JOIN gateway g ON g.id = e.gateway_id
WHERE e.id BETWEEN :low AND :high
ORDER BY e.id
LIMIT :rows_max;

-- name: gateway_keys()
-- The keys with which each gateway was ever believed, as events tell. Index: event_subject.
SELECT g.id, array_agg(decode(e.data ->> 'public_key', 'base64')) AS public_keys
FROM gateway g
JOIN event e ON e.subject = 'gateway:' || g.name
WHERE e.kind IN ('gateway_added', 'gateway_enrolled', 'gateway_key_replaced')
GROUP BY g.id;

-- name: gateways_with_untold_key()
-- Gateways that are believed by a key of which no event tells. Index: event_subject.
SELECT g.name AS row_name
FROM gateway g
WHERE NOT EXISTS (SELECT FROM event e
                  WHERE e.subject = 'gateway:' || g.name
                    AND e.kind IN ('gateway_added', 'gateway_enrolled', 'gateway_key_replaced')
                    AND decode(e.data ->> 'public_key', 'base64') = g.public_key)
ORDER BY g.name;

-- name: gateway_to_witness(name)^
-- The gateway of this name, if it is still believed.
SELECT id, public_key FROM gateway WHERE name = :name AND revoked_at IS NULL;

-- name: add_cosignature(size, gateway_id, public_key, line)!
-- Keep a gateway's cosignature; the first one of each checkpoint is enough.
INSERT INTO seal_cosignature (size, gateway_id, public_key, line)
VALUES (:size, :gateway_id, :public_key, :line)
ON CONFLICT DO NOTHING;

-- name: witnesses()
-- How far each gateway has witnessed. Index: seal_cosignature_gateway.
SELECT g.name AS gateway, c.size, c.line
FROM gateway g
CROSS JOIN LATERAL (SELECT size, line FROM seal_cosignature c WHERE c.gateway_id = g.id
                    ORDER BY size DESC LIMIT 1) AS c
ORDER BY g.name;

-- name: cosignature_lines(size)
-- What gateways said to one checkpoint. Index: seal_cosignature_pkey.
SELECT c.line, g.name, c.public_key FROM seal_cosignature c JOIN gateway g ON g.id = c.gateway_id
WHERE c.size = :size ORDER BY g.name;
