-- name: is_any_open()$
-- Whether any recall is under way or stands.
SELECT EXISTS (SELECT FROM recall WHERE outcome IS DISTINCT FROM 'lifted');

-- name: reach(lot_ids, recall_id)
-- Add the lots that recalls reach by now, of these lots (null: all) and of one recall or all; gives the new ones. A
-- product is reached when it left a place of production at or after a recalled lot went in.
WITH RECURSIVE named AS (
    SELECT s.recall_id, s.lot_id
    FROM recall_scope s WHERE s.lot_id IS NOT NULL
    UNION
    SELECT s.recall_id, l.id
    FROM recall_scope s JOIN lot l ON l.item_id = s.item_id AND (s.lot_number IS NULL OR l.lot_number = s.lot_number)
    UNION
    SELECT s.recall_id, m.lot_id
    FROM recall_scope s JOIN movement m ON m.from_place = s.supplier_id
), start AS (
    SELECT n.recall_id, n.lot_id, false AS is_product
    FROM named n JOIN recall c ON c.id = n.recall_id
    WHERE c.outcome IS DISTINCT FROM 'lifted'
      AND (:recall_id::bigint IS NULL OR c.id = :recall_id)
      AND (:lot_ids::bigint[] IS NULL OR n.lot_id = ANY(:lot_ids))
    UNION
    SELECT r.recall_id, r.lot_id, r.is_product
    FROM recall_lot r JOIN recall c ON c.id = r.recall_id
    WHERE c.outcome IS DISTINCT FROM 'lifted' AND (:recall_id::bigint IS NULL OR c.id = :recall_id)
      AND (:lot_ids::bigint[] IS NULL OR EXISTS (
          -- What went into production where one of these lots came out of, or went in too.
          SELECT FROM movement put_in JOIN place p ON p.id = put_in.to_place AND p.kind = 'production'
          JOIN movement made ON made.from_place = p.id AND made.lot_id = ANY(:lot_ids)
          WHERE put_in.lot_id = r.lot_id))
), reached (recall_id, lot_id, is_product) AS (
    SELECT * FROM start
    UNION
    SELECT r.recall_id, made.lot_id, true
    FROM reached r
    JOIN movement put_in ON put_in.lot_id = r.lot_id
    JOIN place p ON p.id = put_in.to_place AND p.kind = 'production'
    JOIN movement made ON made.from_place = p.id AND made.occurred_at >= put_in.occurred_at
        AND made.lot_id <> r.lot_id
)
INSERT INTO recall_lot (recall_id, lot_id, is_product)
SELECT recall_id, lot_id, bool_and(is_product) FROM reached GROUP BY recall_id, lot_id
ON CONFLICT (recall_id, lot_id) DO NOTHING
RETURNING recall_id, lot_id, is_product;

-- name: forget_products()
-- Take the lots that were made of recalled ones out of the reach of recalls that are not lifted, to be reached anew.
DELETE FROM recall_lot l
WHERE l.recall_id = ANY(ARRAY(SELECT c.id FROM recall c WHERE c.outcome IS DISTINCT FROM 'lifted')) AND l.is_product
RETURNING l.recall_id, l.lot_id, l.since;

-- name: keep_since(recall_id, lot_id, since)!
-- Since when a lot that was reached anew has been in the reach of a recall.
UPDATE recall_lot SET since = :since WHERE (recall_id, lot_id) = (:recall_id, :lot_id);

-- name: add_recall(title, reason, is_mock, opened_by)$
-- Open a recall.
INSERT INTO recall (title, reason, is_mock, opened_by) VALUES (:title, :reason, :is_mock, :opened_by) RETURNING id;

-- name: add_scope(recall_id, lot_ids, item_ids, supplier_ids, numbered_item_ids, lot_numbers)!
-- What it names.
INSERT INTO recall_scope (recall_id, lot_id, item_id, supplier_id, lot_number)
SELECT :recall_id, lot, NULL::bigint, NULL::bigint, NULL::text FROM unnest(:lot_ids::bigint[]) AS lot
UNION ALL
SELECT :recall_id, NULL, item, NULL, NULL FROM unnest(:item_ids::bigint[]) AS item
UNION ALL
SELECT :recall_id, NULL, NULL, supplier, NULL FROM unnest(:supplier_ids::bigint[]) AS supplier
UNION ALL
SELECT :recall_id, NULL, item, NULL, number
FROM unnest(:numbered_item_ids::bigint[], :lot_numbers::text[]) AS numbered (item, number);

-- name: recall_by_id(recall_id)^
-- One recall. elapsed_s: since it was opened, until it was closed.
SELECT c.*, extract(epoch FROM coalesce(c.closed_at, clock_timestamp()) - c.opened_at)::double precision AS elapsed_s,
       extract(epoch FROM c.reconciled_at - c.opened_at)::double precision AS reconciled_after_s,
       (SELECT count(*) FROM recall_lot l WHERE l.recall_id = c.id) AS lots
FROM recall c WHERE c.id = :recall_id;

-- name: recalls(only_open, rows_max, rows_skipped)
-- Recalls, the newest first.
SELECT c.*, extract(epoch FROM coalesce(c.closed_at, clock_timestamp()) - c.opened_at)::double precision AS elapsed_s,
       extract(epoch FROM c.reconciled_at - c.opened_at)::double precision AS reconciled_after_s,
       (SELECT count(*) FROM recall_lot l WHERE l.recall_id = c.id) AS lots
FROM recall c
WHERE NOT :only_open OR c.closed_at IS NULL
ORDER BY c.id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: impact(recall_id, rows_max, rows_skipped)
-- Where everything in the reach of a recall is now. Index: recall_lot_lot, position's primary key.
SELECT l.lot_id, i.name AS item, t.lot_number, l.is_product, b.serial, p.name AS place, p.kind AS place_kind, b.quantity
FROM recall_lot l
JOIN lot t ON t.id = l.lot_id
JOIN item i ON i.id = t.item_id
JOIN position b ON b.lot_id = l.lot_id AND b.quantity <> 0
JOIN place p ON p.id = b.place_id AND p.kind NOT IN ('supplier', 'count_difference', 'unpacking')
WHERE l.recall_id = :recall_id
ORDER BY i.name, t.lot_number, p.name, b.serial
LIMIT :rows_max OFFSET :rows_skipped;

-- name: flows(recall_id)
-- What happened to each lot in the reach of a recall, added up by the kinds of places it went between. Only an approved
-- count books a movement with the action count.
SELECT m.lot_id, i.name AS item, t.lot_number, f.kind AS from_kind, g.kind AS to_kind, m.action = 'count' AS is_approved,
       sum(m.quantity)::bigint AS quantity
FROM recall_lot l
JOIN movement m ON m.lot_id = l.lot_id
JOIN lot t ON t.id = l.lot_id
JOIN item i ON i.id = t.item_id
JOIN place f ON f.id = m.from_place
JOIN place g ON g.id = m.to_place
WHERE l.recall_id = :recall_id
GROUP BY m.lot_id, i.name, t.lot_number, f.kind, g.kind, is_approved
ORDER BY m.lot_id, f.kind, g.kind, is_approved;

-- name: note_reconciled(recall_id)!
-- The first time that everything was accounted for.
UPDATE recall SET reconciled_at = clock_timestamp() WHERE id = :recall_id AND reconciled_at IS NULL;

-- name: add_notices(recall_id)!
-- A notice for each recipient that got any of it; what each has is brought up to date while the notice is not sent.
INSERT INTO recall_notice (recall_id, place_id, lots)
SELECT :recall_id, m.to_place,
       jsonb_agg(jsonb_build_object('item', m.item, 'lot_number', m.lot_number, 'quantity', m.quantity)
                 ORDER BY m.item, m.lot_number)
FROM (
    SELECT m.to_place, i.name AS item, t.lot_number, sum(m.quantity)::bigint AS quantity
    FROM recall_lot l
    JOIN movement m ON m.lot_id = l.lot_id
    JOIN place p ON p.id = m.to_place AND p.kind IN ('customer', 'ward')
    JOIN lot t ON t.id = l.lot_id
    JOIN item i ON i.id = t.item_id
    WHERE l.recall_id = :recall_id
    GROUP BY m.to_place, i.name, t.lot_number
) AS m
GROUP BY m.to_place
ON CONFLICT (recall_id, place_id) DO UPDATE SET lots = excluded.lots
WHERE recall_notice.sent_at IS NULL AND recall_notice.lots IS DISTINCT FROM excluded.lots;

-- name: notices(recall_id, rows_max)
-- Notices to recipients.
SELECT n.id, n.recall_id, p.name AS place, p.kind AS place_kind, n.lots, n.sent_by, n.sent_at, n.sent_how,
       n.acknowledged_by, n.acknowledged_at, n.acknowledged_text
FROM recall_notice n JOIN place p ON p.id = n.place_id
WHERE n.recall_id = :recall_id
ORDER BY p.name
LIMIT :rows_max;

-- name: send_notice(notice_id, recall_id, sent_by, sent_how)!
-- Note that a notice went out; no row if it did before.
UPDATE recall_notice SET sent_by = :sent_by, sent_at = clock_timestamp(), sent_how = :sent_how
WHERE id = :notice_id AND recall_id = :recall_id AND sent_at IS NULL;

-- name: acknowledge_notice(notice_id, recall_id, acknowledged_by, acknowledged_text)!
-- Note what the recipient said; no row if it was not sent, or acknowledged before.
UPDATE recall_notice
SET acknowledged_by = :acknowledged_by, acknowledged_at = clock_timestamp(), acknowledged_text = :acknowledged_text
WHERE id = :notice_id AND recall_id = :recall_id AND sent_at IS NOT NULL AND acknowledged_at IS NULL;

-- name: close_recall(recall_id, closed_by, outcome, closed_reason)!
-- End a recall; no row if it has ended.
UPDATE recall
SET closed_by = :closed_by, closed_at = clock_timestamp(), outcome = :outcome, closed_reason = :closed_reason
WHERE id = :recall_id AND closed_at IS NULL;
