-- Controlled items: rules, inventory and register, discrepancies, waste, inventories of a site.

-- name: rules()
-- What the house asks of each schedule.
SELECT schedule, blind_count, double_count, witnessed_waste, resolve_hours, inventory_months, source, set_by, set_at
FROM controlled_rule ORDER BY schedule;

-- name: set_rule(schedule, blind_count, double_count, witnessed_waste, resolve_hours, inventory_months, source, set_by, set_at)!
-- What it asks from now on.
INSERT INTO controlled_rule VALUES (:schedule, :blind_count, :double_count, :witnessed_waste, :resolve_hours, :inventory_months,
                                    :source, :set_by, :set_at)
ON CONFLICT (schedule) DO UPDATE SET blind_count = excluded.blind_count, double_count = excluded.double_count,
    witnessed_waste = excluded.witnessed_waste, resolve_hours = excluded.resolve_hours,
    inventory_months = excluded.inventory_months, source = excluded.source, set_by = excluded.set_by, set_at = excluded.set_at;

-- name: inventory(schedule, site_id, item, rows_max, rows_skipped)
-- The perpetual inventory: what is in the house of each lot of controlled items, and when it was last counted and by whom.
SELECT i.controlled_schedule AS schedule, i.name AS item, i.title AS item_title, i.base_unit, i.ndc, b.lot_id, l.lot_number, l.owner,
       l.expires_on, b.serial, p.name AS place, site.name AS site, b.quantity, last.counted_at, last.counted_by, last.number AS count
FROM item i
JOIN lot l ON l.item_id = i.id
JOIN position b ON b.lot_id = l.id AND b.quantity <> 0
JOIN place p ON p.id = b.place_id AND p.kind IN ('site', 'room', 'bin', 'transit')
LEFT JOIN place site ON site.id = ANY(p.ancestors) AND site.kind = 'site'
LEFT JOIN LATERAL (
    SELECT c.counted_at, c.counted_by, k.number FROM count_line c JOIN stock_count k ON k.id = c.count_id AND k.decision = 'approved'
    WHERE c.lot_id = b.lot_id AND c.place_id = b.place_id AND c.serial = b.serial
    ORDER BY c.counted_at DESC LIMIT 1) last ON true
WHERE i.controlled_schedule <> '' AND (:schedule = '' OR i.controlled_schedule = :schedule)
  AND (:site_id::bigint IS NULL OR p.ancestors @> ARRAY[:site_id::bigint]) AND (:item::text IS NULL OR i.name = :item)
ORDER BY array_position(ARRAY['I', 'II', 'III', 'IV', 'V'], i.controlled_schedule), i.name, l.lot_number, p.name, b.serial
LIMIT :rows_max OFFSET :rows_skipped;

-- name: register(item_id, site_id, first, last, rows_max)
-- What came to and left a site of an item between two instants, oldest first, with the balance after each. What happened
-- nobody knows when stands at the beginning. Index: movement_in.
SELECT m.id, m.occurred_at, m.action, f.name AS from_place, t.name AS to_place, l.lot_number, m.lot_id, m.serial,
       CASE WHEN m.comes THEN m.quantity END AS came, CASE WHEN m.comes THEN NULL ELSE m.quantity END AS went,
       m.balance, m.operator, m.order_ref, w.witness
FROM (SELECT x.*, sum(CASE WHEN x.comes THEN x.quantity ELSE -x.quantity END) OVER (ORDER BY x.occurred_at, x.id)::bigint AS balance
      FROM (SELECT m.*, tp.inside AS comes
            FROM lot l
            JOIN movement m ON m.lot_id = l.id
            CROSS JOIN LATERAL (SELECT q.ancestors @> ARRAY[:site_id::bigint] AND q.kind IN ('site', 'room', 'bin', 'transit') AS inside
                                FROM place q WHERE q.id = m.to_place) tp
            CROSS JOIN LATERAL (SELECT q.ancestors @> ARRAY[:site_id::bigint] AND q.kind IN ('site', 'room', 'bin', 'transit') AS inside
                                FROM place q WHERE q.id = m.from_place) fp
            WHERE l.item_id = :item_id AND tp.inside <> fp.inside) x) m
JOIN place f ON f.id = m.from_place
JOIN place t ON t.id = m.to_place
JOIN lot l ON l.id = m.lot_id
LEFT JOIN waste w ON w.fact = m.fact
WHERE m.occurred_at >= :first AND m.occurred_at < :last
ORDER BY m.occurred_at, m.id
LIMIT :rows_max;

-- name: open_discrepancies(kinds, rows_max, rows_skipped)
-- Open cases of these kinds about controlled items, with the hours in which they are to be resolved (null: no rule), the one
-- due first. Index: exception_case_open.
SELECT k.id, k.kind, k.text, k.opened_at, k.assignee, i.name AS item, i.controlled_schedule AS schedule, l.lot_number, l.id AS lot_id,
       r.resolve_hours, k.opened_at + r.resolve_hours * interval '1 hour' AS due_at, k.place_id
FROM exception_case k
JOIN lot l ON l.id = lot_of_case(k.lot_id, k.data)
JOIN item i ON i.id = l.item_id AND i.controlled_schedule <> ''
LEFT JOIN controlled_rule r ON r.schedule = i.controlled_schedule
WHERE k.resolved_at IS NULL AND k.kind = ANY(:kinds)
ORDER BY due_at NULLS LAST, k.id
LIMIT :rows_max OFFSET :rows_skipped;

-- name: schedules_in_count(count_id)
-- Schedules of what a count found, or what stands in its place.
SELECT DISTINCT i.controlled_schedule AS schedule
FROM stock_count k
JOIN place p ON p.ancestors @> ARRAY[k.place_id]
JOIN position b ON b.place_id = p.id AND b.quantity <> 0
JOIN lot l ON l.id = b.lot_id
JOIN item i ON i.id = l.item_id AND i.controlled_schedule <> ''
WHERE k.id = :count_id
UNION
SELECT i.controlled_schedule FROM count_line c JOIN lot l ON l.id = c.lot_id
JOIN item i ON i.id = l.item_id AND i.controlled_schedule <> '' WHERE c.count_id = :count_id;

-- name: schedules_at(place_id)
-- Schedules of what stands in a place and what is in it.
SELECT DISTINCT i.controlled_schedule AS schedule
FROM place p
JOIN position b ON b.place_id = p.id AND b.quantity <> 0
JOIN lot l ON l.id = b.lot_id
JOIN item i ON i.id = l.item_id AND i.controlled_schedule <> ''
WHERE p.ancestors @> ARRAY[:place_id::bigint];

-- name: findings_of_controlled(count_id, schedules)
-- What each person found last of each position of items of these schedules. Index: count_line_count.
SELECT DISTINCT ON (c.lot_id, c.place_id, c.serial, c.counted_by)
       c.lot_id, c.place_id, c.serial, c.counted_by, c.quantity, i.name AS item, i.controlled_schedule AS schedule, l.lot_number,
       p.name AS place
FROM count_line c
JOIN lot l ON l.id = c.lot_id
JOIN item i ON i.id = l.item_id AND i.controlled_schedule = ANY(:schedules)
JOIN place p ON p.id = c.place_id
WHERE c.count_id = :count_id
ORDER BY c.lot_id, c.place_id, c.serial, c.counted_by, c.counted_at DESC, c.fact DESC;

-- name: make_blind(count_id)!
-- Nobody is shown what is expected until the counting ends.
UPDATE stock_count SET is_blind = true WHERE id = :count_id AND NOT is_blind;

-- name: finish_count(count_id, finished_by, finished_at)!
-- The counting ends.
UPDATE stock_count SET finished_by = :finished_by, finished_at = :finished_at WHERE id = :count_id AND finished_at IS NULL;

-- name: add_waste(lot_id, serial, place_id, takes_unit, amount, unit, administration_id, fact, reason, wasted_by, wasted_at, witness, witnessed_at, witnessed_how)$
-- Keep what was thrown away and give its id; no row if it was kept before.
INSERT INTO waste (lot_id, serial, place_id, takes_unit, amount, unit, administration_id, fact, reason, wasted_by, wasted_at,
                   witness, witnessed_at, witnessed_how)
VALUES (:lot_id, :serial, :place_id, :takes_unit, :amount, :unit, :administration_id, :fact, :reason, :wasted_by, :wasted_at,
        :witness, :witnessed_at, :witnessed_how)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: wastes(waste_id, only_waiting, rows_max, rows_skipped)
-- What was thrown away, the newest first; due_at: when somebody should have seen it (null: no rule).
SELECT w.id, w.lot_id, i.name AS item, i.controlled_schedule AS schedule, i.base_unit, l.lot_number, l.owner, w.serial, p.name AS place,
       w.place_id, w.takes_unit, w.amount, w.unit, w.administration_id, w.reason, w.wasted_by, w.wasted_at, w.witness,
       w.witnessed_at, w.witnessed_how, w.wasted_at + r.resolve_hours * interval '1 hour' AS due_at
FROM waste w
JOIN lot l ON l.id = w.lot_id
JOIN item i ON i.id = l.item_id
JOIN place p ON p.id = w.place_id
LEFT JOIN controlled_rule r ON r.schedule = i.controlled_schedule
WHERE (:waste_id::bigint IS NULL OR w.id = :waste_id) AND (NOT :only_waiting OR w.witnessed_at IS NULL)
ORDER BY w.id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: lock_waste(waste_id)^
-- A waste that nobody else witnesses until the end of the transaction.
SELECT w.*, i.name AS item, l.lot_number, l.owner, p.name AS place
FROM waste w JOIN lot l ON l.id = w.lot_id JOIN item i ON i.id = l.item_id JOIN place p ON p.id = w.place_id
WHERE w.id = :waste_id FOR UPDATE OF w;

-- name: witness_waste(waste_id, witness, witnessed_at, fact)!
-- Somebody else has seen it.
UPDATE waste SET witness = :witness, witnessed_at = :witnessed_at, witnessed_how = 'ledger', fact = :fact
WHERE id = :waste_id AND witnessed_at IS NULL;

-- name: counted_of(numbers)
-- What approved counts found of controlled items, with everybody who counted a position and what was expected then.
SELECT c.lot_id, c.serial, c.place_id, i.controlled_schedule AS schedule, r.counted, r.expected, k.number, k.place_id AS counted_place,
       array_agg(DISTINCT c.counted_by ORDER BY c.counted_by) AS counted_by
FROM stock_count k
JOIN count_line c ON c.count_id = k.id
JOIN count_result r ON (r.count_id, r.lot_id, r.place_id, r.serial) = (k.id, c.lot_id, c.place_id, c.serial)
JOIN lot l ON l.id = c.lot_id
JOIN item i ON i.id = l.item_id AND i.controlled_schedule <> ''
WHERE k.number = ANY(:numbers) AND k.decision = 'approved'
GROUP BY c.lot_id, c.serial, c.place_id, i.controlled_schedule, r.counted, r.expected, k.number, k.place_id
ORDER BY k.number, c.lot_id, c.place_id, c.serial;

-- name: counts_by_number(numbers)
-- These counts, and in which place each is.
SELECT k.number, k.decision, k.decided_at, p.name AS place, p.ancestors,
       (SELECT min(c.counted_at) FROM count_line c WHERE c.count_id = k.id) AS first_at,
       (SELECT max(c.counted_at) FROM count_line c WHERE c.count_id = k.id) AS last_at
FROM stock_count k JOIN place p ON p.id = k.place_id WHERE k.number = ANY(:numbers) ORDER BY k.number;

-- name: controlled_stock(site_id)
-- Positions of controlled items at a site.
SELECT b.lot_id, b.serial, b.place_id, i.name AS item, l.lot_number, p.name AS place, b.quantity
FROM item i
JOIN lot l ON l.item_id = i.id
JOIN position b ON b.lot_id = l.id AND b.quantity > 0
JOIN place p ON p.id = b.place_id AND p.ancestors @> ARRAY[:site_id::bigint]
WHERE i.controlled_schedule <> ''
ORDER BY i.name, l.lot_number, p.name, b.serial;

-- name: add_inventory(site_id, taken_on, taken_when, counts, remark, recorded_by, recorded_at)$
-- Keep an inventory of a site and give its id; no row if there is one of that time.
INSERT INTO controlled_inventory (site_id, taken_on, taken_when, counts, remark, recorded_by, recorded_at)
VALUES (:site_id, :taken_on, :taken_when, :counts, :remark, :recorded_by, :recorded_at)
ON CONFLICT DO NOTHING
RETURNING id;

-- name: add_inventory_line(inventory_id, lot_id, serial, place_id, schedule, counted, expected, counted_by)!
-- Keep what was counted of a position.
INSERT INTO controlled_inventory_line (inventory_id, lot_id, serial, place_id, schedule, counted, expected, counted_by)
VALUES (:inventory_id, :lot_id, :serial, :place_id, :schedule, :counted, :expected, :counted_by);

-- name: inventories(inventory_id, site, rows_max, rows_skipped)
-- Inventories, the newest first.
SELECT v.id, p.name AS site, p.title AS site_title, v.taken_on, v.taken_when, v.counts, v.remark, v.recorded_by, v.recorded_at,
       (SELECT count(*) FROM controlled_inventory_line l WHERE l.inventory_id = v.id) AS lines,
       (SELECT count(*) FROM controlled_inventory_line l WHERE l.inventory_id = v.id AND l.counted <> l.expected) AS differing
FROM controlled_inventory v JOIN place p ON p.id = v.site_id
WHERE (:inventory_id::bigint IS NULL OR v.id = :inventory_id) AND (:site::text IS NULL OR p.name = :site)
ORDER BY v.id DESC LIMIT :rows_max OFFSET :rows_skipped;

-- name: inventory_lines(inventory_id)
-- What an inventory found, by schedule, item and lot.
SELECT v.schedule, i.name AS item, i.title AS item_title, i.base_unit, i.ndc, l.lot_number, l.expires_on, v.serial, p.name AS place,
       v.counted, v.expected, v.counted_by
FROM controlled_inventory_line v JOIN lot l ON l.id = v.lot_id JOIN item i ON i.id = l.item_id JOIN place p ON p.id = v.place_id
WHERE v.inventory_id = :inventory_id
ORDER BY array_position(ARRAY['I', 'II', 'III', 'IV', 'V'], v.schedule), i.name, l.lot_number, p.name, v.serial;

-- name: inventories_due()
-- Sites with stock of schedules that have a rule, when each was inventoried last, and after how many months again.
SELECT site.id AS site_id, site.name AS site, min(r.inventory_months) AS inventory_months,
       (SELECT max(v.taken_on) FROM controlled_inventory v WHERE v.site_id = site.id) AS last_on
FROM controlled_rule r
JOIN item i ON i.controlled_schedule = r.schedule
JOIN lot l ON l.item_id = i.id
JOIN position b ON b.lot_id = l.id AND b.quantity > 0
JOIN place p ON p.id = b.place_id
JOIN place site ON site.id = ANY(p.ancestors) AND site.kind = 'site'
GROUP BY site.id
ORDER BY site.name;

-- name: administration_of_fact(fact)
-- What a patient was given by a movement. Index: administration_fact_key.
SELECT id, dose_unit FROM administration WHERE fact = :fact;

-- name: controlled_items()
-- Items with a schedule.
SELECT id, name, title, controlled_schedule AS schedule FROM item WHERE controlled_schedule <> ''
ORDER BY array_position(ARRAY['I', 'II', 'III', 'IV', 'V'], controlled_schedule), name;

-- name: quantity_there(lot_id, serial, place_id)$
-- How much of a lot is in a place. Index: position_pkey.
SELECT quantity FROM position WHERE lot_id = :lot_id AND serial = :serial AND place_id = :place_id;
