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
       c.reason, c.is_blind, c.finished_by, c.finished_at
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
WHERE c.decision IS NULL AND c.finished_at IS NULL
  AND (c.number = :number OR c.place_id = ANY((SELECT ancestors FROM place WHERE id = :place_id)::bigint[]))
ORDER BY c.number = :number DESC NULLS LAST, c.id DESC
LIMIT 1
FOR UPDATE;

-- name: counts(only_open, place, rows_max, rows_skipped)
-- Counts, the latest first.
SELECT c.id, c.number, p.name AS place, c.opened_by, c.opened_at, c.decision, c.decided_by, c.decided_at, c.reason,
       c.is_blind, c.finished_by, c.finished_at
FROM stock_count c JOIN place p ON p.id = c.place_id
WHERE (NOT :only_open OR c.decision IS NULL) AND (:place::text IS NULL OR p.name = :place)
ORDER BY c.id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: add_count_line(fact, count_id, lot_id, serial, place_id, quantity, counted_by, counted_at, latest_at, expires_on, expires_hour)!
-- What was found; no row if it was said before.
INSERT INTO count_line (fact, count_id, lot_id, serial, place_id, quantity, counted_by, counted_at, latest_at, expires_on,
                        expires_hour)
VALUES (:fact, :count_id, :lot_id, :serial, :place_id, :quantity, :counted_by, :counted_at, :latest_at, :expires_on,
        :expires_hour)
ON CONFLICT (fact) DO NOTHING;

-- name: decide_count(count_id, decision, decided_by, reason)!
-- Close a count.
UPDATE stock_count SET decision = :decision, decided_by = :decided_by, decided_at = clock_timestamp(), reason = :reason
WHERE id = :count_id AND decision IS NULL;

-- name: count_lines(count_id)
-- The latest finding about each position, and what the ledger says was there at that instant: by all that is known now, and
-- (if the count is decided) by what was known then. Of corrections, those of earlier counts count. Index: movement_in,
-- movement_out.
SELECT DISTINCT ON (c.lot_id, c.place_id, c.serial)
       c.lot_id, l.item_id, i.name AS item, l.lot_number, l.owner, c.serial, c.place_id, p.name AS place,
       c.quantity AS counted, c.counted_by, c.counted_at, known.expected AS expected_then,
       known.counted - known.expected AS difference_then,
       coalesce((SELECT sum(CASE WHEN m.to_place = c.place_id THEN m.quantity ELSE -m.quantity END)
                 FROM movement m
                 LEFT JOIN stock_count other ON m.action = 'count' AND other.number = m.order_ref
                 WHERE m.lot_id = c.lot_id AND m.serial = c.serial AND c.place_id IN (m.from_place, m.to_place)
                   AND m.occurred_at <= c.counted_at
                   AND (other.id IS NULL OR k.decision IS NULL AND other.id <> k.id OR m.occurred_at < c.counted_at
                        OR other.id < k.id)
                   AND other.id IS DISTINCT FROM k.id), 0)::bigint AS expected
FROM count_line c
JOIN stock_count k ON k.id = c.count_id
JOIN lot l ON l.id = c.lot_id
JOIN item i ON i.id = l.item_id
JOIN place p ON p.id = c.place_id
LEFT JOIN count_result known ON (known.count_id, known.lot_id, known.place_id, known.serial)
                              = (c.count_id, c.lot_id, c.place_id, c.serial)
WHERE c.count_id = :count_id
ORDER BY c.lot_id, c.place_id, c.serial, c.counted_at DESC, c.fact DESC;

-- name: add_count_results(count_id, lot_ids, serials, place_ids, counted, expected)!
-- Keep what a count was decided on.
INSERT INTO count_result (count_id, lot_id, serial, place_id, counted, expected)
SELECT :count_id, t.* FROM unnest(:lot_ids::bigint[], :serials::text[], :place_ids::bigint[], :counted::bigint[],
                                  :expected::bigint[]) AS t;

-- name: is_any_approved(lot_ids)$
-- Whether an approved count has found any of these lots. Index: count_line_position.
SELECT EXISTS (
    SELECT FROM count_line c JOIN stock_count k ON k.id = c.count_id AND k.decision = 'approved'
    WHERE c.lot_id = ANY(:lot_ids));

-- name: difference_place()$
-- Where corrections of counts come from and go to.
SELECT id FROM place WHERE kind = 'count_difference' ORDER BY name = 'count-difference' DESC, id LIMIT 1;

-- name: recount(lot_ids, serials, place_ids, difference_place)
-- Redo the corrections of approved counts of these positions: what was found less what all other facts say was there then,
-- with the corrections of earlier counts. Gives those that changed, with what they were and are. Indexes:
-- count_line_position, movement_in, movement_out, movement's fact.
WITH finding AS (
    SELECT f.*, f.quantity - coalesce((
               SELECT sum(CASE WHEN m.to_place = f.place_id THEN m.quantity ELSE -m.quantity END)
               FROM movement m
               WHERE m.lot_id = f.lot_id AND m.serial = f.serial AND f.place_id IN (m.from_place, m.to_place)
                 AND m.occurred_at <= f.counted_at AND m.action <> 'count'), 0) AS beyond
    FROM (SELECT DISTINCT * FROM unnest(:lot_ids::bigint[], :serials::text[], :place_ids::bigint[])
          AS t (lot_id, serial, place_id)) AS touched
    JOIN approved_finding f USING (lot_id, serial, place_id)
), wanted AS (
    SELECT f.*, concat('count/', f.number, '/lot:', f.lot_id, '/', f.serial, '/place:', f.place_id) AS fact,
           (f.beyond - coalesce(lag(f.beyond) OVER (PARTITION BY f.lot_id, f.serial, f.place_id
                                                    ORDER BY f.counted_at, f.count_id), 0))::bigint AS surplus
    FROM finding f
), known AS (
    SELECT w.*, m.id AS movement_id, m.from_place AS was_from,
           coalesce(CASE WHEN m.to_place = w.place_id THEN m.quantity ELSE -m.quantity END, 0) AS was
    FROM wanted w LEFT JOIN movement m ON m.fact = w.fact
), changed AS (
    SELECT * FROM known WHERE surplus <> was
), redone AS (
    UPDATE movement m
    SET quantity = abs(c.surplus),
        from_place = CASE WHEN c.surplus > 0 THEN :difference_place ELSE c.place_id END,
        to_place = CASE WHEN c.surplus > 0 THEN c.place_id ELSE :difference_place END
    FROM changed c
    WHERE m.id = c.movement_id
), added AS (
    INSERT INTO movement (fact, lot_id, serial, quantity, from_place, to_place, occurred_at, earliest_at, latest_at,
                          action, operator, order_ref, event_id)
    SELECT c.fact, c.lot_id, c.serial, abs(c.surplus),
           CASE WHEN c.surplus > 0 THEN :difference_place ELSE c.place_id END,
           CASE WHEN c.surplus > 0 THEN c.place_id ELSE :difference_place END,
           c.counted_at, CASE WHEN c.latest_at IS NOT NULL THEN c.counted_at END, c.latest_at, 'count', c.decided_by,
           c.number,
           (SELECT max(e.id) FROM event e WHERE e.subject = 'count:' || c.number AND e.kind = 'count_approved')
    FROM changed c
    WHERE c.movement_id IS NULL
), moved AS (
    INSERT INTO position (lot_id, serial, place_id, quantity)
    SELECT c.lot_id, c.serial, side.place_id, sum(side.quantity)
    FROM changed c
    CROSS JOIN LATERAL (VALUES (c.place_id, c.surplus - c.was), (:difference_place::bigint, c.was - c.surplus))
        AS side (place_id, quantity)
    GROUP BY 1, 2, 3
    ORDER BY 1, 3, 2
    ON CONFLICT (lot_id, place_id, serial) DO UPDATE SET quantity = position.quantity + excluded.quantity
)
SELECT c.fact, c.number, c.count_id, c.lot_id, l.lot_number, c.serial, c.place_id, p.name AS place, c.quantity AS counted,
       c.counted_at, c.was, c.surplus, :difference_place::bigint AS difference_place
FROM changed c
JOIN lot l ON l.id = c.lot_id
JOIN place p ON p.id = c.place_id
ORDER BY c.count_id, c.fact;

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
