-- What is the case at the moment and told of: each query gives rows of key, kind, subject, place_id, since, title, text, path.

-- name: may_look()$
-- Whether nobody else looks at this moment; then it is this transaction's until it ends.
SELECT pg_try_advisory_xact_lock(x'414C4C4B'::int);

-- name: open_conditions()
-- What was the case at the last look.
SELECT key, kind, since, alert_id FROM alert_condition ORDER BY key;

-- name: add_condition(key, kind, since, alert_id)!
-- It is the case.
INSERT INTO alert_condition (key, kind, since, alert_id) VALUES (:key, :kind, :since, :alert_id) ON CONFLICT DO NOTHING;

-- name: end_conditions(keys)!
-- It is no longer.
DELETE FROM alert_condition WHERE key = ANY(:keys);

-- name: alert_by_id(id)^
-- An alert. Index: alert_pkey.
SELECT id, kind, key, subject, sites, place_id, title, text, path FROM alert WHERE id = :id;

-- name: silent_gateways(before)
-- Gateways of which nothing was heard since.
SELECT 'gateway:' || g.name AS key, 'gateway:' || g.name AS subject, g.place_id, g.last_seen_at AS since, g.name, p.name AS place
FROM gateway g LEFT JOIN place p ON p.id = g.place_id
WHERE g.revoked_at IS NULL AND g.last_seen_at < :before
ORDER BY g.name;

-- name: silent_channels(at, before)
-- Channels of gateways that are heard of, without any good value since. Index: those of reading by channel and time.
SELECT 'channel:' || c.id AS key, 'channel:' || c.id AS subject, c.place_id, r.at AS since, g.name AS gateway, c.device, c.metric,
       p.name AS place
FROM channel c
JOIN gateway g ON g.id = c.gateway_id AND g.revoked_at IS NULL AND g.last_seen_at >= :before
JOIN place p ON p.id = c.place_id
CROSS JOIN LATERAL (SELECT r.at FROM reading r WHERE r.channel_id = c.id AND r.at <= :at ORDER BY r.at DESC LIMIT 1) r
WHERE c.version_of IS NULL AND r.at < :before
ORDER BY c.id;

-- name: lots_expiring(today, last_day, rows_max)
-- Lots in the house that expire within days. Index: lot_expiry.
SELECT 'expiry:' || l.id AS key, 'lot:' || l.id AS subject, l.id AS lot_id, i.name AS item, l.lot_number, l.expires_on,
       coalesce((SELECT array_agg(DISTINCT site.id)
                 FROM position b JOIN place p ON p.id = b.place_id
                 JOIN place site ON site.id = ANY(p.ancestors) AND site.kind = 'site'
                 WHERE b.lot_id = l.id AND b.quantity > 0), '{}') AS sites
FROM lot l JOIN item i ON i.id = l.item_id
WHERE l.expires_on >= :today AND l.expires_on <= :last_day
  AND EXISTS (SELECT FROM position b JOIN place p ON p.id = b.place_id
              WHERE b.lot_id = l.id AND b.quantity > 0 AND p.kind IN ('site', 'room', 'bin') LIMIT 1)
ORDER BY l.expires_on, l.id
LIMIT :rows_max;

-- name: notices_since(kinds, since)
-- The latest notice of each of these kinds about each thing that each gateway sent since. Index: notice_latest.
SELECT DISTINCT ON (g.id, n.kind, n.subject) g.name AS gateway, g.place_id, n.kind, n.subject, n.at, n.text, n.data
FROM gateway g
CROSS JOIN unnest(:kinds::text[]) AS k (kind)
CROSS JOIN LATERAL (SELECT n.kind, n.subject, n.at, n.text, n.data FROM notice n
                    WHERE (n.gateway_id, n.kind) = (g.id, k.kind) AND n.at > :since ORDER BY n.at DESC LIMIT 50) n
WHERE g.revoked_at IS NULL
ORDER BY g.id, n.kind, n.subject, n.at DESC;

-- name: failing_targets(before)
-- Targets that have not worked since.
SELECT 'target:' || name AS key, name, failing_since AS since, last_error,
       (SELECT count(*) FROM alert_message m WHERE m.target = t.name AND m.sent_at IS NULL AND m.withdrawn_at IS NULL) AS unsent
FROM alert_target t WHERE active AND failing_since <= :before ORDER BY name;
