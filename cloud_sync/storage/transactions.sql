-- Transaction information and statements (DSCSA): what was told with shipments and receipts, and messages to partners.

-- name: traced_items(item_ids)
-- Those of these items that are products under the act, with what is told of them.
SELECT t.*, i.name AS item, i.title, i.ndc, i.base_unit,
       (SELECT g.gtin FROM item_gtin g WHERE g.item_id = i.id ORDER BY g.base_units = t.container_units DESC, g.gtin LIMIT 1)
           AS gtin
FROM traced_product t JOIN item i ON i.id = t.item_id
WHERE t.item_id = ANY(:item_ids);

-- name: keep_traced(item_id, product_name, ingredients, strength, dosage_form, container_size, container_units, set_by)!
-- Say that an item is a product under the act, and what is told of it.
INSERT INTO traced_product (item_id, product_name, ingredients, strength, dosage_form, container_size, container_units, set_by)
VALUES (:item_id, :product_name, :ingredients, :strength, :dosage_form, :container_size, :container_units, :set_by)
ON CONFLICT (item_id) DO UPDATE
SET product_name = excluded.product_name, ingredients = excluded.ingredients, strength = excluded.strength,
    dosage_form = excluded.dosage_form, container_size = excluded.container_size,
    container_units = excluded.container_units, set_by = excluded.set_by;

-- name: traced_products(rows_max, rows_skipped)
-- Items that are products under the act.
SELECT i.name AS item, i.title, i.ndc, t.product_name, t.ingredients, t.strength, t.dosage_form, t.container_size,
       t.container_units, t.set_by
FROM traced_product t JOIN item i ON i.id = t.item_id
ORDER BY i.name LIMIT :rows_max OFFSET :rows_skipped;

-- name: forget_traced(item_id)!
-- Say that an item is no product under the act.
DELETE FROM traced_product WHERE item_id = :item_id;

-- name: items_by_code(gtins, ndcs)
-- Items by the GTIN on their label or by their NDC; units: base units behind that GTIN.
SELECT g.gtin, '' AS ndc, g.item_id, g.base_units FROM item_gtin g WHERE g.gtin = ANY(:gtins)
UNION ALL
SELECT '', i.ndc, i.id, NULL FROM item i WHERE i.ndc <> '' AND i.ndc = ANY(:ndcs);

-- name: add_record(direction, partner_id, reference, order_ref, transaction_on, content, sha256, fault, faults, document_id, told_by, told_at)^
-- Keep what was told; no row if the very same was told before.
INSERT INTO transaction_record (direction, partner_id, reference, order_ref, transaction_on, content, sha256, fault, faults,
                                document_id, told_by, told_at)
VALUES (:direction, :partner_id, :reference, :order_ref, :transaction_on, :content, :sha256, :fault, :faults::text[],
        :document_id, :told_by, :told_at)
ON CONFLICT (direction, partner_id, sha256) DO NOTHING
RETURNING id;

-- name: record_by_sha(direction, partner_id, sha256)$
-- The record with this content.
SELECT id FROM transaction_record WHERE (direction, partner_id, sha256) = (:direction, :partner_id, :sha256);

-- name: add_lines(transaction_id, lines, item_ids, gtins, ndcs, lot_numbers, quantities)!
-- The lines of a record.
INSERT INTO transaction_line (record_id, line, item_id, gtin, ndc, lot_number, quantity)
SELECT :transaction_id, l.* FROM unnest(:lines::int[], :item_ids::bigint[], :gtins::text[], :ndcs::text[], :lot_numbers::text[],
                                  :quantities::bigint[]) AS l;

-- name: add_serials(transaction_id, lines, serials)!
-- The serials of its lines.
INSERT INTO transaction_serial (record_id, line, serial)
SELECT :transaction_id, s.* FROM unnest(:lines::int[], :serials::text[]) AS s;

-- name: told_before(partner_id, reference, transaction_id, item_ids, serials)
-- Records that count and tell what this one tells: under the same reference, or the same serials of the same items.
SELECT r.id, r.reference FROM transaction_record r
WHERE r.partner_id = :partner_id AND r.direction = 'in' AND r.reference = :reference AND r.id <> :transaction_id
  AND r.fault IS NULL AND r.voided_at IS NULL
UNION
SELECT r.id, r.reference
FROM unnest(:item_ids::bigint[], :serials::text[]) AS w (item_id, serial)
JOIN transaction_serial s ON s.serial = w.serial
JOIN transaction_line l ON (l.record_id, l.line) = (s.record_id, s.line) AND l.item_id = w.item_id
JOIN transaction_record r ON r.id = s.record_id AND r.id <> :transaction_id AND r.partner_id = :partner_id
    AND r.direction = 'in' AND r.fault IS NULL AND r.voided_at IS NULL
ORDER BY 1;

-- name: judge_record(transaction_id, fault, faults)!
-- Why a record does not count, or that it does.
UPDATE transaction_record SET fault = :fault, faults = :faults::text[] WHERE id = :transaction_id;

-- name: told_twice(partner_id)
-- Records of a partner that do not count because others told the same. Index: transaction_record_partner.
SELECT id, reference FROM transaction_record
WHERE partner_id = :partner_id AND direction = 'in' AND fault = 'duplicate_data' AND voided_at IS NULL ORDER BY id;

-- name: record_by_id(transaction_id)^
-- One record.
SELECT r.*, p.name AS partner, p.kind AS partner_kind, coalesce(t.business_name, p.title) AS partner_title
FROM transaction_record r JOIN place p ON p.id = r.partner_id
LEFT JOIN trading_partner t ON t.place_id = r.partner_id
WHERE r.id = :transaction_id;

-- name: lock_record(transaction_id)^
-- One record, to be changed by nobody else.
SELECT * FROM transaction_record WHERE id = :transaction_id FOR UPDATE;

-- name: finish_record(transaction_id, finished_by, finished_at)!
-- The receipt of it is over.
UPDATE transaction_record SET finished_by = :finished_by, finished_at = :finished_at
WHERE id = :transaction_id AND finished_at IS NULL;

-- name: void_record(transaction_id, voided_by, voided_at, voided_reason)!
-- It is withdrawn.
UPDATE transaction_record SET voided_by = :voided_by, voided_at = :voided_at, voided_reason = :voided_reason
WHERE id = :transaction_id AND voided_at IS NULL;

-- name: lines_of(transaction_id)
-- Its lines, with the lots here that they are about, and how much of each came from (or went to) the partner.
SELECT l.line, l.item_id, i.name AS item, l.gtin, l.ndc, l.lot_number, l.quantity,
       (SELECT max(o.id) FROM lot o WHERE o.item_id = l.item_id AND o.lot_number = l.lot_number) AS lot_id,
       (SELECT count(*) FROM transaction_serial s WHERE (s.record_id, s.line) = (l.record_id, l.line)) AS serials,
       (SELECT coalesce(sum(m.quantity), 0) FROM transaction_movement t JOIN movement m ON m.id = t.movement_id
        WHERE (t.record_id, t.line) = (l.record_id, l.line)) AS moved
FROM transaction_line l LEFT JOIN item i ON i.id = l.item_id
WHERE l.record_id = :transaction_id ORDER BY l.line;

-- name: moved_of(transaction_id)
-- The movements that a record is about.
SELECT DISTINCT movement_id FROM transaction_movement WHERE record_id = :transaction_id ORDER BY 1;

-- name: records(direction, partner, order_ref, only_open, rows_max, rows_skipped)
-- What was told, the newest first. only_open: what came in and is neither finished nor voided.
SELECT r.id, r.direction, p.name AS partner, coalesce(t.business_name, p.title) AS partner_title, r.reference, r.order_ref,
       r.transaction_on, r.fault, r.faults, r.told_by, r.told_at, r.finished_at, r.voided_at, r.sha256,
       (SELECT count(*) FROM transaction_line l WHERE l.record_id = r.id) AS lines,
       (SELECT count(*) FROM transaction_serial s WHERE s.record_id = r.id) AS serials
FROM transaction_record r JOIN place p ON p.id = r.partner_id LEFT JOIN trading_partner t ON t.place_id = p.id
WHERE (:direction::text IS NULL OR r.direction = :direction) AND (:partner::text IS NULL OR p.name = :partner)
  AND (:order_ref::text IS NULL OR r.order_ref = :order_ref)
  AND (NOT :only_open OR (r.direction = 'in' AND r.finished_at IS NULL AND r.voided_at IS NULL))
ORDER BY r.told_at DESC, r.id DESC LIMIT :rows_max OFFSET :rows_skipped;

-- name: told_lots(supplier_id, item_ids, lot_numbers)
-- What a supplier told of these lots, and of any lots of these items in records that are not finished; by why it does not
-- count (null: it counts).
SELECT l.item_id, l.lot_number, r.fault, sum(l.quantity)::bigint AS quantity,
       bool_and(r.finished_at IS NOT NULL) AS is_finished, array_agg(DISTINCT r.reference) AS refs
FROM transaction_line l
JOIN transaction_record r ON r.id = l.record_id AND r.direction = 'in' AND r.voided_at IS NULL
    AND r.partner_id = :supplier_id
WHERE l.item_id = ANY(:item_ids) AND (l.lot_number = ANY(:lot_numbers) OR r.finished_at IS NULL)
GROUP BY 1, 2, 3;

-- name: told_lot_serials(supplier_id, item_ids, lot_numbers)
-- The serials that a supplier told of these lots.
SELECT DISTINCT l.item_id, l.lot_number, r.fault, s.serial
FROM transaction_line l
JOIN transaction_record r ON r.id = l.record_id AND r.direction = 'in' AND r.voided_at IS NULL
    AND r.partner_id = :supplier_id
JOIN transaction_serial s ON (s.record_id, s.line) = (l.record_id, l.line)
WHERE l.item_id = ANY(:item_ids) AND l.lot_number = ANY(:lot_numbers);

-- name: came_lots(supplier_id, item_ids, lot_numbers)
-- What came of these lots from a supplier, less what went back, by lot and serial: the balance of the supplier, turned round.
SELECT l.id AS lot_id, l.item_id, l.lot_number, b.serial, -b.quantity AS quantity
FROM unnest(:item_ids::bigint[]) AS i (id)
CROSS JOIN unnest(:lot_numbers::text[]) AS n (lot_number)
JOIN lot l ON l.item_id = i.id AND l.lot_number = n.lot_number
JOIN position b ON b.lot_id = l.id AND b.place_id = :supplier_id
WHERE b.quantity <> 0
ORDER BY l.id;

-- name: open_mismatches(supplier_id, item_ids)
-- Open cases about what this supplier told and what came, of these items. Index: exception_case_open.
SELECT id, key, text, data, lot_id FROM exception_case
WHERE kind = 'transaction_mismatch' AND resolved_at IS NULL AND data ->> 'supplier_id' = :supplier_id::bigint::text
  AND data ->> 'item_id' = ANY(ARRAY(SELECT i::text FROM unnest(:item_ids::bigint[]) AS i))
FOR UPDATE;

-- name: serials_held(case_id)
-- The serials that open holds of a case are on.
SELECT id, lot_id, serial FROM hold WHERE case_id = :case_id AND lifted_at IS NULL AND serial IS NOT NULL;

-- name: link_received(supplier_id, item_ids, lot_numbers)!
-- Link receipts from a supplier to the lines that tell of them.
INSERT INTO transaction_movement (movement_id, record_id, line)
SELECT m.id, t.record_id, t.line
FROM unnest(:item_ids::bigint[]) AS i (id)
CROSS JOIN unnest(:lot_numbers::text[]) AS n (lot_number)
JOIN lot l ON l.item_id = i.id AND l.lot_number = n.lot_number
JOIN movement m ON m.lot_id = l.id AND m.from_place = :supplier_id
JOIN transaction_line t ON t.item_id = l.item_id AND t.lot_number = l.lot_number
JOIN transaction_record r ON r.id = t.record_id AND r.direction = 'in' AND r.voided_at IS NULL AND r.partner_id = :supplier_id
    AND (r.order_ref = '' OR m.order_ref = '' OR r.order_ref = m.order_ref)
WHERE m.serial = '' OR NOT EXISTS (SELECT FROM transaction_serial s WHERE (s.record_id, s.line) = (t.record_id, t.line))
   OR EXISTS (SELECT FROM transaction_serial s
              WHERE (s.record_id, s.line, s.serial) = (t.record_id, t.line, m.serial))
ON CONFLICT DO NOTHING;

-- name: link_shipped(facts, transaction_id, lines)!
-- Link shipments to the lines that were told of them.
INSERT INTO transaction_movement (movement_id, record_id, line)
SELECT m.id, :transaction_id, w.line
FROM unnest(:facts::text[], :lines::int[]) AS w (fact, line) JOIN movement m ON m.fact = w.fact
ON CONFLICT DO NOTHING;

-- name: facts_of_lots(lot_ids)
-- What is told of lots.
SELECT l.id, l.item_id, l.lot_number, l.expires_on, l.owner, i.name AS item
FROM lot l JOIN item i ON i.id = l.item_id WHERE l.id = ANY(:lot_ids);

-- name: untold_lots(lot_ids)
-- Those of these lots that came from a supplier, and of which no data count.
SELECT l.id FROM lot l
WHERE l.id = ANY(:lot_ids)
  AND EXISTS (SELECT FROM position b JOIN place p ON p.id = b.place_id AND p.kind = 'supplier'
              WHERE b.lot_id = l.id AND b.quantity < 0)
  AND NOT EXISTS (SELECT FROM transaction_line t JOIN transaction_record r ON r.id = t.record_id
                  WHERE t.item_id = l.item_id AND t.lot_number = l.lot_number AND r.direction = 'in'
                    AND r.fault IS NULL AND r.voided_at IS NULL);

-- name: counted_away(lot_ids)
-- How much of these lots approved counts missed (below 0: found), who brought them, and when the last of it came.
SELECT l.id AS lot_id, l.item_id, l.lot_number, i.name AS item, p.id AS supplier_id, p.name AS supplier,
       coalesce((SELECT sum(b.quantity) FROM position b JOIN place d ON d.id = b.place_id AND d.kind = 'count_difference'
                 WHERE b.lot_id = l.id), 0)::bigint AS missing,
       (SELECT max(m.occurred_at) FROM movement m WHERE m.lot_id = l.id AND m.from_place = p.id) AS came_at
FROM lot l
JOIN item i ON i.id = l.item_id
JOIN traced_product t ON t.item_id = l.item_id
JOIN LATERAL (SELECT b.place_id FROM position b JOIN place s ON s.id = b.place_id AND s.kind = 'supplier'
              WHERE b.lot_id = l.id AND b.quantity < 0 ORDER BY b.quantity, b.place_id LIMIT 1) came ON true
JOIN place p ON p.id = came.place_id
WHERE l.id = ANY(:lot_ids);

-- name: told_serials(item_id, lot_number)
-- The serials that anybody told of a lot, in data that count.
SELECT DISTINCT s.serial
FROM transaction_line l
JOIN transaction_record r ON r.id = l.record_id AND r.direction = 'in' AND r.fault IS NULL AND r.voided_at IS NULL
JOIN transaction_serial s ON (s.record_id, s.line) = (l.record_id, l.line)
WHERE l.item_id = :item_id AND l.lot_number = :lot_number;

-- name: unfinished_since(before, rows_max)
-- Data that came in so long ago and whose receipt nobody has finished. Index: transaction_record_unfinished.
SELECT r.id, p.name AS partner, r.reference, r.order_ref, r.told_at
FROM transaction_record r JOIN place p ON p.id = r.partner_id
WHERE r.direction = 'in' AND r.finished_at IS NULL AND r.voided_at IS NULL AND r.told_at < :before
ORDER BY r.told_at LIMIT :rows_max;

---------------------------------------------------------------------------------------------------------- messages

-- name: add_message(partner_id, kind, case_id, subject, body, data, made_at, due_at)$
-- A message to a partner; no row if there is one of this kind about this case.
INSERT INTO partner_message (partner_id, kind, case_id, subject, body, data, made_at, due_at)
VALUES (:partner_id, :kind, :case_id, :subject, :body, :data, :made_at, :due_at)
ON CONFLICT (case_id, partner_id, kind) WHERE withdrawn_at IS NULL DO NOTHING
RETURNING id;

-- name: withdraw_messages(case_id)!
-- What was not sent about a case is not needed any more.
UPDATE partner_message SET withdrawn_at = clock_timestamp()
WHERE case_id = :case_id AND sent_at IS NULL AND withdrawn_at IS NULL;

-- name: messages(partner, only_waiting, case_id, rows_max, rows_skipped)
-- Messages to partners, the newest first.
SELECT m.*, p.name AS partner, coalesce(t.business_name, p.title) AS partner_title, t.email
FROM partner_message m JOIN place p ON p.id = m.partner_id LEFT JOIN trading_partner t ON t.place_id = p.id
WHERE (:partner::text IS NULL OR p.name = :partner) AND (:case_id::bigint IS NULL OR m.case_id = :case_id)
  AND (NOT :only_waiting OR (m.sent_at IS NULL AND m.withdrawn_at IS NULL))
ORDER BY m.id DESC LIMIT :rows_max OFFSET :rows_skipped;

-- name: message_by_id(message_id)^
-- One message.
SELECT m.*, p.name AS partner, coalesce(t.business_name, p.title) AS partner_title, t.email
FROM partner_message m JOIN place p ON p.id = m.partner_id LEFT JOIN trading_partner t ON t.place_id = p.id
WHERE m.id = :message_id;

-- name: note_sent(message_id, sent_by, sent_at, sent_how)!
-- It was sent.
UPDATE partner_message SET sent_by = :sent_by, sent_at = :sent_at, sent_how = :sent_how
WHERE id = :message_id AND sent_at IS NULL AND withdrawn_at IS NULL;

-- name: note_answered(message_id, answered_by, answered_at, answer)!
-- It was answered.
UPDATE partner_message SET answered_by = :answered_by, answered_at = :answered_at, answer = :answer
WHERE id = :message_id AND sent_at IS NOT NULL AND answered_at IS NULL;
