-- Suspect and illegitimate product, and requests of regulators.

-- name: add_suspect(lot_id, serial, case_id, source, classification, description, opened_by, opened_at)$
-- Open a suspicion; gives its id.
INSERT INTO suspect_product (lot_id, serial, case_id, source, classification, description, opened_by, opened_at)
VALUES (:lot_id, :serial, :case_id, :source, :classification, :description, :opened_by, :opened_at)
RETURNING id;

-- name: open_suspect(lot_id, serial)$
-- The suspicion about a lot or serial that is open.
SELECT id FROM suspect_product
WHERE lot_id = :lot_id AND serial = :serial AND determination IS DISTINCT FROM 'cleared' AND terminated_at IS NULL;

-- name: suspects(only_open, rows_max, rows_skipped)
-- Suspicions, the newest first, with how many partners have still to be told.
SELECT s.*, i.name AS item, l.lot_number, l.owner, l.expires_on,
       (SELECT count(*) FROM partner_message m WHERE m.case_id = s.case_id AND m.sent_at IS NULL AND m.withdrawn_at IS NULL)
           AS partners_waiting
FROM suspect_product s JOIN lot l ON l.id = s.lot_id JOIN item i ON i.id = l.item_id
WHERE NOT :only_open OR (s.determination IS DISTINCT FROM 'cleared' AND s.terminated_at IS NULL)
ORDER BY s.id DESC LIMIT :rows_max OFFSET :rows_skipped;

-- name: suspect_by_id(suspect_id)^
-- One suspicion.
SELECT s.*, i.name AS item, i.ndc, i.base_unit, l.lot_number, l.owner, l.expires_on, l.item_id,
       (SELECT count(*) FROM partner_message m WHERE m.case_id = s.case_id AND m.sent_at IS NULL AND m.withdrawn_at IS NULL)
           AS partners_waiting
FROM suspect_product s JOIN lot l ON l.id = s.lot_id JOIN item i ON i.id = l.item_id
WHERE s.id = :suspect_id;

-- name: suspect_of_case(case_id)^
-- The suspicion that a case is about.
SELECT s.*, 0 AS partners_waiting FROM suspect_product s WHERE s.case_id = :case_id;

-- name: lock_suspect(suspect_id)^
-- One suspicion, to be changed by nobody else.
SELECT * FROM suspect_product WHERE id = :suspect_id FOR UPDATE;

-- name: determine(suspect_id, determination, determined_by, determined_at, determination_reason)!
-- What the investigation found.
UPDATE suspect_product
SET determination = :determination, determined_by = :determined_by, determined_at = :determined_at,
    determination_reason = :determination_reason
WHERE id = :suspect_id AND determination IS NULL;

-- name: note_fda(suspect_id, fda_notified_by, fda_notified_at, fda_notified_how, fda_incident)!
-- The FDA was told.
UPDATE suspect_product
SET fda_notified_by = :fda_notified_by, fda_notified_at = :fda_notified_at, fda_notified_how = :fda_notified_how,
    fda_incident = :fda_incident
WHERE id = :suspect_id AND determination = 'illegitimate' AND fda_notified_at IS NULL;

-- name: terminate(suspect_id, terminated_by, terminated_at, termination_reason)!
-- The notification is terminated, in agreement with the FDA.
UPDATE suspect_product SET terminated_by = :terminated_by, terminated_at = :terminated_at,
    termination_reason = :termination_reason
WHERE id = :suspect_id AND fda_notified_at IS NOT NULL AND terminated_at IS NULL;

-- name: traded_with(lot_id, serial)
-- Partners that a lot (or one serial of it) came from or went to, and how much of it they have.
SELECT p.id AS partner_id, p.name AS partner, p.kind, sum(b.quantity)::bigint AS quantity
FROM position b JOIN place p ON p.id = b.place_id AND p.kind IN ('supplier', 'customer')
WHERE b.lot_id = :lot_id AND (:serial = '' OR b.serial = :serial) AND b.quantity <> 0
GROUP BY p.id ORDER BY p.id;

-- name: on_hand(lot_id, serial)$
-- How much of a lot (or one serial of it) is in the house.
SELECT coalesce(sum(b.quantity), 0)::bigint FROM position b JOIN place p ON p.id = b.place_id AND p.kind IN ('site', 'room', 'bin')
WHERE b.lot_id = :lot_id AND (:serial = '' OR b.serial = :serial);

-------------------------------------------------------------------------------------------------------- requests

-- name: add_request(asked_by, reference, asked_at, due_at, gtin, item_id, lot_number, serial, recorded_by)$
-- Keep what a regulator asks.
INSERT INTO tracing_request (asked_by, reference, asked_at, due_at, gtin, item_id, lot_number, serial, recorded_by)
VALUES (:asked_by, :reference, :asked_at, :due_at, :gtin, :item_id, :lot_number, :serial, :recorded_by) RETURNING id;

-- name: request_by_id(request_id)^
-- One request.
SELECT r.*, i.name AS item FROM tracing_request r JOIN item i ON i.id = r.item_id WHERE r.id = :request_id;

-- name: requests(only_open, rows_max, rows_skipped)
-- Requests, the newest first.
SELECT r.*, i.name AS item FROM tracing_request r JOIN item i ON i.id = r.item_id
WHERE NOT :only_open OR r.answered_at IS NULL ORDER BY r.id DESC LIMIT :rows_max OFFSET :rows_skipped;

-- name: note_request_answered(request_id, answered_by, answered_at, answer_sha256)!
-- It was answered.
UPDATE tracing_request SET answered_by = :answered_by, answered_at = :answered_at, answer_sha256 = :answer_sha256
WHERE id = :request_id AND answered_at IS NULL;

-- name: item_of_gtin(gtin)^
-- The item with this GTIN.
SELECT i.id, i.name, i.title, i.ndc FROM item_gtin g JOIN item i ON i.id = g.item_id WHERE g.gtin = :gtin;

-- name: gtins_of_item(item_id)
-- Its GTINs.
SELECT gtin, base_units FROM item_gtin WHERE item_id = :item_id ORDER BY base_units, gtin;

-- name: records_about(item_id, lot_number, serial, rows_max)
-- Records that tell of an item, a lot of it, or one serial; also those that tell of the lot of a serial without serials.
SELECT DISTINCT r.id, r.direction, p.name AS partner, coalesce(t.business_name, p.title) AS partner_title, r.reference,
       r.order_ref, r.transaction_on, r.fault, r.faults, r.content, r.sha256, r.document_id, r.told_by, r.told_at,
       r.voided_at, r.voided_reason
FROM transaction_line l
JOIN transaction_record r ON r.id = l.record_id
JOIN place p ON p.id = r.partner_id
LEFT JOIN trading_partner t ON t.place_id = p.id
WHERE l.item_id = :item_id AND (:lot_number = '' OR l.lot_number = :lot_number)
  AND (:serial = ''
       OR EXISTS (SELECT FROM transaction_serial s WHERE (s.record_id, s.line, s.serial) = (l.record_id, l.line, :serial))
       OR (NOT EXISTS (SELECT FROM transaction_serial s WHERE (s.record_id, s.line) = (l.record_id, l.line))
           AND EXISTS (SELECT FROM position b JOIN lot o ON o.id = b.lot_id AND o.item_id = l.item_id
                           AND o.lot_number = l.lot_number WHERE b.serial = :serial AND b.serial <> '')))
ORDER BY r.id LIMIT :rows_max;

-- name: documents_of(document_ids)
-- The bytes as they came.
SELECT id, kind, media_type, content, sha256, told_by, received_at FROM interop_document WHERE id = ANY(:document_ids) ORDER BY id;

-- name: suspects_of(item_id, lot_number, serial)
-- Suspicions about an item, a lot of it, or one serial.
SELECT s.*, l.lot_number FROM lot l JOIN suspect_product s ON s.lot_id = l.id
WHERE l.item_id = :item_id AND (:lot_number = '' OR l.lot_number = :lot_number)
  AND (:serial = '' OR s.serial IN ('', :serial)) ORDER BY s.id;

-- name: moved_about(item_id, lot_number, serial, rows_max)
-- Movements between this house and its partners.
SELECT m.id, l.lot_number, m.serial, m.quantity, m.action, m.occurred_at, m.order_ref, f.name AS from_place, f.kind AS from_kind,
       t.name AS to_place, t.kind AS to_kind
FROM lot l
JOIN movement m ON m.lot_id = l.id
JOIN place f ON f.id = m.from_place JOIN place t ON t.id = m.to_place
WHERE l.item_id = :item_id AND (:lot_number = '' OR l.lot_number = :lot_number) AND (:serial = '' OR m.serial = :serial)
  AND (f.kind IN ('supplier', 'customer') OR t.kind IN ('supplier', 'customer'))
ORDER BY m.occurred_at, m.id LIMIT :rows_max;
