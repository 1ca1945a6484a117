-- Serial numbers that are given here: patterns of items, and ranges that never overlap.

-- name: keep_pattern(item_id, pattern, given_at, actor, at)!
-- The pattern of an item from now on.
INSERT INTO serial_pattern (item_id, pattern, given_at, set_by, set_at)
VALUES (:item_id, :pattern, :given_at, :actor, :at)
ON CONFLICT (item_id) DO UPDATE SET pattern = excluded.pattern, given_at = excluded.given_at, set_by = excluded.set_by,
                                    set_at = excluded.set_at;

-- name: pattern_of(item_id)^
-- The pattern of an item; locked, so that two never give the same numbers.
SELECT pattern, given_at FROM serial_pattern WHERE item_id = :item_id FOR UPDATE;

-- name: patterns(rows_max, rows_skipped)
-- Items whose serials are given here.
SELECT i.name AS item, i.title, s.pattern, s.given_at, s.set_by, s.set_at
FROM serial_pattern s JOIN item i ON i.id = s.item_id
ORDER BY i.name LIMIT :rows_max OFFSET :rows_skipped;

-- name: last_given(item_id, prefix, digits, first_number, last_number)$
-- The highest number in a window that was given to a lot. Index: serial_range_item_id_prefix_digits_first_number_key.
SELECT last_number FROM serial_range
WHERE item_id = :item_id AND prefix = :prefix AND digits = :digits AND lot_id IS NOT NULL
  AND first_number BETWEEN :first_number AND :last_number
ORDER BY first_number DESC LIMIT 1;

-- name: ranges_in(item_id, prefix, digits, first_number, last_number, rows_max)
-- Ranges of an item that have a serial in common with these numbers. Index: as above.
SELECT r.id, r.prefix, r.digits, r.first_number, r.last_number, r.allotted_to, l.lot_number
FROM serial_range r LEFT JOIN lot l ON l.id = r.lot_id
WHERE r.item_id = :item_id AND r.prefix = :prefix AND r.digits = :digits
  AND r.first_number <= :last_number AND r.last_number >= :first_number
ORDER BY r.first_number LIMIT :rows_max;

-- name: serials_known(item_id, serials)
-- Those of these serials that a unit of the item has or had. Index: position_serial.
SELECT DISTINCT b.serial, l.lot_number
FROM position b JOIN lot l ON l.id = b.lot_id AND l.item_id = :item_id
WHERE b.serial = ANY(:serials::text[]) AND b.serial <> '';

-- name: serials_within(item_id, prefix, digits, first_number, last_number)^
-- A serial in this range that a unit of the item has or had. Index: lot_item_id_lot_number_owner_key, position_pkey.
SELECT b.serial, l.lot_number
FROM lot l JOIN position b ON b.lot_id = l.id
WHERE l.item_id = :item_id AND b.serial <> '' AND starts_with(b.serial, :prefix)
  AND length(b.serial) = length(:prefix) + :digits AND substr(b.serial, length(:prefix) + 1) ~ '^[0-9]+$'
  AND CASE WHEN substr(b.serial, length(:prefix) + 1) ~ '^[0-9]{1,18}$'
           THEN substr(b.serial, length(:prefix) + 1)::bigint END BETWEEN :first_number AND :last_number
LIMIT 1;

-- name: add_range(item_id, prefix, digits, first_number, last_number, lot_id, place_id, allotted_to, reason, actor, at)$
-- Keep a range.
INSERT INTO serial_range (item_id, prefix, digits, first_number, last_number, lot_id, place_id, allotted_to, reason,
                          given_by, given_at)
VALUES (:item_id, :prefix, :digits, :first_number, :last_number, :lot_id, :place_id, :allotted_to, :reason, :actor, :at)
RETURNING id;

-- name: ranges(item, rows_max, rows_skipped)
-- Ranges that were given, the newest first; of one item, or null: of all.
SELECT r.id, i.name AS item, r.prefix, r.digits, r.first_number, r.last_number, r.lot_id, l.lot_number, p.name AS place,
       r.allotted_to, r.reason, r.given_by, r.given_at
FROM serial_range r
JOIN item i ON i.id = r.item_id
LEFT JOIN lot l ON l.id = r.lot_id
LEFT JOIN place p ON p.id = r.place_id
WHERE :item::text IS NULL OR i.name = :item
ORDER BY r.id DESC LIMIT :rows_max OFFSET :rows_skipped;

-- name: range_by_id(range_id)^
-- One of them.
SELECT r.id, i.name AS item, r.prefix, r.digits, r.first_number, r.last_number, r.lot_id, l.lot_number, p.name AS place,
       r.allotted_to, r.reason, r.given_by, r.given_at
FROM serial_range r
JOIN item i ON i.id = r.item_id
LEFT JOIN lot l ON l.id = r.lot_id
LEFT JOIN place p ON p.id = r.place_id
WHERE r.id = :range_id;

-- name: waiting_for_serials(rows_max, rows_skipped)
-- Stock in the house without serials, of items that get theirs at receipt or at production. Index: lot_item, position_pkey.
SELECT i.name AS item, l.id AS lot_id, l.lot_number, p.name AS place, b.quantity, s.pattern, s.given_at
FROM serial_pattern s
JOIN item i ON i.id = s.item_id
JOIN lot l ON l.item_id = s.item_id
JOIN position b ON b.lot_id = l.id AND b.serial = '' AND b.quantity > 0
JOIN place p ON p.id = b.place_id AND p.kind IN ('site', 'room', 'bin')
WHERE s.given_at = 'both'
   OR (s.given_at = 'production') = EXISTS (SELECT FROM batch_product product WHERE product.lot_id = l.id)
      AND s.given_at <> 'request'
ORDER BY i.name, l.lot_number, p.name LIMIT :rows_max OFFSET :rows_skipped;
