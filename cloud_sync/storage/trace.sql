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

-- name: lots_of(serial, lot_number, supplier, order_ref, recipient, batch, rows_max)
-- The lots that somebody means: by serial, by number (of a supplier), by order, by who got them, or by the batch that
-- they went into or came out of; all that is given has to hold. Index: the lot's key, movement_from_place and _to_place.
SELECT l.id AS lot_id
FROM lot l
WHERE (:lot_number::text IS NULL OR l.lot_number = :lot_number)
  AND (:serial::text IS NULL OR EXISTS (SELECT FROM movement m WHERE m.lot_id = l.id AND m.serial = :serial))
  AND (:supplier::text IS NULL OR EXISTS (
      SELECT FROM movement m JOIN place p ON p.id = m.from_place AND p.kind = 'supplier' AND p.name = :supplier
      WHERE m.lot_id = l.id))
  AND (:order_ref::text IS NULL OR EXISTS (SELECT FROM movement m WHERE m.lot_id = l.id AND m.order_ref = :order_ref))
  AND (:recipient::text IS NULL OR EXISTS (
      SELECT FROM movement m JOIN place p ON p.id = m.to_place AND p.kind IN ('customer', 'ward') AND p.name = :recipient
      WHERE m.lot_id = l.id))
  AND (:batch::text IS NULL OR EXISTS (
      SELECT FROM movement m JOIN place p ON p.id IN (m.from_place, m.to_place) AND p.kind = 'production' AND p.name = :batch
      WHERE m.lot_id = l.id))
ORDER BY l.id
LIMIT :rows_max;

-- name: named_lots(lot_ids)
-- What people call these lots.
SELECT l.id, i.name AS item, l.lot_number FROM lot l JOIN item i ON i.id = l.item_id WHERE l.id = ANY(:lot_ids);

-- name: named_places(place_ids)
-- What people call these places, and their kinds.
SELECT id, name, kind FROM place WHERE id = ANY(:place_ids);

-- name: quantities_of(lot_ids, serial, order_ref, recipient)
-- How many base units of each lot a search is about: what a recipient has (for an order), what an order sent to
-- recipients, or else all that ever came in. Index: movement_in, movement_out.
SELECT m.lot_id, greatest(0, sum(CASE
           WHEN :recipient::text IS NOT NULL THEN CASE WHEN t.name = :recipient THEN m.quantity
                                                       WHEN f.name = :recipient THEN -m.quantity ELSE 0 END
           WHEN :order_ref::text IS NOT NULL THEN CASE WHEN t.kind IN ('customer', 'ward') THEN m.quantity
                                                       WHEN f.kind IN ('customer', 'ward') THEN -m.quantity ELSE 0 END
           WHEN f.kind IN ('supplier', 'count_difference') THEN m.quantity
           WHEN f.kind = 'production' AND NOT EXISTS (
               SELECT FROM movement put_in WHERE put_in.lot_id = m.lot_id AND put_in.to_place = f.id) THEN m.quantity
           ELSE 0 END))::bigint AS quantity
FROM movement m
JOIN place f ON f.id = m.from_place
JOIN place t ON t.id = m.to_place
WHERE m.lot_id = ANY(:lot_ids)
  AND (:serial::text IS NULL OR m.serial = :serial)
  AND (:order_ref::text IS NULL OR m.order_ref = :order_ref)
GROUP BY m.lot_id
ORDER BY m.lot_id;

-- name: origins_of(lot_ids, roots, serial)
-- From where each of these lots came into being here: suppliers, count differences, places of production that it did
-- not go into. Of the roots only the serial, if one is given. Index: movement_out.
SELECT m.lot_id, m.from_place AS place_id, sum(m.quantity)::bigint AS quantity
FROM movement m
JOIN place f ON f.id = m.from_place
WHERE m.lot_id = ANY(:lot_ids)
  AND (:serial::text IS NULL OR m.serial = :serial OR NOT m.lot_id = ANY(:roots))
  AND (f.kind IN ('supplier', 'count_difference')
       OR f.kind = 'production' AND NOT EXISTS (
           SELECT FROM movement put_in WHERE put_in.lot_id = m.lot_id AND put_in.to_place = f.id))
GROUP BY 1, 2
ORDER BY 1, 2;

-- name: flows_of(place_ids)
-- What places of production took and gave, lot by lot; what is used up there is in the products. Index:
-- movement_from_place, movement_to_place.
SELECT side.place_id, side.lot_id, l.item_id, sum(side.put_in)::bigint AS put_in, sum(side.came_out)::bigint AS came_out
FROM (
    SELECT m.to_place AS place_id, m.lot_id, m.quantity AS put_in, 0 AS came_out
    FROM movement m WHERE m.to_place = ANY(:place_ids)
    UNION ALL
    SELECT m.from_place, m.lot_id, 0, m.quantity
    FROM movement m JOIN place t ON t.id = m.to_place AND t.kind <> 'used_up'
    WHERE m.from_place = ANY(:place_ids)
) AS side
JOIN lot l ON l.id = side.lot_id
GROUP BY 1, 2, 3
ORDER BY 1, 2;
