-- The parts of key performance indicators of a site (null: of the house) in a time (cloud_sync/planning/kpi.py has the formulas).

-- name: count_parts(site_id, first, last)^
-- Positions of counts that were decided in the time, and those of them that were as expected.
SELECT count(r.count_id)::double precision AS positions_counted,
       count(r.count_id) FILTER (WHERE r.counted = r.expected)::double precision AS positions_as_expected
FROM stock_count k
JOIN place p ON p.id = k.place_id
JOIN count_result r ON r.count_id = k.id
WHERE k.decided_at >= :first AND k.decided_at < :last AND k.decision = 'approved'
  AND (:site_id::bigint IS NULL OR p.ancestors @> ARRAY[:site_id::bigint]);

-- name: movement_parts(site_id, first, last, currency)^
-- What moved in the time: units and value destroyed after their expiry, value that recipients got, and how many movements of
-- the workflow named an order. Index: movement_occurred.
SELECT coalesce(sum(m.quantity) FILTER (WHERE is_expired), 0)::double precision AS expired_units,
       sum(m.quantity * cost) FILTER (WHERE is_expired)::double precision AS expired_value,
       sum(m.quantity * cost) FILTER (WHERE is_issue)::double precision AS issued_value,
       (sum(m.quantity * cost) FILTER (WHERE is_issue) * 12)::double precision AS issued_value_year,
       count(*) FILTER (WHERE is_work)::double precision AS workflow_movements,
       count(*) FILTER (WHERE is_work AND m.order_ref <> '')::double precision AS standard_movements
FROM movement m
JOIN lot l ON l.id = m.lot_id AND l.owner = 'house'
JOIN place f ON f.id = m.from_place
JOIN place t ON t.id = m.to_place
CROSS JOIN LATERAL (SELECT unit_cost(l.id, l.item_id, m.occurred_at, :currency) AS cost,
                           m.action = 'destroy' AND expires_at(l.expires_on, l.expires_hour, l.expires_exactly, f.zone) <= m.occurred_at AS is_expired,
                           m.action IN ('dispense', 'ship') AND t.kind IN ('customer', 'ward') AS is_issue,
                           m.action IN ('receive', 'dispense', 'ship', 'return') AS is_work) said
WHERE m.occurred_at >= :first AND m.occurred_at < :last
  AND (:site_id::bigint IS NULL OR f.ancestors @> ARRAY[:site_id::bigint] OR t.ancestors @> ARRAY[:site_id::bigint]);

-- name: stock_values(site_id, first, last, currency)^
-- What the stock in the house (or a site) was worth at two instants: what is there now, without what moved since; null where no
-- cost is known. Costs are those of unit_cost, read at once for all lots. Index: movement_occurred.
WITH there AS (
    SELECT id FROM place WHERE kind IN ('site', 'room', 'bin') AND (:site_id::bigint IS NULL OR ancestors @> ARRAY[:site_id::bigint])
), now_there AS (
    SELECT b.lot_id, sum(b.quantity) AS units FROM position b JOIN there ON there.id = b.place_id WHERE b.quantity <> 0 GROUP BY b.lot_id
), moved AS (
    SELECT m.lot_id, sum(came.units) AS since_first, sum(came.units) FILTER (WHERE m.occurred_at >= :last) AS since_last
    FROM movement m
    CROSS JOIN LATERAL (SELECT CASE WHEN m.to_place IN (SELECT id FROM there) THEN m.quantity ELSE 0 END
                               - CASE WHEN m.from_place IN (SELECT id FROM there) THEN m.quantity ELSE 0 END AS units) came
    WHERE m.occurred_at >= :first
    GROUP BY m.lot_id
), actual AS (
    SELECT lot_id, sum(unit_cost * quantity) / sum(quantity) AS cost
    FROM (SELECT DISTINCT ON (lot_id, order_number) lot_id, unit_cost, quantity, currency FROM receipt_cost
          ORDER BY lot_id, order_number, id DESC) r
    WHERE currency = :currency
    GROUP BY lot_id
), usual AS (
    SELECT DISTINCT ON (instant.at, c.item_id) instant.at, c.item_id, c.cost
    FROM (VALUES (:first::timestamptz), (:last)) instant (at)
    JOIN item_cost c ON c.valid_from <= (instant.at AT TIME ZONE 'UTC')::date AND c.currency = :currency
    ORDER BY instant.at, c.item_id, c.supplier_id IS NOT NULL, c.valid_from DESC, c.id DESC
), was AS (
    SELECT lot_id, coalesce(n.units, 0) - coalesce(m.since_first, 0) AS at_first, coalesce(n.units, 0) - coalesce(m.since_last, 0) AS at_last
    FROM now_there n FULL JOIN moved m USING (lot_id)
)
SELECT sum(w.at_first * coalesce(a.cost, f.cost)) FILTER (WHERE w.at_first > 0)::double precision AS at_first,
       sum(w.at_last * coalesce(a.cost, t.cost)) FILTER (WHERE w.at_last > 0)::double precision AS at_last
FROM was w
JOIN lot l ON l.id = w.lot_id AND l.owner = 'house'
LEFT JOIN actual a ON a.lot_id = w.lot_id
LEFT JOIN usual f ON f.item_id = l.item_id AND f.at = :first
LEFT JOIN usual t ON t.item_id = l.item_id AND t.at = :last;

-- name: receipt_parts(site_id, first, last)^
-- Lots that were received from suppliers in the time and are available by now: hours until no hold that began with the receipt
-- was left on them.
SELECT coalesce(sum(extract(epoch FROM free.at - came.at) / 3600), 0)::double precision AS available_after_h,
       count(*)::double precision AS lots_available
FROM (SELECT m.lot_id, min(m.occurred_at) AS at
      FROM movement m
      JOIN place f ON f.id = m.from_place AND f.kind = 'supplier'
      JOIN place t ON t.id = m.to_place
      WHERE m.action = 'receive' AND m.occurred_at >= :first AND m.occurred_at < :last
        AND (:site_id::bigint IS NULL OR t.ancestors @> ARRAY[:site_id::bigint])
      GROUP BY m.lot_id) came
CROSS JOIN LATERAL (SELECT greatest(came.at, max(h.lifted_at)) AS at, bool_or(h.id IS NOT NULL AND h.lifted_at IS NULL) AS is_held
                    FROM (SELECT 1) one
                    LEFT JOIN hold h ON h.lot_id = came.lot_id AND coalesce(h.since, h.placed_at) < came.at + interval '1 day') free
WHERE NOT coalesce(free.is_held, false);

-- name: order_parts(site_id, first, last)^
-- Purchases and transfers whose first receipt was in the time. Index: movement_occurred, movement_order, exception_case_order.
WITH came AS (
    SELECT o.id, o.number, o.kind, o.requested_at, min(m.occurred_at) AS first_at, sum(m.quantity) AS units
    FROM (SELECT DISTINCT m.order_ref FROM movement m
          WHERE m.occurred_at >= :first AND m.occurred_at < :last AND m.action = 'receive' AND m.order_ref <> '') named
    JOIN stock_order o ON o.number = named.order_ref AND o.kind IN ('purchase', 'transfer')
    JOIN place t ON t.id = o.to_place AND (:site_id::bigint IS NULL OR t.ancestors @> ARRAY[:site_id::bigint])
    JOIN movement m ON m.order_ref = o.number AND m.order_ref <> '' AND m.action = 'receive'
    GROUP BY o.id
    HAVING min(m.occurred_at) >= :first
), bought AS (
    SELECT c.units, (SELECT sum(n.quantity) FROM order_line n WHERE n.order_id = c.id) AS ordered,
           EXISTS (SELECT FROM exception_case k WHERE k.kind IN ('order_mismatch', 'receipt_discrepancy')
                   AND k.data ->> 'order' = c.number) AS is_wrong
    FROM came c WHERE c.kind = 'purchase'
)
SELECT (SELECT coalesce(sum(extract(epoch FROM first_at - requested_at) / 3600), 0) FROM came WHERE kind = 'transfer')::double precision AS transfer_h,
       (SELECT count(*) FROM came WHERE kind = 'transfer')::double precision AS transfers_received,
       coalesce(sum(least(units, ordered)), 0)::double precision AS purchased_received,
       coalesce(sum(ordered), 0)::double precision AS purchased_ordered,
       count(*)::double precision AS receipts, count(*) FILTER (WHERE NOT is_wrong)::double precision AS receipts_clean
FROM bought;

-- name: room_parts(site_id, first, last)^
-- Excursions that began in the time, and hours of excursions within it. Index: excursion_began.
SELECT count(*) FILTER (WHERE e.began_at >= :first)::double precision AS excursions,
       coalesce(sum(extract(epoch FROM least(coalesce(e.ended_at, :last), :last) - greatest(e.began_at, :first)) / 3600), 0)::double precision AS outside_h
FROM excursion e JOIN place p ON p.id = e.place_id
WHERE e.began_at < :last AND coalesce(e.ended_at, 'infinity') > :first
  AND (:site_id::bigint IS NULL OR p.ancestors @> ARRAY[:site_id::bigint]);

-- name: quarantine_parts(site_id, first, last)^
-- Holds that ended in the time, and decisions on exposures: hours from the beginning (of an exposure: from the excursion's end).
SELECT coalesce(sum(ended.hours), 0)::double precision AS quarantine_h, count(*)::double precision AS holds_ended
FROM (SELECT extract(epoch FROM h.lifted_at - h.placed_at) / 3600 AS hours
      FROM hold h
      WHERE h.lifted_at >= :first AND h.lifted_at < :last
        AND (:site_id::bigint IS NULL
             OR EXISTS (SELECT FROM residency r JOIN place p ON p.id = r.place_id AND p.ancestors @> ARRAY[:site_id::bigint]
                        WHERE r.lot_id = h.lot_id AND r.began_at < h.lifted_at AND coalesce(r.ended_at, 'infinity') > h.placed_at))
      UNION ALL
      SELECT extract(epoch FROM d.decided_at - d.ended_at) / 3600
      FROM disposition d
      WHERE d.decided_at >= :first AND d.decided_at < :last AND d.decided_at > d.ended_at
        AND (:site_id::bigint IS NULL
             OR EXISTS (SELECT FROM excursion e JOIN place p ON p.id = e.place_id
                        WHERE e.id = d.excursion_id AND p.ancestors @> ARRAY[:site_id::bigint]))) ended;

-- name: shortage_parts(site_id, first, last)^
-- Shortages that were approved in the time, and hours from their opening.
SELECT coalesce(sum(extract(epoch FROM s.decided_at - s.opened_at) / 3600), 0)::double precision AS shortage_response_h,
       count(*)::double precision AS shortages_approved
FROM shortage s
WHERE s.decision = 'approved' AND s.decided_at >= :first AND s.decided_at < :last
  AND (:site_id::bigint IS NULL OR s.site_id = :site_id);

-- name: levels_of_site(site_id)
-- Places at or below a site (null: anywhere) with the items that have a reorder level there.
SELECT p.id AS place_id, p.zone, array_agg(DISTINCT r.item_id) AS item_ids
FROM reorder_level r JOIN place p ON p.id = r.place_id
WHERE :site_id::bigint IS NULL OR p.ancestors @> ARRAY[:site_id::bigint]
GROUP BY p.id;

-- name: sites()
-- Sites with their time zones.
SELECT id, name, title, zone FROM place WHERE kind = 'site' ORDER BY name;

-- name: lot_values(site_id, at, currency, words, sort, is_descending, rows_max, rows_skipped)
-- What each lot in the house (or a site) is worth, at what it cost; sort '': the most valuable first. Costs are those of unit_cost, read at
-- once for all lots.
WITH goods AS (
    SELECT b.lot_id, sum(b.quantity)::bigint AS units
    FROM position b
    JOIN place p ON p.id = b.place_id AND p.kind IN ('site', 'room', 'bin')
    WHERE b.quantity > 0 AND (:site_id::bigint IS NULL OR p.ancestors @> ARRAY[:site_id::bigint])
    GROUP BY b.lot_id
), actual AS (
    SELECT lot_id, sum(unit_cost * quantity) / sum(quantity) AS cost
    FROM (SELECT DISTINCT ON (lot_id, order_number) lot_id, unit_cost, quantity, currency FROM receipt_cost
          ORDER BY lot_id, order_number, id DESC) r
    WHERE currency = :currency
    GROUP BY lot_id
), usual AS (
    SELECT DISTINCT ON (item_id) item_id, cost FROM item_cost
    WHERE valid_from <= (:at::timestamptz AT TIME ZONE 'UTC')::date AND currency = :currency
    ORDER BY item_id, supplier_id IS NOT NULL, valid_from DESC, id DESC
)
SELECT g.lot_id, i.name AS item, i.title AS item_title, i.base_unit, l.lot_number, l.expires_on, g.units,
       worth.cost::double precision AS unit_cost, worth.value::double precision AS value, a.lot_id IS NOT NULL AS is_actual
FROM goods g
JOIN lot l ON l.id = g.lot_id AND l.owner = 'house'
JOIN item i ON i.id = l.item_id
LEFT JOIN actual a ON a.lot_id = g.lot_id
LEFT JOIN usual u ON u.item_id = l.item_id
CROSS JOIN LATERAL (SELECT coalesce(a.cost, u.cost) AS cost, g.units * coalesce(a.cost, u.cost) AS value) worth
CROSS JOIN LATERAL (
    SELECT CASE :sort WHEN 'item' THEN lower(coalesce(nullif(i.title, ''), i.name)) WHEN 'lot_number' THEN lower(l.lot_number) END AS text,
           CASE :sort WHEN 'expires_on' THEN extract(epoch FROM l.expires_on) WHEN 'units' THEN g.units WHEN 'unit_cost' THEN worth.cost
                      WHEN 'value' THEN worth.value END AS number) by
WHERE :words = '' OR strpos(lower(concat_ws(' ', i.name, i.title, l.lot_number)), lower(:words)) > 0
ORDER BY CASE WHEN NOT :is_descending THEN by.text END NULLS LAST, CASE WHEN :is_descending THEN by.text END DESC NULLS LAST,
         CASE WHEN NOT :is_descending THEN by.number END NULLS LAST, CASE WHEN :is_descending THEN by.number END DESC NULLS LAST,
         worth.value DESC NULLS LAST, g.lot_id
LIMIT :rows_max OFFSET :rows_skipped;

-- name: add_receipt_cost(lot_id, order_number, quantity, unit_cost, currency, reason, said_by, said_at)$
-- What a receipt cost; gives its id.
INSERT INTO receipt_cost (lot_id, order_number, quantity, unit_cost, currency, reason, said_by, said_at)
VALUES (:lot_id, :order_number, :quantity, :unit_cost, :currency, :reason, :said_by, :said_at)
RETURNING id;

-- name: received_units(lot_id, order_number)$
-- Base units of a lot that were received (for an order, or for none). Index: movement_out.
SELECT coalesce(sum(m.quantity), 0)::bigint FROM movement m
WHERE m.lot_id = :lot_id AND m.action IN ('receive', 'opening') AND m.order_ref = :order_number;

-- name: receipt_costs(lot_id)
-- What was said about the cost of a lot's receipts, the newest first.
SELECT id, order_number, quantity, unit_cost, currency, reason, said_by, said_at FROM receipt_cost WHERE lot_id = :lot_id ORDER BY id DESC;

-- name: site_id(name)$
-- A site by its name.
SELECT id FROM place WHERE name = :name AND kind = 'site';

-- name: house_currency()$
-- The currency of most costs; null without any.
SELECT house_currency();
