-- The chain of custody of a lot or a unit, from its maker to here.

-- name: custody_of_lot(lot_id, serial, rows_max)
-- Every change of custody of a lot ('' as serial) or of one unit: between a partner and the house, between sites, into and
-- out of production; for a unit each of its movements, and those of its lot before it had a serial. Index: movement_in,
-- movement_out.
SELECT m.occurred_at AS at, m.action, m.serial, sum(m.quantity)::bigint AS quantity, f.name AS from_place,
       f.title AS from_title, f.kind AS from_kind, t.name AS to_place, t.title AS to_title, t.kind AS to_kind,
       m.operator, m.order_ref, min(m.fact) AS fact
FROM movement m
JOIN place f ON f.id = m.from_place
JOIN place t ON t.id = m.to_place
WHERE m.lot_id = :lot_id AND m.quantity > 0
  AND CASE WHEN :serial = '' THEN f.ancestors[1] <> t.ancestors[1] OR f.kind = 'production' OR t.kind = 'production'
           ELSE m.serial = :serial OR m.serial = '' AND f.kind IN ('supplier', 'production') END
GROUP BY m.occurred_at, m.action, m.serial, f.id, t.id, m.operator, m.order_ref
ORDER BY m.occurred_at, min(m.id)
LIMIT :rows_max;

-- name: transactions_of_lot(lot_id, serial)
-- Transaction data about a lot, or about one unit of it, as partners sent it or got it. Index: movement_in,
-- transaction_movement_pkey.
SELECT DISTINCT r.id, r.direction, p.name AS partner, coalesce(nullif(t.business_name, ''), p.title) AS partner_title,
       r.reference, r.transaction_on, r.sha256, r.told_at, r.fault,
       coalesce(r.content -> 'statement', 'null') <> 'null' AS has_statement
FROM movement m
JOIN transaction_movement tm ON tm.movement_id = m.id
JOIN transaction_record r ON r.id = tm.record_id AND r.voided_at IS NULL
JOIN place p ON p.id = r.partner_id
LEFT JOIN trading_partner t ON t.place_id = r.partner_id
WHERE m.lot_id = :lot_id AND (:serial = '' OR m.serial IN ('', :serial))
ORDER BY r.id;

-- name: key_of_ledger(at)^
-- The key with which the ledger signed at an instant; the first one, if there was none yet.
SELECT public_key, private_key FROM ledger_key
ORDER BY made_at <= :at DESC, CASE WHEN made_at <= :at THEN id END DESC NULLS LAST, id LIMIT 1;

-- name: theft_case(case_id)^
-- A signal about a unit, or a serial that is in two places.
SELECT k.id, k.kind, k.text, k.data, k.lot_id, k.opened_at, k.resolved_at, k.resolved_by, k.resolution
FROM exception_case k WHERE k.id = :case_id AND k.kind = 'theft_signal';

