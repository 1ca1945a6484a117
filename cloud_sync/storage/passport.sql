-- name: stays(lot_id, serial, rows_max)
-- Where a lot (or one serial of it) was, and when, oldest first. Index: residency's primary key.
SELECT r.serial, r.place_id, p.name AS place, p.kind AS place_kind, r.began_at, r.ended_at
FROM residency r JOIN place p ON p.id = r.place_id
WHERE r.lot_id = :lot_id AND (:serial = '' OR r.serial = :serial)
ORDER BY r.began_at, p.name, r.serial
LIMIT :rows_max;

-- name: channels_over(place_id)
-- What measures at a place or above it.
SELECT c.id, c.device, c.metric, at.name AS measured_at
FROM place p
JOIN channel c ON c.place_id = ANY(p.ancestors)
JOIN place at ON at.id = c.place_id
WHERE p.id = :place_id
ORDER BY c.metric, c.device, c.id;

-- name: instants(channel_id, first, last)
-- What a channel measured between two instants, the highest value of each. Index: reading_channel_at.
SELECT at, max(highest) AS value FROM measured
WHERE channel_id = :channel_id AND at >= :first AND at <= :last
GROUP BY at
ORDER BY at;
