-- What plans are made of, read from the log, and what is stored of them (cloud_sync/planning, cloud_sync/actions/planning).

-- name: newest_movement()$
-- The id of the newest movement.
SELECT coalesce(max(id), 0)::bigint FROM movement;

-- name: planned_items(used_items, used_places)
-- What is planned: items with a reorder level at a place, and items that recipients got from these places, at the site, without
-- a level at or below it.
SELECT r.item_id, i.name AS item, r.place_id, p.name AS place, p.zone, p.ancestors, s.name AS supplier, r.reorder_point,
       r.par_level, r.service_level, r.pack_size, r.order_min, r.cycle_days, r.room_max, i.shelf_life_days
FROM reorder_level r
JOIN item i ON i.id = r.item_id
JOIN place p ON p.id = r.place_id
LEFT JOIN place s ON s.id = r.supplier_id
UNION ALL
SELECT i.id, i.name, site.id, site.name, site.zone, site.ancestors, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       i.shelf_life_days
FROM (SELECT DISTINCT u.item_id, f.ancestors[1] AS site_id
      FROM unnest(:used_items::bigint[], :used_places::bigint[]) AS u (item_id, place_id)
      JOIN place f ON f.id = u.place_id AND f.kind IN ('site', 'room', 'bin')) used
JOIN item i ON i.id = used.item_id
JOIN place site ON site.id = used.site_id AND site.kind = 'site'
WHERE NOT EXISTS (SELECT FROM reorder_level r JOIN place p ON p.id = r.place_id
                  WHERE r.item_id = used.item_id AND p.ancestors @> ARRAY[site.id])
ORDER BY item, place;

-- name: demand(first, at, movement_mark)
-- What recipients got of each item from each place of the house, by weeks before the last day that is over at the place, of
-- movements that were known by a mark; and the first day. Index: movement_occurred.
SELECT w.item_id, w.place_id, f.ancestors, min(w.first_day) AS first_day, array_agg(w.weeks_ago) AS weeks_ago,
       array_agg(w.units) AS units
FROM (SELECT l.item_id, m.from_place AS place_id, (ends.today - 1 - (m.occurred_at AT TIME ZONE f.zone)::date) / 7 AS weeks_ago,
             min((m.occurred_at AT TIME ZONE f.zone)::date) AS first_day, sum(m.quantity)::bigint AS units
      FROM movement m
      JOIN lot l ON l.id = m.lot_id AND l.owner = 'house'
      JOIN place f ON f.id = m.from_place AND f.kind IN ('site', 'room', 'bin', 'transit', 'production')
      JOIN place t ON t.id = m.to_place AND t.kind IN ('customer', 'ward')
      CROSS JOIN LATERAL (SELECT (:at::timestamptz AT TIME ZONE f.zone)::date AS today) ends
      WHERE m.occurred_at >= :first AND m.occurred_at < :at AND m.id <= :movement_mark AND m.action IN ('dispense', 'ship')
        AND (m.occurred_at AT TIME ZONE f.zone)::date < ends.today
      GROUP BY 1, 2, 3) w
JOIN place f ON f.id = w.place_id
GROUP BY w.item_id, w.place_id, f.id
ORDER BY 1, 2;

-- name: usable_spells(item_ids, first, at)
-- When some of these items lay in a place, neither expired nor on hold, as spans that do not overlap. Index: lot_fefo,
-- residency's primary key.
WITH blocked AS MATERIALIZED (
    SELECT h.lot_id, NULL::bigint AS place_id, tstzrange(coalesce(h.since, h.placed_at), h.lifted_at) AS span
    FROM hold h JOIN lot l ON l.id = h.lot_id AND l.item_id = ANY(:item_ids)
    WHERE h.is_of_lot AND coalesce(h.lifted_at, 'infinity') > coalesce(h.since, h.placed_at)
    UNION ALL
    SELECT x.lot_id, x.place_id,
           tstzrange(greatest(x.since, '-infinity'),
                     (SELECT max(d.decided_at) FROM disposition d
                      WHERE (d.excursion_id, d.lot_id) = (x.excursion_id, x.lot_id) AND d.decision = 'release'
                        AND d.decided_at > x.since))
    FROM exposure x JOIN lot l ON l.id = x.lot_id AND l.item_id = ANY(:item_ids)
    UNION ALL
    SELECT r.lot_id, NULL, tstzrange(c.opened_at, CASE WHEN c.outcome = 'lifted' THEN c.closed_at END)
    FROM recall_lot r JOIN recall c ON c.id = r.recall_id AND NOT c.is_mock
    JOIN lot l ON l.id = r.lot_id AND l.item_id = ANY(:item_ids)
), stay AS (
    SELECT l.item_id, r.lot_id, r.place_id, p.ancestors, p.zone,
           tstzmultirange(tstzrange(greatest(r.began_at, :first), ends.at))
           - coalesce((SELECT range_agg(b.span) FROM blocked b
                       WHERE b.lot_id = r.lot_id AND coalesce(b.place_id = r.place_id, true)), '{}') AS spans
    FROM lot l
    JOIN residency r ON r.lot_id = l.id
    JOIN place p ON p.id = r.place_id AND p.kind IN ('site', 'room', 'bin')
    CROSS JOIN LATERAL (SELECT least(coalesce(r.ended_at, :at), :at,
                                     expires_at(l.expires_on, l.expires_hour, l.expires_exactly, p.zone)) AS at) ends
    WHERE l.item_id = ANY(:item_ids) AND l.owner = 'house' AND ends.at > greatest(r.began_at, :first)
)
SELECT s.item_id, s.place_id, s.ancestors, s.zone, lower(span) AS began_at, upper(span) AS ended_at
FROM (SELECT item_id, place_id, ancestors, zone, range_agg(spans) AS spans FROM stay GROUP BY 1, 2, 3, 4) s
CROSS JOIN LATERAL unnest(s.spans) AS span
ORDER BY 1, 2, 5;

-- name: stock_to_plan(item_ids)
-- What lies of these items in the house that is not reserved, by lot and place, until when it may be given, and the kinds of
-- holds on it. Index: lot_fefo, position's primary key, reservation_open.
SELECT l.item_id, l.id AS lot_id, l.lot_number, p.id AS place_id, p.name AS place, p.ancestors, p.zone, l.expires_on,
       expires_at(l.expires_on, l.expires_hour, l.expires_exactly, p.zone) AS expires_at, i.expiry_required,
       sum(b.quantity - coalesce((SELECT sum(v.quantity) FROM reservation v
                                  WHERE v.ended_at IS NULL
                                    AND (v.lot_id, v.place_id, v.serial) = (b.lot_id, b.place_id, b.serial)), 0)
          )::bigint AS units,
       coalesce(held.kinds, '{}') AS held
FROM lot l
JOIN item i ON i.id = l.item_id
JOIN position b ON b.lot_id = l.id AND b.quantity > 0
JOIN place p ON p.id = b.place_id AND p.kind IN ('site', 'room', 'bin')
LEFT JOIN LATERAL (SELECT array_agg(DISTINCT h.kind ORDER BY h.kind) AS kinds FROM active_hold h
                   WHERE h.lot_id = l.id AND coalesce(h.serial = b.serial, true)
                     AND hold_covers(h.place_id, b.place_id)) held ON true
WHERE l.item_id = ANY(:item_ids) AND l.owner = 'house'
GROUP BY l.id, i.id, p.id, held.kinds
ORDER BY l.item_id, l.expires_on NULLS LAST, l.id, p.name, held.kinds;

-- name: deliveries(since)
-- Purchases that were placed since, and of which something came: days to the first receipt, what was ordered (less what was
-- cancelled) and received. Index: movement_order.
SELECT f.name AS supplier, o.number, came.first_at, extract(epoch FROM came.first_at - placed.at)::double precision / 86400 AS days,
       (SELECT sum(n.quantity) FROM order_line n WHERE n.order_id = o.id)::bigint AS ordered, came.units AS received
FROM stock_order o
JOIN place f ON f.id = o.from_place
JOIN LATERAL (SELECT min(s.at) AS at FROM order_step s WHERE s.order_id = o.id AND s.step = 'ordered') placed
     ON placed.at IS NOT NULL
CROSS JOIN LATERAL (SELECT min(m.occurred_at) AS first_at, sum(m.quantity)::bigint AS units FROM movement m
                    WHERE m.order_ref = o.number AND m.order_ref <> '' AND m.action = 'receive') came
WHERE o.kind = 'purchase' AND placed.at >= :since AND came.first_at > placed.at
ORDER BY o.id;

-- name: decided_holds(since)
-- How holds of each kind ended since: with the stock released, or refused (rejected, destroyed, recalled for good).
SELECT kind, count(*) FILTER (WHERE is_released) AS released, count(*) FILTER (WHERE NOT is_released) AS refused
FROM (
    SELECT 'exposure' AS kind, d.decision = 'release' AS is_released FROM disposition d WHERE d.decided_at >= :since
    UNION ALL
    SELECT h.kind, true FROM hold h WHERE h.lifted_at >= :since
    UNION ALL
    SELECT h.kind, false FROM hold h
    WHERE h.lifted_at IS NULL AND h.placed_at >= :since
      AND EXISTS (SELECT FROM movement m WHERE m.lot_id = h.lot_id AND m.action = 'destroy' AND m.occurred_at > h.placed_at)
) ended
GROUP BY kind
ORDER BY kind;

-- name: suppliers_of_items(item_ids)
-- Who has delivered these items, whether they are qualified, and how often. Index: lot_fefo, movement_out.
SELECT l.item_id, p.name AS supplier, coalesce(s.status, 'pending') AS status, s.qualified_until, count(*) AS receipts
FROM lot l
JOIN movement m ON m.lot_id = l.id AND m.action = 'receive'
JOIN place p ON p.id = m.from_place AND p.kind = 'supplier'
LEFT JOIN supplier s ON s.place_id = p.id
WHERE l.item_id = ANY(:item_ids)
GROUP BY 1, 2, 3, 4
ORDER BY 1, count(*) DESC, 2;

-- name: substitutes_of_items(item_ids)
-- What may be given instead of each of these items, the best first.
SELECT s.item_id, s.rank, s.substitute_id, i.name AS substitute
FROM item_substitute s JOIN item i ON i.id = s.substitute_id
WHERE s.item_id = ANY(:item_ids)
ORDER BY s.item_id, s.rank;

-- name: add_run(as_of, movement_mark, line_count, inputs_sha256, results_sha256, made_by, made_at)$
-- Keep a run and give its id.
INSERT INTO planning_run (as_of, movement_mark, lines, inputs_sha256, results_sha256, made_by, made_at)
VALUES (:as_of, :movement_mark, :line_count, :inputs_sha256, :results_sha256, :made_by, :made_at)
RETURNING id;

-- name: add_lines(run_id, item_ids, place_ids, inputs, results)!
-- The lines of a run.
INSERT INTO planning_line (run_id, item_id, place_id, inputs, result)
SELECT :run_id, n.item_id, n.place_id, n.inputs::jsonb, n.result::jsonb
FROM unnest(:item_ids::bigint[], :place_ids::bigint[], :inputs::text[], :results::text[]) AS n (item_id, place_id, inputs, result);

-- name: runs(rows_max, rows_skipped)
-- Runs, the newest first.
SELECT id, as_of, movement_mark, lines, inputs_sha256, results_sha256, made_by, made_at
FROM planning_run ORDER BY id DESC LIMIT :rows_max OFFSET :rows_skipped;

-- name: run_by_id(id)^
-- One run.
SELECT id, as_of, movement_mark, lines, inputs_sha256, results_sha256, made_by, made_at FROM planning_run WHERE id = :id;

-- name: newest_run()^
-- The newest run.
SELECT id, as_of, movement_mark, lines, inputs_sha256, results_sha256, made_by, made_at
FROM planning_run ORDER BY id DESC LIMIT 1;

-- name: lines(run_id, item, place, only_to_order)
-- The lines of a run, those with something to order first.
SELECT n.item_id, i.name AS item, i.title AS item_title, i.base_unit, n.place_id, p.name AS place, p.title AS place_title,
       p.zone, p.ancestors, n.inputs, n.result
FROM planning_line n
JOIN item i ON i.id = n.item_id
JOIN place p ON p.id = n.place_id
WHERE n.run_id = :run_id AND (:item::text IS NULL OR i.name = :item) AND (:place::text IS NULL OR p.name = :place)
  AND (NOT :only_to_order OR (n.result ->> 'order_quantity')::bigint > 0)
ORDER BY (n.result ->> 'order_quantity')::bigint = 0, i.name, p.name;

-- name: add_advice(run_id, item_id, lot_id, from_place, to_place, quantity, why, proposed_by, proposed_at)$
-- Put a transfer forward.
INSERT INTO transfer_advice (run_id, item_id, lot_id, from_place, to_place, quantity, why, proposed_by, proposed_at)
VALUES (:run_id, :item_id, :lot_id, :from_place, :to_place, :quantity, :why, :proposed_by, :proposed_at)
RETURNING id;

-- name: advice(run_id, only_open, rows_max, rows_skipped)
-- Transfers that were put forward, the newest first; of one run, or of all.
SELECT a.id, a.run_id, i.name AS item, i.title AS item_title, i.base_unit, a.lot_id, l.lot_number, l.expires_on, f.name AS from_place, t.name AS to_place,
       a.quantity, a.why, a.proposed_by, a.proposed_at, a.decision, a.decided_by, a.decided_at, a.decision_reason,
       a.order_number
FROM transfer_advice a
JOIN item i ON i.id = a.item_id
LEFT JOIN lot l ON l.id = a.lot_id
JOIN place f ON f.id = a.from_place
JOIN place t ON t.id = a.to_place
WHERE (:run_id::bigint IS NULL OR a.run_id = :run_id) AND (NOT :only_open OR a.decision IS NULL)
ORDER BY a.id DESC
LIMIT :rows_max OFFSET :rows_skipped;

-- name: lock_advice(id)^
-- One transfer that was put forward, nobody else's until the end of the transaction.
SELECT a.id, a.run_id, i.name AS item, a.lot_id, l.lot_number, f.name AS from_place, t.name AS to_place, a.quantity, a.why,
       a.proposed_by, a.decision, a.decided_by, a.order_number
FROM transfer_advice a
JOIN item i ON i.id = a.item_id
LEFT JOIN lot l ON l.id = a.lot_id
JOIN place f ON f.id = a.from_place
JOIN place t ON t.id = a.to_place
WHERE a.id = :id
FOR UPDATE OF a;

-- name: decide_advice(id, decision, decided_by, decided_at, decision_reason, order_number)!
-- Keep what was decided on it.
UPDATE transfer_advice
SET decision = :decision, decided_by = :decided_by, decided_at = :decided_at, decision_reason = :decision_reason,
    order_number = :order_number
WHERE id = :id AND decision IS NULL;

-- name: sites_of(place_ids)
-- The site that each of these places is in.
SELECT p.id AS place_id, site.id AS site_id, site.name AS site
FROM place p JOIN place site ON site.id = ANY(p.ancestors) AND site.kind = 'site'
WHERE p.id = ANY(:place_ids);

-- name: advice_by_id(id)^
-- One transfer that was put forward.
SELECT a.id, a.run_id, i.name AS item, i.title AS item_title, i.base_unit, a.lot_id, l.lot_number, l.expires_on, f.name AS from_place,
       t.name AS to_place, a.quantity, a.why, a.proposed_by, a.proposed_at, a.decision, a.decided_by, a.decided_at,
       a.decision_reason, a.order_number
FROM transfer_advice a
JOIN item i ON i.id = a.item_id
LEFT JOIN lot l ON l.id = a.lot_id
JOIN place f ON f.id = a.from_place
JOIN place t ON t.id = a.to_place
WHERE a.id = :id;

-- name: travel_days(since)$
-- How many days transfers take from shipping to receiving: the median of those since; null without any. Index: movement_order.
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM came.at - went.at))::double precision / 86400
FROM stock_order o
CROSS JOIN LATERAL (SELECT min(m.occurred_at) AS at FROM movement m
                    WHERE m.order_ref = o.number AND m.order_ref <> '' AND m.action = 'ship') went
CROSS JOIN LATERAL (SELECT min(m.occurred_at) AS at FROM movement m
                    WHERE m.order_ref = o.number AND m.order_ref <> '' AND m.action = 'receive') came
WHERE o.kind = 'transfer' AND o.requested_at >= :since AND came.at > went.at;

-- name: item_costs(item_ids, at)
-- What a base unit of each of these items costs at an instant, in the house's currency; null where nobody has said.
SELECT i.id AS item_id, unit_cost(NULL, i.id, :at, house_currency())::double precision AS cost
FROM item i WHERE i.id = ANY(:item_ids);
