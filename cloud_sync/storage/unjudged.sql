-- Channels that no rule judges.

-- name: channels_to_judge(channel_ids)
-- Channels (null: all) with the policies over them, nearest first, and why one need not be judged (null: it has to be).
SELECT c.id, g.name AS gateway, c.device, c.metric, p.name AS place, u.reason AS on_purpose,
       coalesce((SELECT jsonb_agg(policy.body ORDER BY cardinality(above.ancestors) DESC)
                 FROM place above JOIN policy ON policy.name = above.policy
                 WHERE above.id = ANY(p.ancestors)), '[]') AS policies
FROM channel c
JOIN gateway g ON g.id = c.gateway_id
LEFT JOIN place p ON p.id = c.place_id
LEFT JOIN unjudged_on_purpose u ON u.channel_id = c.id
WHERE c.version_of IS NULL AND (:channel_ids::bigint[] IS NULL OR c.id = ANY(:channel_ids))
ORDER BY c.id;

-- name: channels_of_devices(gateway_id, devices, metrics)
-- The channels of these names.
SELECT c.id
FROM unnest(:devices::text[], :metrics::text[]) AS new (device, metric)
JOIN channel c ON (c.gateway_id, c.device, c.metric) = (:gateway_id, new.device, new.metric)
ORDER BY c.id;

-- name: places_to_propose()
-- Names of places where something may measure.
SELECT name FROM place WHERE kind IN ('site', 'room', 'bin', 'ward', 'production', 'transit');

-- name: say_on_purpose(channel_id, reason, said_by)!
-- A channel need not be judged.
INSERT INTO unjudged_on_purpose (channel_id, reason, said_by) VALUES (:channel_id, :reason, :said_by)
ON CONFLICT (channel_id) DO UPDATE SET reason = excluded.reason, said_by = excluded.said_by, said_at = clock_timestamp();

-- name: not_on_purpose(channel_id)!
-- A channel has to be judged again.
DELETE FROM unjudged_on_purpose WHERE channel_id = :channel_id;

-- name: open_counts(kinds)
-- How many cases of these kinds are open, by kind and by why. Index: exception_case_open_kind.
SELECT kind, coalesce(data ->> 'why', '') AS why, count(*) AS open
FROM exception_case
WHERE kind = ANY(:kinds::text[]) AND resolved_at IS NULL
GROUP BY 1, 2 ORDER BY 1, 2;
