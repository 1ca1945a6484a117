-- What unusual use, counts and sensors are looked for in (cloud_sync/planning/anomalies.py).

-- name: controlled_use(first, last)
-- What each operator issued of each controlled item to each recipient, by week before an instant (0: the last one).
-- Index: movement_occurred.
SELECT m.operator, t.name AS ward, i.name AS item,
       floor(extract(epoch FROM :last - m.occurred_at) / 604800)::integer AS weeks_ago, sum(m.quantity)::bigint AS units
FROM movement m
JOIN lot l ON l.id = m.lot_id
JOIN item i ON i.id = l.item_id AND i.controlled_schedule <> ''
JOIN place t ON t.id = m.to_place AND t.kind IN ('customer', 'ward')
WHERE m.occurred_at >= :first AND m.occurred_at < :last AND m.action IN ('dispense', 'ship') AND m.operator <> ''
GROUP BY 1, 2, 3, 4
ORDER BY 3, 2, 1, 4;

-- name: counted_positions(since)
-- What approved counts since found of each item in each place, oldest first.
SELECT i.name AS item, p.name AS place, p.id AS place_id,
       array_agg(each.counted ORDER BY each.decided_at) AS counted, array_agg(each.expected ORDER BY each.decided_at) AS expected,
       array_agg(each.number ORDER BY each.decided_at) AS numbers
FROM (SELECT k.number, k.decided_at, l.item_id, r.place_id, sum(r.counted)::bigint AS counted, sum(r.expected)::bigint AS expected
      FROM stock_count k
      JOIN count_result r ON r.count_id = k.id
      JOIN lot l ON l.id = r.lot_id
      WHERE k.decision = 'approved' AND k.decided_at >= :since
      GROUP BY k.id, l.item_id, r.place_id) each
JOIN item i ON i.id = each.item_id
JOIN place p ON p.id = each.place_id
GROUP BY i.id, p.id
HAVING count(*) >= 3
ORDER BY i.name, p.name;

-- name: neighbours()
-- Channels of one metric in one place, in pairs.
SELECT a.id AS channel_id, b.id AS neighbour_id, a.device || '/' || a.metric AS channel, b.device || '/' || b.metric AS neighbour,
       a.metric, p.name AS place, p.id AS place_id
FROM channel a
JOIN channel b ON b.place_id = a.place_id AND b.metric = a.metric AND b.id > a.id AND b.version_of IS NULL
JOIN place p ON p.id = a.place_id
WHERE a.version_of IS NULL AND a.metric IN ('temp_c', 'rh_pct')
ORDER BY p.name, a.id, b.id;

-- name: hourly_differences(channel_id, neighbour_id, first, last)
-- The difference of two channels' means, by hour in which both measured; hours since the first instant. Index:
-- reading_channel_at, reading_hour's primary key.
WITH hours AS (
    SELECT r.channel_id, date_trunc('hour', r.at, 'UTC') AS at, avg(r.value) AS mean
    FROM reading r
    WHERE r.channel_id IN (:channel_id, :neighbour_id) AND r.at >= :first AND r.at < :last
    GROUP BY 1, 2
    UNION ALL
    SELECT h.channel_id, h.began_at, h.mean
    FROM reading_hour h
    WHERE h.channel_id IN (:channel_id, :neighbour_id) AND h.began_at >= :first AND h.began_at < :last
)
SELECT (extract(epoch FROM a.at - :first) / 3600)::double precision AS hour, (a.mean - b.mean)::double precision AS difference
FROM hours a JOIN hours b ON b.at = a.at AND b.channel_id = :neighbour_id
WHERE a.channel_id = :channel_id
ORDER BY a.at;
