-- What protects the ledger from itself: its role at work owns nothing, and evidence cannot be changed.

---------------------------------------------------------------------------------------------------------- roles

-- Whether this user can take the ledger's role. Since PostgreSQL 16 being a member does not say so.
CREATE FUNCTION may_be_runtime() RETURNS boolean STABLE LANGUAGE sql AS $$
    SELECT coalesce((SELECT pg_has_role(current_user, oid,
                            CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET'
                                 ELSE 'MEMBER' END)
                     FROM pg_roles WHERE rolname = 'lotwarden_runtime'), false)
$$;

-- Make the role as which the ledger works, and let this user take it; false if it may not. Roles are shared by all
-- databases of a server: another ledger may have made it, or be making it.
CREATE FUNCTION make_runtime_role() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lotwarden_runtime') THEN
        BEGIN
            CREATE ROLE lotwarden_runtime LOGIN;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
            WHEN insufficient_privilege THEN RETURN false;
        END;
    END IF;
    IF NOT may_be_runtime() THEN
        BEGIN
            EXECUTE format('GRANT lotwarden_runtime TO %I', current_user);
        EXCEPTION WHEN insufficient_privilege THEN RETURN false;
        END;
    END IF;
    RETURN true;
END $$;

-- What the ledger may do with a table; nothing is written where that stands already.
CREATE FUNCTION grant_runtime(of_table text, privileges text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass(of_table) IS NULL THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM unnest(string_to_array(privileges, ', ')) AS each
               WHERE NOT has_table_privilege('lotwarden_runtime', of_table, each)) THEN
        EXECUTE format('GRANT %s ON %I TO lotwarden_runtime', privileges, of_table);
    END IF;
END $$;

-- Views, sequences, and tables that nobody has said anything of.
CREATE FUNCTION grant_runtime_others(known text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    each record;
BEGIN
    FOR each IN
        SELECT c.relname, CASE c.relkind WHEN 'S' THEN 'USAGE, SELECT' WHEN 'v' THEN 'SELECT'
                                         ELSE 'SELECT, INSERT, UPDATE, DELETE' END AS privileges
        FROM pg_class c
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')
          AND NOT c.relispartition AND c.relname <> ALL(known)
          AND NOT CASE c.relkind WHEN 'S' THEN has_sequence_privilege('lotwarden_runtime', c.oid, 'USAGE')
                                 ELSE has_table_privilege('lotwarden_runtime', c.oid, 'SELECT') END
    LOOP
        EXECUTE format('GRANT %s ON %s %I TO lotwarden_runtime', each.privileges,
                       CASE each.privileges WHEN 'USAGE, SELECT' THEN 'SEQUENCE' ELSE 'TABLE' END, each.relname);
    END LOOP;
END $$;

------------------------------------------------------------------------------------------------------- evidence

-- Rows never change but for the columns named.
CREATE FUNCTION refuse_other_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF to_jsonb(new) - TG_ARGV IS DISTINCT FROM to_jsonb(old) - TG_ARGV THEN
        RAISE EXCEPTION '% is append-only: only % may change', TG_TABLE_NAME, array_to_string(TG_ARGV, ', ');
    END IF;
    RETURN new;
END $$;

-- Let rows of a table only be added, and only these columns of them be written later.
CREATE FUNCTION protect_evidence(of_table text, may_change text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    events text := CASE WHEN may_change = '{}' THEN 'UPDATE OR DELETE OR TRUNCATE' ELSE 'DELETE OR TRUNCATE' END;
    columns text := (SELECT string_agg(quote_literal(each), ', ') FROM unnest(may_change) AS each);
    wanted text := md5(events || coalesce(columns, ''));
BEGIN
    IF to_regclass(of_table) IS NULL OR obj_description(to_regclass(of_table), 'pg_class') = 'evidence ' || wanted THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE OR REPLACE TRIGGER %I BEFORE %s ON %I FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
                   of_table || '_append_only', events, of_table);
    IF columns IS NOT NULL THEN
        EXECUTE format('CREATE OR REPLACE TRIGGER %I BEFORE UPDATE ON %I FOR EACH ROW '
                       'EXECUTE FUNCTION refuse_other_change(%s)', of_table || '_mostly_stays', of_table, columns);
    END IF;
    EXECUTE format('COMMENT ON TABLE %I IS %L', of_table, 'evidence ' || wanted);
END $$;

------------------------------------------------------------------------------------------------ months of readings

-- Making and dropping months is the owner's: the ledger at work asks for it.
ALTER FUNCTION make_reading_partitions(timestamptz, timestamptz) SECURITY DEFINER;
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION make_reading_partitions(timestamptz, timestamptz) SET search_path = %I, pg_temp',
                   current_schema());
END $$;

-- Let readings that come late for this month wait.
CREATE FUNCTION lock_month(name text) RETURNS void SECURITY DEFINER LANGUAGE plpgsql AS $$
BEGIN
    IF name !~ '^reading_[0-9]{4}_[0-9]{2}$' THEN
        RAISE EXCEPTION '% is no month of readings', name;
    END IF;
    EXECUTE format('LOCK TABLE %I IN EXCLUSIVE MODE', name);
END $$;

-- Drop a month of which nothing is left; gives whether it was so. First what ingest takes first. Everybody waits behind
-- this one, so it does not wait long.
CREATE FUNCTION drop_month_if_empty(name text) RETURNS boolean SECURITY DEFINER LANGUAGE plpgsql AS $$
DECLARE
    has_any boolean;
BEGIN
    IF name !~ '^reading_[0-9]{4}_[0-9]{2}$' THEN
        RAISE EXCEPTION '% is no month of readings', name;
    END IF;
    SET LOCAL lock_timeout = '1s';
    LOCK TABLE ONLY reading IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO has_any;
    IF NOT has_any THEN
        EXECUTE format('DROP TABLE %I', name);
    END IF;
    RETURN NOT has_any;
END $$;
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION lock_month(text) SET search_path = %I, pg_temp', current_schema());
    EXECUTE format('ALTER FUNCTION drop_month_if_empty(text) SET search_path = %I, pg_temp', current_schema());
END $$;

------------------------------------------------------------------------------------------------------ enrolment

-- Wrong codes count for the address from which they came: a name cannot be locked out by strangers.
ALTER TABLE enrolment_failure ADD COLUMN address text NOT NULL DEFAULT '';

------------------------------------------------------------------------------------------------------- one's own site

-- The outermost place around a place of the house; null for what is nobody's site: partners, and the ledger's own places.
CREATE FUNCTION place_scope(kind text, ancestors bigint[]) RETURNS bigint IMMUTABLE LANGUAGE sql AS $$
    SELECT CASE WHEN kind IN ('supplier', 'customer', 'scrap', 'count_difference', 'used_up', 'transit',
                              'unpacking')
                     OR kind = 'ward' AND cardinality(ancestors) = 1 THEN NULL
                ELSE ancestors[1] END
$$;

------------------------------------------------------------------------------------------------------------ people

-- Whose a token is. Every event carries the person, and duties are kept apart by person: a second token, or one that was
-- revoked and made again under another name, is the same person's. Operators at docks are called by their person, too.
ALTER TABLE api_token ADD COLUMN person text;
UPDATE api_token SET person = name;
ALTER TABLE api_token ALTER COLUMN person SET NOT NULL;
