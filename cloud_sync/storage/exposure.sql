-- Exposure is a walk over residencies and movements. Seeds are residencies that overlap the excursion in its place or
-- below (for as long as the excursion may have lasted where clocks were doubtful: reach_from, reach_until), if its
-- severity is action; from there on wherever goods went at or after the first exposed instant (goods_went in the schema).
-- It writes only what differs, and gives what changed for which lots:
-- 'held' where a lot is exposed to an excursion for the first time, 'freed' where no part of it is any more.

-- name: expose(excursion_ids, lot_ids)
-- Redo all exposure by these excursions, or all exposure of these lots and of the lots made of them (downstream_lots
-- gives them; all must be named): one of the two is empty. What lots that are not named bring into production is taken
-- as it stands.
WITH RECURSIVE seed AS ( -- one goes by excursions, the others by lots: whatever is empty costs nothing, however it is planned
    SELECT e.id AS excursion_id, r.lot_id, r.serial, r.place_id, r.began_at, r.ended_at, p.kind,
           greatest(r.began_at, coalesce(e.reach_from, e.began_at)) AS since
    FROM (SELECT * FROM excursion WHERE id = ANY(:excursion_ids) AND severity = 'action' OFFSET 0) AS e
    CROSS JOIN LATERAL (SELECT * FROM place WHERE ancestors @> ARRAY[e.place_id] OFFSET 0) AS p
    CROSS JOIN LATERAL (SELECT * FROM residency WHERE place_id = p.id OFFSET 0) AS r
    WHERE r.began_at < coalesce(e.reach_until, e.ended_at, 'infinity')
      AND coalesce(r.ended_at, 'infinity') > coalesce(e.reach_from, e.began_at)
    UNION ALL
    SELECT e.id AS excursion_id, r.lot_id, r.serial, r.place_id, r.began_at, r.ended_at, p.kind,
           greatest(r.began_at, coalesce(e.reach_from, e.began_at)) AS since
    FROM (SELECT * FROM residency WHERE lot_id = ANY(:lot_ids) OFFSET 0) AS r
    CROSS JOIN LATERAL (SELECT * FROM place WHERE id = r.place_id OFFSET 0) AS p
    CROSS JOIN LATERAL (SELECT * FROM excursion WHERE place_id = ANY(p.ancestors) AND severity = 'action' OFFSET 0) AS e
    WHERE r.began_at < coalesce(e.reach_until, e.ended_at, 'infinity')
      AND coalesce(r.ended_at, 'infinity') > coalesce(e.reach_from, e.began_at)
    UNION ALL
    SELECT x.excursion_id, r.lot_id, r.serial, r.place_id, r.began_at, r.ended_at, to_place.kind,
           greatest(m.came_at, x.since)
    FROM (SELECT * FROM movement WHERE lot_id = ANY(:lot_ids) OFFSET 0) AS m
    CROSS JOIN LATERAL (SELECT * FROM place WHERE id = m.from_place AND kind = 'production' OFFSET 0) AS from_place
    CROSS JOIN LATERAL (SELECT * FROM exposure WHERE place_id = m.from_place AND since <= m.left_at OFFSET 0) AS x
    JOIN residency r ON (r.lot_id, r.place_id, r.serial) = (m.lot_id, m.to_place, m.serial)
        AND m.came_at BETWEEN r.began_at AND coalesce(r.ended_at, 'infinity')
    JOIN place to_place ON to_place.id = r.place_id
    WHERE NOT x.lot_id = ANY(:lot_ids)
), walk AS (
    SELECT * FROM seed
    UNION
    SELECT w.excursion_id, n.lot_id, n.serial, n.place_id, n.began_at, n.ended_at, n.kind, n.since
    FROM (SELECT * FROM walk
          -- Most goods went nowhere; whatever goods_went follows has to be let through here.
          WHERE kind IN ('production', 'unpacking')
             OR (SELECT true FROM movement m
                 WHERE (m.lot_id, m.from_place, m.serial) = (walk.lot_id, walk.place_id, walk.serial)
                   AND m.left_at >= walk.since LIMIT 1)
             OR (SELECT true FROM movement m
                 WHERE m.lot_id = walk.lot_id AND m.serial = walk.serial AND m.left_at >= walk.since
                   AND m.from_place = ANY(ARRAY(SELECT g.id FROM place g WHERE g.kind = 'count_difference')) LIMIT 1)) AS w
    CROSS JOIN LATERAL goods_went(w.lot_id, w.serial, w.place_id, w.kind, w.began_at, w.ended_at, w.since) AS n
    -- Back to where it was exposed before: nothing new. This keeps stock that goes to and fro from being
    -- walked once for each time (it would end all the same: there are only so many movements).
    WHERE NOT EXISTS (
        SELECT FROM excursion e JOIN place p ON p.id = n.place_id
        WHERE e.id = w.excursion_id AND p.ancestors @> ARRAY[e.place_id]
          AND n.began_at < coalesce(e.reach_until, e.ended_at, 'infinity')
          AND greatest(n.began_at, coalesce(e.reach_from, e.began_at)) <= n.since
          AND coalesce(n.ended_at, 'infinity') > coalesce(e.reach_from, e.began_at))
), new AS (
    SELECT excursion_id, lot_id, serial, place_id, began_at, min(since) AS since
    FROM walk
    GROUP BY 1, 2, 3, 4, 5
), old AS ( -- with where each row lies: so that what is deleted need not be looked for again
    SELECT ctid AS lies_at, * FROM exposure WHERE excursion_id = ANY(:excursion_ids) OR lot_id = ANY(:lot_ids)
), gone AS (
    DELETE FROM exposure x
    USING (
        SELECT lies_at FROM old
        WHERE NOT EXISTS (
            SELECT FROM new WHERE (new.excursion_id, new.lot_id, new.place_id, new.serial, new.began_at)
                = (old.excursion_id, old.lot_id, old.place_id, old.serial, old.residency_began_at))
    ) AS g
    WHERE x.ctid = g.lies_at
), kept AS (
    INSERT INTO exposure (excursion_id, lot_id, serial, place_id, residency_began_at, since)
    SELECT * FROM new
    ON CONFLICT (excursion_id, lot_id, place_id, serial, residency_began_at) DO UPDATE SET since = excluded.since
    WHERE exposure.since <> excluded.since
)
SELECT excursion_id, 'held' AS change, array_agg(lot_id ORDER BY lot_id) AS lots
FROM (SELECT excursion_id, lot_id FROM new EXCEPT SELECT excursion_id, lot_id FROM old) AS held
GROUP BY excursion_id
UNION ALL
SELECT excursion_id, 'freed', array_agg(lot_id ORDER BY lot_id)
FROM (SELECT excursion_id, lot_id FROM old EXCEPT SELECT excursion_id, lot_id FROM new) AS freed
GROUP BY excursion_id
ORDER BY 1, 2;

-- name: downstream_lots(lot_ids)
-- These lots, and all that came out of a place of production that they, or such lots, went into.
WITH RECURSIVE reached AS (
    SELECT unnest(:lot_ids::bigint[]) AS lot_id
    UNION
    SELECT out.lot_id
    FROM reached r
    JOIN movement went_in ON went_in.lot_id = r.lot_id
    JOIN place p ON p.id = went_in.to_place AND p.kind = 'production'
    JOIN movement out ON out.from_place = p.id
)
SELECT lot_id FROM reached ORDER BY lot_id;

-- name: is_any_excursion()$
-- Whether there ever was one; without, nothing is exposed.
SELECT EXISTS (SELECT FROM excursion);

-- name: exposed_lots(excursion_ids)
-- Which lots each of these excursions exposes.
SELECT excursion_id, array_agg(DISTINCT lot_id ORDER BY lot_id) AS lots
FROM exposure WHERE excursion_id = ANY(:excursion_ids)
GROUP BY excursion_id
ORDER BY excursion_id;

-- name: reserved_and_exposed(excursion_ids, lot_ids)
-- Lots with open reservations that these excursions expose, or that are among these lots.
SELECT v.lot_id
FROM (SELECT lot_id FROM exposure WHERE excursion_id = ANY(:excursion_ids) UNION SELECT unnest(:lot_ids::bigint[])) AS x
JOIN LATERAL (SELECT lot_id FROM reservation v WHERE v.lot_id = x.lot_id AND v.ended_at IS NULL LIMIT 1) AS v ON true
ORDER BY v.lot_id;

-- name: mark_wholly_exposed(excursion_ids, lot_ids)!
-- Mark those of these lots, or of those that these excursions expose, of which all stock in the house is held by exposure on
-- which nobody has decided yet: there the view active_hold has nothing more to weigh. The caller owns the lots. Looked up lot
-- by lot, whatever the planner believes.
UPDATE lot l SET is_wholly_exposed = true
WHERE l.id = ANY(ARRAY(SELECT lot_id FROM exposure WHERE excursion_id = ANY(:excursion_ids)
                       UNION SELECT unnest(:lot_ids::bigint[])))
  AND NOT l.is_wholly_exposed
  AND (SELECT true FROM position b WHERE b.lot_id = l.id AND b.quantity > 0 LIMIT 1)
  AND (SELECT true
       FROM (SELECT * FROM position WHERE lot_id = l.id AND quantity > 0 OFFSET 0) AS b
       CROSS JOIN LATERAL (SELECT FROM place WHERE id = b.place_id AND kind IN ('site', 'room', 'bin') OFFSET 0) AS inside
       WHERE (SELECT true
              FROM (SELECT * FROM residency
                    WHERE (lot_id, place_id, serial) = (b.lot_id, b.place_id, b.serial) AND ended_at IS NULL OFFSET 0) AS r
              CROSS JOIN LATERAL (SELECT excursion_id FROM exposure x
                                  WHERE (x.lot_id, x.place_id, x.serial, x.residency_began_at)
                                      = (r.lot_id, r.place_id, r.serial, r.began_at) OFFSET 0) AS x
              WHERE NOT EXISTS (SELECT FROM disposition d WHERE (d.excursion_id, d.lot_id) = (x.excursion_id, b.lot_id))
              LIMIT 1) IS NULL
       LIMIT 1) IS NULL;
