-- The seal: whatever is written to evidence leaves a salted hash here in the same transaction, and a Merkle tree (RFC 6962)
-- over these hashes is signed. What a row says is not in the tree: it can be erased where the law asks for that.

---------------------------------------------------------------------------------------------------------- hashes

-- One version of one row of evidence: one leaf of the tree. row_id is its key where that is one number, row_key (a JSON
-- array) otherwise. change: I added, U changed as it may, M sealed again because a migration changed the table, E erased,
-- X changed as it must not, D deleted. The last two are possible for who switches the protection of a table off, and
-- stay here. salt is null once the row was erased. E and M are for who sets lotwarden.change, and go with an event.
CREATE TABLE seal_row (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
    row_id bigint,
    of_table text NOT NULL,
    row_key text,
    change text NOT NULL CHECK (change IN ('I', 'U', 'M', 'E', 'X', 'D')),
    salt bytea,
    row_hash bytea NOT NULL,
    CHECK (num_nonnulls(row_id, row_key) = 1)
);
CREATE INDEX seal_row_xact ON seal_row (xact);
CREATE INDEX seal_row_of_id ON seal_row (of_table, row_id) WHERE row_id IS NOT NULL;
CREATE INDEX seal_row_of_key ON seal_row (of_table, row_key) WHERE row_key IS NOT NULL;

-- What stands in the tree for one version of a row: six lines.
CREATE FUNCTION seal_entry(s seal_row) RETURNS bytea STABLE LANGUAGE sql AS $$
    SELECT convert_to(E'lotwarden seal 1\n' || s.of_table || E'\n' || coalesce(s.row_id::text, s.row_key) || E'\n'
                      || s.change || E'\n' || s.xact::text || E'\n' || encode(s.row_hash, 'hex') || E'\n', 'UTF8')
$$;

-- SQL for the key of a row: its number, or a JSON array; of a table without a key, of what the row says. r: SQL for the row.
CREATE FUNCTION seal_key_sql(sealed regclass, r text, OUT of_id text, OUT of_key text) STABLE LANGUAGE sql AS $$
    WITH col AS (
        SELECT a.attname, a.atttypid, k.nth
        FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k (attnum, nth), pg_attribute a
        WHERE i.indrelid = sealed AND i.indisprimary AND a.attrelid = sealed AND a.attnum = k.attnum
    )
    SELECT CASE WHEN count(*) = 1 AND min(atttypid::bigint) = 20 THEN min(format('%s.%I', r, attname))
                ELSE 'NULL::bigint' END,
           CASE WHEN count(*) = 1 AND min(atttypid::bigint) = 20 THEN 'NULL::text'
                WHEN count(*) = 0 THEN format('jsonb_build_array(md5(to_jsonb(%s)::text))::text', r)
                ELSE format('jsonb_build_array(%s)::text', string_agg(format('%s.%I', r, attname), ', ' ORDER BY nth)) END
    FROM col
$$;

-- SQL for what is hashed of a row: a JSON object with a member for each column, as jsonb writes it.
CREATE FUNCTION seal_text_sql(r text, left_out text[]) RETURNS text IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE WHEN left_out = '{}' THEN format('to_jsonb(%s)::text', r)
                ELSE format('(to_jsonb(%s) - %L::text[])::text', r, left_out) END
$$;

-- What the hashes of a table are made of: when that changes, its rows are sealed again.
CREATE FUNCTION seal_is_of(sealed regclass, may_change text[], left_out text[]) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT md5(concat_ws('|', may_change, left_out, string_agg(quote_ident(attname), ',' ORDER BY attnum)))
    FROM pg_attribute WHERE attrelid = sealed AND attnum > 0 AND NOT attisdropped
$$;

-- Seal whatever is written to a table from now on, and what is there; nothing is done where that stands already.
-- may_change: columns that are written later. left_out: what the hash does not cover.
CREATE FUNCTION seal_table(of_table text, may_change text[], left_out text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    sealed regclass := to_regclass(of_table);
    writes text := 'seal_writes_of_' || of_table;
    -- A row and 128 random bits: who does not have them cannot guess what an erased row said.
    salted text := '(SELECT r, uuid_send(gen_random_uuid()) AS salt FROM %I r)';
    of_text text := seal_text_sql('(s.r)', left_out);
    of_hash text := format('sha256(s.salt || convert_to(%s, ''UTF8''))', of_text);
    of_id text;
    of_key text;
    wanted text;
    is_new boolean := to_regproc(writes) IS NULL;
    event text;
BEGIN
    IF sealed IS NULL THEN
        RETURN;
    END IF;
    wanted := 'seals ' || seal_is_of(sealed, may_change, left_out);
    IF NOT is_new AND obj_description(to_regproc(writes), 'pg_proc') = wanted THEN
        RETURN;
    END IF;
    SELECT * INTO of_id, of_key FROM seal_key_sql(sealed, '(s.r)');
    EXECUTE format($make$
        CREATE OR REPLACE FUNCTION %1$I() RETURNS trigger SECURITY DEFINER LANGUAGE plpgsql
        SET search_path = %2$I, pg_temp SET timezone = 'UTC' SET extra_float_digits = 1 SET bytea_output = 'hex'
        AS $body$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT %3$L, %4$s, %5$s, 'I', s.salt, %6$s FROM %7$s s;
            ELSIF TG_OP = 'DELETE' THEN
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT %3$L, %4$s, %5$s, 'D', s.salt, %6$s FROM %8$s s;
            ELSE
                INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash)
                SELECT %3$L, CASE WHEN n.row IS NULL THEN o.id ELSE n.id END,
                       CASE WHEN n.row IS NULL THEN o.key ELSE n.key END,
                       CASE WHEN n.row - %9$L::text[] IS NOT DISTINCT FROM o.row - %9$L::text[] THEN 'U'
                            ELSE coalesce(nullif(current_setting('lotwarden.change', true), ''), 'X') END,
                       coalesce(n.salt, o.salt), coalesce(n.hash, o.hash)
                FROM (SELECT %4$s AS id, %5$s AS key, to_jsonb(s.r) AS row, s.salt, %6$s AS hash FROM %7$s s) AS n
                FULL JOIN (SELECT %4$s AS id, %5$s AS key, to_jsonb(s.r) AS row, s.salt, %6$s AS hash FROM %8$s s) AS o
                    ON coalesce(n.id::text, n.key) = coalesce(o.id::text, o.key)
                WHERE n.row IS DISTINCT FROM o.row;
            END IF;
            RETURN NULL;
        END $body$
        $make$, writes, current_schema(), of_table, of_id, of_key, of_hash, format(salted, 'fresh'), format(salted, 'was'),
        may_change);
    EXECUTE format('COMMENT ON FUNCTION %I() IS %L', writes, wanted);
    FOREACH event IN ARRAY ARRAY['INSERT', 'UPDATE', 'DELETE'] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER %s ON %I REFERENCING %s FOR EACH STATEMENT EXECUTE FUNCTION %I()',
                       of_table || '_sealed_' || lower(event), event, of_table,
                       CASE event WHEN 'INSERT' THEN 'NEW TABLE AS fresh' WHEN 'DELETE' THEN 'OLD TABLE AS was'
                                  ELSE 'OLD TABLE AS was NEW TABLE AS fresh' END, writes);
    END LOOP;
    SET LOCAL timezone = 'UTC';
    SET LOCAL extra_float_digits = 1;
    SET LOCAL bytea_output = 'hex';
    EXECUTE format('INSERT INTO seal_row (of_table, row_id, row_key, change, salt, row_hash) '
                   'SELECT %L, %s, %s, %L, s.salt, %s FROM %s s',
                   of_table, of_id, of_key, CASE WHEN is_new THEN 'I' ELSE 'M' END, of_hash, format(salted, of_table));
END $$;

-- Say so if a migration changed evidence or what is sealed of it, in its transaction.
CREATE FUNCTION seal_note_migration() RETURNS void LANGUAGE sql AS $$
    INSERT INTO event (actor, kind, subject, reason, data)
    SELECT 'ledger', 'evidence_sealed_again', 'table:' || of_table, 'a migration changed the table',
           jsonb_build_object('rows', count(*))
    FROM seal_row WHERE xact = pg_current_xact_id() AND change = 'M' GROUP BY of_table
$$;

------------------------------------------------------------------------------------------------------------ tree

-- The tree in tiles of 256 hashes (C2SP tlog-tiles), the last of each level growing. entries: which rows of seal_row the
-- leaves of level 0 are.
CREATE TABLE seal_tile (
    level smallint NOT NULL,
    n bigint NOT NULL,
    hashes bytea NOT NULL,
    entries bigint[],
    PRIMARY KEY (level, n),
    CHECK ((level = 0) = (entries IS NOT NULL))
);
ALTER TABLE seal_tile ALTER COLUMN hashes SET STORAGE EXTERNAL; -- noise cannot be compressed

-- Signed statements of the tree's size and root (C2SP tlog-checkpoint). sealed_to: which transactions it covers;
-- rows_after: rows with numbers up to this one were written by another server, whose transactions mean nothing here.
CREATE TABLE seal_checkpoint (
    size bigint PRIMARY KEY,
    previous_size bigint NOT NULL CHECK (previous_size < size), -- of the checkpoint before; 0 of none
    root bytea NOT NULL CHECK (length(root) = 32),
    note text NOT NULL,
    sealed_to pg_snapshot NOT NULL,
    rows_after bigint NOT NULL,
    at timestamptz NOT NULL,
    state_signature bytea NOT NULL CHECK (length(state_signature) = 64) -- over what the note does not say
);

-- A gateway has seen this checkpoint follow from the one that it saw before (C2SP tlog-cosignature).
CREATE TABLE seal_cosignature (
    size bigint NOT NULL REFERENCES seal_checkpoint,
    gateway_id bigint NOT NULL REFERENCES gateway,
    public_key bytea NOT NULL CHECK (length(public_key) = 32),
    line text NOT NULL,
    PRIMARY KEY (size, gateway_id)
);
CREATE INDEX seal_cosignature_gateway ON seal_cosignature (gateway_id, size);

----------------------------------------------------------------------------------------------------------- checking

-- Rows of a table whose latest sealed version is not what they say, that were never sealed, or that are gone: the key, and
-- missing, unsealed, changed, overwritten or deleted. Numbered rows are looked at from low to high, others all at once.
CREATE FUNCTION seal_faults(of_table text, left_out text[], low bigint, high bigint,
                            OUT row_name text, OUT fault text)
RETURNS SETOF record STABLE LANGUAGE plpgsql
SET timezone = 'UTC' SET extra_float_digits = 1 SET bytea_output = 'hex' AS $$
DECLARE
    of_id text;
    of_key text;
    sealed text;
    rows text;
    same text;
BEGIN
    SELECT * INTO of_id, of_key FROM seal_key_sql(to_regclass(of_table), 'r');
    IF of_id <> 'NULL::bigint' THEN
        sealed := format('SELECT * FROM seal_row WHERE of_table = %L AND row_id BETWEEN %s AND %s', of_table, low, high);
        rows := format('SELECT r, %1$s AS id, NULL::text AS key FROM %2$I r WHERE %1$s BETWEEN %3$s AND %4$s', of_id, of_table, low,
                       high);
        same := 'n.row_id = s.row_id';
    ELSE
        sealed := format('SELECT * FROM seal_row WHERE of_table = %L AND row_key IS NOT NULL', of_table);
        rows := format('SELECT r, NULL::bigint AS id, %s AS key FROM %I r', of_key, of_table);
        same := 'n.row_key = s.row_key';
    END IF;
    RETURN QUERY EXECUTE format($check$
        SELECT coalesce(s.row_id::text, s.row_key, r.id::text, r.key),
               CASE WHEN s.id IS NULL THEN 'unsealed'
                    WHEN s.change = 'X' THEN 'overwritten' WHEN s.change = 'D' THEN 'deleted'
                    WHEN %1$s IS NULL THEN 'missing' ELSE 'changed' END
        FROM (%2$s) AS s FULL JOIN (%3$s) AS r ON %4$s
        WHERE s.id IS NULL OR s.change IN ('X', 'D')
           OR (%1$s IS NULL OR sha256(s.salt || convert_to(%5$s, 'UTF8')) IS DISTINCT FROM s.row_hash)
              AND NOT EXISTS (SELECT FROM seal_row n WHERE n.of_table = %6$L AND %7$s AND n.id > s.id)
        $check$, CASE WHEN of_id <> 'NULL::bigint' THEN 'r.id' ELSE 'r.key' END, sealed, rows,
        CASE WHEN of_id <> 'NULL::bigint' THEN 'r.id = s.row_id' ELSE 'r.key = s.row_key' END,
        seal_text_sql('(r.r)', left_out), of_table, same);
END $$;

-- What rows of a table say, as it was hashed: those with these numbers or keys.
CREATE FUNCTION seal_texts(of_table text, left_out text[], row_ids bigint[], row_keys text[],
                           OUT row_id bigint, OUT row_key text, OUT text text)
RETURNS SETOF record STABLE LANGUAGE plpgsql
SET timezone = 'UTC' SET extra_float_digits = 1 SET bytea_output = 'hex' AS $$
DECLARE
    of_id text;
    of_key text;
BEGIN
    SELECT * INTO of_id, of_key FROM seal_key_sql(to_regclass(of_table), 'r');
    RETURN QUERY EXECUTE format('SELECT %1$s, %2$s, %3$s FROM %4$I r WHERE %5$s', of_id, of_key,
                                seal_text_sql('r', left_out), of_table,
                                CASE WHEN of_id <> 'NULL::bigint' THEN of_id || ' = ANY($1)' ELSE of_key || ' = ANY($2)' END)
        USING row_ids, row_keys;
END $$;
