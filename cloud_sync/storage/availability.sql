-- name: lots(item, owner, lot_number, rows_max, rows_skipped)
-- Lots, earliest expiry first. Index: lot_expiry, lot_number. LIMIT 1 lets holds be looked up lot by lot.
SELECT l.id, i.name AS item, l.lot_number, l.owner, l.expires_on, l.expires_hour, lot_expires_at(l) AS expires_at,
       (SELECT true FROM active_hold h WHERE h.lot_id = l.id LIMIT 1) IS NOT NULL AS held
FROM lot l
JOIN item i ON i.id = l.item_id
WHERE (:item::text IS NULL OR i.name = :item)
  AND (:owner::text IS NULL OR l.owner = :owner)
  AND (:lot_number::text IS NULL OR l.lot_number = :lot_number)
ORDER BY l.expires_on NULLS LAST, l.id
LIMIT :rows_max OFFSET :rows_skipped;

-- name: lot_by_id(lot_id)^
-- One lot. LIMIT 1 lets its holds be looked up.
SELECT l.id, i.name AS item, l.lot_number, l.owner, l.expires_on, l.expires_hour, lot_expires_at(l) AS expires_at,
       (SELECT true FROM active_hold h WHERE h.lot_id = l.id LIMIT 1) IS NOT NULL AS held
FROM lot l JOIN item i ON i.id = l.item_id
WHERE l.id = :lot_id;

-- name: lot_by_number(item, lot_number, owner)^
-- The lot that people mean by item, number and owner.
SELECT l.id, l.expires_on, l.expires_hour, l.expires_exactly, i.expiry_required
FROM lot l JOIN item i ON i.id = l.item_id
WHERE i.name = :item AND l.lot_number = :lot_number AND l.owner = :owner;

-- name: add_lot(item_id, lot_number, owner, expires_on, expires_hour, expires_exactly)!
-- Keep a lot; no row if it is known.
INSERT INTO lot (item_id, lot_number, owner, expires_on, expires_hour, expires_exactly)
VALUES (:item_id, :lot_number, :owner, :expires_on, :expires_hour, :expires_exactly)
ON CONFLICT (item_id, lot_number, owner) DO NOTHING;

-- name: positions_in_fefo_order(item_id, owner, site, lot_number, serial, made_for, exposed, rows_max, rows_skipped)
-- Stock of an item and owner in the house (at and below one site; of one lot or serial, or made for one prescription; ''
-- leaves them open; of lots that are marked as wholly exposed, of the others, or null: of all), with what is reserved of
-- it: rows in the order of fefo_key (cloud_sync.domain.fefo), which decides. holds_on says what blocks it.
-- Index: lot_fefo, lot_fefo_free and lot_fefo_exposed, position's primary key, reservation_open, production_batch_prescription.
SELECT stock.*,
       coalesce((SELECT sum(v.quantity) FROM reservation v
                 WHERE v.ended_at IS NULL
                   AND (v.lot_id, v.place_id, v.serial) = (stock.lot_id, stock.place_id, stock.serial)),
                0)::bigint AS reserved
FROM (SELECT DISTINCT zone FROM place
      WHERE (:site::text IS NULL AND kind = 'site') OR name = :site) AS counts -- of one zone, labels say what ends first
CROSS JOIN LATERAL (
    SELECT b.lot_id, b.serial, b.place_id, b.quantity, l.lot_number, l.owner, l.expires_on,
           expires_at(l.expires_on, l.expires_hour, l.expires_exactly, p.zone) AS expires_at, p.zone, i.expiry_required,
           i.name AS item, p.name AS place, l.received_at
    FROM lot l -- each with its positions and their places, so that the index gives the order whatever the planner believes
    CROSS JOIN LATERAL (SELECT * FROM position WHERE lot_id = l.id AND quantity > 0 OFFSET 0) AS b
    CROSS JOIN LATERAL (SELECT * FROM place WHERE id = b.place_id OFFSET 0) AS p
    JOIN item i ON i.id = l.item_id
    WHERE l.item_id = :item_id AND l.owner = :owner AND p.kind IN ('site', 'room', 'bin') AND p.zone = counts.zone
      AND (:exposed::boolean IS NULL OR l.is_wholly_exposed = :exposed)
      AND (:lot_number = '' OR l.lot_number = :lot_number) AND (:serial = '' OR b.serial = :serial)
      AND (:made_for = '' OR l.id = ANY(ARRAY(
          SELECT product.lot_id
          FROM production_batch batch
          CROSS JOIN LATERAL (SELECT m.lot_id FROM batch_product m WHERE m.batch_id = batch.id OFFSET 0) AS product
          WHERE batch.prescription = ANY(prescription_names(:made_for)))))
      AND (:site::text IS NULL OR p.ancestors @> ARRAY[(SELECT id FROM place WHERE name = :site)])
    ORDER BY l.expires_on, l.expires_hour, l.received_at, l.id, b.place_id, b.serial COLLATE "C"
    LIMIT :rows_max + :rows_skipped
) AS stock
ORDER BY stock.expires_on, stock.expires_at, stock.received_at, stock.lot_id, stock.place_id, stock.serial COLLATE "C"
LIMIT :rows_max OFFSET :rows_skipped;

-- name: wholly_exposed(item_id, owner, site, lot_number)$
-- How many lots of an item and owner (at and below one site; '' leaves the lot number open) are marked as wholly exposed.
-- Index: lot_exposed.
SELECT count(*)
FROM lot l
WHERE l.item_id = :item_id AND l.owner = :owner AND l.is_wholly_exposed AND (:lot_number = '' OR l.lot_number = :lot_number)
  AND (:site::text IS NULL OR EXISTS (
      SELECT FROM position b JOIN place p ON p.id = b.place_id
      WHERE b.lot_id = l.id AND b.quantity > 0
        AND p.ancestors @> ARRAY[(SELECT id FROM place WHERE name = :site)]));

-- name: first_positions(items, owners, sites, units_wanted, lasting_until, rooms_key)
-- For each of these demands (number counts from 1; of items and sites by name) the first few rows of
-- positions_in_fefo_order and what blocks them (holds_on), for nobody's prescription, and how many lots are marked as
-- wholly exposed; none for an item or site that nobody knows. is_judged: somebody owns a room it is in (locks.lock_rooms,
-- rooms_key), so that its holds are about to change; who asks shares the others from now on, without waiting. Rows behind those of which so many units are wanted are left out, where nothing at all is against
-- these: they last beyond any doubt. It is planned once; so how few are looked at stands here. What stands before OFFSET 0
-- is worked out once, for each demand, lot or position; each room is looked at once, soon after what is read was true; of
-- what is marked as wholly exposed none is taken, so of ten thousand that expire on one day any may be told. psycopg keeps
-- what it makes of a query of up to 4,096 characters: so there are no words within.
WITH stock AS MATERIALIZED (
    SELECT asked.number, asked.item, asked.expiry_required, asked.wanted, asked.lasts_until, asked.wholly_exposed, first.*
    FROM (SELECT a.*, i.id AS item_id, i.expiry_required, s.id AS site_id,
                 (SELECT count(*) FROM lot x
                  WHERE x.item_id = i.id AND x.owner = a.owner AND x.is_wholly_exposed) AS wholly_exposed
          FROM unnest(:items::text[], :owners::text[], :sites::text[], :units_wanted::bigint[],
                      :lasting_until::timestamptz[])
               WITH ORDINALITY AS a (item, owner, site, wanted, lasts_until, number)
          JOIN item i ON i.name = a.item
          LEFT JOIN place s ON s.name = a.site
          WHERE a.site IS NULL OR s.id IS NOT NULL
          OFFSET 0) AS asked
    CROSS JOIN LATERAL (
        (SELECT first.* FROM (
             SELECT DISTINCT zone FROM place
             WHERE (asked.site_id IS NULL AND kind = 'site') OR id = asked.site_id) AS counts
         CROSS JOIN LATERAL (
             SELECT here.*, p.zone, p.name AS place, p.ancestors, l.lot_number, l.owner, l.expires_on, l.received_at,
                    l.is_wholly_exposed, it.expires_at
             FROM lot l
             CROSS JOIN LATERAL (SELECT expires_at(l.expires_on, l.expires_hour, l.expires_exactly, counts.zone) AS expires_at
                                 OFFSET 0) AS it
             CROSS JOIN LATERAL (SELECT * FROM position WHERE lot_id = l.id AND quantity > 0 OFFSET 0) AS here
             CROSS JOIN LATERAL (SELECT * FROM place WHERE id = here.place_id OFFSET 0) AS p
             WHERE l.item_id = asked.item_id AND l.owner = asked.owner AND NOT l.is_wholly_exposed
               AND p.kind IN ('site', 'room', 'bin') AND p.zone = counts.zone
               AND (asked.site_id IS NULL OR p.ancestors @> ARRAY[asked.site_id])
             ORDER BY l.expires_on, l.expires_hour, l.received_at, l.id, here.place_id, here.serial COLLATE "C"
             LIMIT 8) AS first
         ORDER BY first.expires_on, first.expires_at, first.received_at, first.lot_id, first.place_id,
                  first.serial COLLATE "C"
         LIMIT 8)
        UNION ALL
        (SELECT here.*, p.zone, p.name AS place, p.ancestors, l.lot_number, l.owner, l.expires_on, l.received_at,
                l.is_wholly_exposed, expires_at(l.expires_on, l.expires_hour, l.expires_exactly, p.zone)
         FROM (SELECT * FROM lot x
               WHERE x.item_id = asked.item_id AND x.owner = asked.owner AND x.is_wholly_exposed
               ORDER BY x.expires_on, x.expires_hour, x.received_at, x.id LIMIT 8) AS l
         CROSS JOIN LATERAL (SELECT * FROM position WHERE lot_id = l.id AND quantity > 0 OFFSET 0) AS here
         CROSS JOIN LATERAL (SELECT * FROM place WHERE id = here.place_id OFFSET 0) AS p
         WHERE p.kind IN ('site', 'room', 'bin') AND (asked.site_id IS NULL OR p.ancestors @> ARRAY[asked.site_id])
         LIMIT 8)
    ) AS first
), judged AS MATERIALIZED (
    SELECT array_agg(room.id) FILTER (
               WHERE NOT pg_try_advisory_xact_lock_shared(:rooms_key, mod(room.id, 2147483648)::integer)) AS ids
    FROM place room
    WHERE room.id = ANY(ARRAY(SELECT DISTINCT unnest(ancestors) FROM stock))
      AND (room.kind <> 'bin' OR room.parent_id IS NULL)
), held AS MATERIALIZED (
    SELECT h.* FROM holds_of_lots(ARRAY(SELECT lot_id FROM stock)) AS h WHERE h.prescription IS DISTINCT FROM ''
)
SELECT number, lot_id, serial, place_id, quantity, lot_number, owner, expires_on, expires_at, zone, expiry_required, item,
       place, is_wholly_exposed, received_at, reserved, holds, is_judged, wholly_exposed
FROM (
    SELECT known.*,
           sum(CASE WHEN holds IS NULL AND NOT is_judged AND expires_at > lasts_until
                    THEN greatest(quantity - reserved, 0) ELSE 0 END) OVER (
               PARTITION BY number
               ORDER BY expires_on, expires_at, received_at, lot_id, place_id, serial COLLATE "C"
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS sure_before
    FROM (
        SELECT stock.*,
               coalesce((SELECT sum(v.quantity) FROM reservation v
                         WHERE v.ended_at IS NULL
                           AND (v.lot_id, v.place_id, v.serial) = (stock.lot_id, stock.place_id, stock.serial)),
                        0)::bigint AS reserved,
               (SELECT jsonb_agg(jsonb_build_object('kind', h.kind, 'text', h.text) ORDER BY h.kind, h.text)
                FROM held h
                WHERE h.lot_id = stock.lot_id AND coalesce(h.serial = stock.serial, true)
                  AND hold_covers(h.place_id, stock.place_id)) AS holds,
               coalesce(stock.ancestors && (SELECT ids FROM judged), false) AS is_judged
        FROM stock
        OFFSET 0) AS known
) AS seen
WHERE coalesce(sure_before, 0) < wanted OR is_wholly_exposed;

-- name: holds_on(lot_ids, place_ids, serials, made_for)
-- All that blocks these positions, for whoever asks for this prescription ('': for none); number counts from 1. Index:
-- those of lots that active_hold asks for.
SELECT stock.number, held.holds
FROM unnest(:lot_ids::bigint[], :place_ids::bigint[], :serials::text[])
     WITH ORDINALITY AS stock (lot_id, place_id, serial, number)
JOIN place p ON p.id = stock.place_id
CROSS JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('kind', h.kind, 'text', h.text) ORDER BY h.kind, h.text) AS holds
    FROM active_hold h
    WHERE h.lot_id = stock.lot_id AND coalesce(h.serial = stock.serial, true)
      AND hold_covers(h.place_id, stock.place_id)
      AND h.prescription IS DISTINCT FROM :made_for::text
) AS held
WHERE held.holds IS NOT NULL;

-- name: positions(item, place, lot_id, everywhere, rows_max, rows_skipped)
-- Stock by item, lot and place (at and below it), with all that blocks it. In the house only, or also with suppliers,
-- customers and the like.
WITH candidate AS MATERIALIZED (
    SELECT b.lot_id, b.serial, b.place_id, b.quantity, l.lot_number, l.owner, l.expires_on,
       expires_at(l.expires_on, l.expires_hour, l.expires_exactly, p.zone) AS expires_at, p.zone, i.expiry_required,
           i.name AS item, p.name AS place, p.ancestors,
           l.received_at
    FROM position b
    JOIN lot l ON l.id = b.lot_id
    JOIN item i ON i.id = l.item_id
    JOIN place p ON p.id = b.place_id
    WHERE b.quantity <> 0
      AND (:everywhere OR p.kind IN ('site', 'room', 'bin'))
      AND (:item::text IS NULL OR i.name = :item)
      AND (:lot_id::bigint IS NULL OR l.id = :lot_id)
      AND (:place::text IS NULL OR p.ancestors @> ARRAY[(SELECT id FROM place WHERE name = :place)])
    ORDER BY i.name, l.expires_on NULLS LAST, expires_at NULLS LAST, l.id, p.name, b.serial
    LIMIT :rows_max OFFSET :rows_skipped
)
SELECT c.*,
       coalesce((SELECT sum(v.quantity) FROM reservation v
                 WHERE v.ended_at IS NULL AND (v.lot_id, v.place_id, v.serial) = (c.lot_id, c.place_id, c.serial)),
                0)::bigint AS reserved,
       coalesce((SELECT jsonb_agg(jsonb_build_object('kind', h.kind, 'text', h.text) ORDER BY h.kind, h.text)
                 FROM active_hold h
                 WHERE h.lot_id = c.lot_id AND coalesce(h.serial = c.serial, true)
                   AND hold_covers(h.place_id, c.place_id)), '[]') AS holds
FROM candidate c
ORDER BY c.item, c.expires_on NULLS LAST, c.expires_at NULLS LAST, c.lot_id, c.place, c.serial;

-- name: movements(lot_id, place, rows_max, rows_skipped)
-- What moved, of a lot or through a place, the latest first. Index: movement_out, movement_from_place and _to_place,
-- movement_occurred.
SELECT m.id, m.fact, m.lot_id, i.name AS item, l.lot_number, m.serial, m.quantity, f.name AS from_place,
       t.name AS to_place, m.occurred_at, m.recorded_at, m.action, m.operator, m.order_ref, m.event_id
FROM movement m
JOIN lot l ON l.id = m.lot_id
JOIN item i ON i.id = l.item_id
JOIN place f ON f.id = m.from_place
JOIN place t ON t.id = m.to_place
WHERE (:lot_id::bigint IS NULL OR m.lot_id = :lot_id)
  AND (:place::text IS NULL OR m.from_place = (SELECT id FROM place WHERE name = :place)
       OR m.to_place = (SELECT id FROM place WHERE name = :place))
ORDER BY m.occurred_at DESC, m.id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: moved(facts)
-- The movements with these facts.
SELECT m.id, m.fact, m.lot_id, i.name AS item, l.lot_number, m.serial, m.quantity, f.name AS from_place,
       t.name AS to_place, m.occurred_at, m.recorded_at, m.action, m.operator, m.order_ref, m.event_id
FROM movement m
JOIN lot l ON l.id = m.lot_id
JOIN item i ON i.id = l.item_id
JOIN place f ON f.id = m.from_place
JOIN place t ON t.id = m.to_place
WHERE m.fact = ANY(:facts)
ORDER BY m.id;
