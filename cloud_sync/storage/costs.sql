-- What items cost.

-- name: add_cost(item_id, supplier_id, valid_from, cost, currency, told_by, document_id)$
-- Keep what an item costs from a day on; gives its id.
INSERT INTO item_cost (item_id, supplier_id, valid_from, cost, currency, told_by, document_id)
VALUES (:item_id, :supplier_id, :valid_from, :cost, :currency, :told_by, :document_id)
RETURNING id;

-- name: same_cost(item_id, supplier_id, valid_from)^
-- What was told last of an item, a supplier and a day. Index: item_cost_item.
SELECT cost, currency FROM item_cost
WHERE item_id = :item_id AND supplier_id IS NOT DISTINCT FROM :supplier_id::bigint AND valid_from = :valid_from
ORDER BY id DESC LIMIT 1;

-- name: costs_on(item_ids, day)
-- What each of these items costs on a day: one row for each supplier that names a cost, and one without a supplier.
-- Index: item_cost_item.
SELECT DISTINCT ON (c.item_id, c.supplier_id)
       c.item_id, c.supplier_id, p.name AS supplier, c.valid_from, c.cost, c.currency, c.told_by, c.told_at
FROM item_cost c LEFT JOIN place p ON p.id = c.supplier_id
WHERE c.item_id = ANY(:item_ids) AND c.valid_from <= :day
ORDER BY c.item_id, c.supplier_id, c.valid_from DESC, c.id DESC;

-- name: cost_history(item, rows_max, rows_skipped)
-- All that was ever told of what an item costs, the latest day first. Index: item_cost_item.
SELECT c.id, i.name AS item, p.name AS supplier, c.valid_from, c.cost, c.currency, c.told_by, c.told_at, c.document_id
FROM item i JOIN item_cost c ON c.item_id = i.id LEFT JOIN place p ON p.id = c.supplier_id
WHERE i.name = :item
ORDER BY c.valid_from DESC, c.id DESC
LIMIT :rows_max OFFSET :rows_skipped;
