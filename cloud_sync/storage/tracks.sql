-- name: add_channels(gateway_id, devices, metrics)!
-- Make the channels that are not there yet, in one order; nobody has said yet where they are.
INSERT INTO channel (gateway_id, device, metric)
SELECT DISTINCT :gateway_id::bigint, device, metric
FROM unnest(:devices::text[], :metrics::text[]) AS new (device, metric)
ORDER BY device, metric
ON CONFLICT (gateway_id, device, metric) DO NOTHING;

-- name: own_channels_of_devices(gateway_id, devices)
-- All channels of these devices, locked: readings of one channel are judged one batch at a time.
SELECT id, device, metric
FROM channel
WHERE gateway_id = :gateway_id AND device = ANY(:devices)
ORDER BY id
FOR NO KEY UPDATE;

-- name: own_channels(channel_ids)
-- These channels, locked.
SELECT id, device, metric, place_id
FROM channel
WHERE id = ANY(:channel_ids)
ORDER BY id
FOR NO KEY UPDATE;

-- name: channels_at_or_below(place_id)
-- The channels in a place and in all places below it.
SELECT c.id
FROM place p JOIN channel c ON c.place_id = p.id
WHERE p.ancestors @> ARRAY[:place_id::bigint]
ORDER BY c.id;

-- name: place_channel(channel_id, place_id)!
-- Say where a channel is.
UPDATE channel SET place_id = :place_id WHERE id = :channel_id;

-- name: policies_of_channels(channel_ids)
-- For each channel that has a place: the policies of that place and of those above it, nearest first.
SELECT c.id AS channel_id, c.metric, c.place_id, policy.body
FROM channel c
JOIN place p ON p.id = c.place_id
JOIN place above ON above.id = ANY(p.ancestors)
JOIN policy ON policy.name = above.policy
WHERE c.id = ANY(:channel_ids)
ORDER BY c.id, cardinality(above.ancestors) DESC;

-- name: track(channel_id, rule)^
-- Where a rule stands on a channel.
SELECT definition, last_at, outside_since, opened, worst FROM track WHERE channel_id = :channel_id AND rule = :rule;

-- name: keep_track(channel_id, rule, definition, last_at, outside_since, opened, worst)!
-- Where a rule stands on a channel now.
INSERT INTO track (channel_id, rule, definition, last_at, outside_since, opened, worst)
VALUES (:channel_id, :rule, :definition, :last_at, :outside_since, :opened, :worst)
ON CONFLICT (channel_id, rule) DO UPDATE
SET definition = excluded.definition, last_at = excluded.last_at, outside_since = excluded.outside_since,
    opened = excluded.opened, worst = excluded.worst;

-- name: last_back_before(channel_id, at, is_above, limit, hysteresis, on_limit_is_outside)$
-- The last instant before :at whose values were all back within the limit; null if there is none.
SELECT r.at
FROM reading r
WHERE r.channel_id = :channel_id AND r.at < :at
  AND NOT EXISTS (
      SELECT FROM reading s
      WHERE s.channel_id = r.channel_id AND s.at = r.at
        AND CASE WHEN :is_above THEN s.value + :hysteresis > :limit ELSE s.value - :hysteresis < :limit END
         OR s.channel_id = r.channel_id AND s.at = r.at AND :on_limit_is_outside
        AND CASE WHEN :is_above THEN s.value + :hysteresis = :limit ELSE s.value - :hysteresis = :limit END)
ORDER BY r.at DESC
LIMIT 1;

-- name: first_back_after(channel_id, at, is_above, limit, hysteresis, on_limit_is_outside)$
-- The first instant after :at whose values were all back within the limit; null if there is none.
SELECT r.at
FROM reading r
WHERE r.channel_id = :channel_id AND r.at > :at
  AND NOT EXISTS (
      SELECT FROM reading s
      WHERE s.channel_id = r.channel_id AND s.at = r.at
        AND CASE WHEN :is_above THEN s.value + :hysteresis > :limit ELSE s.value - :hysteresis < :limit END
         OR s.channel_id = r.channel_id AND s.at = r.at AND :on_limit_is_outside
        AND CASE WHEN :is_above THEN s.value + :hysteresis = :limit ELSE s.value - :hysteresis = :limit END)
ORDER BY r.at
LIMIT 1;

-- name: instants(channel_id, after, until, is_above)
-- What was measured after one instant up to another (null: without end), the furthest out of each instant.
SELECT at, CASE WHEN :is_above THEN max(value) ELSE min(value) END AS value
FROM reading
WHERE channel_id = :channel_id
  AND at > coalesce(:after::timestamptz, '-infinity') AND at <= coalesce(:until::timestamptz, 'infinity')
GROUP BY at
ORDER BY at;

-- name: excursions_between(channel_id, rule, after, until)
-- Excursions of a rule on a channel that began after one instant (null: ever), up to another (null: without end).
SELECT id, began_at, ended_at, worst
FROM excursion
WHERE channel_id = :channel_id AND rule = :rule
  AND began_at > coalesce(:after::timestamptz, '-infinity') AND began_at <= coalesce(:until::timestamptz, 'infinity')
ORDER BY began_at;

-- name: add_excursion(channel_id, place_id, rule, began_at, ended_at, worst)$
-- Keep an excursion; gives its id.
INSERT INTO excursion (channel_id, place_id, rule, began_at, ended_at, worst)
VALUES (:channel_id, :place_id, :rule, :began_at, :ended_at, :worst)
RETURNING id;

-- name: amend_excursion(id, began_at, ended_at, worst)$
-- Another interval or worst value; gives the version.
UPDATE excursion
SET began_at = :began_at, ended_at = :ended_at, worst = :worst, version = version + 1
WHERE id = :id
RETURNING version;

-- name: worsen_excursion(id, worst)!
-- A value further out, while it lasts.
UPDATE excursion SET worst = :worst WHERE id = :id;

-- name: withdraw_excursion(id)!
-- It turns out not to have been one; its exposures and the decisions on them go with it (the event log keeps them).
DELETE FROM excursion WHERE id = :id;

-- name: dispositions_of(excursion_id)
-- Decisions on an excursion.
SELECT id, lot_id, decision, decided_by FROM disposition WHERE excursion_id = :excursion_id ORDER BY id;

-- name: tracks_of(channel_ids)
-- Where all rules stand on these channels.
SELECT channel_id, rule, definition, last_at FROM track WHERE channel_id = ANY(:channel_ids);

-- name: extremes_around(channel_ids, firsts, lasts)
-- For each channel the lowest and highest value from the reading before one instant up to the one after another (or as
-- far as there are any). Index: reading_channel_at.
SELECT new.channel_id, r.lowest, r.highest
FROM unnest(:channel_ids::bigint[], :firsts::timestamptz[], :lasts::timestamptz[]) AS new (channel_id, first_at, last_at)
CROSS JOIN LATERAL (
    SELECT min(s.value) AS lowest, max(s.value) AS highest
    FROM reading s
    WHERE s.channel_id = new.channel_id
      AND s.at >= coalesce((SELECT b.at FROM reading b WHERE b.channel_id = new.channel_id AND b.at < new.first_at
                            ORDER BY b.at DESC LIMIT 1), new.first_at)
      AND s.at <= coalesce((SELECT a.at FROM reading a WHERE a.channel_id = new.channel_id AND a.at > new.last_at
                            ORDER BY a.at LIMIT 1), new.last_at)
) AS r;

-- name: move_tracks_on(channel_ids, rules, last_ats)!
-- Nothing happened up to a later instant.
UPDATE track t SET last_at = new.last_at
FROM unnest(:channel_ids::bigint[], :rules::text[], :last_ats::timestamptz[]) AS new (channel_id, rule, last_at)
WHERE (t.channel_id, t.rule) = (new.channel_id, new.rule) AND t.last_at < new.last_at;
