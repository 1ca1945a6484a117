-- name: dispenses(ids, facts, recorded_since, recorded_until, occurred_since, occurred_until, after_id, rows_max)
-- Stock that was dispensed (null: of any id, fact and time), from an id on. Index: movement_dispensed, movement_fact_key.
SELECT m.id, m.fact, m.action, m.lot_id, m.serial, m.quantity, m.occurred_at, m.recorded_at, m.order_ref, l.item_id,
       l.lot_number, l.expires_on, l.owner, f.id AS from_id, f.name AS from_place, f.kind AS from_kind, t.id AS to_id,
       t.name AS to_place, t.kind AS to_kind,
       personal(coalesce(h.patient, (SELECT o.patient_ref FROM stock_order o WHERE o.number = m.order_ref))) AS patient
FROM (
    SELECT m.* FROM movement m
    WHERE m.id > :after_id AND m.action = 'dispense' AND m.quantity > 0
      AND (:ids::bigint[] IS NULL OR m.id = ANY(:ids))
      AND (:facts::text[] IS NULL OR m.fact = ANY(:facts))
      AND (:recorded_since::timestamptz IS NULL OR m.recorded_at >= :recorded_since)
      AND (:recorded_until::timestamptz IS NULL OR m.recorded_at < :recorded_until)
      AND (:occurred_since::timestamptz IS NULL OR m.occurred_at >= :occurred_since)
      AND (:occurred_until::timestamptz IS NULL OR m.occurred_at < :occurred_until)
    ORDER BY m.id
    LIMIT :rows_max
) m
CROSS JOIN LATERAL (SELECT item_id, lot_number, expires_on, owner FROM lot WHERE id = m.lot_id OFFSET 0) AS l
JOIN place f ON f.id = m.from_place
JOIN place t ON t.id = m.to_place
LEFT JOIN hospital_patient h ON h.fact = m.fact
ORDER BY m.id;

-- name: supplies(ids, facts, recorded_since, recorded_until, occurred_since, occurred_until, after_id, rows_max)
-- Stock that moved otherwise, in the same way. Index: movement_pkey, movement_fact_key.
SELECT m.id, m.fact, m.action, m.lot_id, m.serial, m.quantity, m.occurred_at, m.recorded_at, m.order_ref, l.item_id,
       l.lot_number, l.expires_on, f.id AS from_id, f.name AS from_place, f.kind AS from_kind, t.id AS to_id,
       t.name AS to_place, t.kind AS to_kind,
       personal(coalesce(h.patient, (SELECT o.patient_ref FROM stock_order o WHERE o.number = m.order_ref))) AS patient
FROM (
    SELECT m.* FROM movement m
    WHERE m.id > :after_id AND m.action IN ('receive', 'put_away', 'move', 'pick', 'ship', 'return') AND m.quantity > 0
      AND (:ids::bigint[] IS NULL OR m.id = ANY(:ids))
      AND (:facts::text[] IS NULL OR m.fact = ANY(:facts))
      AND (:recorded_since::timestamptz IS NULL OR m.recorded_at >= :recorded_since)
      AND (:recorded_until::timestamptz IS NULL OR m.recorded_at < :recorded_until)
      AND (:occurred_since::timestamptz IS NULL OR m.occurred_at >= :occurred_since)
      AND (:occurred_until::timestamptz IS NULL OR m.occurred_at < :occurred_until)
    ORDER BY m.id
    LIMIT :rows_max
) m
CROSS JOIN LATERAL (SELECT item_id, lot_number, expires_on FROM lot WHERE id = m.lot_id OFFSET 0) AS l
JOIN place f ON f.id = m.from_place
JOIN place t ON t.id = m.to_place
LEFT JOIN hospital_patient h ON h.fact = m.fact
ORDER BY m.id;

-- name: order_lines(numbers, order_ids, recorded_since, recorded_until, after_order, after_line, rows_max)
-- Lines of orders (null: of any number, id and time), from one on. Index: order_line_pkey, stock_order_number_key.
SELECT n.order_id, n.line, n.item_id, n.quantity, o.number, o.requested_by, o.requested_at,
       personal(o.patient_ref) AS patient, f.id AS from_id, f.name AS from_place, f.kind AS from_kind, t.id AS to_id,
       t.name AS to_place, t.kind AS to_kind
FROM order_line n
JOIN stock_order o ON o.id = n.order_id
JOIN place f ON f.id = o.from_place
JOIN place t ON t.id = o.to_place
WHERE (n.order_id, n.line) > (:after_order, :after_line)
  AND o.kind IN ('requisition', 'transfer', 'purchase')
  AND (:numbers::text[] IS NULL OR o.number = ANY(:numbers))
  AND (:order_ids::bigint[] IS NULL OR n.order_id = ANY(:order_ids))
  AND (:recorded_since::timestamptz IS NULL OR o.requested_at >= :recorded_since)
  AND (:recorded_until::timestamptz IS NULL OR o.requested_at < :recorded_until)
ORDER BY n.order_id, n.line
LIMIT :rows_max;

-- name: lots(ids, items, lot_numbers, after_id, rows_max)
-- Lots (null: of any id, item and number), from an id on, and whether anything holds them. Index: lot_pkey.
SELECT l.id AS lot_id, l.item_id, l.lot_number, l.expires_on,
       EXISTS (SELECT FROM active_hold h WHERE h.lot_id = l.id) AS is_held
FROM lot l JOIN item i ON i.id = l.item_id
WHERE l.id > :after_id
  AND (:ids::bigint[] IS NULL OR l.id = ANY(:ids))
  AND (:items::text[] IS NULL OR i.name = ANY(:items))
  AND (:lot_numbers::text[] IS NULL OR l.lot_number = ANY(:lot_numbers))
ORDER BY l.id
LIMIT :rows_max;

-- name: places(ids, names, kinds, after_id, rows_max)
-- Places of these kinds (null: of any id and name), from an id on. Index: place_pkey.
SELECT p.id, p.name, p.title, p.kind, p.parent_id
FROM place p
WHERE p.id > :after_id AND p.kind = ANY(:kinds)
  AND (:ids::bigint[] IS NULL OR p.id = ANY(:ids))
  AND (:names::text[] IS NULL OR p.name = ANY(:names))
ORDER BY p.id
LIMIT :rows_max;

-- name: stock_of_places(place_ids)
-- What is in these places, unit by unit, and whether it is held there. Index: position_place.
SELECT b.place_id, b.lot_id, b.quantity, l.item_id, l.lot_number,
       EXISTS (SELECT FROM active_hold h WHERE h.lot_id = b.lot_id AND (h.serial IS NULL OR h.serial = b.serial)
                 AND hold_covers(h.place_id, b.place_id)) AS is_held
FROM position b JOIN lot l ON l.id = b.lot_id
WHERE b.place_id = ANY(:place_ids) AND b.quantity > 0
ORDER BY b.place_id, b.lot_id, b.serial;

-- name: items(item_ids)
-- Items, with the GTINs of one base unit. Index: item_pkey, item_gtin's item.
SELECT i.id, i.name, i.title, i.base_unit, i.ndc,
       array(SELECT g.gtin FROM item_gtin g WHERE g.item_id = i.id AND g.base_units = 1 ORDER BY g.gtin) AS gtins
FROM item i WHERE i.id = ANY(:item_ids);

-- name: places_by_id(ids)
-- Names of places.
SELECT p.id, p.name FROM place p WHERE p.id = ANY(:ids);
