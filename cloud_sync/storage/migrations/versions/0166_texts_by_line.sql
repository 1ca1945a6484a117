-- Many texts are made into bytes at once, and told apart by what stands between them; each for itself took a quarter longer.

-- One entry of the tree, as before, as text.
CREATE FUNCTION seal_entry_text(s seal_row) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT concat(E'lotwarden seal 1\n', s.of_table, E'\n', coalesce(s.row_id::text, s.row_key), E'\n',
                  s.change, E'\n', s.xact, E'\n', encode(s.row_hash, 'hex'), E'\n')
$$;

CREATE OR REPLACE FUNCTION seal_entry(s seal_row) RETURNS bytea STABLE LANGUAGE sql AS $$
    SELECT convert_to(seal_entry_text(s), 'UTF8')
$$;

-- Numbered rows of a table from low to high, in the order of their numbers: row_ids (big-endian, 8 bytes each) and said, what is to
-- be hashed of each behind its salt, a line for each: JSON has no line breaks. Beside them what was sealed: sealed_ids, salts,
-- hashes; is_plain: each sealed version is of when a row was added. Both come in the order of an index, without a hash table or a
-- sort.
DROP FUNCTION seal_block(text, text[], bigint, bigint);
CREATE FUNCTION seal_block(of_table text, left_out text[], low bigint, high bigint,
                           OUT row_ids bytea, OUT said bytea,
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
        SELECT coalesce(string_agg(int8send(%1$s), ''), ''), convert_to(coalesce(string_agg(%2$s, E'\n'), ''), 'UTF8')
        FROM (SELECT * FROM %3$I r WHERE %1$s BETWEEN $1 AND $2 ORDER BY %1$s) AS r
        $rows$, of_id, seal_columns_sql(to_regclass(of_table), 'r', left_out), of_table)
        INTO row_ids, said USING low, high;
    SELECT coalesce(bool_and(b.change = 'I' AND length(b.salt) = 16 AND length(b.row_hash) = 32), true),
           coalesce(string_agg(int8send(b.row_id), ''), ''), coalesce(string_agg(b.salt, ''), ''),
           coalesce(string_agg(b.row_hash, ''), '')
    INTO is_plain, sealed_ids, salts, hashes
    FROM (SELECT s.row_id, s.change, s.salt, s.row_hash FROM seal_row s
          WHERE s.of_table = seal_block.of_table AND s.row_id BETWEEN low AND high
          ORDER BY s.of_table, s.row_id OFFSET 0) AS b;
END $$;
