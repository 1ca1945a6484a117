-- What a check of the whole ledger asks of a block of rows: what each says, as it was hashed. The ledger hashes it itself and asks
-- seal_faults only where that does not fit.

-- SQL for what is hashed of a row, from its columns one by one: byte for byte what to_jsonb(row)::text writes, without building
-- the row and the jsonb first. jsonb has its members by length, then by bytes; texts, days, times and numbers without a fraction
-- read the same as json and as jsonb. left_out: columns that the hash does not cover.
CREATE FUNCTION seal_columns_sql(sealed regclass, r text, left_out text[]) RETURNS text STABLE LANGUAGE sql AS $$
    WITH col AS (
        SELECT row_number() OVER (ORDER BY octet_length(a.attname::text), a.attname::text COLLATE "C") - 1 AS nth,
               to_json(a.attname::text)::text || ': ' AS name,
               format(CASE WHEN a.atttypid = 'jsonb'::regtype THEN '%1$s'
                           WHEN a.atttypid IN ('bigint'::regtype, 'integer'::regtype) AND a.attnotnull THEN '%1$s'
                           WHEN a.atttypid IN ('bigint'::regtype, 'integer'::regtype, 'smallint'::regtype, 'text'::regtype,
                                               'timestamptz'::regtype, 'date'::regtype, 'bytea'::regtype)
                           THEN 'to_json(%1$s)' ELSE 'to_jsonb(%1$s)' END, format('%s.%I', r, a.attname)) AS value,
               a.attnotnull AS is_there
        FROM pg_attribute a
        WHERE a.attrelid = sealed AND a.attnum > 0 AND NOT a.attisdropped AND a.attname::text <> ALL (left_out)
    ), part AS ( -- a function takes a hundred values
        SELECT nth / 40 AS nth,
               string_agg(format(CASE WHEN is_there THEN '%L, %s' ELSE '%L, coalesce(%s, ''null'')' END,
                                 CASE nth WHEN 0 THEN '{' ELSE ', ' END || name, value), ', ' ORDER BY nth) AS values
        FROM col GROUP BY nth / 40
    )
    SELECT string_agg(format('concat(%s)', values), ' || ' ORDER BY nth) || ' || ''}''' FROM part
$$;

-- One entry of the tree, as before, built at once.
CREATE OR REPLACE FUNCTION seal_entry(s seal_row) RETURNS bytea STABLE LANGUAGE sql AS $$
    SELECT convert_to(concat(E'lotwarden seal 1\n', s.of_table, E'\n', coalesce(s.row_id::text, s.row_key), E'\n',
                             s.change, E'\n', s.xact, E'\n', encode(s.row_hash, 'hex'), E'\n'), 'UTF8')
$$;

-- Numbered rows of a table from low to high, in the order of their numbers: row_ids (big-endian, 8 bytes each), said, what is to be
-- hashed of each behind its salt, and lengths, how long each is (4 bytes). Beside them what was sealed: sealed_ids, salts, hashes;
-- is_plain: each sealed version is of when a row was added. Both come in the order of an index, without a hash table or a sort.
CREATE FUNCTION seal_block(of_table text, left_out text[], low bigint, high bigint,
                           OUT row_ids bytea, OUT said bytea, OUT lengths bytea,
                           OUT is_plain boolean, OUT sealed_ids bytea, OUT salts bytea, OUT hashes bytea)
STABLE LANGUAGE plpgsql
SET timezone = 'UTC' SET extra_float_digits = 1 SET bytea_output = 'hex'
SET jit = off SET enable_sort = off SET enable_bitmapscan = off SET enable_seqscan = off
SET max_parallel_workers_per_gather = 0 AS $$
DECLARE
    of_id text;
    of_key text;
BEGIN
    SELECT * INTO of_id, of_key FROM seal_key_sql(to_regclass(of_table), 'r');
    IF of_id = 'NULL::bigint' THEN
        is_plain := false;
        RETURN;
    END IF;
    EXECUTE format($rows$
        SELECT coalesce(string_agg(int8send(b.id), ''), ''), coalesce(string_agg(b.said, ''), ''),
               coalesce(string_agg(int4send(length(b.said)), ''), '')
        FROM (SELECT %1$s AS id, convert_to(%2$s, 'UTF8') AS said FROM %3$I r
              WHERE %1$s BETWEEN $1 AND $2 ORDER BY %1$s OFFSET 0) AS b
        $rows$, of_id, seal_columns_sql(to_regclass(of_table), 'r', left_out), of_table)
        INTO row_ids, said, lengths USING low, high;
    SELECT coalesce(bool_and(b.change = 'I' AND length(b.salt) = 16 AND length(b.row_hash) = 32), true),
           coalesce(string_agg(int8send(b.row_id), ''), ''), coalesce(string_agg(b.salt, ''), ''),
           coalesce(string_agg(b.row_hash, ''), '')
    INTO is_plain, sealed_ids, salts, hashes
    FROM (SELECT s.row_id, s.change, s.salt, s.row_hash FROM seal_row s
          WHERE s.of_table = seal_block.of_table AND s.row_id BETWEEN low AND high
          ORDER BY s.of_table, s.row_id OFFSET 0) AS b;
END $$;
