-- The fleet of gateways, as whoever looks after it sees it.

-- name: fleet(name, rows_max)
-- Gateways (or the one of this name) with where each stands, and how far its journals have come: behind counts the numbers
-- between the first hole and the newest one known, horizon_at is when the newest record before the first hole was made.
SELECT g.id, g.name, g.registered_at, g.key_since, g.revoked_at, g.last_seen_at, p.name AS place, p.title AS place_title, p.zone,
       (SELECT coalesce(sum(l.max_seq - l.next_seq + 1), 0)::bigint FROM lane_progress l
        WHERE l.gateway_id = g.id AND l.max_seq >= l.next_seq) AS behind,
       (SELECT coalesce(sum(l.max_seq), 0)::bigint FROM lane_progress l WHERE l.gateway_id = g.id) AS known,
       (SELECT max(l.horizon_at) FROM lane_progress l WHERE l.gateway_id = g.id AND l.lane = 'readings') AS horizon_at,
       coalesce((SELECT (k.data ->> 'count')::bigint FROM exception_case k
                 WHERE k.kind = 'batch_not_genuine' AND k.key = 'gateway:' || g.name AND k.resolved_at IS NULL), 0) AS refused,
       (SELECT count(*) FROM channel c WHERE c.gateway_id = g.id) AS channels
FROM gateway g
LEFT JOIN place p ON p.id = g.place_id
WHERE :name::text IS NULL OR g.name = :name
ORDER BY g.name
LIMIT :rows_max;

-- name: latest_notices(gateway_ids, kinds)
-- The latest notice of each of these kinds that each of these gateways sent. Index: notice_latest.
SELECT g.id AS gateway_id, n.kind, n.at, n.subject, n.text, n.data
FROM unnest(:gateway_ids::bigint[]) AS g (id)
CROSS JOIN unnest(:kinds::text[]) AS k (kind)
CROSS JOIN LATERAL (SELECT n.kind, n.at, n.subject, n.text, n.data FROM notice n
                    WHERE (n.gateway_id, n.kind) = (g.id, k.kind) ORDER BY n.at DESC LIMIT 1) n;

-- name: notices_of(gateway_id, kinds, rows_max)
-- The newest notices of these kinds of one gateway. Index: notice_latest.
SELECT n.kind, n.at, n.subject, n.text, n.data
FROM unnest(:kinds::text[]) AS k (kind)
CROSS JOIN LATERAL (SELECT n.kind, n.at, n.subject, n.text, n.data FROM notice n
                    WHERE (n.gateway_id, n.kind) = (:gateway_id, k.kind) ORDER BY n.at DESC LIMIT :rows_max) n
ORDER BY n.at DESC
LIMIT :rows_max;

-- name: open_invitations(at, rows_max)
-- Invitations that nobody has used and that are still good.
SELECT i.gateway, p.name AS place, i.invited_by, i.invited_at, i.expires_at, i.replaces
FROM gateway_invite i LEFT JOIN place p ON p.id = i.place_id
WHERE i.used_at IS NULL AND i.expires_at > :at
ORDER BY i.invited_at DESC
LIMIT :rows_max;

-- name: has_anybody()$
-- Whether anybody can ask this ledger for anything: an account or a token.
SELECT EXISTS (SELECT FROM account) OR EXISTS (SELECT FROM api_token);

-- name: calibrations_due(channel_ids)
-- When the calibration of the devices of these channels is due, as their gateways last reminded. Index: notice_latest.
SELECT DISTINCT ON (c.id) c.id AS channel_id, n.at AS told_at, n.data ->> 'due' AS due
FROM channel c
JOIN notice n ON n.gateway_id = c.gateway_id AND n.kind = 'calibration_due' AND n.subject = c.device
WHERE c.id = ANY(:channel_ids)
ORDER BY c.id, n.at DESC;
