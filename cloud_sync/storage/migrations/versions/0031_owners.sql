-- An owner sees their own stock and nothing else, whatever a query forgets: requests of owners run as a role of their own,
-- which may read a few tables, of these only rows of the owner that the transaction names, and write nothing.

CREATE FUNCTION make_client_role() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lotwarden_client') THEN
        BEGIN
            CREATE ROLE lotwarden_client NOLOGIN NOBYPASSRLS;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
            WHEN insufficient_privilege THEN RETURN false;
        END;
    END IF;
    BEGIN
        IF NOT pg_has_role('lotwarden_runtime', 'lotwarden_client', 'MEMBER') THEN
            GRANT lotwarden_client TO lotwarden_runtime;
        END IF;
        IF NOT pg_has_role(current_user, 'lotwarden_client', 'MEMBER') THEN
            EXECUTE format('GRANT lotwarden_client TO %I', current_user);
        END IF;
    EXCEPTION
        WHEN insufficient_privilege OR undefined_object THEN RETURN false;
        WHEN unique_violation THEN NULL;
    END;
    RETURN true;
END $$;

-- Sessions that act for nobody's owner see all rows by a policy that is true. A policy that is true is still one: it keeps
-- the planner from the statistics of columns and from plans that it would take without. The role that may pass by has none.
-- False if this user may not say so: the ledger is as safe then, and slower.
CREATE FUNCTION let_runtime_pass_by_policies() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (SELECT rolbypassrls FROM pg_roles WHERE rolname = 'lotwarden_runtime') THEN
        ALTER ROLE lotwarden_runtime BYPASSRLS;
    END IF;
    RETURN true;
EXCEPTION
    WHEN insufficient_privilege THEN RETURN false;
END $$;

-- Let owners read a table; with a condition, only the rows for which it holds. Everybody else sees all of it.
CREATE FUNCTION open_to_owners(of_table text, only_where text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass(of_table) IS NULL THEN
        RETURN;
    END IF;
    IF only_where <> '' AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = to_regclass(of_table)
                                        AND polname = 'of_owner') THEN
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', of_table);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', of_table);
        -- Whoever may work as both sees what either may: true. The role of clients is no member of the other.
        EXECUTE format('CREATE POLICY of_house ON %I TO lotwarden_runtime, CURRENT_USER USING (true)', of_table);
        EXECUTE format('CREATE POLICY of_owner ON %I FOR SELECT TO lotwarden_client USING (%s)', of_table, only_where);
    END IF;
    IF NOT has_table_privilege('lotwarden_client', of_table, 'SELECT') THEN
        EXECUTE format('GRANT SELECT ON %I TO lotwarden_client', of_table);
    END IF;
END $$;

-- What runs with the rights of whoever owns the tables, only the ledger at work may call.
CREATE FUNCTION close_privileged_functions() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    each regprocedure;
BEGIN
    FOR each IN SELECT p.oid FROM pg_proc p
                WHERE p.pronamespace = current_schema()::regnamespace AND p.prosecdef
                  AND p.prorettype <> 'trigger'::regtype
                  AND has_function_privilege('lotwarden_client', p.oid, 'EXECUTE') LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', each);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO lotwarden_runtime', each);
    END LOOP;
END $$;

-- Views look with the eyes of whoever asks, not of the owner of the tables.
CREATE FUNCTION make_views_look_as_who_asks() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    each text;
BEGIN
    FOR each IN SELECT c.relname FROM pg_class c
                WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'v'
                  AND NOT coalesce('security_invoker=true' = ANY(c.reloptions), false) LOOP
        EXECUTE format('ALTER VIEW %I SET (security_invoker = true)', each);
    END LOOP;
END $$;

INSERT INTO role_permission VALUES ('owner', 'see stock, orders and traces');
