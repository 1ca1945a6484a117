-- Words about people in free text (reasons, notes, descriptions) can be erased: one person asks, another one does it, and what
-- was sealed of the rows can no longer be computed again nor guessed, for the salts go with the words.

------------------------------------------------------------------------------------------------------ what is kept

-- What somebody wants erased. words: the token of what stands in personal_data until it is decided (field 'words').
CREATE TABLE word_erasure (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    words text NOT NULL UNIQUE CHECK (words ~ '^personal:[0-9a-f]{64}$'),
    reason text NOT NULL,
    places integer NOT NULL CHECK (places >= 0), -- found when it was asked for
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL,
    decision text CHECK (decision IN ('done', 'rejected')),
    decided_by text,
    decided_at timestamptz,
    decision_reason text,
    CHECK (num_nulls(decision, decided_by, decided_at, decision_reason) IN (0, 4)),
    CHECK (decision IS DISTINCT FROM 'done' OR decided_by <> asked_by)
);
CREATE INDEX word_erasure_open ON word_erasure (id) WHERE decision IS NULL;

-- A row that words were taken out of: which columns, and how often.
CREATE TABLE erased_row (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    erasure_id bigint NOT NULL REFERENCES word_erasure,
    of_table text NOT NULL,
    row_name text NOT NULL, -- as in seal_row: its number, or a JSON array
    columns text[] NOT NULL,
    places integer NOT NULL
);
CREATE INDEX erased_row_of ON erased_row (of_table, row_name);
CREATE INDEX erased_row_erasure ON erased_row (erasure_id);

-- A signature whose hashes went with the words: how it stood just before, and the hashes of the record and of the signature
-- without the words, by which later changes show. They are the ledger's; the signer's own are gone.
CREATE TABLE erased_signature (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    signature_id bigint NOT NULL REFERENCES signature,
    erasure_id bigint NOT NULL REFERENCES word_erasure,
    stood text NOT NULL CHECK (stood IN ('as signed', 'as signed but for the decision', 'changed before')),
    was_intact boolean NOT NULL,
    record_sha256 text NOT NULL CHECK (record_sha256 ~ '^[0-9a-f]{64}$'),
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    UNIQUE (signature_id, erasure_id)
);

ALTER TABLE personal_data DROP CONSTRAINT personal_data_field_check;
ALTER TABLE personal_data ADD CONSTRAINT personal_data_field_check
    CHECK (field IN ('printed name', 'address', 'prescription', 'words'));

CREATE INDEX seal_row_erased ON seal_row (of_table, id) WHERE change = 'E';
CREATE INDEX seal_row_without_salt ON seal_row (id) WHERE salt IS NULL;

---------------------------------------------------------------------------------------------------- what protects

-- Whether what runs now is the erasure of words: as the owner of the tables, by erase_words.
CREATE FUNCTION is_erasing_words() RETURNS boolean STABLE LANGUAGE sql AS $$
    SELECT coalesce(current_setting('lotwarden.change', true), '') = 'E'
           AND pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = 'erased_row'::regclass), 'USAGE')
$$;

CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND is_erasing_words() THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only: corrections are new rows', TG_TABLE_NAME;
END $$;

CREATE OR REPLACE FUNCTION refuse_other_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(new) - TG_ARGV IS DISTINCT FROM to_jsonb(old) - TG_ARGV AND NOT is_erasing_words() THEN
        RAISE EXCEPTION '% is append-only: only % may change', TG_TABLE_NAME, array_to_string(TG_ARGV, ', ');
    END IF;
    RETURN new;
END $$;

CREATE OR REPLACE FUNCTION refuse_master_record_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (old.approved_by IS NOT NULL OR (new.name, new.version, new.item_id, new.body, new.drafted_by)
        IS DISTINCT FROM (old.name, old.version, old.item_id, old.body, old.drafted_by)) AND NOT is_erasing_words() THEN
        RAISE EXCEPTION 'a master formulation record never changes: draft a new version';
    END IF;
    RETURN new;
END $$;

------------------------------------------------------------------------------------------------------ finding words

-- Words as a regular expression, in any case: as whole words, with any space between them. is_loose: as they may stand in the
-- text of JSON, where a line feed is \n, inside longer words as well.
CREATE FUNCTION words_pattern(words text, is_loose boolean) RETURNS text IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE WHEN is_loose THEN '' ELSE '(?<![[:alnum:]])' END
           || regexp_replace(regexp_replace(words, '([^[:alnum:][:space:]])', '\\\1', 'g'), '[[:space:]]+',
                             CASE WHEN is_loose THEN '([[:space:]' || chr(160) || ']|\\\\[nrt])+'
                                  ELSE '[[:space:]' || chr(160) || ']+' END, 'g')
           || CASE WHEN is_loose THEN '' ELSE '(?![[:alnum:]])' END
$$;

-- Names in JSON below which strings are no free text: people, codes, names, hashes and times.
CREATE FUNCTION words_kept_in() RETURNS text[] IMMUTABLE LANGUAGE sql AS $$
    SELECT ARRAY[
        'action', 'actor', 'address', 'asked_by', 'assignee', 'at', 'badge', 'base_unit', 'began_at', 'begins_at', 'by', 'channel',
        'channels', 'class', 'classification', 'client_id', 'code', 'codes', 'cohort', 'compounding', 'connection',
        'controlled_schedule', 'currency', 'decided_by', 'decision', 'demand', 'device', 'digest', 'document', 'domain',
        'drafted_by', 'due_on', 'ended_at', 'ends_at', 'equipment', 'erasure', 'event', 'expires_at', 'expires_on', 'fact', 'file',
        'from', 'from_place', 'gateway', 'gateways', 'given_at', 'gln', 'gtin', 'gtins', 'id', 'issuer', 'item', 'items', 'journal',
        'key', 'kind', 'kinds', 'lane', 'licence', 'lot', 'lot_number', 'lots', 'made_at', 'meaning', 'members', 'metric', 'name',
        'ndc', 'number', 'occurred_at', 'old_until', 'operator', 'order', 'outcome', 'owner', 'paper', 'parent', 'partner',
        'patient', 'patient_ref', 'pattern', 'person', 'place', 'places', 'plan', 'policies', 'policy', 'prefix', 'prescription',
        'printed_name', 'printer', 'proposed_by', 'proposed_place', 'public_key', 'qualified_until', 'record', 'record_id',
        'recorded_by', 'replaces', 'request', 'requested_by', 'reservation', 'returns_order', 'revoked_public_key', 'risk_level',
        'role', 'roles', 'rule', 'said_at', 'sample', 'scanner', 'schedule', 'sensors', 'serial', 'serials', 'severity', 'sha256',
        'side', 'signed_by', 'since', 'site', 'sites', 'status', 'storage_class', 'subject', 'subscription', 'supplier', 'target',
        'test', 'to', 'to_place', 'token', 'transaction', 'unit', 'until', 'verdict', 'version', 'witness', 'zone'
    ]
$$;

-- A text without the words.
CREATE FUNCTION words_out(said text, pattern text) RETURNS text IMMUTABLE LANGUAGE sql AS $$
    SELECT regexp_replace(said, pattern, '[erased]', 'gi')
$$;

CREATE FUNCTION words_out(said text[], pattern text) RETURNS text[] IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE WHEN said IS NULL THEN NULL
                ELSE array(SELECT words_out(each, pattern) FROM unnest(said) WITH ORDINALITY AS e (each, nth) ORDER BY nth) END
$$;

-- JSON without the words in its strings; below: the name of the member that it is the value of. What a member was and is now,
-- {"note": {"from": "...", "to": "..."}}, is of that member.
CREATE FUNCTION words_out(said jsonb, pattern text, below text) RETURNS jsonb IMMUTABLE LANGUAGE plpgsql AS $$
DECLARE
    is_change boolean;
BEGIN
    CASE jsonb_typeof(said)
        WHEN 'string' THEN
            RETURN CASE WHEN below = ANY (words_kept_in()) THEN said ELSE to_jsonb(words_out(said #>> '{}', pattern)) END;
        WHEN 'array' THEN
            RETURN coalesce((SELECT jsonb_agg(words_out(each, pattern, below) ORDER BY nth)
                             FROM jsonb_array_elements(said) WITH ORDINALITY AS e (each, nth)), '[]');
        WHEN 'object' THEN
            is_change := below <> '' AND said - ARRAY['from', 'to', 'before', 'after'] = '{}';
            RETURN coalesce((SELECT jsonb_object_agg(name, words_out(value, pattern, CASE WHEN is_change THEN below ELSE name END))
                             FROM jsonb_each(said) AS e (name, value)), '{}');
        ELSE RETURN said;
    END CASE;
END $$;

CREATE FUNCTION words_out(said jsonb, pattern text) RETURNS jsonb IMMUTABLE LANGUAGE sql AS $$
    SELECT words_out(said, pattern, '')
$$;

-- Mark these columns as free text, and no others.
CREATE FUNCTION mark_free_text(tables text[], columns text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    each record;
BEGIN
    FOR each IN
        SELECT c.relname, a.attname, w.is_wanted
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM unnest(tables, columns) AS u (t, n)
                                           WHERE u.t = c.relname AND u.n = a.attname) AS is_wanted) w
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND w.is_wanted <> (coalesce(col_description(c.oid, a.attnum), '') = 'free text')
    LOOP
        EXECUTE format('COMMENT ON COLUMN %I.%I IS %L', each.relname, each.attname, CASE WHEN each.is_wanted THEN 'free text' END);
    END LOOP;
END $$;

-- Columns of free text, as the comments on them say; of one table, or of all.
CREATE FUNCTION free_text_columns(wanted text DEFAULT NULL) RETURNS TABLE (of_table text, of_column text, of_type text)
STABLE LANGUAGE sql AS $$
    SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND col_description(c.oid, a.attnum) = 'free text' AND (wanted IS NULL OR c.relname = wanted)
    ORDER BY c.relname, a.attnum
$$;

-- SQL for the rows of a table r that may hold words ($1: their pattern, $2: the loose one), for their name, for the columns that
-- do, for how often they do, and for what is to be written instead.
CREATE FUNCTION words_sql(wanted text, OUT of_name text, OUT may_hold text, OUT of_columns text, OUT of_places text, OUT written text)
STABLE LANGUAGE sql AS $$
    SELECT (SELECT CASE WHEN k.of_id <> 'NULL::bigint' THEN format('(%s)::text', k.of_id) ELSE format('(%s)', k.of_key) END
            FROM seal_key_sql(to_regclass(wanted), 'r') k),
           string_agg(format(CASE of_type WHEN 'text' THEN 'r.%I ~* $1' WHEN 'text[]' THEN 'array_to_string(r.%I, chr(10)) ~* $1'
                                          ELSE 'r.%I::text ~* $2' END, of_column), ' OR '),
           format('array_remove(ARRAY[%s]::text[], NULL)',
                  string_agg(format('CASE WHEN words_out(r.%1$I, $1) IS DISTINCT FROM r.%1$I THEN %1$L END', of_column), ', ')),
           format('(%s)', string_agg(format('coalesce(regexp_count(words_out(r.%1$I, $1)::text, ''\[erased\]'')'
                                            ' - regexp_count(r.%1$I::text, ''\[erased\]''), 0)', of_column), ' + ')),
           string_agg(format('%1$I = words_out(r.%1$I, $1)', of_column), ', ')
    FROM free_text_columns(wanted)
$$;

-- All rows that hold words: in which columns, how often, and what they say.
CREATE FUNCTION words_found(words text) RETURNS TABLE (of_table text, row_name text, columns text[], places integer, said jsonb)
STABLE LANGUAGE plpgsql AS $$
DECLARE
    sql record;
    each text;
BEGIN
    FOR each IN SELECT DISTINCT f.of_table FROM free_text_columns() f ORDER BY 1 LOOP
        SELECT * INTO sql FROM words_sql(each);
        RETURN QUERY EXECUTE format(
            'SELECT %L, f.row_name, f.columns, f.places::integer, f.said FROM '
            '(SELECT %s AS row_name, %s AS columns, %s AS places, to_jsonb(r) AS said FROM %I r WHERE %s) f '
            'WHERE cardinality(f.columns) > 0',
            each, sql.of_name, sql.of_columns, sql.of_places, each, sql.may_hold)
            USING words_pattern(words, false), words_pattern(words, true);
    END LOOP;
END $$;

-- How many texts hold words only inside longer ones, where they are left.
CREATE FUNCTION words_within(words text) RETURNS bigint STABLE LANGUAGE plpgsql AS $$
DECLARE
    each record;
    counted bigint;
    total bigint := 0;
BEGIN
    FOR each IN SELECT * FROM free_text_columns() LOOP
        EXECUTE format('SELECT count(*) FROM %1$I r WHERE r.%2$I::text ~* $2 AND words_out(r.%2$I, $1) IS NOT DISTINCT FROM r.%2$I',
                       each.of_table, each.of_column)
            INTO counted USING words_pattern(words, false), words_pattern(words, true);
        total := total + counted;
    END LOOP;
    RETURN total;
END $$;

------------------------------------------------------------------------------------------- what records belong together

-- The row that the subject of an event (or what a signature is of) names: kind:id.
CREATE FUNCTION row_of_subject(subject text, OUT of_table text, OUT said jsonb) STABLE LANGUAGE plpgsql AS $$
DECLARE
    kind text := split_part(subject, ':', 1);
    name text := substr(subject, length(split_part(subject, ':', 1)) + 2);
    of_key text;
BEGIN
    IF kind = 'exposure' THEN
        kind := 'lot';
        name := split_part(name, ':', 2);
    END IF;
    of_table := CASE kind WHEN 'case' THEN 'exception_case' WHEN 'order' THEN 'stock_order' WHEN 'count' THEN 'stock_count'
                          WHEN 'claim' THEN 'supplier_claim' WHEN 'suspect' THEN 'suspect_product' WHEN 'sample' THEN 'quality_sample'
                          WHEN 'lost' THEN 'lost_serial' WHEN 'transaction' THEN 'transaction_record' WHEN 'study' THEN 'stability_study'
                          WHEN 'formulation' THEN 'master_formulation_record' WHEN 'batch' THEN 'production_batch' ELSE kind END;
    of_key := CASE of_table WHEN 'stock_order' THEN 'number' WHEN 'stock_count' THEN 'number' WHEN 'item' THEN 'name'
                            WHEN 'production_batch' THEN '(SELECT p.name FROM place p WHERE p.id = r.place_id)'
                            WHEN 'master_formulation_record' THEN '(r.name || '':'' || r.version)' ELSE 'id' END;
    IF to_regclass(of_table) IS NULL OR of_key = 'id' AND (name !~ '^[0-9]{1,18}$' OR NOT EXISTS (
            SELECT FROM pg_attribute WHERE attrelid = to_regclass(of_table) AND attname = 'id' AND NOT attisdropped)) THEN
        of_table := NULL;
        RETURN;
    END IF;
    EXECUTE format('SELECT to_jsonb(r) FROM %I r WHERE %s = $1::%s', of_table, of_key, CASE of_key WHEN 'id' THEN 'bigint' ELSE 'text' END)
        INTO said USING name;
END $$;

-- Legal holds on the goods or the case that a row is about: it, what it refers to, what refers to it with a lot, an item or a case,
-- and what moved for an order. left_steps: how far to follow.
CREATE FUNCTION legal_holds_over(of_table text, said jsonb, left_steps integer DEFAULT 3) RETURNS SETOF bigint
STABLE LANGUAGE plpgsql AS $$
DECLARE
    link record;
    other record;
    above jsonb;
    goods text;
BEGIN
    IF said IS NULL OR NOT EXISTS (SELECT FROM legal_hold_now) THEN
        RETURN;
    END IF;
    RETURN QUERY SELECT h.id FROM legal_hold_now h
        WHERE said ->> 'lot_id' = h.lot_id::text OR said ->> 'item_id' = h.item_id::text OR said ->> 'case_id' = h.case_id::text
           OR of_table = 'legal_hold' AND said ->> 'id' = h.id::text OR of_table = 'exception_case' AND said ->> 'id' = h.case_id::text
           OR of_table = 'lot' AND said ->> 'id' = h.lot_id::text OR of_table = 'item' AND said ->> 'id' = h.item_id::text
           -- What an event says of goods.
           OR of_table = 'event' AND jsonb_path_exists(said -> 'data',
                '$.** ? (@.lot == $lot || @.lot_id == $lot || @.lots[*] == $lot || @.lot == $number || @.lot_number == $number
                         || @.item == $item || @.item_id == $item_id)',
                (SELECT jsonb_build_object('lot', coalesce(h.lot_id, -1), 'number', coalesce(l.lot_number, '(nothing)'),
                                           'item', coalesce(i.name, '(nothing)'), 'item_id', coalesce(h.item_id, -1))
                 FROM (SELECT) one LEFT JOIN lot l ON l.id = h.lot_id LEFT JOIN item i ON i.id = h.item_id));
    IF left_steps = 0 THEN
        RETURN;
    END IF;
    IF of_table = 'stock_order' THEN
        RETURN QUERY SELECT h.id FROM legal_hold_now h WHERE EXISTS (
            SELECT FROM lot l WHERE (l.id = h.lot_id OR l.item_id = h.item_id)
                AND (EXISTS (SELECT FROM movement m WHERE m.order_ref = said ->> 'number' AND m.lot_id = l.id)
                     OR EXISTS (SELECT FROM reservation v WHERE v.demand = said ->> 'number' AND v.lot_id = l.id)));
    ELSIF of_table = 'production_batch' THEN
        RETURN QUERY SELECT h.id FROM legal_hold_now h WHERE EXISTS (
            SELECT FROM movement m JOIN lot l ON l.id = m.lot_id
            WHERE (l.id = h.lot_id OR l.item_id = h.item_id)
                AND said ->> 'place_id' IN (m.from_place::text, m.to_place::text));
    END IF;
    SELECT * INTO other FROM row_of_subject(coalesce(said ->> 'record_kind' || ':' || (said ->> 'record_id'), said ->> 'subject', ''));
    IF other.said IS NOT NULL THEN
        RETURN QUERY SELECT legal_holds_over(other.of_table, other.said, left_steps - 1);
    END IF;
    FOR link IN SELECT c.relname::text AS child, p.relname::text AS parent, a.attname AS ours, b.attname AS theirs
                FROM pg_constraint k
                JOIN pg_class c ON c.oid = k.conrelid
                JOIN pg_class p ON p.oid = k.confrelid
                JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
                JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = k.confkey[1]
                WHERE k.contype = 'f' AND cardinality(k.conkey) = 1
                  AND (k.conrelid = to_regclass(of_table) OR k.confrelid = to_regclass(of_table)) LOOP
        -- Places, gateways and batches of gateways are of all goods.
        CONTINUE WHEN link.parent IN ('place', 'gateway', 'evidence', 'channel');
        IF link.child = of_table AND said ->> link.ours IS NOT NULL THEN
            EXECUTE format('SELECT to_jsonb(p) FROM %I p WHERE p.%I::text = $1', link.parent, link.theirs)
                INTO above USING said ->> link.ours;
            RETURN QUERY SELECT legal_holds_over(link.parent, above, left_steps - 1);
        ELSIF link.parent = of_table AND of_table <> 'item' THEN
            FOR goods IN SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(link.child) AND NOT attisdropped
                         AND attname IN ('lot_id', 'item_id', 'case_id') AND attname <> link.ours LOOP
                RETURN QUERY EXECUTE format(
                    'SELECT h.id FROM legal_hold_now h WHERE EXISTS (SELECT FROM %I c WHERE c.%I::text = $1 AND %s)',
                    link.child, link.ours,
                    CASE goods WHEN 'lot_id' THEN 'c.lot_id IN (SELECT l.id FROM lot l WHERE l.id = h.lot_id OR l.item_id = h.item_id)'
                               ELSE format('c.%1$I = h.%1$I', goods) END)
                    USING said ->> link.theirs;
            END LOOP;
        END IF;
    END LOOP;
END $$;

-- The record that people sign and a row belongs to; null if it is of none.
CREATE FUNCTION signed_record_of(of_table text, said jsonb) RETURNS text STABLE LANGUAGE sql AS $$
    SELECT CASE of_table
        WHEN 'hold' THEN 'hold:' || (said ->> 'id')
        WHEN 'exception_case' THEN 'case:' || (said ->> 'id')
        WHEN 'stock_order' THEN 'order:' || (said ->> 'number')
        WHEN 'order_step' THEN 'order:' || (SELECT o.number FROM stock_order o WHERE o.id = (said ->> 'order_id')::bigint)
        WHEN 'stock_count' THEN 'count:' || (said ->> 'number')
        WHEN 'batch_fact' THEN 'batch:' || (SELECT p.name FROM production_batch b JOIN place p ON p.id = b.place_id
                                            WHERE b.id = (said ->> 'batch_id')::bigint)
        WHEN 'master_formulation_record' THEN 'formulation:' || (said ->> 'name') || ':' || (said ->> 'version')
        WHEN 'sop' THEN 'sop:' || (said ->> 'code') || ':' || (said ->> 'version')
        WHEN 'quality_sample' THEN 'sample:' || (said ->> 'id')
        WHEN 'quality_result' THEN 'sample:' || (said ->> 'sample_id') END
$$;

-- Signatures whose hashes were made of the words: of_record says that those of the record were.
CREATE FUNCTION signatures_with_words(words text) RETURNS TABLE (signature_id bigint, of_record boolean) STABLE LANGUAGE sql AS $$
    WITH found AS MATERIALIZED (SELECT f.of_table, f.row_name, f.said FROM words_found(words) f),
    one AS (
        SELECT s.id, true AS of_record
        FROM (SELECT DISTINCT signed_record_of(f.of_table, f.said) AS record FROM found f) r
        JOIN signature s ON s.record_kind = split_part(r.record, ':', 1)
            AND s.record_id = substr(r.record, length(split_part(r.record, ':', 1)) + 2)
        UNION ALL
        SELECT f.row_name::bigint, false FROM found f WHERE f.of_table = 'signature'
    )
    SELECT o.id, bool_or(o.of_record) FROM one o GROUP BY o.id
$$;

----------------------------------------------------------------------------------------------------------- erasing

-- Name a row that is changed by an erasure, beyond those that hold the words.
CREATE FUNCTION note_erased(erasure bigint, of_table text, row_name text, columns text[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO erased_row (erasure_id, of_table, row_name, columns, places) VALUES (erasure, of_table, row_name, columns, 0)
$$;

-- The hashes of a signature, by which the words could be guessed. That of a signature by key names a row of the seal: it stays, and
-- the text that the key signed goes.
CREATE FUNCTION erase_signature_hashes(erasure bigint, signed bigint, of_record boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    was signature;
    new_record text;
    new_hash text;
    is_by_key boolean;
    told bigint;
BEGIN
    SELECT * INTO was FROM signature s WHERE s.id = signed;
    is_by_key := EXISTS (SELECT FROM signature_by_key k WHERE k.signature_sha256 = was.sha256);
    new_record := CASE WHEN of_record THEN 'erased' ELSE was.record_sha256 END;
    new_hash := CASE WHEN is_by_key THEN was.sha256 ELSE 'erased:' || signed END;
    IF (new_record, new_hash) IS DISTINCT FROM (was.record_sha256, was.sha256) THEN
        UPDATE signature SET record_sha256 = new_record, sha256 = new_hash WHERE id = signed;
        PERFORM note_erased(erasure, 'signature', signed::text, array_remove(ARRAY[
            CASE WHEN new_record <> was.record_sha256 THEN 'record_sha256' END,
            CASE WHEN new_hash <> was.sha256 THEN 'sha256' END], NULL));
    END IF;
    IF EXISTS (SELECT FROM signature_by_key k WHERE k.signature_sha256 = was.sha256 AND k.shown <> 'erased') THEN
        UPDATE signature_by_key SET shown = 'erased' WHERE signature_sha256 = was.sha256;
        PERFORM note_erased(erasure, 'signature_by_key', jsonb_build_array(was.sha256)::text, ARRAY['shown']);
    END IF;
    FOR told IN SELECT e.id FROM event e WHERE e.subject = was.record_kind || ':' || was.record_id AND e.kind = 'signed'
                AND e.data ->> 'sha256' = was.sha256 AND new_hash <> was.sha256 LOOP
        UPDATE event SET data = data || jsonb_build_object('sha256', new_hash) WHERE id = told;
        PERFORM note_erased(erasure, 'event', told::text, ARRAY['data']);
    END LOOP;
END $$;

-- Erase the words that somebody asked for, as another person agrees; gives how many rows were changed. The versions of them that
-- were sealed before lose their salts. Nobody but the owner of the tables could.
CREATE FUNCTION erase_words(erasure bigint, words text, by_whom text, why text, at timestamptz) RETURNS integer
SECURITY DEFINER LANGUAGE plpgsql AS $$
DECLARE
    asked word_erasure;
    mark bigint;
    signatures jsonb;
    signed record;
    each text;
    sql record;
    counted record;
    rows integer := 0;
BEGIN
    SELECT * INTO asked FROM word_erasure e WHERE e.id = erasure AND e.decision IS NULL AND e.asked_by <> by_whom FOR UPDATE;
    IF asked.id IS NULL OR NOT EXISTS (SELECT FROM personal_data p WHERE p.token = asked.words AND p.value = erase_words.words) THEN
        RAISE EXCEPTION 'nobody else has asked for the erasure of these words';
    END IF;
    SELECT coalesce(max(id), 0) INTO mark FROM seal_row;
    signatures := (SELECT jsonb_agg(s) FROM signatures_with_words(words) s);
    PERFORM set_config('lotwarden.change', 'E', true);
    FOR each IN SELECT DISTINCT f.of_table FROM free_text_columns() f ORDER BY 1 LOOP
        SELECT * INTO sql FROM words_sql(each);
        EXECUTE format(
            'WITH held AS MATERIALIZED (SELECT r.ctid AS at, %1$s AS row_name, %2$s AS columns, %3$s AS places'
            '                           FROM %4$I r WHERE %5$s FOR UPDATE),'
            ' found AS (SELECT * FROM held WHERE cardinality(columns) > 0),'
            ' done AS (UPDATE %4$I r SET %6$s FROM found f WHERE r.ctid = f.at RETURNING 1),'
            ' named AS (INSERT INTO erased_row (erasure_id, of_table, row_name, columns, places)'
            '           SELECT $3, %4$L, row_name, columns, places::integer FROM found RETURNING 1)'
            ' SELECT (SELECT count(*) FROM named)::integer AS named, (SELECT count(*) FROM done)::integer AS done',
            sql.of_name, sql.of_columns, sql.of_places, each, sql.may_hold, sql.written)
            INTO counted USING words_pattern(words, false), words_pattern(words, true), erasure;
        IF counted.named <> counted.done THEN
            RAISE EXCEPTION USING ERRCODE = 'serialization_failure', MESSAGE = format('rows of %s change while words are erased', each);
        END IF;
        rows := rows + counted.done;
    END LOOP;
    FOR signed IN SELECT * FROM jsonb_to_recordset(coalesce(signatures, '[]')) AS s (signature_id bigint, of_record boolean) LOOP
        PERFORM erase_signature_hashes(erasure, signed.signature_id, signed.of_record);
    END LOOP;
    UPDATE seal_row s SET change = 'E'
    FROM erased_row e
    WHERE e.erasure_id = erasure AND s.xact = pg_current_xact_id() AND s.id > mark AND s.change = 'U' AND s.of_table = e.of_table
      AND coalesce(s.row_id::text, s.row_key) = e.row_name;
    UPDATE seal_row s SET salt = NULL
    FROM (SELECT n.of_table, n.row_id, n.row_key, max(n.id) AS last FROM seal_row n
          WHERE n.xact = pg_current_xact_id() AND n.id > mark AND n.change = 'E' GROUP BY 1, 2, 3) n
    WHERE s.of_table = n.of_table AND (s.row_id = n.row_id OR s.row_key = n.row_key) AND s.id < n.last AND s.salt IS NOT NULL;
    PERFORM set_config('lotwarden.change', '', true);
    UPDATE word_erasure SET decision = 'done', decided_by = by_whom, decided_at = at,
                            decision_reason = words_out(why, words_pattern(erase_words.words, false))
    WHERE id = erasure;
    UPDATE personal_data SET value = NULL, salt = NULL, erased_at = at WHERE token = asked.words;
    RETURN rows;
END $$;

DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION erase_words(bigint, text, text, text, timestamptz) SET search_path = %I, pg_temp', current_schema());
END $$;

---------------------------------------------------------------------------------------------------------- checking

-- Rows as an erasure left them that show nothing of it: what it was to take out was not.
CREATE FUNCTION erased_rows_not_shown() RETURNS TABLE (of_table text, row_name text) STABLE LANGUAGE plpgsql AS $$
DECLARE
    each text;
    of_id text;
    of_key text;
BEGIN
    FOR each IN SELECT DISTINCT e.of_table FROM erased_row e WHERE to_regclass(e.of_table) IS NOT NULL LOOP
        SELECT k.of_id, k.of_key INTO of_id, of_key FROM seal_key_sql(to_regclass(each), 'r') k;
        RETURN QUERY EXECUTE format(
            'SELECT DISTINCT %1$L, e.row_name FROM erased_row e JOIN %1$I r ON %2$s CROSS JOIN unnest(e.columns) AS c (name) '
            'WHERE e.of_table = %1$L AND to_jsonb(r) ->> c.name NOT LIKE ''%%erased%%'' '
            'AND ''E'' = (SELECT s.change FROM seal_row s WHERE s.of_table = %1$L AND %3$s ORDER BY s.id DESC LIMIT 1)',
            each, CASE WHEN of_id <> 'NULL::bigint' THEN of_id || ' = e.row_name::bigint' ELSE of_key || ' = e.row_name' END,
            CASE WHEN of_id <> 'NULL::bigint' THEN 's.row_id = e.row_name::bigint' ELSE 's.row_key = e.row_name' END);
    END LOOP;
END $$;
