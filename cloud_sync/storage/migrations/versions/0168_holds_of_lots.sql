-- The rows of active_hold of some lots. Planning that view takes longer than reading it, and each query that has it inside is
-- planned anew whenever one of its fifteen tables was analyzed; so those that are in a hurry ask here, where it is planned once for
-- a connection, and by index, however empty its tables are at that moment.
CREATE FUNCTION holds_of_lots(lot_ids bigint[]) RETURNS SETOF active_hold STABLE ROWS 10 LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
BEGIN
    RETURN QUERY
        SELECT h.*
        FROM (SELECT DISTINCT u.lot_id FROM unnest(lot_ids) AS u (lot_id)) AS asked
        CROSS JOIN LATERAL (SELECT n.* FROM active_hold n WHERE n.lot_id = asked.lot_id OFFSET 0) AS h;
END $$;
