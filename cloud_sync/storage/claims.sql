-- Complaints about what suppliers delivered, and claims to them.

-- name: delivered_by(lot_id)
-- Who delivered a lot and how many base units of it, the first one first. Index: movement_in.
SELECT p.id AS supplier_id, p.name AS supplier, sum(m.quantity)::bigint AS quantity, min(m.occurred_at) AS first_at
FROM movement m JOIN place p ON p.id = m.from_place AND p.kind = 'supplier'
WHERE m.lot_id = :lot_id AND m.action = 'receive'
GROUP BY p.id
ORDER BY min(m.occurred_at), p.id;

-- name: add_complaint(lot_id, serial, supplier_id, place_id, order_number, kind, quantity, description, observed_at, opened_by, opened_at)$
-- Keep a complaint and give its id.
INSERT INTO complaint (lot_id, serial, supplier_id, place_id, order_number, kind, quantity, description, observed_at,
                       opened_by, opened_at)
VALUES (:lot_id, :serial, :supplier_id, :place_id, :order_number, :kind, :quantity, :description, :observed_at,
        :opened_by, :opened_at)
RETURNING id;

-- name: complaints(complaint_id, lot_id, supplier, only_open, rows_max, rows_skipped)
-- Complaints, the newest first. Open: not investigated yet, or confirmed and not claimed, or claimed and not settled.
SELECT c.id, c.lot_id, i.name AS item, i.title AS item_title, i.base_unit, l.lot_number, l.owner, c.serial, c.supplier_id,
       s.name AS supplier, p.name AS place, c.order_number, c.kind, c.quantity, c.description, c.observed_at, c.opened_by,
       c.opened_at, c.finding, c.finding_text, c.investigated_by, c.investigated_at,
       (SELECT count(*) FROM complaint_evidence e WHERE e.complaint_id = c.id) AS evidence_count,
       CASE WHEN c.finding IS NULL THEN 'open' WHEN c.finding = 'not_confirmed' THEN 'not_confirmed'
            WHEN open_claims.n > 0 THEN 'claimed' WHEN all_claims.n > 0 THEN 'closed' ELSE 'confirmed' END AS state
FROM complaint c
JOIN lot l ON l.id = c.lot_id
JOIN item i ON i.id = l.item_id
JOIN place s ON s.id = c.supplier_id
LEFT JOIN place p ON p.id = c.place_id
CROSS JOIN LATERAL (SELECT count(*) AS n FROM supplier_claim k WHERE k.complaint_id = c.id AND k.closed_at IS NULL) open_claims
CROSS JOIN LATERAL (SELECT count(*) AS n FROM supplier_claim k WHERE k.complaint_id = c.id) all_claims
WHERE (:complaint_id::bigint IS NULL OR c.id = :complaint_id)
  AND (:lot_id::bigint IS NULL OR c.lot_id = :lot_id)
  AND (:supplier::text IS NULL OR s.name = :supplier)
  AND (NOT :only_open OR c.finding IS NULL OR c.finding = 'confirmed' AND (all_claims.n = 0 OR open_claims.n > 0))
ORDER BY c.id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: lock_complaint(complaint_id)^
-- A complaint that nobody else changes until the end of the transaction.
SELECT id, lot_id, serial, supplier_id, quantity, opened_by, finding FROM complaint WHERE id = :complaint_id FOR UPDATE;

-- name: find(complaint_id, finding, finding_text, investigated_by, investigated_at)!
-- What the investigation found.
UPDATE complaint SET finding = :finding, finding_text = :finding_text, investigated_by = :investigated_by,
                     investigated_at = :investigated_at
WHERE id = :complaint_id AND finding IS NULL;

-- name: complaints_of_lot(lot_id)
-- Complaints about a lot that no investigation has refuted. Index: complaint_lot.
SELECT id, kind, quantity, opened_at FROM complaint
WHERE lot_id = :lot_id AND finding IS DISTINCT FROM 'not_confirmed' ORDER BY id;

-- name: add_evidence(complaint_id, kind, document_id, logger_file_id, title, added_by, added_at)$
-- Attach what shows it; no row if it was attached before.
INSERT INTO complaint_evidence (complaint_id, kind, document_id, logger_file_id, title, added_by, added_at)
VALUES (:complaint_id, :kind, :document_id, :logger_file_id, :title, :added_by, :added_at)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: evidence_of(complaint_id)
-- What shows it, oldest first.
SELECT e.id, e.kind, e.title, e.logger_file_id, d.media_type, d.bytes, encode(d.sha256, 'hex') AS sha256, e.added_by, e.added_at
FROM complaint_evidence e JOIN interop_document d ON d.id = e.document_id
WHERE e.complaint_id = :complaint_id ORDER BY e.id;

-- name: evidence_file(complaint_id, evidence_id)^
-- One piece of evidence with its content.
SELECT e.id, e.kind, e.title, d.media_type, d.content
FROM complaint_evidence e JOIN interop_document d ON d.id = e.document_id
WHERE e.complaint_id = :complaint_id AND e.id = :evidence_id;

-- name: add_claim(complaint_id, wants, quantity, amount, currency, amount_by, note, made_by, made_at)$
-- Keep what is asked of the supplier.
INSERT INTO supplier_claim (complaint_id, wants, quantity, amount, currency, amount_by, note, made_by, made_at)
VALUES (:complaint_id, :wants, :quantity, :amount, :currency, :amount_by, :note, :made_by, :made_at)
RETURNING id;

-- name: lock_claim(claim_id)^
-- A claim that nobody else changes until the end of the transaction.
SELECT id, complaint_id, wants, quantity, amount, currency, made_by, sent_at, closed_at, closed_as FROM supplier_claim
WHERE id = :claim_id FOR UPDATE;

-- name: send_claim(claim_id, sent_by, sent_at, sent_how, evidence_sha256)!
-- It went to the supplier.
UPDATE supplier_claim SET sent_by = :sent_by, sent_at = :sent_at, sent_how = :sent_how, evidence_sha256 = :evidence_sha256
WHERE id = :claim_id AND sent_at IS NULL;

-- name: close_claim(claim_id, closed_as, closed_by, closed_at, closed_reason)!
-- It ends.
UPDATE supplier_claim SET closed_as = :closed_as, closed_by = :closed_by, closed_at = :closed_at, closed_reason = :closed_reason
WHERE id = :claim_id AND closed_at IS NULL;

-- name: add_settlement(claim_id, kind, amount, quantity, reference, settled_by, settled_at)$
-- Keep what the supplier gave; no row if this reference was kept before.
INSERT INTO claim_settlement (claim_id, kind, amount, quantity, reference, settled_by, settled_at)
VALUES (:claim_id, :kind, :amount, :quantity, :reference, :settled_by, :settled_at)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: settlements_of(claim_ids)
-- What the supplier gave, oldest first.
SELECT id, claim_id, kind, amount, quantity, reference, settled_by, settled_at FROM claim_settlement
WHERE claim_id = ANY(:claim_ids) ORDER BY id;

-- name: claims(claim_id, complaint_id, supplier, only_open, at, rows_max, rows_skipped)
-- Claims with their money and age, the newest first.
SELECT k.id, k.complaint_id, s.name AS supplier, i.name AS item, i.title AS item_title, l.lot_number, c.lot_id, c.kind,
       k.wants, k.quantity, k.amount, k.currency, k.amount_by, k.note, k.made_by, k.made_at, k.sent_by, k.sent_at, k.sent_how,
       k.evidence_sha256, k.closed_as, k.closed_by, k.closed_at, k.closed_reason, got.amount AS settled_amount,
       CASE WHEN k.closed_at IS NULL THEN k.amount - got.amount ELSE 0 END AS open_amount,
       coalesce(k.closed_as, CASE WHEN k.sent_at IS NULL THEN 'draft' ELSE 'sent' END) AS state,
       greatest(0, floor(extract(epoch FROM coalesce(k.closed_at, :at) - coalesce(k.sent_at, k.made_at)) / 86400))::integer AS age_days
FROM supplier_claim k
JOIN complaint c ON c.id = k.complaint_id
JOIN place s ON s.id = c.supplier_id
JOIN lot l ON l.id = c.lot_id
JOIN item i ON i.id = l.item_id
CROSS JOIN LATERAL (SELECT coalesce(sum(t.amount), 0) AS amount FROM claim_settlement t WHERE t.claim_id = k.id) got
WHERE (:claim_id::bigint IS NULL OR k.id = :claim_id)
  AND (:complaint_id::bigint IS NULL OR k.complaint_id = :complaint_id)
  AND (:supplier::text IS NULL OR s.name = :supplier)
  AND (NOT :only_open OR k.closed_at IS NULL)
ORDER BY k.id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: trends(by_lot, since, at, rows_max, rows_skipped)
-- By supplier, or by lot: complaints since an instant, what became of them, deliveries since then, and claims with their
-- money by currency. Most complaints first.
SELECT s.name AS supplier, i.name AS item, l.lot_number, c.lot_id, c.complaints, c.confirmed, c.not_confirmed, c.units,
       c.first_at, c.last_at, coalesce(d.deliveries, 0) AS deliveries, coalesce(k.claims, 0) AS claims,
       coalesce(k.open_claims, 0) AS open_claims, k.oldest_days, k.mean_days, coalesce(k.money, '[]') AS money
FROM (SELECT c.supplier_id, CASE WHEN :by_lot THEN c.lot_id END AS lot_id, count(*) AS complaints,
             count(*) FILTER (WHERE c.finding = 'confirmed') AS confirmed,
             count(*) FILTER (WHERE c.finding = 'not_confirmed') AS not_confirmed,
             sum(c.quantity)::bigint AS units, min(c.opened_at) AS first_at, max(c.opened_at) AS last_at
      FROM complaint c WHERE c.opened_at >= :since GROUP BY 1, 2) c
JOIN place s ON s.id = c.supplier_id
LEFT JOIN lot l ON l.id = c.lot_id
LEFT JOIN item i ON i.id = l.item_id
CROSS JOIN LATERAL (
    SELECT count(DISTINCT (m.order_ref, m.occurred_at::date)) AS deliveries FROM movement m
    WHERE m.from_place = c.supplier_id AND m.action = 'receive' AND m.occurred_at >= :since
      AND (c.lot_id IS NULL OR m.lot_id = c.lot_id)) d
LEFT JOIN LATERAL (
    SELECT sum(each.claims)::bigint AS claims, sum(each.open_claims)::bigint AS open_claims, max(each.oldest_days) AS oldest_days,
           (sum(each.days_sum) / nullif(sum(each.closed), 0))::double precision AS mean_days,
           jsonb_agg(jsonb_build_object('currency', each.currency, 'claimed', each.claimed, 'settled', each.settled,
                                        'open', each.open) ORDER BY each.currency) AS money
    FROM (SELECT x.currency, count(*) AS claims, count(*) FILTER (WHERE x.closed_at IS NULL) AS open_claims,
                 count(x.closed_at) AS closed,
                 max(extract(epoch FROM :at - coalesce(x.sent_at, x.made_at)) / 86400) FILTER (WHERE x.closed_at IS NULL)::integer AS oldest_days,
                 sum(extract(epoch FROM x.closed_at - coalesce(x.sent_at, x.made_at)) / 86400) AS days_sum,
                 sum(x.amount) AS claimed, sum(x.got) AS settled,
                 coalesce(sum(x.amount - x.got) FILTER (WHERE x.closed_at IS NULL), 0) AS open
          FROM (SELECT q.*, coalesce((SELECT sum(t.amount) FROM claim_settlement t WHERE t.claim_id = q.id), 0) AS got
                FROM supplier_claim q JOIN complaint o ON o.id = q.complaint_id
                WHERE o.supplier_id = c.supplier_id AND (c.lot_id IS NULL OR o.lot_id = c.lot_id) AND o.opened_at >= :since) x
          GROUP BY x.currency) each) k ON true
ORDER BY c.complaints DESC, s.name, i.name, l.lot_number
LIMIT :rows_max OFFSET :rows_skipped;
