-- name: upstream(lot_id, serial, rows_max)
-- Where a lot (or one serial of it) came from: its own movements, and those of every lot that went into the production
-- places it came out of, and so on. A step is (lot, place); each is visited once, so loops end.
-- Index: movement_in, movement_out. Nobody can know beforehand how much is reached: the steps at the end are written so
-- that each is looked up, never a whole table read. Names are for named_lots and named_places to give.
WITH RECURSIVE reached (lot_id, place_id) AS (
    SELECT m.lot_id, step.place_id
    FROM movement m CROSS JOIN LATERAL (VALUES (m.from_place), (m.to_place)) AS step (place_id)
    WHERE m.lot_id = :lot_id AND (:serial = '' OR m.serial = :serial)
    UNION
    SELECT back.lot_id, back.place_id
    FROM reached r
    JOIN place p ON p.id = r.place_id
    CROSS JOIN LATERAL (
        SELECT m.lot_id, m.from_place
        FROM movement m
        WHERE m.lot_id = r.lot_id AND m.to_place = r.place_id
          AND (m.lot_id <> :lot_id OR :serial = '' OR m.serial = :serial)
        UNION ALL
        SELECT put_in.lot_id, r.place_id
        FROM movement made
        JOIN movement put_in ON put_in.to_place = made.from_place AND put_in.occurred_at <= made.occurred_at
        WHERE p.kind = 'production' AND made.lot_id = r.lot_id AND made.from_place = r.place_id
          AND put_in.lot_id <> r.lot_id
          AND (made.lot_id <> :lot_id OR :serial = '' OR made.serial = :serial)
    ) AS back (lot_id, place_id)
)
SELECT r.lot_id, step.other AS from_place, r.place_id AS to_place, step.quantity, step.movements, step.first_at,
       step.last_at
FROM reached r
CROSS JOIN LATERAL (
    SELECT m.from_place AS other, sum(m.quantity)::bigint AS quantity, count(*) AS movements,
           min(m.occurred_at) AS first_at, max(m.occurred_at) AS last_at
    FROM movement m
    WHERE m.lot_id = r.lot_id AND m.to_place = r.place_id
      AND (m.lot_id <> :lot_id OR :serial = '' OR m.serial = :serial)
    GROUP BY m.from_place
) AS step
ORDER BY step.first_at, r.lot_id, from_place, to_place
LIMIT :rows_max;

-- name: downstream(lot_id, serial, rows_max)
-- Where a lot (or one serial of it) went: its own movements, and those of every lot that came out of the production
-- places it went into, and so on. Loops end as above. Index: movement_in, movement_out, movement_from_place.
WITH RECURSIVE reached (lot_id, place_id) AS (
    SELECT m.lot_id, step.place_id
    FROM movement m CROSS JOIN LATERAL (VALUES (m.from_place), (m.to_place)) AS step (place_id)
    WHERE m.lot_id = :lot_id AND (:serial = '' OR m.serial = :serial)
    UNION
    SELECT onward.lot_id, onward.place_id
    FROM reached r
    JOIN place p ON p.id = r.place_id
    CROSS JOIN LATERAL (
        SELECT m.lot_id, m.to_place
        FROM movement m
        WHERE m.lot_id = r.lot_id AND m.from_place = r.place_id
          AND (m.lot_id <> :lot_id OR :serial = '' OR m.serial = :serial)
        UNION ALL
        SELECT made.lot_id, r.place_id
        FROM movement put_in
        JOIN movement made ON made.from_place = put_in.to_place AND made.occurred_at >= put_in.occurred_at
        WHERE p.kind = 'production' AND put_in.lot_id = r.lot_id AND put_in.to_place = r.place_id
          AND made.lot_id <> r.lot_id
          AND (put_in.lot_id <> :lot_id OR :serial = '' OR put_in.serial = :serial)
    ) AS onward (lot_id, place_id)
)
SELECT r.lot_id, r.place_id AS from_place, step.other AS to_place, step.quantity, step.movements, step.first_at,
       step.last_at
FROM reached r
CROSS JOIN LATERAL (
    SELECT m.to_place AS other, sum(m.quantity)::bigint AS quantity, count(*) AS movements,
           min(m.occurred_at) AS first_at, max(m.occurred_at) AS last_at
    FROM movement m
    WHERE m.lot_id = r.lot_id AND m.from_place = r.place_id
      AND (m.lot_id <> :lot_id OR :serial = '' OR m.serial = :serial)
    GROUP BY m.to_place
) AS step
ORDER BY step.first_at, r.lot_id, from_place, to_place
LIMIT :rows_max;

-- name: named_lots(lot_ids)
-- What people call these lots.
SELECT l.id, i.name AS item, l.lot_number FROM lot l JOIN item i ON i.id = l.item_id WHERE l.id = ANY(:lot_ids);

-- name: named_places(place_ids)
-- What people call these places, and their kinds.
SELECT id, name, kind FROM place WHERE id = ANY(:place_ids);
