-- What owners may see of a table follows what the ledger says of it now: a policy that an earlier version made is made anew
-- once its words change. They stand beside it as its comment.
CREATE OR REPLACE FUNCTION open_to_owners(of_table text, only_where text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    made text;
    is_made boolean;
BEGIN
    IF to_regclass(of_table) IS NULL THEN
        RETURN;
    END IF;
    SELECT obj_description(oid, 'pg_policy'), true INTO made, is_made
    FROM pg_policy WHERE polrelid = to_regclass(of_table) AND polname = 'of_owner';
    IF only_where <> '' AND made IS DISTINCT FROM only_where THEN
        IF is_made IS NULL THEN
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', of_table);
            EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', of_table);
            -- Whoever may work as both sees what either may: true. The role of clients is no member of the other.
            EXECUTE format('CREATE POLICY of_house ON %I TO lotwarden_runtime, CURRENT_USER USING (true)', of_table);
        ELSE
            EXECUTE format('DROP POLICY of_owner ON %I', of_table);
        END IF;
        EXECUTE format('CREATE POLICY of_owner ON %I FOR SELECT TO lotwarden_client USING (%s)', of_table, only_where);
        EXECUTE format('COMMENT ON POLICY of_owner ON %I IS %L', of_table, only_where);
    END IF;
    IF NOT has_table_privilege('lotwarden_client', of_table, 'SELECT') THEN
        EXECUTE format('GRANT SELECT ON %I TO lotwarden_client', of_table);
    END IF;
END $$;
