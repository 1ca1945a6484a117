-- name: add_correction(kind, subject, lot_id, request, before, after, reason, effect, needs_second_person, proposed_by)$
-- Propose a correction; no row if one of the same subject waits already. Index: correction_open.
INSERT INTO correction (kind, subject, lot_id, request, before, after, reason, effect, needs_second_person, proposed_by)
VALUES (:kind, :subject, :lot_id, :request, :before, :after, :reason, :effect, :needs_second_person, :proposed_by)
ON CONFLICT (kind, subject) WHERE decided_at IS NULL DO NOTHING
RETURNING id;

-- name: lock_correction(id)^
-- One correction, nobody else's until the end of the transaction.
SELECT * FROM correction WHERE id = :id FOR UPDATE;

-- name: correction(id)^
-- One correction.
SELECT * FROM correction WHERE id = :id;

-- name: corrections(subject, only_open, rows_max, rows_skipped)
-- Corrections, the newest first. Index: correction_subject.
SELECT * FROM correction
WHERE (:subject::text IS NULL OR subject = :subject) AND (NOT :only_open OR decided_at IS NULL)
ORDER BY id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: show_effect(id, effect, needs_second_person)!
-- What a correction would do by now.
UPDATE correction SET effect = :effect, needs_second_person = :needs_second_person WHERE id = :id;

-- name: decide_correction(id, decision, decided_by, reason)!
-- Confirm or reject.
UPDATE correction
SET decision = :decision, decided_by = :decided_by, decided_at = clock_timestamp(), decision_reason = :reason
WHERE id = :id;

-- name: last_event()$
-- The newest event.
SELECT coalesce(max(id), 0) FROM event;

-- name: what_followed(after)
-- Holds, cases, recalls and reservations that events after that one tell of.
SELECT kind, reason AS text
FROM event
WHERE id > :after AND kind IN ('case_opened', 'case_resolved', 'lots_held', 'lots_freed', 'lot_recalled',
                               'lot_not_recalled', 'reservation_broken', 'reservation_expired')
ORDER BY kind, reason, id;

-- name: stock_of_lots(lot_ids)
-- Where these lots are in the house. Index: position's primary key.
SELECT l.id AS lot_id, l.lot_number, b.serial, p.name AS place, b.quantity,
       expires_at(l.expires_on, l.expires_hour, l.expires_exactly, p.zone) AS expires_at
FROM position b
JOIN lot l ON l.id = b.lot_id
JOIN place p ON p.id = b.place_id
WHERE b.lot_id = ANY(:lot_ids) AND b.quantity <> 0 AND p.kind IN ('site', 'room', 'bin', 'ward', 'transit', 'production')
ORDER BY l.lot_number, l.id, p.name, b.serial;

-- name: lot_to_correct(lot_id)^
-- A lot and all that is known of its expiry, locked.
SELECT l.id, l.item_id, i.name AS item, l.lot_number, l.owner, l.expires_on, l.expires_hour, l.expires_exactly,
       EXISTS (SELECT FROM movement m WHERE m.lot_id = l.id) AS has_moved
FROM lot l JOIN item i ON i.id = l.item_id
WHERE l.id = :lot_id
FOR UPDATE OF l;

-- name: mark_expiry_corrected(lot_id)!
-- From now on labels do not change the expiry of this lot.
UPDATE lot SET is_expiry_corrected = true WHERE id = :lot_id;

-- name: expiries_before(lot_id)
-- What the expiry of a lot was before it was corrected. Index: correction_lot.
SELECT before ->> 'expiry' AS expiry FROM correction
WHERE lot_id = :lot_id AND kind = 'lot_expiry' AND decision = 'confirmed' AND before ->> 'expiry' IS NOT NULL;

-- name: products_beyond(lot_id)
-- Products that a lot went into and that may be used for longer than it may, in the place where they were made.
WITH made AS (
    SELECT DISTINCT p.id AS place_id, p.zone, p.name AS batch, product.lot_id
    FROM movement went_in
    JOIN place p ON p.id = went_in.to_place AND p.kind = 'production'
    JOIN movement product ON product.from_place = p.id AND product.lot_id <> :lot_id AND product.action = 'receive'
    WHERE went_in.lot_id = :lot_id
)
SELECT l.id AS lot_id, l.lot_number, made.batch
FROM made
JOIN lot l ON l.id = made.lot_id
JOIN lot c ON c.id = :lot_id
WHERE expires_at(l.expires_on, l.expires_hour, l.expires_exactly, made.zone)
      > expires_at(c.expires_on, c.expires_hour, c.expires_exactly, made.zone)
ORDER BY l.id;

-- name: rename_lot(lot_id, lot_number)!
-- Another number; no row if another lot of the item and owner has it.
UPDATE lot l SET lot_number = :lot_number
WHERE id = :lot_id
  AND NOT EXISTS (SELECT FROM lot o WHERE (o.item_id, o.lot_number, o.owner) = (l.item_id, :lot_number, l.owner));

-- name: code_now(code)^
-- What a GTIN or another code stands for.
SELECT i.name AS item, g.base_units FROM item_gtin g JOIN item i ON i.id = g.item_id WHERE g.gtin = :code
UNION ALL
SELECT i.name, c.base_units FROM item_code c JOIN item i ON i.id = c.item_id WHERE c.code = :code AND c.said
LIMIT 1;

-- name: forget_gtin(code)!
-- A GTIN is no item's any more.
DELETE FROM item_gtin WHERE gtin = :code;

-- name: forget_code(code)!
-- A code, and what followed from it, is no item's any more.
DELETE FROM item_code WHERE code = :code;

-- name: booked_by_code(item, code)
-- What was booked of an item because a scanned label had this code. Index: lot_fefo, movement_out, event_pkey.
SELECT m.fact, m.lot_id, l.lot_number, m.action, m.quantity, m.serial, (line ->> 'quantity')::bigint AS scanned,
       evidence_of(m.fact) AS evidence_id
FROM item i
JOIN lot l ON l.item_id = i.id
JOIN movement m ON m.lot_id = l.id
JOIN event e ON e.id = m.event_id AND left(e.kind, 5) = 'scan_'
CROSS JOIN LATERAL (SELECT e.data -> 'lines' -> (split_part(m.fact, '#', 2)::int - 1)) AS said (line)
WHERE i.name = :item AND (line ->> 'gtin' = :code OR line -> 'codes' ? :code)
ORDER BY m.id;

-- name: move_place(place_id, parent_id)!
-- A place, with all that stands in it, stands in another one, and has its time zone. Index: place_ancestors.
UPDATE place c
SET ancestors = coalesce(up.ancestors, '{}') || c.ancestors[array_position(c.ancestors, :place_id::bigint):],
    parent_id = CASE WHEN c.id = :place_id THEN :parent_id ELSE c.parent_id END,
    zone = coalesce(up.zone, c.zone),
    is_zone_known = coalesce(up.is_zone_known, c.is_zone_known)
FROM (SELECT :parent_id::bigint AS id) AS wanted LEFT JOIN place up ON up.id = wanted.id
WHERE c.ancestors @> ARRAY[:place_id::bigint];

-- name: lots_that_were_in(place_id)
-- Lots that were ever at or below a place. Index: place_ancestors, residency_place.
SELECT DISTINCT r.lot_id
FROM place p JOIN residency r ON r.place_id = p.id
WHERE p.ancestors @> ARRAY[:place_id::bigint]
ORDER BY r.lot_id;
