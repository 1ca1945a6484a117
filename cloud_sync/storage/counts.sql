-- name: add_count(number, place_id, opened_by)$
-- Open a count and give its id; no row if the number is taken. Without a number it gets one.
INSERT INTO stock_count (id, number, place_id, opened_by)
OVERRIDING SYSTEM VALUE
SELECT new.id, coalesce(:number, 'CT-' || new.id), :place_id, :opened_by
FROM (SELECT nextval(pg_get_serial_sequence('stock_count', 'id')) AS id) AS new
ON CONFLICT (number) DO NOTHING
RETURNING id;

-- name: count_by_id(count_id)^
-- One count.
SELECT c.id, c.number, c.place_id, p.name AS place, c.opened_by, c.opened_at, c.decision, c.decided_by, c.decided_at,
       c.reason
FROM stock_count c JOIN place p ON p.id = c.place_id
WHERE c.id = :count_id;

-- name: lock_count(number)$
-- The id of a count, which nobody else changes until the end of the transaction.
SELECT id FROM stock_count WHERE number = :number FOR UPDATE;

-- name: count_id(number)$
-- The id of a count.
SELECT id FROM stock_count WHERE number = :number;

-- name: open_count_of(number, place_id)$
-- The open count that a scan in a place belongs to: the one it names, else the latest of the place or what it is in.
SELECT c.id
FROM stock_count c
WHERE c.decision IS NULL
  AND (c.number = :number OR c.place_id = ANY((SELECT ancestors FROM place WHERE id = :place_id)::bigint[]))
ORDER BY c.number = :number DESC NULLS LAST, c.id DESC
LIMIT 1
FOR UPDATE;

-- name: counts(only_open, place, rows_max, rows_skipped)
-- Counts, the latest first.
SELECT c.id, c.number, p.name AS place, c.opened_by, c.opened_at, c.decision, c.decided_by, c.decided_at, c.reason
FROM stock_count c JOIN place p ON p.id = c.place_id
WHERE (NOT :only_open OR c.decision IS NULL) AND (:place::text IS NULL OR p.name = :place)
ORDER BY c.id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: add_count_line(fact, count_id, lot_id, serial, place_id, quantity, counted_by, counted_at, expires_on, expires_hour)!
-- What was found; no row if it was said before.
INSERT INTO count_line (fact, count_id, lot_id, serial, place_id, quantity, counted_by, counted_at, expires_on,
                        expires_hour)
VALUES (:fact, :count_id, :lot_id, :serial, :place_id, :quantity, :counted_by, :counted_at, :expires_on,
        :expires_hour)
ON CONFLICT (fact) DO NOTHING;

-- name: decide_count(count_id, decision, decided_by, reason)!
-- Close a count.
UPDATE stock_count SET decision = :decision, decided_by = :decided_by, decided_at = clock_timestamp(), reason = :reason
WHERE id = :count_id AND decision IS NULL;

-- name: count_lines(count_id)
-- The latest finding about each position, and what the ledger says was there at that instant, by all that is known now.
-- A count that was decided shows what was corrected. Index: movement_in, movement_out.
SELECT DISTINCT ON (c.lot_id, c.place_id, c.serial)
       c.lot_id, l.item_id, i.name AS item, l.lot_number, l.owner, c.serial, c.place_id, p.name AS place,
       c.quantity AS counted, c.counted_by, c.counted_at,
       (coalesce((SELECT sum(m.quantity) FROM movement m
                  WHERE (m.lot_id, m.to_place, m.serial) = (c.lot_id, c.place_id, c.serial)
                    AND m.occurred_at <= c.counted_at AND m.order_ref <> k.number), 0)
        - coalesce((SELECT sum(m.quantity) FROM movement m
                    WHERE (m.lot_id, m.from_place, m.serial) = (c.lot_id, c.place_id, c.serial)
                      AND m.occurred_at <= c.counted_at AND m.order_ref <> k.number), 0))::bigint AS expected
FROM count_line c
JOIN stock_count k ON k.id = c.count_id
JOIN lot l ON l.id = c.lot_id
JOIN item i ON i.id = l.item_id
JOIN place p ON p.id = c.place_id
WHERE c.count_id = :count_id
ORDER BY c.lot_id, c.place_id, c.serial, c.counted_at DESC, c.fact DESC;

-- name: counted_by(count_id)
-- Everybody who counted.
SELECT DISTINCT counted_by FROM count_line WHERE count_id = :count_id ORDER BY 1;

-- name: not_counted(count_id, rows_max)
-- Stock at and below the place that nobody has counted.
SELECT b.lot_id, i.name AS item, l.lot_number, l.owner, b.serial, p.name AS place, b.quantity
FROM stock_count k
JOIN place p ON p.ancestors @> ARRAY[k.place_id]
JOIN position b ON b.place_id = p.id AND b.quantity > 0
JOIN lot l ON l.id = b.lot_id
JOIN item i ON i.id = l.item_id
WHERE k.id = :count_id
  AND NOT EXISTS (SELECT FROM count_line c WHERE c.count_id = k.id
                  AND (c.lot_id, c.place_id, c.serial) = (b.lot_id, b.place_id, b.serial))
ORDER BY i.name, l.lot_number, p.name, b.serial
LIMIT :rows_max;

-- name: labels_found(count_id)
-- What labels said of the expiry of lots in a count. Index: count_line_count.
SELECT DISTINCT l.item_id, l.lot_number, l.owner, c.expires_on, c.expires_hour
FROM count_line c JOIN lot l ON l.id = c.lot_id
WHERE c.count_id = :count_id AND c.expires_on IS NOT NULL
ORDER BY l.item_id, l.lot_number, l.owner, c.expires_on, c.expires_hour;
