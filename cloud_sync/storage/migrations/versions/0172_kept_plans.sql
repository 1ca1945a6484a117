-- Until the end of the transaction, queries are planned once and for all; for those that take longer to plan than to run,
-- as whatever may block stock makes for. Such a plan has to go by index: a table that is empty when it is made would be
-- read as a whole for good, and in a storm tables grow to thousands of rows long before their statistics are taken again.
-- Of the indexes of an empty table PostgreSQL takes any: so plans are made anew once other tables have rows than when this
-- session made them. The tables are those that allocations look at, and what is stored in bulk.
CREATE FUNCTION keep_plans() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    with_rows text;
BEGIN
    PERFORM set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true);
    SELECT coalesce(string_agg(t.name, ' '), '') INTO with_rows
    FROM unnest(ARRAY[
        'channel', 'disposition', 'evidence', 'exception_case', 'excursion', 'exposure', 'hold', 'hold_reach', 'lot',
        'movement', 'place', 'position', 'probe_excursion', 'recall_lot', 'reservation', 'residency', 'track'
    ]) AS t (name)
    WHERE pg_relation_size(t.name::regclass) > 65536;
    IF with_rows IS DISTINCT FROM current_setting('lotwarden.planned_for', true) THEN
        DISCARD PLANS;
        PERFORM set_config('lotwarden.planned_for', with_rows, false);
    END IF;
END $$;
