-- name: tables_to_copy()
-- Every table with its columns, and how it is written out and read in. Generated columns make themselves.
SELECT c.relname AS name, a.columns,
       'COPY (SELECT ' || a.quoted || ' FROM ' || quote_ident(c.relname) || ') TO STDOUT' AS copy_out,
       'COPY ' || quote_ident(c.relname) || ' (' || a.quoted || ') FROM STDIN' AS copy_in
FROM pg_class c
CROSS JOIN LATERAL (
    SELECT array_agg(attname::text ORDER BY attnum) AS columns,
           string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS quoted
    FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
) AS a
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relname <> ALL (ARRAY['alembic_version', 'account_session', 'gateway_nonce'])
ORDER BY c.relname;

-- name: revision()$
-- The version of the schema.
SELECT version_num FROM alembic_version;

-- name: sequences()
-- How far numbers have been given out.
SELECT sequencename::text AS name, last_value FROM pg_sequences
WHERE schemaname = 'public' AND last_value IS NOT NULL ORDER BY sequencename;

-- name: set_sequence(name, last_value)$
-- Go on after this number.
SELECT setval(('public.' || quote_ident(:name::text))::regclass, :last_value);

-- name: months_of_readings()
-- The first instant of each month that has a partition.
SELECT to_timestamp(replace(c.relname, 'reading_', ''), 'YYYY_MM') AS month
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'public.reading'::regclass ORDER BY c.relname;

-- name: make_month(month)$
-- A partition for the readings of this month.
SELECT make_reading_partitions(:month::timestamptz, :month::timestamptz);

-- name: open_to_loading()
-- What takes off and puts back all that would change rows, or refuse them, while they are read in: triggers, references
-- and the policies of rows.
WITH each AS (
    SELECT oid::regclass::text AS name, relhastriggers, relforcerowsecurity FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
)
SELECT 'ALTER TABLE ' || conrelid::regclass || ' DROP CONSTRAINT ' || quote_ident(conname) AS off,
       'ALTER TABLE ' || conrelid::regclass || ' ADD CONSTRAINT ' || quote_ident(conname) || ' '
       || pg_get_constraintdef(oid) AS back
FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND conparentid = 0
UNION ALL
SELECT 'ALTER TABLE ' || name || ' DISABLE TRIGGER USER', 'ALTER TABLE ' || name || ' ENABLE TRIGGER USER'
FROM each WHERE relhastriggers
UNION ALL
SELECT 'ALTER TABLE ' || name || ' NO FORCE ROW LEVEL SECURITY', 'ALTER TABLE ' || name || ' FORCE ROW LEVEL SECURITY'
FROM each WHERE relforcerowsecurity;

-- name: empty_all()$
-- What empties every table: migrations have written rows of their own.
SELECT 'TRUNCATE ' || string_agg(oid::regclass::text, ', ')
FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
  AND relname <> 'alembic_version';

-- name: is_empty_database()$
-- Whether nothing of anybody's is in this database.
SELECT NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'S'));

-- name: is_unused_ledger()$
-- Whether this is a ledger in which nothing has happened yet.
SELECT to_regclass('public.alembic_version') IS NOT NULL
   AND NOT EXISTS (SELECT FROM event) AND NOT EXISTS (SELECT FROM evidence) AND NOT EXISTS (SELECT FROM account);

-- name: gateway_names()
-- All gateways.
SELECT name FROM gateway;

-- name: lane_marks()
-- How far each lane of each gateway has come.
SELECT g.name AS gateway, p.journal::text AS journal, p.lane, p.next_seq, p.max_seq
FROM lane_progress p JOIN gateway g ON g.id = p.gateway_id ORDER BY 1, 2, 3;

-- name: add_backup(made_at, made_by, name, bytes, sha256, row_count, sealed_size, read_back)!
-- A backup was written and checked.
INSERT INTO backup (made_at, made_by, name, bytes, sha256, row_count, sealed_size, read_back)
VALUES (:made_at, :made_by, :name, :bytes, :sha256, :row_count, :sealed_size, :read_back);

-- name: backups(rows_max)
-- The latest backups.
SELECT made_at, finished_at, made_by, name, bytes, encode(sha256, 'hex') AS sha256, row_count, sealed_size, read_back
FROM backup ORDER BY made_at DESC LIMIT :rows_max;

-- name: backup_standing()^
-- When the last backup was made, and since when there is anything to lose.
SELECT (SELECT max(made_at) FROM backup) AS last_at,
       (SELECT at FROM event ORDER BY id LIMIT 1) AS first_event_at;

-- name: epochs()
-- Restores after which the sealed log went on under another name, the oldest first.
SELECT number, restored_size, statement, signature, public_key, begun_at, begun_by, reason FROM seal_epoch ORDER BY number;

-- name: add_epoch(number, restored_size, statement, signature, public_key, begun_at, begun_by, reason)!
-- The sealed log goes on under another name.
INSERT INTO seal_epoch (number, restored_size, statement, signature, public_key, begun_at, begun_by, reason)
VALUES (:number, :restored_size, :statement, :signature, :public_key, :begun_at, :begun_by, :reason);

-- name: expect_lane(gateway, journal, lane, last_seq, case_id)!
-- The ledger before had this lane up to this number.
INSERT INTO restored_lane (gateway_id, journal, lane, last_seq, case_id)
SELECT id, :journal::uuid, :lane, :last_seq, :case_id FROM gateway WHERE name = :gateway
ON CONFLICT (gateway_id, journal, lane) DO UPDATE SET last_seq = greatest(restored_lane.last_seq, excluded.last_seq),
    case_id = coalesce(excluded.case_id, restored_lane.case_id);

-- name: lanes_come_again()
-- Lanes that are as complete again as they were before the restore, or declared as lost.
SELECT r.gateway_id, r.journal::text AS journal, r.lane, r.case_id, g.name AS gateway, r.last_seq
FROM restored_lane r
JOIN gateway g ON g.id = r.gateway_id
JOIN lane_progress p USING (gateway_id, journal, lane)
WHERE p.next_seq > r.last_seq;

-- name: lane_is_settled(gateway_id, journal, lane)!
-- Nothing is awaited of this lane any longer.
DELETE FROM restored_lane WHERE (gateway_id, journal, lane) = (:gateway_id, :journal::uuid, :lane);

-- name: lane_next(gateway_id, journal, lane)$
-- Up to which number a lane is known without a hole. Index: lane_progress_pkey.
SELECT next_seq FROM lane_progress WHERE (gateway_id, journal, lane) = (:gateway_id, :journal::uuid, :lane);

-- name: known_ends(gateway_id, journal)
-- Up to which number each lane of a journal is known to have gone: by what came, and by what a restored ledger had.
SELECT lane, max(last_seq)::bigint AS last_seq
FROM (SELECT lane, max_seq AS last_seq FROM lane_progress WHERE (gateway_id, journal) = (:gateway_id, :journal::uuid)
      UNION ALL
      SELECT lane, last_seq FROM restored_lane WHERE (gateway_id, journal) = (:gateway_id, :journal::uuid)) AS ends
GROUP BY lane ORDER BY lane;

-- name: missing_of_lane(gateway_id, journal, lane, first, last, spans_max)
-- Numbers of a lane that are neither here nor declared as lost or thinned. Index: evidence's key.
SELECT lower(each) AS first, upper(each) - 1 AS last
FROM unnest(
    int8multirange(int8range(:first, :last, '[]'))
    - coalesce((SELECT range_agg(int8range(first_seq, last_seq, '[]')) FROM evidence
                WHERE (gateway_id, journal, lane) = (:gateway_id, :journal::uuid, :lane)
                  AND first_seq BETWEEN :first - 10000 AND :last), '{}')
    - coalesce((SELECT range_agg(int8range(first_seq, last_seq, '[]')) FROM declared_gap
                WHERE (gateway_id, journal, lane) = (:gateway_id, :journal::uuid, :lane)), '{}')
) AS each
ORDER BY each LIMIT :spans_max;
