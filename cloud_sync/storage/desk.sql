-- name: gateway_to_serve(name)^
-- A gateway that asks for its desk, and the site around its place (the place itself if it stands in no site).
SELECT g.id, g.public_key, g.revoked_at, p.name AS place,
       coalesce((SELECT s.id FROM place s WHERE s.id = ANY(p.ancestors) AND s.kind = 'site'
                 ORDER BY cardinality(s.ancestors) LIMIT 1), p.id) AS site_id
FROM gateway g LEFT JOIN place p ON p.id = g.place_id
WHERE g.name = :name;

-- name: use_nonce(gateway_id, nonce, at)!
-- Note that a number was used; no row if it was before.
INSERT INTO gateway_nonce (gateway_id, nonce, at) VALUES (:gateway_id, :nonce, :at) ON CONFLICT DO NOTHING;

-- name: forget_nonces(before)!
-- Requests this old are refused by their time already.
DELETE FROM gateway_nonce WHERE at < :before;

-- name: site_name(site_id)$
-- What the site is called.
SELECT name FROM place WHERE id = :site_id;

-- name: desk_places(site_id)
-- Places of the site, and those that stand outside every site (suppliers, customers), with all they stand in.
SELECT p.name, p.kind, p.title, p.policy, p.zone, p.is_zone_known,
       ARRAY(SELECT a.name FROM place a WHERE a.id = ANY(p.ancestors) ORDER BY cardinality(a.ancestors)) AS path
FROM place p
WHERE p.ancestors @> ARRAY[:site_id::bigint]
   OR NOT EXISTS (SELECT FROM place s WHERE s.id = ANY(p.ancestors) AND s.kind = 'site')
ORDER BY p.name;

-- name: desk_items()
-- Every item that a label can name. Units that get their serials here come without.
SELECT i.name, i.title, i.base_unit, i.expiry_required, i.serial_tracked AND NOT EXISTS (SELECT FROM serial_pattern s
           WHERE s.item_id = i.id AND s.given_at IN ('receipt', 'both')) AS serial_tracked, i.receipt_days_min,
       coalesce((SELECT jsonb_object_agg(g.gtin, g.base_units ORDER BY g.gtin)
                 FROM item_gtin g WHERE g.item_id = i.id), '{}') AS gtins,
       coalesce((SELECT jsonb_object_agg(c.key, c.base_units ORDER BY c.key)
                 FROM item_code c WHERE c.item_id = i.id), '{}') AS codes
FROM item i
WHERE EXISTS (SELECT FROM item_key k WHERE k.item_id = i.id)
ORDER BY i.name;

-- name: desk_lots(site_id)
-- Lots with stock at the site: expiry, all that blocks them, and where they are.
WITH here AS MATERIALIZED (
    SELECT b.lot_id, b.serial, b.place_id, b.quantity, p.name AS place
    FROM position b JOIN place p ON p.id = b.place_id
    WHERE b.quantity <> 0 AND p.ancestors @> ARRAY[:site_id::bigint]
), reserved AS (
    SELECT v.lot_id, v.serial, v.place_id,
           jsonb_agg(jsonb_build_object('demand', v.demand, 'quantity', v.quantity) ORDER BY v.id) AS reservations
    FROM reservation v
    WHERE v.ended_at IS NULL AND v.lot_id IN (SELECT lot_id FROM here)
    GROUP BY v.lot_id, v.serial, v.place_id
), blocked AS (
    SELECT h.lot_id,
           jsonb_agg(DISTINCT jsonb_build_object('kind', h.kind, 'text', h.text, 'place', p.name,
                                                 'serial', nullif(h.serial, ''))) AS blocks
    FROM active_hold h LEFT JOIN place p ON p.id = h.place_id
    WHERE h.lot_id IN (SELECT lot_id FROM here)
    GROUP BY h.lot_id
)
SELECT i.name AS item, l.lot_number AS number, l.owner, l.expires_on, l.expires_hour, l.expires_exactly,
       (SELECT expires_at(l.expires_on, l.expires_hour, l.expires_exactly, p.zone) FROM place p
        WHERE p.id = :site_id) AS expires_at,
       coalesce(min(k.blocks::text)::jsonb, '[]') AS blocks,
       jsonb_agg(jsonb_build_object('place', s.place, 'serial', s.serial, 'quantity', s.quantity,
                                    'reservations', coalesce(v.reservations, '[]')) ORDER BY s.place, s.serial) AS balances
FROM here s
JOIN lot l ON l.id = s.lot_id
JOIN item i ON i.id = l.item_id
LEFT JOIN reserved v ON (v.lot_id, v.serial, v.place_id) = (s.lot_id, s.serial, s.place_id)
LEFT JOIN blocked k ON k.lot_id = s.lot_id
GROUP BY i.name, l.id
ORDER BY i.name, l.lot_number, l.owner;

-- name: desk_suppliers()
-- Suppliers whose qualification is kept, and why goods may not come from one.
SELECT p.name AS place, s.status = 'qualified' AS qualified, s.qualified_until,
       CASE WHEN s.status = 'qualified' THEN '' ELSE concat_ws(': ', s.status, nullif(s.note, '')) END AS text
FROM supplier s JOIN place p ON p.id = s.place_id
ORDER BY p.name;

-- name: orders_at_site(site_id, rows_max)
-- The latest orders from, to or within a site that may be carried out.
SELECT o.number
FROM stock_order o
JOIN place f ON f.id = o.from_place
JOIN place t ON t.id = o.to_place
WHERE o.kind IN ('purchase', 'requisition', 'transfer')
  AND (f.ancestors @> ARRAY[:site_id::bigint] OR t.ancestors @> ARRAY[:site_id::bigint])
  -- LIMIT 1: the steps of the few orders that are wanted are looked up, order by order.
  AND (SELECT true FROM order_step s WHERE s.order_id = o.id AND s.step = 'rejected' LIMIT 1) IS NULL
  AND (o.kind <> 'purchase' OR (SELECT true FROM order_step s WHERE s.order_id = o.id AND s.step = 'ordered' LIMIT 1))
ORDER BY o.id DESC
LIMIT :rows_max;

-- name: desk_operators(site_id, at)
-- Who may work at the docks of a site. untrained: what somebody with an account has to read and sign before their badge counts
-- again, where none of their roles that work at docks is theirs at that instant. Index: signature_of_record.
SELECT o.name, o.badge, o.active, o.pin,
       (SELECT CASE WHEN bool_and(w.procedures IS NOT NULL) THEN string_agg(DISTINCT w.procedures, ', ') END
        FROM (SELECT (SELECT string_agg(m.code || ' version ' || m.version, ', ' ORDER BY m.code)
                      FROM training_missing(r.person, :at) m WHERE m.role = r.role AND m.until <= :at) AS procedures
              FROM account_role r
              WHERE lower(r.person) = lower(o.name)
                AND EXISTS (SELECT FROM role_permission p WHERE p.role = r.role
                            AND p.permission IN ('move stock', 'receive goods', 'issue stock', 'count stock'))) w) AS untrained
FROM operator o
WHERE NOT EXISTS (SELECT FROM operator_site s WHERE s.operator = o.name)
   OR EXISTS (SELECT FROM operator_site s WHERE s.operator = o.name AND s.site_id = :site_id)
ORDER BY o.name;

-- name: desk_policies()
-- Policies that places use.
SELECT body FROM policy WHERE name IN (SELECT policy FROM place) ORDER BY name;

-- name: desk_channels(gateway_id)
-- Where this gateway's channels measure, and why some need not be judged.
SELECT c.device, c.metric, coalesce(p.name, '') AS place, coalesce(u.reason, '') AS not_judged_because
FROM channel c
LEFT JOIN place p ON p.id = c.place_id
LEFT JOIN unjudged_on_purpose u ON u.channel_id = c.id
WHERE c.gateway_id = :gateway_id AND (p.id IS NOT NULL OR u.channel_id IS NOT NULL)
ORDER BY c.device, c.metric;

-- name: desk_cases(gateway_id, kinds, rows_max)
-- Open cases that hold what this gateway said and the ledger could not book, the newest first. Index:
-- exception_case_open_kind.
SELECT k.id AS number, k.kind, k.text, coalesce((k.data -> 'line' ->> 'at')::timestamptz, k.opened_at) AS at,
       coalesce(k.data -> 'line' ->> 'operator', '') AS operator
FROM exception_case k
JOIN evidence e ON e.id = k.evidence_id AND e.gateway_id = :gateway_id
WHERE k.kind = ANY(:kinds) AND k.resolved_at IS NULL
ORDER BY k.id DESC
LIMIT :rows_max;

-- name: desk_lost(rows_max)
-- Serials that every dock refuses, the latest ones. Index: lost_serial_open.
SELECT i.name AS item, i.title, s.serial, s.why
FROM (SELECT * FROM lost_serial WHERE found_at IS NULL ORDER BY id DESC LIMIT :rows_max) s
JOIN item i ON i.id = s.item_id
ORDER BY i.name, s.serial;

-- name: place_gateway(name, place_id)!
-- Say where a gateway stands.
UPDATE gateway SET place_id = :place_id WHERE name = :name;

-- name: lock_operator(name)^
-- The badge that an operator has, locked; nothing for a new one.
SELECT badge, active FROM operator WHERE name = :name FOR UPDATE;

-- name: oldest_key(site_id)$
-- The public key of the gateway that stands longest in a site.
SELECT g.public_key FROM gateway g JOIN place p ON p.id = g.place_id WHERE p.ancestors[1] = :site_id ORDER BY g.id LIMIT 1;

-- name: forget_sites(name)!
-- Before it is said anew where an operator works.
DELETE FROM operator_site WHERE operator = :name;

-- name: add_sites(name, site_ids)!
-- Where an operator works.
INSERT INTO operator_site (operator, site_id) SELECT DISTINCT :name, unnest(:site_ids::bigint[]);

-- name: lock_gateway_place(name)^
-- Where a gateway stands, locked.
SELECT (SELECT p.name FROM place p WHERE p.id = g.place_id) AS place FROM gateway g WHERE g.name = :name FOR UPDATE;

-- name: set_pin(name, pin)!
-- The PIN that goes with an operator's badge, as it is kept; null: none.
UPDATE operator SET pin = :pin WHERE name = :name;

-- name: put_operator(name, badge, active)!
-- Give an operator a badge, or change it.
INSERT INTO operator (name, badge, active) VALUES (:name, :badge, :active)
ON CONFLICT (name) DO UPDATE SET badge = excluded.badge, active = excluded.active;
