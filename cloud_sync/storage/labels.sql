-- name: labelled_lot(lot_id)^
-- What the label of a lot says, and the packs of its item, the smallest first.
SELECT l.id, i.name AS item, i.title, i.base_unit, l.lot_number, l.owner, l.expires_on, l.expires_hour,
       expires_at(l.expires_on, l.expires_hour, l.expires_exactly, 'UTC') AS ends_at,
       coalesce((SELECT jsonb_agg(jsonb_build_object('gtin', g.gtin, 'base_units', g.base_units)
                                  ORDER BY g.base_units, g.gtin)
                 FROM item_gtin g WHERE g.item_id = i.id), '[]') AS gtins
FROM lot l JOIN item i ON i.id = l.item_id
WHERE l.id = :lot_id;

-- name: lots_called(item, lot_number)
-- Lots of an item with this number: one for each owner. Index: lot_number.
SELECT l.id, l.owner FROM lot l JOIN item i ON i.id = l.item_id
WHERE i.name = :item AND l.lot_number = :lot_number
ORDER BY l.id LIMIT 10;

-- name: is_serial_known(lot_id, serial)$
-- Whether a unit of this serial number was ever anywhere. Index: position_pkey.
SELECT EXISTS (SELECT FROM position WHERE lot_id = :lot_id AND serial = :serial);

-- name: made_in(lot_id)^
-- The batch that a lot came out of, and what its master formulation record says. Index: movement_lot.
SELECT p.name AS number, p.zone, personal(b.prescription) AS prescription, i.compounding AS kind, f.body,
       (SELECT min(m.occurred_at) FROM movement m WHERE m.to_place = b.place_id) AS began_at,
       EXISTS (SELECT FROM batch_fact fact WHERE fact.batch_id = b.id AND fact.kind = 'rejected') AS is_rejected,
       EXISTS (SELECT FROM batch_fact fact WHERE fact.batch_id = b.id AND fact.kind = 'released') AS is_released
FROM batch_product product
JOIN production_batch b ON b.id = product.batch_id
JOIN place p ON p.id = b.place_id
JOIN master_formulation_record f ON f.id = b.master_formulation_record_id
JOIN item i ON i.id = f.item_id
WHERE product.lot_id = :lot_id
ORDER BY b.id DESC LIMIT 1;

-- name: badge_of(operator)^
-- The badge of an operator.
SELECT name, badge, active FROM operator WHERE name = :operator;

-- name: next_tote()$
-- A number that no tote had.
SELECT nextval(pg_get_serial_sequence('tote', 'id'));

-- name: add_tote(id, sscc, order_id, note, numbered_by)!
-- Keep the number of a tote.
INSERT INTO tote (id, sscc, order_id, note, numbered_by) OVERRIDING SYSTEM VALUE
VALUES (:id, :sscc, :order_id, :note, :numbered_by);

-- name: tote(sscc)^
-- One tote. Index: tote_sscc_key.
SELECT t.sscc, o.number AS "order", t.note, t.numbered_by, t.numbered_at, f.name AS from_place, d.name AS to_place,
       coalesce(nullif(f.title, ''), f.name) AS sender, coalesce(nullif(d.title, ''), d.name) AS recipient
FROM tote t
LEFT JOIN stock_order o ON o.id = t.order_id
LEFT JOIN place f ON f.id = o.from_place
LEFT JOIN place d ON d.id = o.to_place
WHERE t.sscc = :sscc;

-- name: totes(number, rows_max, rows_skipped)
-- Totes, the latest first; those of one order. Index: tote_order.
SELECT t.sscc, o.number AS "order", t.note, t.numbered_by, t.numbered_at, f.name AS from_place, d.name AS to_place,
       coalesce(nullif(f.title, ''), f.name) AS sender, coalesce(nullif(d.title, ''), d.name) AS recipient
FROM tote t
LEFT JOIN stock_order o ON o.id = t.order_id
LEFT JOIN place f ON f.id = o.from_place
LEFT JOIN place d ON d.id = o.to_place
WHERE :number::text IS NULL OR t.order_id = (SELECT id FROM stock_order WHERE number = :number)
ORDER BY t.id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: lock_tote(sscc)^
-- A tote that nobody else packs until this transaction ends. Index: tote_sscc_key.
SELECT t.id, t.sscc FROM tote t WHERE t.sscc = :sscc FOR UPDATE;

-- name: add_packing(tote_id, is_unpacking, place_id, occurred_at, packed_by, client_id)$
-- Keep that something was put into a tote, or taken out.
INSERT INTO tote_packing (tote_id, is_unpacking, place_id, occurred_at, packed_by, client_id)
VALUES (:tote_id, :is_unpacking, :place_id, :occurred_at, :packed_by, :client_id)
RETURNING id;

-- name: add_packing_lines(packing_id, lot_ids, serials, quantities)!
-- And what.
INSERT INTO tote_packing_line (packing_id, line, lot_id, serial, quantity)
SELECT :packing_id, n, lot_id, serial, quantity
FROM unnest(:lot_ids::bigint[], :serials::text[], :quantities::bigint[]) WITH ORDINALITY AS l (lot_id, serial, quantity, n);

-- name: contents(sscc)
-- What is in a tote now. Index: tote_sscc_key, tote_packing_tote.
SELECT n.lot_id, l.lot_number, i.name AS item, l.owner, n.serial,
       sum(CASE WHEN p.is_unpacking THEN -n.quantity ELSE n.quantity END)::bigint AS quantity
FROM tote t
JOIN tote_packing p ON p.tote_id = t.id
JOIN tote_packing_line n ON n.packing_id = p.id
JOIN lot l ON l.id = n.lot_id
JOIN item i ON i.id = l.item_id
WHERE t.sscc = :sscc
GROUP BY n.lot_id, l.lot_number, i.name, l.owner, n.serial
HAVING sum(CASE WHEN p.is_unpacking THEN -n.quantity ELSE n.quantity END) <> 0
ORDER BY i.name, l.lot_number, n.serial;

-- name: stock_to_pack(place_id, lot_ids, serials)
-- How much of these lots and units is in a place. Index: position's primary key.
SELECT b.lot_id, b.serial, b.quantity
FROM unnest(:lot_ids::bigint[], :serials::text[]) AS l (lot_id, serial)
JOIN position b ON b.lot_id = l.lot_id AND b.serial = l.serial AND b.place_id = :place_id;
