-- What finance and purchasing read: receipts in the order of their commits, and what stock is worth.

-- name: receipts(after, until, rows_max)
-- Receipts after a leaf of the seal's tree, up to another one. Index: seal_tile_pkey, seal_row_pkey, movement_pkey.
SELECT t.n * 256 + leaf.place AS position, m.id, m.order_ref AS "order", i.name AS item, l.lot_number, l.owner, l.expires_on, m.serial,
       m.quantity, i.base_unit, f.name AS supplier, d.name AS place, m.occurred_at, m.recorded_at, m.operator
FROM seal_tile t
CROSS JOIN LATERAL unnest(t.entries) WITH ORDINALITY AS leaf (entry, place)
JOIN seal_row s ON s.id = leaf.entry
JOIN movement m ON m.id = s.row_id AND m.action = 'receive'
JOIN lot l ON l.id = m.lot_id
JOIN item i ON i.id = l.item_id
JOIN place f ON f.id = m.from_place
JOIN place d ON d.id = m.to_place
WHERE t.level = 0 AND t.n BETWEEN :after::bigint / 256 AND :until::bigint / 256
  AND t.n * 256 + leaf.place > :after AND t.n * 256 + leaf.place <= :until
  AND s.of_table = 'movement' AND s.change = 'I'
ORDER BY t.n, leaf.place
LIMIT :rows_max;

-- name: stock_by_lot(rows_max, rows_skipped)
-- What is in the house of each lot at each site, who it was received from first, and whether any of it is on hold: of the rows
-- that were asked for only.
WITH goods AS (
    SELECT l.id AS lot_id, i.id AS item_id, i.name AS item, i.base_unit, l.lot_number, l.owner, l.expires_on, at.site, at.quantity
    FROM item i
    JOIN lot l ON l.item_id = i.id
    CROSS JOIN LATERAL (
        SELECT site.name AS site, sum(b.quantity)::bigint AS quantity
        FROM position b
        JOIN place p ON p.id = b.place_id AND p.kind IN ('site', 'room', 'bin', 'transit')
        LEFT JOIN place site ON site.id = ANY(p.ancestors) AND site.kind = 'site'
        WHERE b.lot_id = l.id AND b.quantity <> 0
        GROUP BY site.name
    ) at
    ORDER BY i.name, l.lot_number, l.owner, at.site
    LIMIT :rows_max OFFSET :rows_skipped
)
SELECT g.*,
       EXISTS (SELECT FROM active_hold h WHERE h.lot_id = g.lot_id) AS on_hold,
       (SELECT m.from_place FROM movement m JOIN place p ON p.id = m.from_place AND p.kind = 'supplier'
        WHERE m.lot_id = g.lot_id AND m.action = 'receive' ORDER BY m.occurred_at, m.id LIMIT 1) AS supplier_id
FROM goods g
ORDER BY g.item, g.lot_number, g.owner, g.site;

-- name: stock_totals(day)
-- What the stock in the house is worth by the unit costs of a day, by currency, and how many lots it is of; those without a
-- known cost have no currency. A supplier is looked for only where one has a cost of its own for the item. Index: item_cost_item.
WITH told AS (
    SELECT DISTINCT ON (item_id, supplier_id) item_id, supplier_id, cost, currency
    FROM item_cost WHERE valid_from <= :day ORDER BY item_id, supplier_id, valid_from DESC, id DESC
), goods AS (
    SELECT b.lot_id, sum(b.quantity) AS quantity
    FROM position b JOIN place p ON p.id = b.place_id AND p.kind IN ('site', 'room', 'bin', 'transit')
    WHERE b.quantity <> 0
    GROUP BY b.lot_id
)
SELECT coalesce(theirs.currency, usual.currency) AS currency, sum(g.quantity * coalesce(theirs.cost, usual.cost)) AS value,
       count(*) AS lots
FROM goods g
JOIN lot l ON l.id = g.lot_id
LEFT JOIN told usual ON usual.item_id = l.item_id AND usual.supplier_id IS NULL
LEFT JOIN LATERAL (
    SELECT t.cost, t.currency FROM told t
    WHERE t.item_id = l.item_id
      AND t.supplier_id = (SELECT m.from_place FROM movement m JOIN place s ON s.id = m.from_place AND s.kind = 'supplier'
                           WHERE m.lot_id = l.id AND m.action = 'receive' ORDER BY m.occurred_at, m.id LIMIT 1)
) theirs ON l.item_id IN (SELECT item_id FROM told WHERE supplier_id IS NOT NULL)
GROUP BY coalesce(theirs.currency, usual.currency);

-- name: items_by_code(codes)
-- Which item each GTIN is, and how many base units it stands for. Index: item_gtin_pkey.
SELECT g.gtin AS code, i.name AS item, g.base_units FROM item_gtin g JOIN item i ON i.id = g.item_id WHERE g.gtin = ANY(:codes);
