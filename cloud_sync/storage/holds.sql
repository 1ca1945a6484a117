-- name: reach(hold_ids, lot_ids)
-- Redo where the goods of these open holds are and were, or all that open holds reach of these lots and of the lots made
-- of them (downstream_lots gives them; all must be named): one of the two is empty. Seeds: what was held at an instant,
-- what movements brought, what was at and below the place at that instant as far as it became known later, and what is
-- known by now to have left the goods' place before that instant by movements that nobody knew of when they were held.
-- A hold on a whole lot follows it into what is made of it. Writes only what differs; gives what changed for each lot.
WITH RECURSIVE open_hold AS MATERIALIZED (
    SELECT h.*
    FROM hold h
    WHERE h.lifted_at IS NULL AND (h.id = ANY(:hold_ids) OR h.lot_id = ANY(:lot_ids))
), goods AS MATERIALIZED (
    SELECT g.hold_id, g.lot_id, g.serial, g.place_id, coalesce(g.at, m.came_at) AS at, g.at IS NOT NULL AS is_seen,
           h.movement_mark
    FROM open_hold h
    JOIN hold_goods g ON g.hold_id = h.id
    LEFT JOIN movement m ON m.id = g.movement_id
), start AS (
    SELECT hold_id, lot_id, serial, place_id, at, at AS since FROM goods
    UNION ALL
    SELECT g.hold_id, m.lot_id, m.serial, m.to_place, m.came_at, m.came_at
    FROM goods g
    JOIN movement m ON (m.lot_id, m.from_place, m.serial) = (g.lot_id, g.place_id, g.serial) AND m.left_at < g.at
        AND m.id > g.movement_mark AND m.quantity > 0
    WHERE g.is_seen
), seed AS (
    SELECT s.hold_id, r.lot_id, r.serial, r.place_id, r.began_at, r.ended_at, p.kind, s.since
    FROM start s
    JOIN residency r ON (r.lot_id, r.place_id, r.serial) = (s.lot_id, s.place_id, s.serial)
        AND s.at BETWEEN r.began_at AND coalesce(r.ended_at, 'infinity')
    JOIN place p ON p.id = r.place_id
    UNION ALL
    SELECT h.id, r.lot_id, r.serial, r.place_id, r.began_at, r.ended_at, p.kind,
           greatest(r.began_at, h.since)
    FROM open_hold h
    JOIN residency r ON r.lot_id = h.lot_id AND (h.serial IS NULL OR r.serial = h.serial)
        AND h.since <= coalesce(r.ended_at, 'infinity')
    JOIN place p ON p.id = r.place_id
        AND (h.is_of_lot AND p.kind = 'production' OR p.ancestors @> ARRAY[h.place_id] AND r.began_at <= h.since)
    WHERE h.since IS NOT NULL
    UNION ALL
    SELECT x.hold_id, r.lot_id, r.serial, r.place_id, r.began_at, r.ended_at, to_place.kind,
           greatest(m.came_at, x.since)
    FROM movement m
    JOIN place from_place ON from_place.id = m.from_place AND from_place.kind = 'production'
    JOIN hold_reach x ON x.place_id = m.from_place AND x.since <= m.left_at
    JOIN hold h ON h.id = x.hold_id AND h.lifted_at IS NULL
    JOIN residency r ON (r.lot_id, r.place_id, r.serial) = (m.lot_id, m.to_place, m.serial)
        AND m.came_at BETWEEN r.began_at AND coalesce(r.ended_at, 'infinity')
    JOIN place to_place ON to_place.id = r.place_id
    WHERE m.lot_id = ANY(:lot_ids) AND NOT x.lot_id = ANY(:lot_ids) AND m.quantity > 0
), walk AS (
    SELECT * FROM seed
    UNION
    SELECT w.hold_id, n.lot_id, n.serial, n.place_id, n.began_at, n.ended_at, n.kind, n.since
    FROM walk w
    CROSS JOIN LATERAL goods_went(w.lot_id, w.serial, w.place_id, w.kind, w.began_at, w.ended_at, w.since) AS n
), new AS (
    SELECT hold_id, lot_id, serial, place_id, began_at, min(since) AS since
    FROM walk
    GROUP BY 1, 2, 3, 4, 5
), old AS (
    SELECT * FROM hold_reach WHERE hold_id = ANY(:hold_ids) OR lot_id = ANY(:lot_ids)
), gone AS (
    DELETE FROM hold_reach x
    USING (
        SELECT hold_id, lot_id, place_id, serial, residency_began_at FROM old
        EXCEPT
        SELECT hold_id, lot_id, place_id, serial, began_at FROM new
    ) AS g
    WHERE (x.hold_id, x.lot_id, x.place_id, x.serial, x.residency_began_at)
        = (g.hold_id, g.lot_id, g.place_id, g.serial, g.residency_began_at)
), kept AS (
    INSERT INTO hold_reach (hold_id, lot_id, serial, place_id, residency_began_at, since)
    SELECT * FROM new
    ON CONFLICT (hold_id, lot_id, place_id, serial, residency_began_at) DO UPDATE SET since = excluded.since
    WHERE hold_reach.since <> excluded.since
)
SELECT hold_id, lot_id, 'held' AS change
FROM (SELECT hold_id, lot_id FROM new EXCEPT SELECT hold_id, lot_id FROM old) AS held
UNION ALL
SELECT hold_id, lot_id, 'freed'
FROM (SELECT hold_id, lot_id FROM old EXCEPT SELECT hold_id, lot_id FROM new) AS freed
ORDER BY 1, 3, 2;

-- name: is_any_hold()$
-- Whether any hold is open. Index: hold_lot.
SELECT EXISTS (SELECT FROM hold WHERE lifted_at IS NULL);

-- name: lots_reached(hold_ids)
-- Lots that these holds are on or reach.
SELECT lot_id FROM hold WHERE id = ANY(:hold_ids)
UNION
SELECT lot_id FROM hold_reach WHERE hold_id = ANY(:hold_ids)
ORDER BY 1;

-- name: add_hold(kind, lot_id, serial, place_id, reason, placed_by, origin, since, case_id)$
-- Hold a lot wherever it is, or (with a place) the goods that are at and below it; gives the hold's id.
INSERT INTO hold (kind, lot_id, serial, place_id, reason, placed_by, origin, is_of_lot, since, case_id, movement_mark)
VALUES (:kind, :lot_id, :serial::text, :place_id::bigint, :reason, :placed_by, :origin, :place_id::bigint IS NULL, :since,
        :case_id::bigint, coalesce((SELECT max(id) FROM movement), 0))
RETURNING id;

-- name: is_there(lot_id, serial, place_id)$
-- Whether the ledger knows stock of a lot (null: any serial) at or below a place now. Index: residency's key.
SELECT EXISTS (
    SELECT FROM residency r JOIN place p ON p.id = r.place_id AND p.ancestors @> ARRAY[:place_id::bigint]
    WHERE r.lot_id = :lot_id AND (:serial::text IS NULL OR r.serial = :serial) AND r.ended_at IS NULL);

-- name: note_goods(hold_id)!
-- Note the goods that a hold on a place is on: what the ledger knows to be at and below it now.
INSERT INTO hold_goods (hold_id, lot_id, serial, place_id, at)
SELECT h.id, r.lot_id, r.serial, r.place_id, greatest(h.since, r.began_at)
FROM hold h
JOIN residency r ON r.lot_id = h.lot_id AND (h.serial IS NULL OR r.serial = h.serial) AND r.ended_at IS NULL
JOIN place p ON p.id = r.place_id AND p.ancestors @> ARRAY[h.place_id]
WHERE h.id = :hold_id;

-- name: hold_what_came(kind, fact, place_id, reason, placed_by, origin)^
-- Hold by a rule what a movement brought; the movements of one event and lot are one hold. is_new: whether it is.
WITH moved AS (
    SELECT m.id, m.lot_id, m.serial, m.to_place, m.event_id FROM movement m WHERE m.fact = :fact
), known AS (
    SELECT h.id FROM hold h JOIN moved m ON m.lot_id = h.lot_id AND m.event_id = h.event_id
    WHERE h.kind = :kind AND h.origin = :origin AND h.lifted_at IS NULL AND h.place_id IS NOT DISTINCT FROM :place_id::bigint
), added AS (
    INSERT INTO hold (kind, lot_id, place_id, reason, placed_by, origin, is_of_lot, event_id)
    SELECT :kind, m.lot_id, :place_id::bigint, :reason, :placed_by, :origin, false, m.event_id
    FROM moved m WHERE NOT EXISTS (SELECT FROM known)
    RETURNING id
), goods AS (
    INSERT INTO hold_goods (hold_id, lot_id, serial, place_id, movement_id)
    SELECT h.id, m.lot_id, m.serial, m.to_place, m.id
    FROM moved m CROSS JOIN (SELECT id FROM known UNION ALL SELECT id FROM added) AS h
)
SELECT id, false AS is_new FROM known UNION ALL SELECT id, true FROM added;

-- name: holds_of_case(case_id)
-- Open holds that end when a case is resolved.
SELECT id, lot_id FROM hold WHERE case_id = :case_id AND lifted_at IS NULL;

-- name: lift_hold(hold_id, lifted_by, lifted_reason)!
-- End a hold.
WITH reached AS (
    DELETE FROM hold_reach WHERE hold_id = :hold_id
)
UPDATE hold SET lifted_by = :lifted_by, lifted_at = clock_timestamp(), lifted_reason = :lifted_reason
WHERE id = :hold_id AND lifted_at IS NULL;

-- name: typed_in_doubt(lot_ids, excursion_ids)
-- Movements with a typed time by which stock of these lots, or of what these excursions expose, left before it was held,
-- while it may have left as late as it was typed. Index: movement_typed.
WITH held AS (
    SELECT x.lot_id, x.serial, x.place_id, x.since, x.excursion_id, NULL::bigint AS hold_id
    FROM exposure x WHERE x.lot_id = ANY(:lot_ids) OR x.excursion_id = ANY(:excursion_ids)
    UNION ALL
    SELECT x.lot_id, x.serial, x.place_id, x.since, NULL, x.hold_id
    FROM hold_reach x WHERE x.lot_id = ANY(:lot_ids)
)
SELECT m.id, m.fact, m.lot_id, l.lot_number, m.serial, m.quantity, p.name AS place, m.operator, m.occurred_at, m.latest_at,
       min(h.since) AS since, array_remove(array_agg(DISTINCT h.excursion_id), NULL) AS excursions,
       array_remove(array_agg(DISTINCT h.hold_id), NULL) AS holds
FROM held h
JOIN movement m ON (m.lot_id, m.from_place, m.serial) = (h.lot_id, h.place_id, h.serial)
    AND m.latest_at IS NOT NULL AND m.fact NOT LIKE '%%/scans/%%' AND m.quantity > 0
    AND h.since > m.occurred_at AND h.since <= m.latest_at
JOIN lot l ON l.id = m.lot_id
JOIN place p ON p.id = m.from_place
GROUP BY m.id, l.id, p.id
ORDER BY m.id;

-- name: movement_to_retime(movement_id)
-- A movement whose typed time quality accepts.
SELECT id, lot_id, serial, from_place, to_place, operator, occurred_at AS at, NULL::timestamptz AS earliest_at,
       NULL::timestamptz AS latest_at
FROM movement WHERE id = :movement_id;
