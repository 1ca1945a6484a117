-- Devices and the life of serialised units.

-- name: keep_device(item_id, device_class, tracking, actor, at)!
-- An item is a device of this class.
INSERT INTO device (item_id, class, tracking, set_by, set_at) VALUES (:item_id, :device_class, :tracking, :actor, :at)
ON CONFLICT (item_id) DO UPDATE SET class = excluded.class, tracking = excluded.tracking, set_by = excluded.set_by,
                                    set_at = excluded.set_at;

-- name: devices(item_id, rows_max, rows_skipped)
-- Devices with their terms and plans; of one item, or null: of all.
SELECT i.name AS item, i.title, d.class, d.tracking, d.set_by, d.set_at,
       coalesce((SELECT jsonb_agg(jsonb_build_object('supplier', coalesce(p.name, ''), 'months', w.months, 'starts', w.starts)
                                  ORDER BY p.name NULLS FIRST)
                 FROM warranty_term w LEFT JOIN place p ON p.id = w.supplier_id WHERE w.item_id = i.id), '[]') AS warranties,
       coalesce((SELECT jsonb_agg(jsonb_build_object('name', s.name, 'kind', s.kind, 'every_days', s.every_days,
                                                     'starts', s.starts) ORDER BY s.name)
                 FROM service_plan s WHERE s.item_id = i.id), '[]') AS plans
FROM device d JOIN item i ON i.id = d.item_id
WHERE :item_id::bigint IS NULL OR d.item_id = :item_id
ORDER BY i.name LIMIT :rows_max OFFSET :rows_skipped;

-- name: forget_terms(item_id)!
-- Before the terms of an item are said anew.
DELETE FROM warranty_term WHERE item_id = :item_id;

-- name: add_term(item_id, supplier_id, months, starts, actor, at)!
-- How long units of an item are under warranty.
INSERT INTO warranty_term (item_id, supplier_id, months, starts, set_by, set_at)
VALUES (:item_id, :supplier_id, :months, :starts, :actor, :at);

-- name: forget_plans(item_id)!
-- Before the plans of an item are said anew.
DELETE FROM service_plan WHERE item_id = :item_id;

-- name: add_plan(item_id, name, kind, every_days, starts, actor, at)!
-- What is done to its units again and again.
INSERT INTO service_plan (item_id, name, kind, every_days, starts, set_by, set_at)
VALUES (:item_id, :name, :kind, :every_days, :starts, :actor, :at);

-- name: add_fact(lot_id, serial, kind, at, patient, other_lot_id, other_serial, about, data, reason, actor, recorded_at)$
-- Something happened to a unit.
INSERT INTO unit_fact (lot_id, serial, kind, at, patient, other_lot_id, other_serial, about, data, reason, recorded_by,
                       recorded_at)
VALUES (:lot_id, :serial, :kind, :at, :patient, :other_lot_id, :other_serial, :about, :data, :reason, :actor, :recorded_at)
RETURNING id;

-- name: facts_of(lot_ids, serials)
-- What happened to these units. Index: unit_fact_unit.
SELECT f.id, f.lot_id, f.serial, f.kind, f.at, f.patient, f.other_lot_id, f.other_serial, f.about, f.data, f.reason,
       f.recorded_by, f.recorded_at
FROM (SELECT DISTINCT * FROM unnest(:lot_ids::bigint[], :serials::text[]) AS u (lot_id, serial)) u
JOIN unit_fact f ON f.lot_id = u.lot_id AND f.serial = u.serial
ORDER BY f.at, f.id;

-- name: fact_by_id(fact_id)^
-- One of them.
SELECT id, lot_id, serial, kind, at, patient, about, data FROM unit_fact WHERE id = :fact_id;

-- name: chain_of(lot_id, serial)
-- A unit with those whose place it took and those that took its place, the first one first. Index: unit_fact_swapped,
-- unit_fact_took_its_place.
WITH RECURSIVE before (lot_id, serial, step) AS (
    SELECT :lot_id::bigint, :serial::text, 0
    UNION ALL
    SELECT f.lot_id, f.serial, b.step - 1
    FROM before b JOIN unit_fact f ON (f.other_lot_id, f.other_serial) = (b.lot_id, b.serial) AND f.kind = 'swapped'
    WHERE b.step > -100
), after (lot_id, serial, step) AS (
    SELECT :lot_id::bigint, :serial::text, 0
    UNION ALL
    SELECT f.other_lot_id, f.other_serial, a.step + 1
    FROM after a JOIN unit_fact f ON (f.lot_id, f.serial) = (a.lot_id, a.serial) AND f.kind = 'swapped'
    WHERE a.step < 100
)
SELECT lot_id, serial, step FROM before UNION SELECT lot_id, serial, step FROM after ORDER BY step;

-- name: unit(lot_id, serial)^
-- A unit that was ever anywhere. Index: position_pkey.
SELECT l.id AS lot_id, i.id AS item_id, i.name AS item, i.title, l.lot_number, l.owner, l.expires_on, :serial::text AS serial
FROM lot l JOIN item i ON i.id = l.item_id
WHERE l.id = :lot_id AND EXISTS (SELECT FROM position b WHERE b.lot_id = l.id AND b.serial = :serial);

-- name: unit_of_item(item_id, serial)
-- The lots in which a unit of an item with this serial was ever anywhere. Index: position_serial.
SELECT DISTINCT l.id AS lot_id, l.lot_number
FROM position b JOIN lot l ON l.id = b.lot_id AND l.item_id = :item_id
WHERE b.serial = :serial AND b.serial <> '' ORDER BY l.id;

-- name: where_is(lot_ids, serials)
-- Where these units are. Index: position_pkey.
SELECT b.lot_id, b.serial, p.name AS place, p.title AS place_title, p.kind, r.began_at AS since
FROM (SELECT DISTINCT * FROM unnest(:lot_ids::bigint[], :serials::text[]) AS u (lot_id, serial)) u
JOIN position b ON b.lot_id = u.lot_id AND b.serial = u.serial AND b.quantity > 0
JOIN place p ON p.id = b.place_id
LEFT JOIN residency r ON (r.lot_id, r.serial, r.place_id) = (b.lot_id, b.serial, b.place_id) AND r.ended_at IS NULL;

-- name: custody(lot_ids, serials)
-- Every movement of these units, in its order. Index: movement_in, movement_out.
SELECT m.lot_id, m.serial, m.occurred_at AS at, m.action, f.name AS from_place, f.kind AS from_kind, t.name AS to_place,
       t.kind AS to_kind, m.operator, m.order_ref, m.fact, personal(o.patient_ref) AS patient
FROM (SELECT DISTINCT * FROM unnest(:lot_ids::bigint[], :serials::text[]) AS u (lot_id, serial)) u
JOIN movement m ON m.lot_id = u.lot_id AND m.serial = u.serial AND m.serial <> '' AND m.quantity > 0
JOIN place f ON f.id = m.from_place
JOIN place t ON t.id = m.to_place
LEFT JOIN stock_order o ON o.number = m.order_ref AND m.order_ref <> ''
ORDER BY m.occurred_at, m.id;

-- name: units_with_serial(serial, rows_max, rows_skipped)
-- Units with this serial, wherever they are. Index: position_serial.
SELECT l.id AS lot_id, i.name AS item, l.lot_number, b.serial, p.name AS place, p.kind AS place_kind
FROM position b
JOIN lot l ON l.id = b.lot_id
JOIN item i ON i.id = l.item_id
JOIN place p ON p.id = b.place_id
WHERE b.serial = :serial AND b.serial <> '' AND b.quantity > 0 AND p.kind NOT IN ('unpacking', 'count_difference')
ORDER BY i.name, l.lot_number, b.serial LIMIT :rows_max OFFSET :rows_skipped;

-- name: units_at(place_id, item_id, rows_max, rows_skipped)
-- Units that are with a customer, in a ward or in a place of the house. Index: position_place.
SELECT l.id AS lot_id, i.name AS item, l.lot_number, b.serial, p.name AS place, p.kind AS place_kind
FROM position b
JOIN lot l ON l.id = b.lot_id AND (:item_id::bigint IS NULL OR l.item_id = :item_id)
JOIN item i ON i.id = l.item_id
JOIN place p ON p.id = b.place_id
WHERE b.place_id = :place_id AND b.serial <> '' AND b.quantity > 0
ORDER BY i.name, l.lot_number, b.serial LIMIT :rows_max OFFSET :rows_skipped;

-- name: units_of_item(item_id, rows_max, rows_skipped)
-- Units of an item, wherever they are. Index: lot_item_id_lot_number_owner_key, position_pkey.
SELECT l.id AS lot_id, i.name AS item, l.lot_number, b.serial, p.name AS place, p.kind AS place_kind
FROM lot l
JOIN item i ON i.id = l.item_id
JOIN position b ON b.lot_id = l.id AND b.serial <> '' AND b.quantity > 0
JOIN place p ON p.id = b.place_id AND p.kind NOT IN ('unpacking', 'count_difference')
WHERE l.item_id = :item_id
ORDER BY l.lot_number, b.serial LIMIT :rows_max OFFSET :rows_skipped;

-- name: units_of_patient(reference, rows_max)
-- Units that a patient had: by what was recorded of the unit, and by orders for the patient. Index:
-- personal_data_prescription, unit_fact_patient, stock_order_patient, movement_order.
WITH tokens AS MATERIALIZED (
    SELECT token FROM personal_data WHERE field = 'prescription' AND value = :reference
), had AS (
    SELECT f.lot_id, f.serial FROM unit_fact f WHERE f.patient IN (SELECT token FROM tokens)
    UNION
    SELECT m.lot_id, m.serial
    FROM tokens t
    JOIN stock_order o ON o.patient_ref = t.token AND o.patient_ref <> ''
    JOIN movement m ON m.order_ref = o.number AND m.order_ref <> '' AND m.serial <> ''
    JOIN place p ON p.id = m.to_place AND p.kind IN ('customer', 'ward')
)
SELECT h.lot_id, i.name AS item, l.lot_number, h.serial, p.name AS place, p.kind AS place_kind
FROM had h
JOIN lot l ON l.id = h.lot_id
JOIN item i ON i.id = l.item_id
LEFT JOIN LATERAL (SELECT b.place_id FROM position b WHERE b.lot_id = h.lot_id AND b.serial = h.serial AND b.quantity > 0
                   ORDER BY b.place_id LIMIT 1) b ON true
LEFT JOIN place p ON p.id = b.place_id
ORDER BY i.name, l.lot_number, h.serial LIMIT :rows_max;

-- name: serviced_items()
-- Items with a plan of service.
SELECT DISTINCT item_id FROM service_plan;

-- name: serviced_units(item_ids, rows_max)
-- Units of these items that are not gone. Index: lot_item_id_lot_number_owner_key, position_pkey.
SELECT DISTINCT l.id AS lot_id, l.item_id, i.name AS item, l.lot_number, b.serial, p.name AS place
FROM lot l
JOIN item i ON i.id = l.item_id
JOIN position b ON b.lot_id = l.id AND b.serial <> '' AND b.quantity > 0
JOIN place p ON p.id = b.place_id AND p.kind IN ('site', 'room', 'bin', 'customer', 'ward', 'transit')
WHERE l.item_id = ANY(:item_ids)
ORDER BY i.name, l.lot_number, b.serial LIMIT :rows_max;

-- name: open_facts(kind, ending, rows_max, rows_skipped)
-- Loans or repairs that nobody has ended, the oldest first. Index: unit_fact_kind, unit_fact_ended.
SELECT f.id, f.lot_id, i.name AS item, l.lot_number, f.serial, f.at, f.data, f.reason, f.recorded_by
FROM unit_fact f
JOIN lot l ON l.id = f.lot_id
JOIN item i ON i.id = l.item_id
WHERE f.kind = :kind AND NOT EXISTS (SELECT FROM unit_fact e WHERE e.about = f.id AND e.kind = :ending)
ORDER BY f.at, f.id LIMIT :rows_max OFFSET :rows_skipped;

-- name: add_correction(item_id, title, reference, instructions, actor, at)$
-- A correction in the field.
INSERT INTO field_correction (item_id, title, reference, instructions, opened_by, opened_at)
VALUES (:item_id, :title, :reference, :instructions, :actor, :at) RETURNING id;

-- name: add_correction_units(correction_id, serials)!
-- The serials that it is about.
INSERT INTO field_correction_unit (correction_id, serial) SELECT DISTINCT :correction_id, unnest(:serials::text[]);

-- name: corrections(only_open, rows_max, rows_skipped)
-- Corrections, the newest first, with how many serials each names and how many were done.
SELECT c.id, i.name AS item, c.title, c.reference, c.instructions, c.opened_by, c.opened_at, c.closed_by, c.closed_at,
       c.closed_reason, (SELECT count(*) FROM field_correction_unit u WHERE u.correction_id = c.id) AS serials,
       (SELECT count(*) FROM unit_fact f WHERE f.kind = 'corrected' AND f.about = c.id) AS done
FROM field_correction c JOIN item i ON i.id = c.item_id
WHERE NOT :only_open OR c.closed_at IS NULL
ORDER BY c.id DESC LIMIT :rows_max OFFSET :rows_skipped;

-- name: correction_by_id(correction_id)^
-- One of them.
SELECT c.id, c.item_id, i.name AS item, c.title, c.reference, c.instructions, c.opened_by, c.opened_at, c.closed_by,
       c.closed_at, c.closed_reason, (SELECT count(*) FROM field_correction_unit u WHERE u.correction_id = c.id) AS serials,
       (SELECT count(*) FROM unit_fact f WHERE f.kind = 'corrected' AND f.about = c.id) AS done
FROM field_correction c JOIN item i ON i.id = c.item_id WHERE c.id = :correction_id;

-- name: correction_units(correction_id)
-- The serials of a correction with the units here that bear them, where each is and when it was done. Index:
-- position_serial, unit_fact_corrected.
SELECT u.serial, l.id AS lot_id, l.lot_number, p.name AS place, p.kind AS place_kind, d.at AS done_at, d.recorded_by AS done_by
FROM field_correction c
JOIN field_correction_unit u ON u.correction_id = c.id
LEFT JOIN LATERAL (
    SELECT DISTINCT ON (l.id) l.id, l.lot_number, b.place_id
    FROM position b JOIN lot l ON l.id = b.lot_id AND l.item_id = c.item_id
    WHERE b.serial = u.serial AND b.serial <> ''
    ORDER BY l.id, b.quantity DESC) l ON true
LEFT JOIN place p ON p.id = l.place_id
LEFT JOIN unit_fact d ON d.kind = 'corrected' AND d.about = c.id AND d.lot_id = l.id AND d.serial = u.serial
WHERE c.id = :correction_id
ORDER BY u.serial, l.id;

-- name: close_correction(correction_id, actor, at, reason)!
-- It is over.
UPDATE field_correction SET closed_by = :actor, closed_at = :at, closed_reason = :reason
WHERE id = :correction_id AND closed_at IS NULL;

-- name: documents_of_lots(lot_ids)
-- Documents on file about these lots.
SELECT d.id, d.kind, d.reference, d.sha256, d.valid_until, d.added_by, d.added_at FROM document d
WHERE d.lot_id = ANY(:lot_ids) ORDER BY d.id;

-- name: told_of_units(lot_ids, serials)
-- Transaction data that tell of these units, or of their whole lot without serials.
SELECT DISTINCT r.id, r.direction, p.name AS partner, r.reference, r.transaction_on, r.sha256, r.told_at
FROM (SELECT DISTINCT * FROM unnest(:lot_ids::bigint[], :serials::text[]) AS u (lot_id, serial)) u
JOIN movement m ON m.lot_id = u.lot_id AND m.serial = u.serial AND m.serial <> ''
JOIN transaction_movement tm ON tm.movement_id = m.id
JOIN transaction_record r ON r.id = tm.record_id AND r.voided_at IS NULL
JOIN place p ON p.id = r.partner_id
ORDER BY r.id;

-- name: open_case_of_fact(kind, key)
-- The open case of a repair or a failed service. Index: exception_case_key.
SELECT id FROM exception_case WHERE kind = :kind AND key = :key AND resolved_at IS NULL;
