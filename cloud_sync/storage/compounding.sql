-- name: set_compounded(item_id, kind)!
-- Say under which section an item is compounded; no row if it was said before.
UPDATE item SET compounding = :kind WHERE id = :item_id AND compounding = '';

-- name: compounded(item_id)$
-- Under which section an item is compounded, null if it is not.
SELECT nullif(compounding, '') FROM item WHERE id = :item_id;

-- name: lock_master_record_name(name)!
-- One draft at a time for each name.
SELECT pg_advisory_xact_lock(x'464F524D'::int, hashtext(:name));

-- name: add_master_record(name, item_id, body, drafted_by)$
-- The next version of a master formulation record; gives it.
INSERT INTO master_formulation_record (name, version, item_id, body, drafted_by)
SELECT :name, coalesce(max(version), 0) + 1, :item_id, :body, :drafted_by
FROM master_formulation_record WHERE name = :name
RETURNING version;

-- name: master_record(name, version)^
-- One version of a master formulation record.
SELECT f.id, f.name, f.version, i.name AS item, f.item_id, i.compounding AS kind, f.body, f.drafted_by, f.drafted_at, f.approved_by,
       f.approved_at
FROM master_formulation_record f JOIN item i ON i.id = f.item_id
WHERE f.name = :name AND f.version = :version;

-- name: master_records(name, rows_max, rows_skipped)
-- Master formulation records, the newest version first.
SELECT f.name, f.version, i.name AS item, i.compounding AS kind, f.body, f.drafted_by, f.drafted_at, f.approved_by, f.approved_at
FROM master_formulation_record f JOIN item i ON i.id = f.item_id
WHERE :name::text IS NULL OR f.name = :name
ORDER BY f.name, f.version DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: newest_approved(name)$
-- The newest approved version of a master formulation record.
SELECT max(version) FROM master_formulation_record WHERE name = :name AND approved_by IS NOT NULL;

-- name: approve_master_record(id, approved_by)!
-- Approve a version for use.
UPDATE master_formulation_record SET approved_by = :approved_by, approved_at = clock_timestamp() WHERE id = :id AND approved_by IS NULL;

-- name: add_batch(place_id, master_formulation_record_id, quantity, prescription, owner, planned_by)$
-- Plan a batch.
INSERT INTO production_batch (place_id, master_formulation_record_id, quantity, prescription, owner, planned_by)
VALUES (:place_id, :master_formulation_record_id, :quantity, :prescription, :owner, :planned_by)
RETURNING id;

-- name: batch(number)^
-- One batch by the name of its place.
SELECT b.id, p.name AS number, b.place_id, p.ancestors, p.zone, up.name AS room, b.quantity, personal(b.prescription) AS prescription, b.owner,
       b.planned_by, b.planned_at, f.name AS master_formulation_record, f.version, f.item_id, i.name AS item, i.compounding AS kind, f.body
FROM place p
JOIN production_batch b ON b.place_id = p.id
JOIN master_formulation_record f ON f.id = b.master_formulation_record_id
JOIN item i ON i.id = f.item_id
LEFT JOIN place up ON up.id = p.parent_id
WHERE p.name = :number;

-- name: lock_batch(batch_id)!
-- One at a time writes into a batch record. Taken before all other locks.
SELECT FROM production_batch WHERE id = :batch_id FOR UPDATE;

-- name: batches(rows_max, rows_skipped)
-- Batch numbers, the newest first.
SELECT p.name AS number FROM production_batch b JOIN place p ON p.id = b.place_id
ORDER BY b.id DESC LIMIT :rows_max OFFSET :rows_skipped;

-- name: add_fact(batch_id, kind, actor, occurred_at, data, event_id)!
-- Write into the batch record.
INSERT INTO batch_fact (batch_id, kind, actor, occurred_at, data, event_id)
VALUES (:batch_id, :kind, :actor, :occurred_at, :data, :event_id);

-- name: facts(batch_id)
-- The batch record beside the movements.
SELECT kind, actor, occurred_at, data FROM batch_fact WHERE batch_id = :batch_id ORDER BY id;

-- name: components(place_id)
-- What went into a batch, lot by lot, and what became of it. Index: movement_to_place, movement_out.
SELECT i.name AS item, l.id AS lot_id, l.lot_number, l.expires_on, l.expires_hour, l.expires_exactly,
       expires_at(l.expires_on, l.expires_hour, l.expires_exactly, min(here.zone)) AS expires_at, i.expiry_required,
       sum(m.quantity)::bigint AS consumed, min(m.occurred_at) AS first_at,
       array_agg(DISTINCT m.operator) AS operators,
       coalesce(max(back.returned), 0)::bigint AS returned, coalesce(max(back.scrapped), 0)::bigint AS scrapped,
       coalesce(max(back.used), 0)::bigint AS used
FROM movement m
JOIN lot l ON l.id = m.lot_id
JOIN item i ON i.id = l.item_id
JOIN place here ON here.id = m.to_place
CROSS JOIN LATERAL (
    SELECT sum(out.quantity) FILTER (WHERE p.kind NOT IN ('scrap', 'used_up')) AS returned,
           sum(out.quantity) FILTER (WHERE p.kind = 'scrap') AS scrapped,
           sum(out.quantity) FILTER (WHERE p.kind = 'used_up') AS used
    FROM movement out JOIN place p ON p.id = out.to_place
    WHERE out.lot_id = m.lot_id AND out.from_place = m.to_place
) AS back
WHERE m.to_place = :place_id
GROUP BY i.id, l.id
ORDER BY i.name, l.id;

-- name: left_in_batch(place_id)
-- What is still in a batch, lot by lot and serial by serial. Index: position_place.
SELECT lot_id, serial, quantity FROM position WHERE place_id = :place_id AND quantity > 0 ORDER BY lot_id, serial;

-- name: products(batch_id, place_id)
-- What came out of a batch, lot by lot. Index: movement_from_place.
SELECT l.id AS lot_id, l.lot_number, l.expires_on,
       expires_at(l.expires_on, l.expires_hour, l.expires_exactly, min(here.zone)) AS expires_at, sum(m.quantity)::bigint AS quantity, max(m.occurred_at) AS last_at,
       array_agg(DISTINCT m.operator) AS operators
FROM batch_product product
JOIN lot l ON l.id = product.lot_id
JOIN movement m ON m.lot_id = l.id AND m.from_place = :place_id
JOIN place here ON here.id = m.from_place
WHERE product.batch_id = :batch_id
GROUP BY l.id
ORDER BY l.id;

-- name: holds_on_batch(lot_ids, place_id, is_decided)
-- What blocks a batch other than that it is not released: on its products anywhere, on its ingredients in it, and until it
-- is decided also on its ingredients as such.
WITH concerned (lot_id, is_product) AS (
    SELECT unnest(:lot_ids::bigint[]), true
    UNION
    SELECT m.lot_id, false FROM movement m WHERE m.to_place = :place_id
)
SELECT DISTINCT l.lot_number || ': ' || h.text AS text
FROM concerned c
JOIN lot l ON l.id = c.lot_id
CROSS JOIN LATERAL (SELECT n.kind, n.place_id, n.text, n.hold_id FROM active_hold n WHERE n.lot_id = c.lot_id OFFSET 0) AS h
WHERE h.kind NOT IN ('unreleased', 'patient')
  -- Samples of a study are held as such, wherever they are.
  AND NOT EXISTS (SELECT FROM hold s WHERE s.id = h.hold_id AND s.origin = 'stability')
  AND (c.is_product
       OR hold_covers(h.place_id, :place_id)
          AND (h.place_id IS NOT NULL OR NOT :is_decided))
ORDER BY 1;

-- name: policies_above(ancestors)$
-- Whether anybody watches any of these places.
SELECT EXISTS (SELECT FROM place WHERE id = ANY(:ancestors) AND policy IS NOT NULL);

-- name: channels_around(ancestors, room_id, began_at, ended_at)
-- The channels in a room, above and below it meanwhile.
SELECT DISTINCT s.channel_id AS id
FROM channel_stay s JOIN place p ON p.id = s.place_id
WHERE (p.id = ANY(:ancestors::bigint[]) OR p.ancestors @> ARRAY[:room_id::bigint])
  AND s.since <= :ended_at AND s.until > :began_at;

-- name: environment(ancestors, room_id, began_at, ended_at)
-- What the channels in a room, above and below it measured meanwhile. Index: reading_channel_at.
SELECT g.name AS gateway, c.device, c.metric, p.name AS place, r.readings, r.lowest, r.mean, r.highest, r.first_at,
       r.last_at
FROM channel_stay s
JOIN channel c ON c.id = s.channel_id
JOIN gateway g ON g.id = c.gateway_id
JOIN place p ON p.id = s.place_id
CROSS JOIN LATERAL (
    SELECT count(*) AS readings, min(value) AS lowest, avg(value) AS mean, max(value) AS highest, min(at) AS first_at,
           max(at) AS last_at
    FROM reading
    WHERE channel_id = c.id AND at >= greatest(s.since, :began_at) AND at <= :ended_at AND at < s.until
) AS r
WHERE (p.id = ANY(:ancestors::bigint[]) OR p.ancestors @> ARRAY[:room_id::bigint])
  AND s.since <= :ended_at AND s.until > :began_at
ORDER BY g.name, c.device, c.metric, s.since;

-- name: excursions_during(ancestors, began_at, ended_at)
-- Excursions that covered a place meanwhile. Index: excursion_place.
SELECT e.id, c.device, c.metric, p.name AS place, e.rule, e.began_at, e.ended_at, e.worst
FROM excursion e
JOIN channel c ON c.id = e.channel_id
JOIN place p ON p.id = e.place_id
WHERE e.place_id = ANY(:ancestors) AND e.began_at <= :ended_at AND coalesce(e.ended_at, 'infinity') > :began_at
ORDER BY e.began_at, e.id;

-- name: limit_expiry(lot_id, expires_on, expires_hour, expires_exactly, zone)!
-- The beyond-use date of a lot that is made where this zone counts; never a later one than it has.
UPDATE lot l SET expires_on = :expires_on, expires_hour = :expires_hour, expires_exactly = :expires_exactly
WHERE id = :lot_id
  AND (l.expires_on IS NULL
       OR expires_at(l.expires_on, l.expires_hour, l.expires_exactly, :zone)
          > expires_at(:expires_on, :expires_hour, :expires_exactly, :zone));

-- name: prescription_of(demand)
-- The prescription that a demand is for: that of the order of this number, or it is one that something was made for; ''.
-- Index: stock_order_number_key, production_batch_prescription.
SELECT coalesce(
    (SELECT personal(o.patient_ref) FROM stock_order o
     WHERE o.number = :demand AND o.kind = 'requisition' AND o.patient_ref <> ''),
    (SELECT :demand FROM production_batch b
     WHERE b.prescription = ANY(prescription_names(:demand)) AND b.prescription <> '' LIMIT 1),
    '') AS prescription;

-- name: prescriptions_of_lots(lot_ids, dispensed_for)
-- Which of these lots were made for one prescription alone, and whether dispensed_for is it, or an order with it.
SELECT l.lot_number, personal(b.prescription) AS prescription,
       prescription_key(b.prescription) = :dispensed_for
       OR EXISTS (SELECT FROM stock_order o
                  WHERE o.number = :dispensed_for AND prescription_key(o.patient_ref) = prescription_key(b.prescription)) AS is_for_it
FROM batch_product product
JOIN production_batch b ON b.id = product.batch_id AND b.prescription <> ''
JOIN lot l ON l.id = product.lot_id
WHERE product.lot_id = ANY(:lot_ids)
ORDER BY l.id;
