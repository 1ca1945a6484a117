-- Legal holds: what they are about may neither be erased nor thinned out.

-- name: ask_legal_hold(case_id, lot_id, item_id, reason, actor, at)$
-- It holds from now on; no row if there is one already. Index: legal_hold_open.
INSERT INTO legal_hold (case_id, lot_id, item_id, reason, asked_by, asked_at)
VALUES (:case_id, :lot_id, :item_id, :reason, :actor, :at)
ON CONFLICT (coalesce(case_id, 0), coalesce(lot_id, 0), coalesce(item_id, 0))
    WHERE lifted_at IS NULL AND decision IS DISTINCT FROM 'rejected' DO NOTHING
RETURNING id;

-- name: lock_legal_hold(id)^
-- One legal hold, nobody else's until the end of the transaction.
SELECT * FROM legal_hold WHERE id = :id FOR UPDATE;

-- name: legal_holds(only_open, rows_max, rows_skipped)
-- Legal holds with what they are about, the newest first. Index: lot_pkey, item_pkey.
SELECT h.*, l.lot_number, coalesce(i.name, li.name) AS item, k.text AS case_text
FROM legal_hold h
LEFT JOIN lot l ON l.id = h.lot_id
LEFT JOIN item li ON li.id = l.item_id
LEFT JOIN item i ON i.id = h.item_id
LEFT JOIN exception_case k ON k.id = h.case_id
WHERE NOT :only_open OR h.lifted_at IS NULL AND h.decision IS DISTINCT FROM 'rejected'
ORDER BY h.id DESC LIMIT :rows_max OFFSET :rows_skipped;

-- name: decide_legal_hold(id, decision, actor, at, reason)!
-- Approve or reject.
UPDATE legal_hold SET decision = :decision, decided_by = :actor, decided_at = :at, decision_reason = :reason WHERE id = :id;

-- name: ask_lift(id, actor, at, reason)!
-- Somebody asks for its end.
UPDATE legal_hold SET lift_asked_by = :actor, lift_asked_at = :at, lift_reason = :reason WHERE id = :id;

-- name: lift_legal_hold(id, actor, at)!
-- Another one agreed.
UPDATE legal_hold SET lifted_by = :actor, lifted_at = :at WHERE id = :id;

-- name: holds_about_person(person)
-- Legal holds on what a person acted on, signed or moved: their name belongs to it. Asked when somebody is erased.
WITH goods AS (
    SELECT h.id, l.id AS lot_id FROM legal_hold_now h JOIN lot l ON l.id = h.lot_id OR l.item_id = h.item_id
), about AS (
    SELECT id, 'lot:' || lot_id AS subject FROM goods
    UNION ALL SELECT g.id, 'hold:' || o.id FROM goods g JOIN hold o ON o.lot_id = g.lot_id
    UNION ALL SELECT id, 'case:' || case_id FROM legal_hold_now WHERE case_id IS NOT NULL
    UNION ALL SELECT id, 'legal_hold:' || id FROM legal_hold_now
    UNION ALL SELECT g.id, 'exposure:' || x.excursion_id || ':' || x.lot_id FROM goods g JOIN exposure x USING (lot_id)
)
SELECT h.id, h.reason
FROM legal_hold_now h
WHERE EXISTS (SELECT FROM about a JOIN event e ON e.subject = a.subject
              WHERE a.id = h.id AND person_of(e.actor) = :person)
   OR EXISTS (SELECT FROM about a JOIN signature s ON s.record_kind || ':' || s.record_id = a.subject
              WHERE a.id = h.id AND s.person = :person)
   OR EXISTS (SELECT FROM goods g JOIN movement m ON m.lot_id = g.lot_id WHERE g.id = h.id AND m.operator = :person)
ORDER BY h.id;

-- name: holds_about_prescription(token, value)
-- Legal holds on goods that an order or batch for a prescription is about. Asked when a prescription is erased.
WITH goods AS (
    SELECT h.id, l.id AS lot_id, l.item_id FROM legal_hold_now h JOIN lot l ON l.id = h.lot_id OR l.item_id = h.item_id
)
SELECT DISTINCT h.id, h.reason
FROM goods g JOIN legal_hold_now h ON h.id = g.id
WHERE EXISTS (SELECT FROM stock_order o JOIN order_line n ON n.order_id = o.id
              WHERE o.patient_ref = :token
                AND (n.item_id = h.item_id
                     OR EXISTS (SELECT FROM movement m WHERE m.order_ref = o.number AND m.lot_id = g.lot_id)
                     OR EXISTS (SELECT FROM reservation r WHERE r.demand = o.number AND r.lot_id = g.lot_id)))
   OR EXISTS (SELECT FROM production_batch b JOIN movement m ON b.place_id IN (m.from_place, m.to_place)
              WHERE b.prescription IN (:token, :value) AND m.lot_id = g.lot_id)
   OR EXISTS (SELECT FROM unit_fact f WHERE f.patient = :token AND f.lot_id = g.lot_id)
ORDER BY h.id;

-- name: prescription_last_named_at(token, value)$
-- When an order, a batch or a unit last named a prescription or patient. Index: stock_order_patient,
-- production_batch_prescription, unit_fact_patient.
SELECT greatest((SELECT max(o.requested_at) FROM stock_order o WHERE o.patient_ref = :token AND o.patient_ref <> ''),
                (SELECT max(b.planned_at) FROM production_batch b WHERE b.prescription IN (:token, :value) AND b.prescription <> ''),
                (SELECT max(f.recorded_at) FROM unit_fact f WHERE f.patient = :token));

-- name: legal_holds_open()$
-- How many there are.
SELECT count(*) FROM legal_hold_now;
