-- name: add_order(number, prefix, kind, from_place, to_place, owner, patient_ref, returns_order, note, requested_by)$
-- Keep an order and give its id; no row if the number is taken. Without a number it gets one.
INSERT INTO stock_order (id, number, kind, from_place, to_place, owner, patient_ref, returns_order, note, requested_by)
OVERRIDING SYSTEM VALUE
SELECT new.id, coalesce(:number, :prefix || '-' || new.id), :kind, :from_place, :to_place, :owner, :patient_ref,
       :returns_order, :note, :requested_by
FROM (SELECT nextval(pg_get_serial_sequence('stock_order', 'id')) AS id) AS new
ON CONFLICT (number) DO NOTHING
RETURNING id;

-- name: add_urgency(order_id, urgency)!
-- How urgent an order is.
INSERT INTO order_urgency (order_id, urgency) VALUES (:order_id, :urgency);

-- name: add_order_line(order_id, line, item_id, quantity, lot_number, serial, instead_of)!
-- What an order asks for; instead_of: the line it is a substitute for.
INSERT INTO order_line (order_id, line, item_id, quantity, lot_number, serial, instead_of)
VALUES (:order_id, :line, :item_id, :quantity, :lot_number, :serial, :instead_of);

-- name: orders_by_number(numbers)
-- Orders with their places.
SELECT o.id, o.number, o.kind, o.from_place AS from_id, f.name AS from_place, f.kind AS from_kind,
       o.to_place AS to_id, t.name AS to_place, t.kind AS to_kind, o.owner, personal(o.patient_ref) AS patient_ref,
       o.returns_order AS returns_id,
       r.number AS returns_order, o.note, o.requested_by, o.requested_at,
       coalesce((SELECT u.urgency FROM order_urgency u WHERE u.order_id = o.id), 'routine') AS urgency
FROM stock_order o
JOIN place f ON f.id = o.from_place
JOIN place t ON t.id = o.to_place
LEFT JOIN stock_order r ON r.id = o.returns_order
WHERE o.number = ANY(:numbers)
ORDER BY o.id;

-- name: order_numbers(kind, place, words, oldest_first, rows_max, rows_skipped)
-- Numbers of orders, the latest (or the oldest) first; those with these words in the number, note, a place or an item ('': all).
-- Index: stock_order_pkey, stock_order_from, stock_order_to.
SELECT found.number
FROM (
    (SELECT o.id, o.number FROM stock_order o
     WHERE NOT :oldest_first AND (:kind::text IS NULL OR o.kind = :kind)
       AND (:place::text IS NULL OR o.from_place = (SELECT id FROM place WHERE name = :place)
            OR o.to_place = (SELECT id FROM place WHERE name = :place))
       AND (:words = '' OR strpos(lower(o.number), lower(:words)) > 0 OR strpos(lower(o.note), lower(:words)) > 0
            OR (SELECT bool_or(strpos(lower(p.name), lower(:words)) > 0) FROM place p
                WHERE p.id IN (o.from_place, o.to_place))
            OR (SELECT bool_or(strpos(lower(i.name), lower(:words)) > 0)
                FROM order_line n JOIN item i ON i.id = n.item_id WHERE n.order_id = o.id))
     ORDER BY o.id DESC LIMIT :rows_max OFFSET :rows_skipped)
    UNION ALL
    (SELECT o.id, o.number FROM stock_order o
     WHERE :oldest_first AND (:kind::text IS NULL OR o.kind = :kind)
       AND (:place::text IS NULL OR o.from_place = (SELECT id FROM place WHERE name = :place)
            OR o.to_place = (SELECT id FROM place WHERE name = :place))
       AND (:words = '' OR strpos(lower(o.number), lower(:words)) > 0 OR strpos(lower(o.note), lower(:words)) > 0
            OR (SELECT bool_or(strpos(lower(p.name), lower(:words)) > 0) FROM place p
                WHERE p.id IN (o.from_place, o.to_place))
            OR (SELECT bool_or(strpos(lower(i.name), lower(:words)) > 0)
                FROM order_line n JOIN item i ON i.id = n.item_id WHERE n.order_id = o.id))
     ORDER BY o.id LIMIT :rows_max OFFSET :rows_skipped)
) found
ORDER BY CASE WHEN :oldest_first THEN found.id ELSE -found.id END;

-- name: order_lines(order_ids)
-- Lines of orders, and how much of each was cancelled.
SELECT n.order_id, n.line, n.item_id, i.name AS item, n.quantity, n.lot_number, n.serial,
       n.instead_of, coalesce((SELECT sum(s.quantity) FROM order_step s
                 WHERE (s.order_id, s.line) = (n.order_id, n.line)), 0)::bigint AS cancelled
FROM order_line n JOIN item i ON i.id = n.item_id
WHERE n.order_id = ANY(:order_ids)
ORDER BY n.order_id, n.line;

-- name: order_steps(order_ids)
-- What people decided about orders, oldest first.
SELECT order_id, step, line, quantity, by_whom, at, reason
FROM order_step WHERE order_id = ANY(:order_ids) ORDER BY id;

-- name: add_order_step(order_id, step, line, quantity, by_whom, reason)!
-- Keep a decision.
INSERT INTO order_step (order_id, step, line, quantity, by_whom, reason)
VALUES (:order_id, :step, :line, :quantity, :by_whom, :reason);

-- name: moved_for(order_ids)
-- How much of which lot moved for these orders, by action; 'allocate' is what is reserved for them now. What came back
-- by a return order counts as returned for the order it belongs to. Index: movement_order, reservation_demand,
-- stock_order_returns.
SELECT o.id AS order_id, m.action, l.item_id, l.id AS lot_id, l.lot_number, m.serial,
       sum(m.quantity)::bigint AS quantity, (SELECT name FROM item WHERE id = l.item_id) AS item
FROM stock_order o
JOIN movement m ON m.order_ref = o.number AND m.order_ref <> ''
JOIN lot l ON l.id = m.lot_id AND l.owner = o.owner
WHERE o.id = ANY(:order_ids)
GROUP BY 1, 2, 3, 4, 6
UNION ALL
SELECT o.id, 'return', l.item_id, l.id, l.lot_number, m.serial, sum(m.quantity)::bigint,
       (SELECT name FROM item WHERE id = l.item_id)
FROM stock_order o
JOIN stock_order back ON back.returns_order = o.id
JOIN movement m ON m.order_ref = back.number AND m.order_ref <> '' AND m.action = 'return'
JOIN lot l ON l.id = m.lot_id
WHERE o.id = ANY(:order_ids)
GROUP BY 1, 3, 4, 6
UNION ALL
SELECT o.id, 'allocate', l.item_id, l.id, l.lot_number, v.serial, sum(v.quantity)::bigint,
       (SELECT name FROM item WHERE id = l.item_id)
FROM stock_order o
JOIN reservation v ON v.demand = o.number AND v.ended_at IS NULL
JOIN lot l ON l.id = v.lot_id
WHERE o.id = ANY(:order_ids)
GROUP BY 1, 3, 4, 6
ORDER BY 1, 2, 4, 6;

-- name: cases_of_orders(numbers)
-- What did not go as the orders said. Index: exception_case_order.
SELECT id, kind, text, data, resolved_at
FROM exception_case
WHERE kind IN ('order_mismatch', 'receipt_discrepancy') AND data ->> 'order' = ANY(:numbers)
ORDER BY id;

-- name: lock_reservations_of(demand)
-- Open reservations to a demand, nobody else's until the end of the transaction.
SELECT v.id, v.client_id, v.lot_id, l.item_id, l.lot_number, v.serial, v.place_id, v.quantity, v.demand, v.reserved_by,
       v.expires_at
FROM reservation v JOIN lot l ON l.id = v.lot_id
WHERE v.demand = :demand AND v.ended_at IS NULL
ORDER BY v.id
FOR UPDATE OF v;

-- name: overreserved(lot_ids, serials, place_ids)
-- Of these positions, those of which more is reserved than is there. Index: reservation_open.
SELECT t.lot_id, t.serial, t.place_id, coalesce(b.quantity, 0) AS quantity, sum(v.quantity)::bigint AS reserved
FROM (SELECT DISTINCT * FROM unnest(:lot_ids::bigint[], :serials::text[], :place_ids::bigint[])) AS
     t (lot_id, serial, place_id)
JOIN reservation v ON (v.lot_id, v.place_id, v.serial) = (t.lot_id, t.place_id, t.serial) AND v.ended_at IS NULL
LEFT JOIN position b ON (b.lot_id, b.place_id, b.serial) = (t.lot_id, t.place_id, t.serial)
GROUP BY 1, 2, 3, 4
HAVING sum(v.quantity) > greatest(coalesce(b.quantity, 0), 0)
ORDER BY 1, 3, 2;

-- name: unreserved(lot_id, serial, place_id)$
-- Base units in a place that nobody was reserved; below 0 where more is reserved than is there.
SELECT (coalesce((SELECT quantity FROM position
                  WHERE (lot_id, place_id, serial) = (:lot_id, :place_id, :serial)), 0)
        - coalesce((SELECT sum(quantity) FROM reservation
                    WHERE (lot_id, place_id, serial) = (:lot_id, :place_id, :serial) AND ended_at IS NULL), 0))::bigint;

-- name: lock_reservations_at(lot_id, serial, place_id)
-- Open reservations of stock in a place, the latest first, nobody else's until the end of the transaction.
SELECT v.id, v.client_id, v.lot_id, v.serial, v.place_id, v.quantity, v.demand, v.reserved_by,
       v.expires_at
FROM reservation v
WHERE (v.lot_id, v.place_id, v.serial) = (:lot_id, :place_id, :serial) AND v.ended_at IS NULL
ORDER BY v.id DESC
FOR UPDATE;

-- name: broken_demands(rows_max)
-- Orders with a reservation that was broken, or expired with its stock, and nobody has planned again since.
SELECT DISTINCT o.id, o.number
FROM reservation v JOIN stock_order o ON o.number = v.demand
WHERE v.ended_as IN ('broken', 'expired')
  AND NOT EXISTS (SELECT FROM order_step s WHERE s.order_id = o.id AND s.step = 'rejected')
  AND NOT EXISTS (SELECT FROM event e WHERE e.subject = 'order:' || o.number AND e.kind = 'order_replanned'
                  AND e.at > v.ended_at)
ORDER BY o.id
LIMIT :rows_max;

-- name: lines_may_hold(keys, from_places, to_places, last_day)$
-- Whether booking any of these labels from any of these places, up to that day, may hold it: because it comes back from
-- a recipient, for inspection, for its supplier, or because its data are compared (traced products from or to suppliers).
SELECT EXISTS (SELECT FROM place p WHERE p.name = ANY(:from_places) AND p.kind IN ('customer', 'ward'))
    OR (EXISTS (SELECT FROM place p WHERE p.name = ANY(:from_places) AND p.kind = 'supplier')
        AND EXISTS (SELECT FROM item i JOIN item_key k ON k.item_id = i.id
                    WHERE k.key = ANY(:keys) AND i.receipt_inspection))
    OR (EXISTS (SELECT FROM place p WHERE p.name = ANY(:from_places::text[] || :to_places::text[]) AND p.kind = 'supplier')
        AND EXISTS (SELECT FROM traced_product t JOIN item_key k ON k.item_id = t.item_id WHERE k.key = ANY(:keys)))
    OR EXISTS (SELECT FROM supplier s JOIN place p ON p.id = s.place_id
               WHERE p.name = ANY(:from_places)
                 AND (s.status <> 'qualified' OR s.qualified_until < :last_day::date));

-- name: receipt_facts(lot_ids, serials, from_places, zones)
-- What receipts are checked against, number counting from 1. units_of_serial counts the house: sums do not depend on what
-- arrived first.
SELECT r.number, i.id AS item_id, i.name AS item, i.expiry_required, i.serial_tracked AND NOT EXISTS (SELECT FROM serial_pattern s
           WHERE s.item_id = i.id AND s.given_at IN ('receipt', 'both')) AS serial_tracked, i.receipt_days_min,
       i.receipt_inspection, l.lot_number, l.owner, l.expires_on,
       expires_at(l.expires_on, l.expires_hour, l.expires_exactly, r.zone) AS expires_at, p.name AS from_place,
       p.kind AS from_kind, s.status, s.qualified_until, s.note,
       CASE WHEN r.serial = '' THEN 0 ELSE
           (SELECT coalesce(sum(b.quantity), 0)
            FROM lot other
            JOIN position b ON b.lot_id = other.id AND b.serial = r.serial
            JOIN place at ON at.id = b.place_id AND at.kind IN ('site', 'room', 'bin')
            WHERE other.item_id = l.item_id) END::bigint AS units_of_serial
FROM unnest(:lot_ids::bigint[], :serials::text[], :from_places::bigint[], :zones::text[]) WITH ORDINALITY
     AS r (lot_id, serial, from_place, zone, number)
JOIN lot l ON l.id = r.lot_id
JOIN item i ON i.id = l.item_id
JOIN place p ON p.id = r.from_place
LEFT JOIN supplier s ON s.place_id = p.id
ORDER BY r.number;

-- name: place_facts(place_ids)
-- Names, kinds and time zones of places.
SELECT id, name, kind, zone FROM place WHERE id = ANY(:place_ids);

-- name: items_of_lots(lot_ids)
-- What lots are of.
SELECT l.id, l.item_id, l.lot_number, l.owner, i.name AS item
FROM lot l JOIN item i ON i.id = l.item_id WHERE l.id = ANY(:lot_ids);

-- name: shelf_life_demanded(place_id, item_id)$
-- The remaining shelf life in days that a recipient demands of an item.
SELECT greatest((SELECT shelf_life_days_min FROM recipient WHERE place_id = :place_id),
                (SELECT shelf_life_days_min FROM recipient_item WHERE (place_id, item_id) = (:place_id, :item_id)), 0);

-- name: add_transit_place(name, title)!
-- Where the goods of one transfer are while they are on their way, if it is not there yet.
INSERT INTO place (id, name, title, kind, ancestors)
OVERRIDING SYSTEM VALUE
SELECT new.id, :name, :title, 'transit', ARRAY[new.id]
FROM (SELECT nextval(pg_get_serial_sequence('place', 'id')) AS id) AS new
ON CONFLICT (name) DO NOTHING;

-- name: stock_states(item, place, lot_id, at, rows_max, rows_skipped)
-- Stock with what its state follows from. reconciled_at is when a count that was approved last saw it, if nothing
-- moved since.
WITH stock AS MATERIALIZED (
    SELECT b.lot_id, b.serial, b.place_id, b.quantity, l.lot_number, l.owner, l.expires_on,
           expires_at(l.expires_on, l.expires_hour, l.expires_exactly, p.zone) AS expires_at, p.zone, i.name AS item,
           p.name AS place, p.kind AS place_kind, p.ancestors
    FROM position b
    JOIN lot l ON l.id = b.lot_id
    JOIN item i ON i.id = l.item_id
    JOIN place p ON p.id = b.place_id
    WHERE b.quantity <> 0
      AND (:item::text IS NULL OR i.name = :item)
      AND (:lot_id::bigint IS NULL OR l.id = :lot_id)
      AND (:place::text IS NULL OR p.ancestors @> ARRAY[(SELECT id FROM place WHERE name = :place)])
    ORDER BY i.name, l.expires_on NULLS LAST, expires_at NULLS LAST, l.id, p.name, b.serial
    LIMIT :rows_max OFFSET :rows_skipped
)
SELECT s.*, coalesce(s.expires_at <= :at, false) AS expired,
       coalesce((SELECT sum(v.quantity) FROM reservation v
                 WHERE v.ended_at IS NULL AND (v.lot_id, v.place_id, v.serial) = (s.lot_id, s.place_id, s.serial)),
                0)::bigint AS reserved,
       EXISTS (SELECT FROM active_hold h
               WHERE h.lot_id = s.lot_id AND coalesce(h.serial = s.serial, true)
                 AND hold_covers(h.place_id, s.place_id)) AS held,
       EXISTS (SELECT FROM active_hold h JOIN hold placed ON placed.id = h.hold_id AND placed.origin = 'return'
               WHERE h.lot_id = s.lot_id AND h.serial = s.serial AND h.place_id = s.place_id) AS returned,
       (SELECT max(c.counted_at)
        FROM count_line c JOIN stock_count k ON k.id = c.count_id AND k.decision = 'approved'
        WHERE (c.lot_id, c.place_id, c.serial) = (s.lot_id, s.place_id, s.serial)
          AND NOT EXISTS (SELECT FROM movement m
                          WHERE m.lot_id = s.lot_id AND m.serial = s.serial
                            AND s.place_id IN (m.from_place, m.to_place) AND m.occurred_at > c.counted_at)
       ) AS reconciled_at
FROM stock s
ORDER BY s.item, s.expires_on NULLS LAST, s.expires_at NULLS LAST, s.lot_id, s.place, s.serial;

-- name: replenishment(at)
-- Items below their reorder point: what may be used at and below the place, and what is on its way there by purchase.
WITH level AS (
    SELECT r.*, i.name AS item, p.name AS place, s.name AS supplier,
           coalesce((SELECT sum(b.quantity - coalesce((
                             SELECT sum(v.quantity) FROM reservation v
                             WHERE v.ended_at IS NULL
                               AND (v.lot_id, v.place_id, v.serial) = (b.lot_id, b.place_id, b.serial)), 0))
                     FROM lot l
                     JOIN position b ON b.lot_id = l.id AND b.quantity > 0
                     JOIN place at ON at.id = b.place_id AND at.ancestors @> ARRAY[r.place_id]
                     WHERE l.item_id = r.item_id AND l.owner = 'house'
                       AND (expires_at(l.expires_on, l.expires_hour, l.expires_exactly, at.zone) > :at
                            OR l.expires_on IS NULL AND NOT i.expiry_required)
                       AND NOT EXISTS (SELECT FROM active_hold h
                                       WHERE h.lot_id = l.id AND coalesce(h.serial = b.serial, true)
                                         AND hold_covers(h.place_id, b.place_id))
                    ), 0)::bigint AS usable
    FROM reorder_level r
    JOIN item i ON i.id = r.item_id
    JOIN place p ON p.id = r.place_id
    LEFT JOIN place s ON s.id = r.supplier_id
)
SELECT item_id, item, place_id, place, supplier, reorder_point, par_level, pack_size, order_min, usable
FROM level
WHERE usable < par_level
ORDER BY item, place;

-- name: orders_coming(item_ids)
-- Purchases and transfers that name these items, with the place they go to.
SELECT DISTINCT o.id, o.number, t.ancestors
FROM stock_order o
JOIN place t ON t.id = o.to_place
JOIN order_line n ON n.order_id = o.id
WHERE o.kind IN ('purchase', 'transfer') AND n.item_id = ANY(:item_ids)
  AND NOT EXISTS (SELECT FROM order_step s WHERE s.order_id = o.id AND s.step = 'rejected')
ORDER BY o.id;
