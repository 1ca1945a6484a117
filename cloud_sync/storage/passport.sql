-- name: stays(lot_id, serial, rows_max)
-- Where a lot (or one serial of it) was, and when, oldest first. Index: residency's primary key.
SELECT r.serial, r.place_id, p.name AS place, p.kind AS place_kind, r.began_at, r.ended_at
FROM residency r JOIN place p ON p.id = r.place_id
WHERE r.lot_id = :lot_id AND (:serial = '' OR r.serial = :serial) AND p.kind <> 'unpacking'
ORDER BY r.began_at, p.name, r.serial
LIMIT :rows_max;

-- name: allowance(lot_id)^
-- How long the item of a lot may be outside its limits in all, and up to which temperature.
SELECT i.allowance_minutes, i.allowance_c_max FROM lot l JOIN item i ON i.id = l.item_id WHERE l.id = :lot_id;

-- name: channels_over(place_ids, firsts, lasts)
-- What measured at each of these places or above it between two instants (nr: of which place, from 1 on), and within them
-- from when to when. All at once, because where channels hang at which time is worked out for all of them.
SELECT w.nr, c.id, c.device, c.metric, at.name AS measured_at, greatest(s.since, w.first) AS began_at,
       least(s.until - interval '1 us', w.last) AS ended_at, s.place_id
FROM unnest(:place_ids::bigint[], :firsts::timestamptz[], :lasts::timestamptz[])
     WITH ORDINALITY AS w (place_id, first, last, nr)
JOIN place p ON p.id = w.place_id
JOIN channel_stay s ON s.place_id = ANY(p.ancestors) AND s.since < w.last AND s.until > w.first
JOIN channel c ON c.id = s.channel_id
JOIN place at ON at.id = s.place_id
ORDER BY w.nr, c.metric, c.device, c.id, s.since;

-- name: first_measured_over(place_id, until)$
-- When something was measured at a place or above it for the first time. Index: reading_channel_at.
SELECT min(first.at)
FROM place p
JOIN channel_stay s ON s.place_id = ANY(p.ancestors)
CROSS JOIN LATERAL (
    SELECT m.at FROM reading_range m
    WHERE m.channel_id = s.channel_id AND m.highest > '-Infinity' AND m.at >= s.since AND m.at < s.until AND m.at <= :until
    ORDER BY m.at LIMIT 1
) AS first
WHERE p.id = :place_id;

-- name: instants(channel_id, first, last)
-- What a channel measured between two instants, the highest value of each. Index: reading_channel_at.
SELECT at, max(highest) AS value FROM reading_range
WHERE channel_id = :channel_id AND at >= :first AND at <= :last AND highest > '-Infinity'
GROUP BY at
ORDER BY at;

-- name: instants_before(channel_id, at, rows_max)
-- When a channel measured last before an instant. Index: reading_channel_at.
SELECT r.at FROM reading r WHERE r.channel_id = :channel_id AND r.at < :at ORDER BY r.at DESC LIMIT :rows_max;

-- name: instants_after(channel_id, at, until, rows_max)
-- When a channel measured first from an instant on, up to another. Index: reading_channel_at.
SELECT r.at FROM reading r
WHERE r.channel_id = :channel_id AND r.at >= :at AND r.at <= :until
ORDER BY r.at LIMIT :rows_max;

-- name: lots_with_allowance(after_lot_id, rows_max)
-- Lots in stock whose item says how long it may be outside in all, in the order of ids. Index: lot's key.
SELECT l.id
FROM lot l JOIN item i ON i.id = l.item_id
WHERE l.id > :after_lot_id AND i.allowance_minutes IS NOT NULL
  AND EXISTS (SELECT FROM position b WHERE b.lot_id = l.id AND b.quantity > 0)
ORDER BY l.id LIMIT :rows_max;
