-- Lists sort by any of their columns, and say the state of a batch, in the database.

-- A value of a row as text that sorts as people expect: numbers by size (CT-9 before CT-10), null where there is none.
CREATE FUNCTION sort_text(sort text, listed jsonb) RETURNS text IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT (SELECT string_agg(CASE WHEN part[1] ~ '^[0-9]' THEN lpad(part[1], 20, '0') ELSE part[1] END, '' ORDER BY n)
            FROM regexp_matches(lower(listed ->> sort), '[0-9]+|[^0-9]+', 'g') WITH ORDINALITY AS found (part, n))
$$;

-- Where a batch is: a decision counts first, and a hold above a release (as cloud_sync.domain.compounding.state_of).
CREATE FUNCTION production_state(batch bigint, batch_place bigint) RETURNS text STABLE LANGUAGE sql AS $$
    WITH facts AS MATERIALIZED (SELECT kind FROM batch_fact WHERE batch_id = batch),
    concerned AS (
        SELECT p.lot_id, true AS is_product FROM batch_product p WHERE p.batch_id = batch
        UNION SELECT m.lot_id, false FROM movement m WHERE m.to_place = batch_place
    )
    SELECT CASE
        WHEN EXISTS (SELECT FROM facts WHERE kind = 'rejected') THEN 'rejected'
        WHEN EXISTS (SELECT FROM concerned c CROSS JOIN LATERAL (
                         SELECT n.kind, n.place_id FROM active_hold n WHERE n.lot_id = c.lot_id OFFSET 0) AS h
                     WHERE h.kind NOT IN ('unreleased', 'patient')
                       AND (c.is_product OR hold_covers(h.place_id, batch_place)
                            AND (h.place_id IS NOT NULL OR NOT EXISTS (SELECT FROM facts WHERE kind = 'released')))) THEN 'held'
        WHEN EXISTS (SELECT FROM facts WHERE kind = 'released') THEN 'released'
        WHEN EXISTS (SELECT FROM facts WHERE kind = 'finished') THEN 'finished'
        WHEN EXISTS (SELECT FROM facts) OR EXISTS (SELECT FROM movement WHERE to_place = batch_place) THEN 'in_process'
        ELSE 'planned' END
$$;
